"""``veiqa verify``: what components compute, against the values that are known of them."""

from __future__ import annotations

import itertools
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ...errors import UsageError
from ...extension.catalogue import Registered
from ...extension.registry import Registry
from ..common import registry
from ..grids import pipes
from ..printing import json_data, line, say

if TYPE_CHECKING:
    from ...verification import Check

_COLUMNS = ("component", "subject", "expected", "ours", "error", "tolerance", "origin", "convention")
_NUMBERS = {"expected": 13, "ours": 13, "error": 8, "tolerance": 9}  # widths in the table
_INDENT = " " * 8


@click.command()
@click.argument("names", nargs=-1, metavar="[KIND/NAME]...")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "md"]), default="table", show_default=True, help="Output."
)
@click.pass_context
def verify(ctx: click.Context, /, names: tuple[str, ...], form: str) -> None:
    """Check what components compute against published, exact and independently derived values.

    All components that have known values, or those named. The exit status is 0, or 1 if a value is out of tolerance or
    cannot be had.
    """
    found = registry()
    items = [_named(found, name) for name in names] or list(found)
    from ...verification import verify as run_checks

    checks = list(run_checks(items))
    if form == "json":
        json_data([_plain(check) for check in checks])
    else:
        for text in _markdown(checks) if form == "md" else _table(checks):
            line(text)
    (say if form == "json" else line)(_summary(checks))
    ctx.exit(0 if all(check.passed for check in checks) else 1)


def _named(found: Registry, name: str) -> Registered:
    item = found.named(name)
    if not item.component.known_values:
        raise UsageError(f"{item.origin} has no known values")
    return item


def _summary(checks: Sequence[Check]) -> str:
    failed = [f"{check.component} ({check.subject})" for check in checks if not check.passed]
    if failed:
        return f"{len(failed)} of {len(checks)} known values are not reached: {', '.join(failed)}."
    return f"All {len(checks)} known values are reached." if checks else "No component here has known values."


def _plain(check: Check) -> dict[str, Any]:
    """One check as JSON holds it: numbers as they are, null for what there is not."""
    known = check.known
    return {
        "component": check.component,
        "subject": check.subject,
        "expected": known and known.expected,
        "ours": check.ours,
        "error": check.error,
        "tolerance": known and known.tolerance,
        "origin": known and known.origin,
        "convention": known and known.convention,
        "passed": check.passed,
        "problem": None if check.problem is None else str(check.problem),
    }


def _texts(check: Check) -> dict[str, str]:
    """The columns as text."""
    digits = {"expected": ".10g", "ours": ".10g", "error": ".1e", "tolerance": ".0e"}
    row = _plain(check)
    return {
        name: "-" if row[name] is None else format(row[name], digits.get(name, "")).replace("0.0e+00", "0")
        for name in _COLUMNS
    }


def _markdown(checks: Sequence[Check]) -> list[str]:
    results = ["ok" if check.passed else f"**failed** {check.problem or ''}".strip() for check in checks]
    rows = [[*_texts(check).values(), result] for check, result in zip(checks, results, strict=True)]
    return pipes([[*_COLUMNS, "result"], *rows])


def _table(checks: Sequence[Check]) -> Iterator[str]:
    """For people: numbers in columns, then once for the checks that share them how the values are known."""
    numbers = sum(width + 2 for width in _NUMBERS.values())
    room = max(16, shutil.get_terminal_size().columns - len(_INDENT) - numbers)
    width = min(room, max((len(check.subject) for check in checks), default=0))
    if checks:
        yield f"{_INDENT}{'subject':<{width}}" + "".join(f"  {name:>{size}}" for name, size in _NUMBERS.items())
    for name, of_component in itertools.groupby(checks, lambda check: check.component):
        yield name
        before = ""
        for (origin, convention), alike in itertools.groupby(of_component, _source):
            for check in alike:
                yield from _row(check, width)
            if origin:
                yield from _wrapped(f"{origin}: {'as above' if convention == before else convention}")
            before = convention


def _row(check: Check, width: int) -> Iterator[str]:
    texts = _texts(check)
    first, *more = textwrap.wrap(check.subject, width)
    numbers = "".join(f"  {texts[name]:>{size}}" for name, size in _NUMBERS.items())
    yield f"  {'ok' if check.passed else 'FAIL':<4}  {first:<{width}}{numbers}"
    yield from (f"{_INDENT}{line}" for line in more)
    if check.problem is not None:
        yield from _wrapped(f"error: {check.problem}")


def _source(check: Check) -> tuple[str, str]:
    return ("", "") if check.known is None else (check.known.origin, check.known.convention)


def _wrapped(text: str) -> list[str]:
    columns = shutil.get_terminal_size().columns
    return textwrap.wrap(text, max(40, columns), initial_indent=_INDENT, subsequent_indent=_INDENT)
