"""What several commands share."""

from __future__ import annotations

import click

from ..registry import Registry, installed


def registry() -> Registry:
    """Everything installed, with one warning line on standard error for each plugin that had to stay out."""
    found = installed()
    for problem in found.problems:
        click.echo(f"warning: {problem}; the rest works, 'veiqa plugins --check' tells all", err=True)
    return found
