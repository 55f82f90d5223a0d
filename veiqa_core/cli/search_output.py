"""What a search prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .evaluation_output import correlation

if TYPE_CHECKING:
    from ..evaluation.figures import Figures
    from ..searching.search import Search
    from ..searching.winners import Winner

_SHOWN = 5


def summary(search: Search, folder: Path) -> Iterator[str]:
    """The outcome for people, line by line."""
    from ..report.search.folder import FILES

    name = search.settings.objective.name.upper()
    yield f"{len(search.candidates)} candidates of {search.space} on {len(search.table.names)} images"
    for kind, winner in search.winners.items():
        yield ""
        yield from _winner(search, kind or "all types", winner, name)
    yield ""
    yield from _held_out(search)
    if search.refused:
        yield f"{len(search.refused)} candidates cannot work; the first: {next(iter(search.refused.items()))[1]}"
    failures = search.failures
    if failures:
        first = failures[min(failures)]
        yield f"{len(failures)} candidates failed on some image; the first: {first.reason}"
    yield from (f"note: {note}" for note in search.notes)
    yield f"written to {folder}: {', '.join(FILES)}"


def _winner(search: Search, kind: str, winner: Winner, name: str) -> Iterator[str]:
    from ..searching.outputs import interval

    reported, ranking = search.settings.objective.reported, winner.ranking
    ends = interval(reported(float(end)) for end in ranking.intervals[0])
    within = (
        "no interval from one content" if ends is None else f"95 % bootstrap interval {ends[0]:z.3f} to {ends[1]:z.3f}"
    )
    yield f"{kind}: {len(winner.selection.rows)} images"
    best, *further = zip(winner.selection.chosen, winner.selection.path, strict=True)
    yield f"  best      {search.candidates[best[0]].key}  {name} {reported(best[1]):z.3f}"
    yield f"            chosen on these images, so it flatters; {within}"
    for column, figure in further:
        yield f"  with      {search.candidates[column].key}  {name} {reported(figure):z.3f}"
    if further:
        alone = reported(winner.selection.alone)
        yield f"            together, of contents left out of the fit; the best alone has {alone:z.3f} of these"
    others = [int(column) for column in ranking.ties if column != ranking.columns[0]]
    distinguishable = len(ranking.columns) > len(others) + 1 or len(ranking.columns) == winner.ranked
    more = "" if distinguishable else " or more"
    yield f"  ties with it: {len(others)}{more} others"
    for column in others[:_SHOWN]:
        yield f"            {search.candidates[column].key}  {reported(float(winner.selection.figures[column])):z.3f}"
    figure = reported(float(winner.selection.figures[winner.cheapest]))
    yield f"  cheapest  {search.candidates[winner.cheapest].key}  {figure:z.3f}, within one standard error"
    if winner.chance is not None:
        yield (
            f"  chance    |SROCC| {winner.chance.median:z.3f} for the best of so many (one in twenty: "
            f"{winner.chance.high:z.3f})"
        )
        if search.settings.objective.name == "srocc" and best[1] < winner.chance.median:
            yield "            the best is below that: nothing here agrees with the ratings more than chance would"
    for control in winner.controls:
        if control.figure is None or control.behind is None:
            yield f"  control   {control.name}: none: {control.reason}"
            continue
        ahead = "the winner is ahead" if control.behind[0] > 0 else "a tie with the winner, or better"
        yield f"  control   {control.name}  {reported(control.figure):z.3f}  {ahead}"


def _held_out(search: Search) -> Iterator[str]:
    if search.held_out is None:
        yield "held-out: no figures: too few contents, or what is chosen without some of them cannot be fitted"
        return
    yield "held-out: each image under a choice and a fit made without its content"
    rows = {**search.held_out_by_type, "overall": search.held_out}
    width = max(map(len, rows))
    for kind, figures in rows.items():
        yield f"  {kind:<{width}}  " + "  ".join(_figure(figures, name) for name in ("plcc", "srocc", "krocc", "rmse"))


def _figure(figures: Figures, name: str) -> str:
    value, interval = figures.values[name], figures.intervals[name]
    if value is None:
        return f"{name.upper()} -"
    ends = "" if interval is None else f" ({interval[0]:z.3f}, {interval[1]:z.3f})"
    return f"{name.upper()} {f'{value:.3f}' if name == 'rmse' else correlation(value)}{ends}"
