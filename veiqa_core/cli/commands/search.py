"""``veiqa search``: the best combination of a space for people's ratings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import UsageError
from ...results.progress import progress
from ..common import registry, resumable
from ..files import make_folder
from ..numbers import Whole
from ..options.dataset import (
    dataset_arguments,
    dataset_part,
    distortion_option,
    interruption_note,
    opened_store,
    store_options,
)
from ..options.recipe import device_option, precision_option, setting_option
from ..options.settings import Settings
from ..options.veis import opened_veis, vei_options
from ..options.workers import WorkerOptions, worker_options
from ..paths import FOLDER
from ..printing import line, say
from ..search_output import check_output
from .completion import component_names, shipped_names

if TYPE_CHECKING:
    from ...datasets.rated_set import RatedSet
    from ...extension.registry import Registry
    from ...search.candidates import Candidate
    from ...search.choice import SearchSettings
    from ...search.context import SearchContext
    from ...search.space import Space

_OBJECTIVES = ("srocc", "plcc", "krocc", "rmse")


@click.command()
@dataset_arguments
@click.option(
    "--space",
    "space_name",
    shell_complete=shipped_names("spaces"),
    required=True,
    metavar="NAME|FILE",
    help="A shipped space, or one in TOML.",
)
@click.option("--output", type=FOLDER, metavar="DIR", help="The folder for what is found.")
@click.option("--plan", is_flag=True, help="Say what it will cost, and stop.")
@distortion_option
@click.option("--per-distortion", is_flag=True, help="Choose for each distortion type; gives a recipe set.")
@click.option(
    "--strategy",
    shell_complete=component_names("strategy"),
    default="exhaustive",
    show_default=True,
    metavar="S",
    help="Search strategy.",
)
@click.option(
    "--objective", type=click.Choice(_OBJECTIVES), default="srocc", show_default=True, help="What is to be best."
)
@click.option("--budget", type=Whole(min=1), metavar="N", help="Candidates that a strategy may measure.")
@click.option(
    "--branches",
    type=Whole(min=1),
    default=1,
    show_default=True,
    metavar="K",
    help="Most branches of a recipe, added one after another; costs no further pass.",
)
@click.option(
    "--folds",
    type=Whole(min=2),
    default=5,
    show_default=True,
    help="Parts of the contents, each reported under a choice made without it.",
)
@click.option("--seed", type=Whole(min=0), default=0, show_default=True, help="Of all that is drawn.")
@click.option("--shard", "shard_text", metavar="I/N", help="Measure this part of the images into DIR, choose nothing.")
@click.option("--merge", is_flag=True, help="Take the shards in DIR, then go on as without them.")
@setting_option
@store_options
@vei_options
@worker_options
@device_option
@precision_option
@click.pass_context
def search(
    ctx: click.Context,
    /,
    dataset: str,
    path: Path,
    score_range: tuple[float, float] | None,
    distortions: tuple[str, ...],
    settings: tuple[str, ...],
    space_name: str,
    output: Path | None,
    plan: bool,
    per_distortion: bool,
    shard_text: str | None,
    merge: bool,
    store: Path | None,
    no_store: bool,
    keep_vei: Path | None,
    keep_vei_cap: int | None,
    device: str,
    precision: str,
    workers: int,
    threads: int | None,
    dask: str | None,
    **options: Any,
) -> None:
    """Search a space for the branches that agree best with the ratings of a dataset.

    Writes into DIR: best.toml and cheapest.toml (recipes for --recipe), results.csv (every combination), search.json,
    and report.html. Every distinct stage runs once an image; what was measured is kept, so a search that was stopped
    goes on. The figures that are reported as held-out come from choices made without the contents they are for.

    The exit status is 0, or 1 if some image could not be read, or 2 if the command cannot be run as given.
    """
    executor = WorkerOptions(workers, threads, dask)
    found = registry()
    wanted = Settings(found, settings)
    part = dataset_part(found, wanted, dataset, score_range)
    space, search_settings = _asked(found, wanted, space_name, output, options)
    wanted.check_all_used()
    _check(output, plan, shard_text, merge, no_store, store)
    from ...datasets.rated_set import load
    from ...devices import Device
    from ...search import census, networks
    from ...search.candidates import expand, extractors
    from ...search.outputs import about
    from ...search.search import groups

    on = Device.find(device, precision)
    rated = load(part, path, distortions)
    groups(rated, per_distortion)
    if output is not None and not plan:
        check_output(output, path, space_name, about(space.name, rated, search_settings), store)
    executor.set_up()
    parts = extractors(space, found)
    if plan:
        opened, missing = networks.for_planning(parts, on)
        candidates = expand(space, found, opened)
        for text in census.count(candidates, opened, len(rated.images), missing).lines():
            line(text)
        return
    opened = networks.opened(parts, on)
    candidates = expand(space, found, opened)
    assert output is not None
    make_folder("--output", output, path)
    from ...search.context import SearchContext
    from ...search.shards import Shard
    from ...search.shards import merge as merge_shards

    shard = None if shard_text is None else Shard.read(shard_text)
    place = store if shard is None else shard.store(output)
    with (
        opened_veis(keep_vei, keep_vei_cap, path) as veis,
        opened_store(place, no_store, needed=merge) as kept,
        resumable(interruption_note(kept)),
    ):
        context = SearchContext(found, on, opened, kept, lambda meter: executor.executor(meter, rated.root, veis))
        if merge and kept is not None:
            count, new = merge_shards(output, kept)
            say(f"{output}: {new} values taken from {count} shards")
        if shard is not None:
            unread = _shard(candidates, rated, search_settings, context, shard)
        else:
            unread = _search(space.name, candidates, rated, search_settings, context, output, per_distortion)
    for problem in unread:
        say(f"warning: {problem}")
    ctx.exit(1 if unread else 0)


def _asked(
    found: Registry, wanted: Settings, space_name: str, output: Path | None, options: dict[str, Any]
) -> tuple[Space, SearchSettings]:
    """What is tried, and how it is chosen."""
    from ...search.candidates import override
    from ...search.choice import SearchSettings
    from ...search.objective import Objective
    from ...search.space import find

    space = override(find(space_name, found), found, lambda kind, name: wanted.choice(kind, name).params)
    choice = wanted.choice("strategy", options["strategy"])
    strategy = found.part("strategy", choice.name, choice.params)
    strategy.registered.load()  # whose extra may be missing
    budget = options["budget"]
    if budget is None and strategy.traits["budget"] == "required":
        raise UsageError(f"--strategy {options['strategy']} needs --budget N, the number of candidates to measure")
    if budget is not None and strategy.traits["budget"] == "none":
        raise UsageError(f"--strategy {options['strategy']} measures every candidate: leave out --budget")
    one, many = (found.part("mapper", c.name, c.params) for c in (space.mapper, space.mapper_of_many))
    if many.traits["branches"] != "many" and options["branches"] > 1:
        raise UsageError(f"search space {space.name!r}: mapper.many: {many.key} maps one similarity")
    search_settings = SearchSettings(
        strategy=strategy,
        objective=Objective(options["objective"], one),
        mapper_of_many=many,
        budget=budget,
        branches=options["branches"],
        folds=options["folds"],
        seed=options["seed"],
        folder=None if output is None else output / "strategy",
    )
    return space, search_settings


def _check(output: Path | None, plan: bool, shard: str | None, merge: bool, no_store: bool, store: Path | None) -> None:
    from ...search.shards import Shard

    if shard is not None:
        Shard.read(shard)
    if output is None and not plan:
        raise UsageError("say where to write with --output DIR, or --plan to see what it costs")
    if shard is not None and (merge or no_store or store is not None):
        raise UsageError("--shard keeps its values in DIR: leave out --merge, --store and --no-store")
    if merge and no_store:
        raise UsageError("--merge takes shards into the store: leave out --no-store")


def _shard(
    candidates: list[Candidate], rated: RatedSet, search_settings: SearchSettings, context: SearchContext, shard: Any
) -> list[str]:
    from ...search.shards import measure

    matrix = measure(candidates, rated, search_settings, context, progress(f"measuring {rated.name}"), shard)
    say(f"shard {shard.number} of {shard.of}: measured; --merge takes it in once all are there")
    return list(matrix.unread.values())


def _search(
    space: str,
    candidates: list[Candidate],
    rated: RatedSet,
    search_settings: SearchSettings,
    context: SearchContext,
    output: Path,
    per_distortion: bool,
) -> list[str]:
    from ...search.search import search as run
    from ..search_output import summary, write

    outcome = run(
        space,
        candidates,
        rated,
        search_settings,
        context,
        progress(f"measuring {rated.name}"),
        per_distortion=per_distortion,
    )
    write(outcome, output)
    for text in summary(outcome, output):
        line(text)
    return list(outcome.matrix.unread.values())
