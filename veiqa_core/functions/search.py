"""``veiqa search`` as a function."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

import attrs

from ..datasets.rated_set import RatedSet, load
from ..devices import Device
from ..measuring.table import Measurements
from ..report.search.folder import write
from ..searching import census, networks
from ..searching import search as searching
from ..searching.candidates import Candidate, expand, extractors
from ..searching.context import SearchContext
from ..searching.outputs import about
from ..searching.search import Search
from ..searching.settings import SearchSettings
from ..searching.shards import Shard, measure
from ..searching.space import Space
from .arguments import keywords
from .datasets import RatedArguments, RatedChoice
from .folders import make_folder
from .given import Place, texts_of
from .means import Means, MeansArguments
from .recipes import SettingArguments
from .search_choice import SearchChoice, SearchingArguments
from .search_folder import check_output
from .settings import Settings
from .veis import VeiArguments, VeiChoice


class SearchArguments(SearchingArguments, SettingArguments, RatedArguments, VeiArguments, MeansArguments, total=False):
    """The keywords of :func:`search` besides the space."""


@keywords(SearchArguments)
def search(dataset: str, path: Place, *, space: Place, **given: Unpack[SearchArguments]) -> Search:
    """The best combination of a space for the ratings of a dataset, as ``veiqa search`` finds it.

    Args:
        dataset, path: one of 'veiqa datasets', and its folder.
        space: the name of a shipped search space, or a file.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
    """
    begun = Searching.prepared(
        RatedChoice.of(dataset, path, given),
        SearchChoice.of(space, given),
        texts_of("settings", given["settings"]),
        Means.of(given, VeiChoice.of(given)),
    )
    if begun.wanted.output is not None:
        store = given["store"]
        begun.check_output(Path(store) if isinstance(store, str | os.PathLike) else None)
    return begun.run()


@attrs.frozen(eq=False)
class Searching:
    """A search whose arguments are checked, and of which nothing is measured yet."""

    wanted: SearchChoice
    means: Means
    space: Space
    settings: SearchSettings
    rated: RatedSet
    on: Device

    @classmethod
    def prepared(cls, dataset: RatedChoice, wanted: SearchChoice, given: tuple[str, ...], means: Means) -> Searching:
        """From groups of arguments.

        Args:
            given: parameters of components.

        Raises:
            UsageError: something is not there, or does not go together.
        """
        found = means.registry
        settings = Settings(found, given)
        part = dataset.part(found, settings)
        space, search_settings = wanted.read(found, settings)
        settings.check_all_used()
        on = means.found()
        rated = load(part, dataset.path, dataset.distortions)
        searching.groups(rated, wanted.per_distortion)
        return cls(wanted, means, space, search_settings, rated, on)

    def check_output(self, store: Path | None) -> None:
        """Refuse a folder that this search cannot be written into; nothing is made.

        Args:
            store: the store that was named.

        Raises:
            UsageError: it cannot be written, or holds files of another making, or another search.
        """
        assert self.wanted.output is not None
        described = about(self.space.name, self.rated, self.settings)
        check_output(self.wanted.output, self.rated.root, self.wanted.space_name, described, store)

    def plan(self) -> census.Census:
        """What it will cost.

        Raises:
            UsageError: nothing in the space can be tried.
        """
        self.means.workers.set_up()
        opened, missing = networks.for_planning(extractors(self.space, self.means.registry), self.on)
        candidates = expand(self.space, self.means.registry, opened)
        return census.count(candidates, opened, len(self.rated.images), missing, self.on)

    def run(self) -> Search:
        """Search, and write what is found where it is to be written.

        Raises:
            UsageError: there is nothing to choose from, or a file cannot be written.
        """
        with self._context() as (candidates, context):
            made = searching.search(
                self.space.name,
                candidates,
                self.rated,
                self.settings,
                context,
                self._track(),
                per_distortion=self.wanted.per_distortion,
            )
            if self.wanted.output is not None:
                write(made, self.wanted.output)
        return made

    def shard(self, shard: Shard) -> Measurements:
        """Measure a part of the images, and choose nothing.

        Raises:
            UsageError: nothing can be measured.
        """
        with self._context() as (candidates, context):
            return measure(candidates, self.rated, self.settings, context, self._track(), shard)

    def _track(self) -> Any:
        return self.means.hearing.track(f"measuring {self.rated.name}", " images")

    @contextmanager
    def _context(self) -> Iterator[tuple[list[Candidate], SearchContext]]:
        """The candidates, and where they are measured."""
        self.means.workers.set_up()
        found, root = self.means.registry, self.rated.root
        opened = networks.opened(extractors(self.space, found), self.on)
        candidates = expand(self.space, found, opened)
        if self.wanted.output is not None:
            make_folder("--output", self.wanted.output, root)
        with self.means.veis.opened(self.means.hearing.warn, root) as folder, self.means.keep() as kept:
            context = SearchContext(
                found, self.on, opened, kept, lambda meter: self.means.executor(meter, root, folder)
            )
            yield candidates, context
