"""``veiqa datasets``: the datasets that can be read, and whether a folder is one."""

from __future__ import annotations

from collections import Counter

import click

from ...functions.settings import Settings
from ...results.progress import progress
from ..common import registry
from ..options.dataset import DatasetOptions
from ..options.grouped import groups
from ..options.recipe import SettingOptions
from ..printing import json_data, line
from .datasets_make import make


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def datasets(ctx: click.Context, as_json: bool) -> None:
    """List the datasets; check a folder, or make a synthetic one."""
    if ctx.invoked_subcommand is not None:
        return
    items = registry().of_kind("dataset")
    if as_json:
        rows = [
            {"name": item.label, "summary": item.component.summary, "reference": item.component.reference}
            | {name: list(v) if isinstance(v, tuple) else v for name, v in item.component.traits.items()}
            for item in items
        ]
        json_data(rows)
        return
    width = max((len(item.label) for item in items), default=0)
    for item in items:
        traits = item.component.traits
        line(f"{item.label:<{width}}  {item.component.summary}")
        counts = [f"{traits[name]} {name}" for name in ("images", "references") if name in traits]
        by_file = traits["score_type"] == "file"
        scores = "MOS or DMOS" if by_file else f"{traits['score_type'].upper()}{_between(traits.get('range'))}"
        line(f"{'':<{width}}  {', '.join([*counts, scores])}; from {traits['home']}")


def _between(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" from {ends[0]:g} to {ends[1]:g}"


@datasets.command()
@groups(dataset=DatasetOptions, parameters=SettingOptions)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(
    ctx: click.Context,
    dataset: DatasetOptions,
    parameters: SettingOptions,
    as_json: bool,
) -> None:
    """Read every file of a dataset: do they decode, are there duplicates, do splits share references.

    The exit status is 0 where nothing is wrong, 1 where something is, 2 where the folder is not this dataset.
    """
    found = registry()
    settings = Settings(found, parameters.settings)
    part = dataset.part(found, settings)
    settings.check_all_used()
    from ...datasets.rated_set import findings, load

    rated = load(part, dataset.path)
    problems = findings(rated, progress("checking", " images"))
    ratings = rated.ratings
    types = Counter(item.distortion or "unknown" for item in rated.images)
    contents = len({item.content for item in rated.images if item.content is not None})
    if as_json:
        report = {
            "dataset": rated.name,
            "n": len(rated.images),
            "contents": contents or None,
            "score_type": ratings.score_type,
            "range": list(ratings.range),
            "distortions": types,
            "remarks": list(rated.remarks),
            "problems": problems,
        }
        json_data(report)
    else:
        shown = f"{contents} contents" if contents else "contents not named"
        scores = f"{ratings.score_type.upper()}{_between(ratings.range)}"
        line(f"{rated.name}: {len(rated.images)} images, {shown}, {scores}")
        line(f"types: {', '.join(f'{kind} {count}' for kind, count in sorted(types.items()))}")
        for remark in rated.remarks:
            line(f"note: {remark}")
        for problem in problems:
            line(f"problem: {problem}")
        if not problems:
            line("Every file decodes; no duplicates; no content in two splits.")
    ctx.exit(1 if problems else 0)


datasets.add_command(make)
