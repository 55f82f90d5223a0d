"""What several commands share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ..errors import UsageError, near_miss
from ..kinds import KINDS
from ..offers import Registered
from ..registry import Registry, installed


def registry() -> Registry:
    """Everything installed, with one warning line on standard error for each plugin that had to stay out."""
    found = installed()
    for problem in found.problems:
        click.echo(f"warning: {problem}; the rest works, 'veiqa plugins --check' tells all", err=True)
    return found


def component(found: Registry, name: str) -> Registered:
    """The component that ``KIND/NAME`` means.

    Raises:
        UsageError: the text does not read so, or there is none.
    """
    kind, slash, bare = name.partition("/")
    if not slash:
        raise UsageError(f"say KIND/NAME, such as metric/psnr, not {name!r}")
    check_kind(kind)
    return found.get(kind, bare)


def check_kind(kind: str) -> None:
    """Raise :class:`UsageError` for what is no kind of component."""
    if kind not in KINDS:
        raise UsageError(near_miss("kind", kind, KINDS))


@contextmanager
def resumable(how: str) -> Iterator[None]:
    """Say what an interruption leaves, and end with the status that shells give it."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nstopped; {how}", err=True)
        sys.exit(130)
