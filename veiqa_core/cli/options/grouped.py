"""Options that commands share, given to a command together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])


def give(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    """The command with options of click, listed in this order by its help."""
    for option in reversed(options):
        command = option(command)
    return command
