"""The options that say what an audit finds, what it refuses, and whether it scores."""

from __future__ import annotations

import attrs
import click

from .completion import shipped_names
from .grouped import option


def _kind_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The last one of those that are written with commas."""
    from ...auditing.problems import KINDS

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in KINDS if name.startswith(begun)]


@attrs.frozen
class AuditOptions:
    """``--recipe``, ``--limit`` and ``--fail-on``."""

    recipe: str | None = option(
        "--recipe",
        metavar="NAME|FILE",
        shell_complete=shipped_names("recipes"),
        help="Score the images, too, by a shipped recipe or one in TOML.",
    )
    limits_given: tuple[str, ...] = option(
        "--limit",
        multiple=True,
        metavar="KIND=VALUE",
        help="Beyond which a kind of problem is found, such as dark=0.3; repeatable.",
    )
    fail_on: tuple[str, ...] = option(
        "--fail-on",
        multiple=True,
        metavar="KIND,...",
        shell_complete=_kind_names,
        help="Exit with status 3 if some image has such a problem, such as duplicate,unreadable; repeatable.",
    )

    @property
    def limits(self) -> dict[str, float]:
        """All limits.

        Raises:
            UsageError: one that is given is none.
        """
        from ...auditing.problems import limits

        return limits(self.limits_given)

    @property
    def refused(self) -> list[str]:
        """The kinds that are refused.

        Raises:
            UsageError: one is unknown, or found by a recipe only, and there is none.
        """
        from ...auditing.problems import KINDS, kinds
        from ...errors import UsageError

        refused = kinds(self.fail_on)
        if "unfamiliar" in refused and self.recipe is None:
            raise UsageError("--fail-on unfamiliar: a recipe says what is; name one by --recipe")
        return [name for name in KINDS if name in refused]
