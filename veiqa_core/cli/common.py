"""What several commands share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ..registry import Registry, installed


def registry() -> Registry:
    """Everything installed, with one warning line on standard error for each plugin that had to stay out."""
    found = installed()
    for problem in found.problems:
        click.echo(f"warning: {problem}; the rest works, 'veiqa plugins --check' tells all", err=True)
    return found


@contextmanager
def resumable(how: str) -> Iterator[None]:
    """Say what an interruption leaves, and end with the status that shells give it."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nstopped; {how}", err=True)
        sys.exit(130)
