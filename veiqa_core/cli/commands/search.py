"""``veiqa search``: the best combination of a space for people's ratings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...functions.search_choice import OBJECTIVES, SearchChoice
from ..common import registry, resumable
from ..numbers import Whole
from ..options.completion import component_names, shipped_names
from ..options.dataset import RatedOptions, StoreOptions, interruption_note
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions, SettingOptions
from ..options.veis import VeiOptions
from ..options.workers import WorkerOptions
from ..paths import FOLDER
from ..printing import line, say

if TYPE_CHECKING:
    from ...store import Store


@attrs.frozen
class SearchOptions(SearchChoice):
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
        "--objective", type=click.Choice(OBJECTIVES), default="srocc", show_default=True, help="What is to be best."
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
    from ...functions.search import Searching
    from ..means import means

    using = means(registry(), store, workers, device, veis)
    begun = Searching.prepared(dataset, wanted, parameters.settings, using)
    wanted.check(store)
    if wanted.output is not None and not wanted.plan:
        begun.check_output(store.store)
    if wanted.plan:
        for text in begun.plan().lines():
            line(text)
        return
    assert wanted.output is not None
    begun = attrs.evolve(begun, means=attrs.evolve(using, keep=lambda: _kept(wanted, store)))
    if wanted.shard is not None:
        from ...searching.shards import Shard

        shard = Shard.read(wanted.shard)
        unread = list(begun.shard(shard).unread.values())
        say(f"shard {shard.number} of {shard.of}: measured; --merge takes it in once all are there")
    else:
        from ..search_output import summary

        outcome = begun.run()
        for text in summary(outcome, wanted.output):
            line(text)
        unread = list(outcome.table.unread.values())
    for problem in unread:
        say(f"warning: {problem}")
    ctx.exit(1 if unread else 0)


@contextmanager
def _kept(wanted: SearchOptions, store: StoreOptions) -> Iterator[Store | None]:
    """The store, that of a shard in DIR, with what shards there hold where they are to be merged."""
    from ...searching.shards import Shard, merge

    assert wanted.output is not None
    place = None if wanted.shard is None else Shard.read(wanted.shard).store(wanted.output)
    with store.opened(place, needed=wanted.merge) as kept, resumable(interruption_note(kept)):
        if wanted.merge and kept is not None:
            count, new = merge(wanted.output, kept)
            say(f"{wanted.output}: {new} values taken from {count} shards")
        yield kept
