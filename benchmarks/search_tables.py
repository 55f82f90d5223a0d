"""The tables of docs/results.md, from what searches wrote.

    python benchmarks/search_tables.py FOLDER...

Each folder is the output of a ``veiqa search``; its ``search.json`` is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

FIGURES = ("plcc", "srocc", "krocc", "rmse")


def table(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A Markdown table, its first row being the head."""
    for place, row in enumerate(rows):
        cells = list(row)
        yield f"| {' | '.join(cells)} |"
        if place == 0:
            yield f"|{'---|' * len(cells)}"


def number(value: float | None) -> str:
    """A figure as it is shown."""
    return "–" if value is None else f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}"


def held_out(found: Mapping[str, Any]) -> Iterator[list[str]]:
    """Figures of images under choices made without their contents."""
    yield ["type", "images", *(name.upper() for name in FIGURES)]
    kinds = {**found["held_out_by_type"], "overall": found["held_out"]}
    for kind, figures in kinds.items():
        cells = []
        for name in FIGURES:
            ends = figures["interval95"][name]
            between = "" if ends is None else f" ({number(ends[0])} to {number(ends[1])})"
            cells.append(f"{number(figures[name])}{between}")
        yield [kind, str(figures["n"]), *cells]


def winners(found: Mapping[str, Any]) -> Iterator[list[str]]:
    """Winners on the images that they were chosen on, with chance and controls."""
    names = [control["name"] for control in next(iter(found["winners"].values()))["controls"]]
    objective = found["objective"].upper()
    yield ["type", "winner", f"{objective}, flattering", "ties", "chance", *names]
    for kind, winner in found["winners"].items():
        low, high = winner["interval95"]
        chance = winner["chance_srocc"]
        others = len(winner["not_told_apart"]) - 1
        more = " or more" if others == 99 else ""
        yield [
            kind,
            "<br>".join(f"`{key}`" for key in winner["chosen"]),
            f"{number(winner['path'][-1])} (best branch {number(winner['figure'])}, {number(low)} to {number(high)})"
            if len(winner["chosen"]) > 1
            else f"{number(winner['figure'])} ({number(low)} to {number(high)})",
            f"{others}{more} others",
            number(chance["median"] if chance else None),
            *(_control(control) for control in winner["controls"]),
        ]


def _control(control: Mapping[str, Any]) -> str:
    if control["figure"] is None:
        return "–"
    ahead = control["winner_ahead95"][0] > 0
    return f"{number(control['figure'])}{'' if ahead else ' (not behind)'}"


def cheapest(found: Mapping[str, Any]) -> Iterator[str]:
    """The cheapest branches that are nearly as good, where the winners are not."""
    for kind, winner in found["winners"].items():
        if winner["cheapest_within_one_standard_error"] != winner["chosen"][0]:
            yield f"- {kind}: cheapest within one standard error: `{winner['cheapest_within_one_standard_error']}`"


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(folders: tuple[Path, ...]) -> None:
    """Print the tables."""
    for folder in folders:
        found = json.loads((folder / "search.json").read_text())
        kinds = "per distortion" if "all" not in found["winners"] else "all types together"
        branches = f", up to {found['branches']} branches" if found["branches"] > 1 else ""
        head = f"Space `{found['space']}`, {kinds}{branches}: {found['candidates']} candidates"
        click.echo(f"### {head}\n\nHeld-out:\n")
        click.echo("\n".join(table(held_out(found))))
        click.echo("\nThe winners on the images that they were chosen on:\n")
        click.echo("\n".join(table(winners(found))) + "\n")
        click.echo("\n".join(cheapest(found)) + "\n")


if __name__ == "__main__":
    main()
