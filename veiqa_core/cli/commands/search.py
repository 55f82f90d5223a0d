"""``veiqa search``: the best combination of a space for people's ratings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from ...errors import UsageError
from ...results.progress import progress
from ..common import registry, resumable
from ..files import make_folder
from ..numbers import Whole
from ..options.completion import component_names, shipped_names
from ..options.dataset import RatedOptions, StoreOptions, interruption_note
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions, SettingOptions, viewed
from ..options.settings import Settings
from ..options.veis import VeiOptions
from ..options.workers import WorkerOptions
from ..paths import FOLDER
from ..printing import line, say
from ..search_output import check_output

if TYPE_CHECKING:
    from ...datasets.rated_set import RatedSet
    from ...extension.registry import Registry
    from ...searching.candidates import Candidate
    from ...searching.choice import SearchSettings
    from ...searching.context import SearchContext
    from ...searching.space import Space

_OBJECTIVES = ("srocc", "plcc", "krocc", "rmse")


@attrs.frozen
class SearchOptions:
    """What is tried, how it is chosen, and where it is written."""

    space_name: str = option(
        "--space",
        shell_complete=shipped_names("spaces"),
        required=True,
        metavar="NAME|FILE",
        help="A shipped space, or one in TOML.",
    )
    output: Path | None = option("--output", type=FOLDER, metavar="DIR", help="The folder for what is found.")
    plan: bool = option("--plan", is_flag=True, help="Say what it will cost, and stop.")
    per_distortion: bool = option(
        "--per-distortion", is_flag=True, help="Choose for each distortion type; gives a recipe set."
    )
    strategy: str = option(
        "--strategy",
        shell_complete=component_names("strategy"),
        default="exhaustive",
        show_default=True,
        metavar="S",
        help="Search strategy.",
    )
    objective: str = option(
        "--objective", type=click.Choice(_OBJECTIVES), default="srocc", show_default=True, help="What is to be best."
    )
    budget: int | None = option(
        "--budget", type=Whole(min=1), metavar="N", help="Candidates that a strategy may measure."
    )
    branches: int = option(
        "--branches",
        type=Whole(min=1),
        default=1,
        show_default=True,
        metavar="K",
        help="Most branches of a recipe, added one after another; costs no further pass.",
    )
    folds: int = option(
        "--folds",
        type=Whole(min=2),
        default=5,
        show_default=True,
        help="Parts of the contents, each reported under a choice made without it.",
    )
    seed: int = option("--seed", type=Whole(min=0), default=0, show_default=True, help="Of all that is drawn.")
    view: str | None = option(
        "--view",
        metavar="native|N",
        help="Images whose longer side exceeds N pixels are reduced to it before anything else, as the recipes found "
        "then say. Default: native.",
    )
    shard: str | None = option(
        "--shard", metavar="I/N", help="Measure this part of the images into DIR, choose nothing."
    )
    merge: bool = option("--merge", is_flag=True, help="Take the shards in DIR, then go on as without them.")

    def check(self, store: StoreOptions) -> None:
        """Find options that do not go together.

        Raises:
            UsageError: there are some.
        """
        from ...searching.shards import Shard

        if self.shard is not None:
            Shard.read(self.shard)
        if self.output is None and not self.plan:
            raise UsageError("say where to write with --output DIR, or --plan to see what it costs")
        if self.shard is not None and (self.merge or store.no_store or store.store is not None):
            raise UsageError("--shard keeps its values in DIR: leave out --merge, --store and --no-store")
        if self.merge and store.no_store:
            raise UsageError("--merge takes shards into the store: leave out --no-store")

    def read(self, found: Registry, settings: Settings) -> tuple[Space, SearchSettings]:
        """The space, and how it is searched.

        Raises:
            UsageError: something that is named is not there, or does not go together.
        """
        from ...searching.candidates import override
        from ...searching.choice import SearchSettings
        from ...searching.objective import Objective
        from ...searching.space import find

        space = override(find(self.space_name, found), lambda kind, name: settings.choice(kind, name).params)
        choice = settings.choice("strategy", self.strategy)
        strategy = found.part("strategy", choice.name, choice.params)
        strategy.registered.load()  # whose extra may be missing
        if self.budget is None and strategy.traits["budget"] == "required":
            raise UsageError(f"--strategy {self.strategy} needs --budget N, the number of candidates to measure")
        if self.budget is not None and strategy.traits["budget"] == "none":
            raise UsageError(f"--strategy {self.strategy} measures every candidate: leave out --budget")
        one, many = (found.part("mapper", c.name, c.params) for c in (space.mapper, space.mapper_of_many))
        if many.traits["branches"] != "many" and self.branches > 1:
            raise UsageError(f"search space {space.name!r}: mapper.many: {many.key} maps one similarity")
        return space, SearchSettings(
            strategy=strategy,
            objective=Objective(self.objective, one),
            mapper_of_many=many,
            budget=self.budget,
            branches=self.branches,
            folds=self.folds,
            seed=self.seed,
            folder=None if self.output is None else self.output / "strategy",
            view=viewed(self.view),
        )


@click.command()
@groups(
    dataset=RatedOptions,
    wanted=SearchOptions,
    parameters=SettingOptions,
    store=StoreOptions,
    veis=VeiOptions,
    workers=WorkerOptions,
    device=DeviceOptions,
)
@click.pass_context
def search(
    ctx: click.Context,
    /,
    dataset: RatedOptions,
    wanted: SearchOptions,
    parameters: SettingOptions,
    store: StoreOptions,
    veis: VeiOptions,
    workers: WorkerOptions,
    device: DeviceOptions,
) -> None:
    """Search a space for the branches that agree best with the ratings of a dataset.

    Writes into DIR: best.toml and cheapest.toml (recipes for --recipe), results.csv (every combination), search.json,
    and report.html. Every distinct stage runs once an image; what was measured is kept, so a search that was stopped
    goes on. The figures that are reported as held-out come from choices made without the contents they are for.

    The exit status is 0, or 1 if some image could not be read, or 2 if the command cannot be run as given.
    """
    found = registry()
    settings = Settings(found, parameters.settings)
    part = dataset.part(found, settings)
    space, search_settings = wanted.read(found, settings)
    settings.check_all_used()
    wanted.check(store)
    from ...datasets.rated_set import load
    from ...searching import census, networks
    from ...searching.candidates import expand, extractors
    from ...searching.outputs import about
    from ...searching.search import groups as rows_by_type

    on = device.found()
    rated = load(part, dataset.path, dataset.distortions)
    rows_by_type(rated, wanted.per_distortion)
    if wanted.output is not None and not wanted.plan:
        description = about(space.name, rated, search_settings)
        check_output(wanted.output, dataset.path, wanted.space_name, description, store.store)
    workers.set_up()
    parts = extractors(space, found)
    if wanted.plan:
        opened, missing = networks.for_planning(parts, on)
        candidates = expand(space, found, opened)
        for text in census.count(candidates, opened, len(rated.images), missing, on).lines():
            line(text)
        return
    opened = networks.opened(parts, on)
    candidates = expand(space, found, opened)
    assert wanted.output is not None
    make_folder("--output", wanted.output, dataset.path)
    from ...searching.context import SearchContext
    from ...searching.shards import Shard
    from ...searching.shards import merge as merge_shards

    shard = None if wanted.shard is None else Shard.read(wanted.shard)
    place = None if shard is None else shard.store(wanted.output)
    with (
        veis.opened(dataset.path) as folder,
        store.opened(place, needed=wanted.merge) as kept,
        resumable(interruption_note(kept)),
    ):
        context = SearchContext(found, on, opened, kept, lambda meter: workers.executor(meter, rated.root, folder))
        if wanted.merge and kept is not None:
            count, new = merge_shards(wanted.output, kept)
            say(f"{wanted.output}: {new} values taken from {count} shards")
        if shard is not None:
            unread = _shard(candidates, rated, search_settings, context, shard)
        else:
            named = space.name, wanted.output, wanted.per_distortion
            unread = _search(candidates, rated, search_settings, context, *named)
    for problem in unread:
        say(f"warning: {problem}")
    ctx.exit(1 if unread else 0)


def _shard(
    candidates: list[Candidate], rated: RatedSet, search_settings: SearchSettings, context: SearchContext, shard: Any
) -> list[str]:
    from ...searching.shards import measure

    table = measure(candidates, rated, search_settings, context, progress(f"measuring {rated.name}", " images"), shard)
    say(f"shard {shard.number} of {shard.of}: measured; --merge takes it in once all are there")
    return list(table.unread.values())


def _search(
    candidates: list[Candidate],
    rated: RatedSet,
    search_settings: SearchSettings,
    context: SearchContext,
    space: str,
    output: Path,
    per_distortion: bool,
) -> list[str]:
    from ...report.search.folder import write
    from ...searching.search import search as run
    from ..search_output import summary

    outcome = run(
        space,
        candidates,
        rated,
        search_settings,
        context,
        progress(f"measuring {rated.name}", " images"),
        per_distortion=per_distortion,
    )
    write(outcome, output)
    for text in summary(outcome, output):
        line(text)
    return list(outcome.table.unread.values())
