"""``veiqa store``: what the store holds, whether it is sound, and taking values out."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from ...errors import UsageError
from ...files.paths import is_file
from ..numbers import Number
from ..paths import PATH
from ..printing import json_data, line

if TYPE_CHECKING:
    from ...store import Store
    from ...store.upkeep import Branch, Group

Command = TypeVar("Command", bound=Callable[..., Any])

_SHOWN = 20  # keys, without --all
_DAY = 86400

_store_option = click.option("--store", "path", type=PATH, metavar="FILE", help="The store. Default: in the cache.")


@click.group()
def store() -> None:
    """Look after the file that keeps similarities between runs."""


@store.command()
@_store_option
@click.option("--all", "everything", is_flag=True, help=f"Show all keys, not only the {_SHOWN} with the most values.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(path: Path | None, everything: bool, as_json: bool) -> None:
    """Show what the store holds."""
    from ...store import upkeep

    with _existing(path) as opened:
        found = upkeep.info(opened)
    if as_json:
        moments = {"oldest": _moment(found.oldest), "newest": _moment(found.newest)}
        json_data({"path": str(opened.path), **attrs.asdict(found), **moments})
        return
    line(f"{opened.path}: {found.bytes / 1e6:.1f} MB")
    line(f"{_count(found.images, 'image')}, {_count(found.branches, 'branch')}, {_count(found.values, 'value')}")
    if found.oldest is not None:
        line(f"branches first written between {_moment(found.oldest)} and {_moment(found.newest)}")
    shown = found.keys if everything else found.keys[:_SHOWN]
    _show(shown)
    if len(shown) < len(found.keys):
        line(f"and {_count(len(found.keys) - len(shown), 'more key')}; --all shows all")


@store.command()
@_store_option
@click.pass_context
def verify(ctx: click.Context, path: Path | None) -> None:
    """Check every value, and remove those that are not what was written.

    They are computed again when they are needed. A malformed file is set aside, and what is sound in it is taken into a
    new one. The exit status is 0 where nothing was wrong, 1 where something was, 2 where the file is no store.
    """
    from ...store import upkeep

    with _existing(path) as opened:
        problems = upkeep.verify(opened)
    for problem in problems:
        line(f"problem: {problem}")
    if not problems:
        line(f"{opened.path}: every value is what was written.")
    ctx.exit(1 if problems else 0)


@store.command()
@_store_option
@click.option("--older-than", type=Number(min=0), metavar="DAYS", help="Branches first written before that.")
@click.option("--branch", metavar="TEXT", help="Branches with this text in their key, as 'veiqa store info' shows it.")
@click.option("--all", "everything", is_flag=True, help="All branches.")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
def prune(path: Path | None, older_than: float | None, branch: str | None, everything: bool, dry_run: bool) -> None:
    """Delete values, and give their space back.

    At least one of --older-than, --branch and --all must say which; the first two together mean both.
    """
    if older_than is None and not branch and not everything:
        raise UsageError("say what to delete: --older-than DAYS, --branch TEXT or --all")
    if everything and (older_than is not None or branch):
        raise UsageError("--all and --older-than or --branch exclude each other")
    from ...store import upkeep

    limit = None if older_than is None else time.time() - older_than * _DAY

    def wanted(item: Branch) -> bool:
        return (limit is None or item.since < limit) and (not branch or branch in item.key)

    with _existing(path) as opened:
        gone = upkeep.prune(opened, wanted, dry_run)
    _show(gone)
    values, branches = (sum(getattr(group, name) for group in gone) for name in ("values", "branches"))
    verb = "would be deleted" if dry_run else "deleted"
    line(f"{_count(values, 'value')} of {_count(branches, 'branch')} {verb}")


def _existing(path: Path | None) -> Store:
    """The store that the option means, which must be there.

    Raises:
        UsageError: it is not there, or no store.
    """
    from ...store import Store, default_path

    place = path or default_path()
    if not is_file(place):
        raise UsageError(f"store {place}: there is no such file; name another with --store")
    return Store(place)


def _show(groups: tuple[Group, ...]) -> None:
    if groups:
        line(f"{'values':>10}  {'branches':>8}  key")
    for group in groups:
        line(f"{group.values:>10}  {group.branches:>8}  {group.key}")


def _count(number: int, what: str) -> str:
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what}{'es' if what.endswith('ch') else 's'}"


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
