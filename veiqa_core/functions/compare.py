"""``veiqa compare`` as a function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypedDict, Unpack

import attrs

from ..dataframes import data_frame
from ..errors import UsageError
from ..extension.registry import Part, Registry
from ..files.ahead import ahead
from ..files.urls import is_url
from ..full_reference import image_metric, image_metrics
from ..full_reference.comparison import Comparer, Row, Summary, header, meaning, name
from ..full_reference.pairs import Pair
from ..pool import in_order
from .arguments import Arg, keywords
from .given import Names, Place, names_of, registry_of, texts_of
from .hearing import Hearing, HearingArguments, Report
from .means import RegistryArguments
from .pairs import PairChoice
from .recipes import SettingArguments
from .settings import Settings
from .workers import ProcessArguments, Processes


@attrs.frozen(eq=False)
class Compared:
    """Images compared with their originals.

    Attributes:
        rows: of each pair ``original``, ``copy``, ``width``, ``height``, a value by each metric's key, and ``error``;
            None where not known.
        problems: folders that cannot be listed, and metrics that cannot be built.
    """

    metrics: tuple[Part, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()

    def summaries(self) -> list[Summary]:
        """Of each metric its mean, and the pair that is worst."""
        made = [Summary(part) for part in self.metrics]
        for row in self.rows:
            for summary in made:
                summary.add(row[summary.part.key], name(row))
        return made

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: the pairs as ``veiqa compare --format json`` has them, and a summary of each
        metric.
        """
        return {
            "pairs": [dict(row) for row in self.rows],
            "metrics": {own.part.key: _summary(own) for own in self.summaries()},
            "problems": list(self.problems),
        }

    def to_frame(self) -> Any:
        """A row for each pair, as a table of pandas or, where that is not installed, of polars.

        Raises:
            UsageError: neither library is installed.
        """
        return data_frame(self.rows, header(self.metrics))


def _summary(own: Summary) -> dict[str, Any]:
    worst = None if own.worst is None else {"pair": own.worst[1], "value": own.worst[0]}
    return {
        "meaning": meaning(own.part),
        "pairs": own.count,
        "mean": own.mean if own.count else None,
        "worst": worst,
    }


class _Own(TypedDict, total=False):
    """What no other function takes."""

    pairs: Annotated[
        Place | None,
        Arg(
            None,
            "a table in CSV with the columns ``original`` and ``copy``: paths in the folders, or else URLs",
        ),
    ]
    metrics: Annotated[Names, Arg((), "by name; default: all that compare images")]


class CompareArguments(_Own, SettingArguments, ProcessArguments, RegistryArguments, HearingArguments, total=False):
    """The keywords of :func:`compare` besides the images."""


@keywords(CompareArguments)
def compare(original: Place | None = None, copy: Place | None = None, **given: Unpack[CompareArguments]) -> Compared:
    """Images compared with their originals by full-reference metrics, as ``veiqa compare`` does it.

    Args:
        original, copy: two images, or a folder of each.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
    """
    hearing = Hearing.of(given)
    problems: list[str] = []
    chosen, processes = PairChoice.of(original, copy, given["pairs"]), Processes.of(given)
    parts = metrics_of(
        registry_of(given["registry"]),
        names_of("metrics", given["metrics"]),
        texts_of("settings", given["settings"]),
        problems.append,
    )
    every = chosen.found(problems.append, lambda path: None)
    processes.set_up()
    track = hearing.track("comparing", " pairs")
    rows = tuple(track(compared(parts, every, processes), len(every)))
    for problem in problems:
        hearing.warn(problem)
    return Compared(parts, rows, tuple(problems))


def compared(metrics: tuple[Part, ...], pairs: Sequence[Pair], processes: Processes) -> Iterator[Row]:
    """The rows of pairs, one after another."""
    fetched = _fetched_ahead(pairs) if processes.workers == 1 else pairs  # several processes fetch at once as it is
    return in_order(Comparer(metrics), fetched, processes.workers)


def _fetched_ahead(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Pairs whose images at URLs are fetched a few ahead, past those on this machine, too."""
    sound = (pair for pair in pairs if pair.problem is None)
    fetched = ahead(place for pair in sound for place in (pair.original, pair.copy) if is_url(place))
    for pair in pairs:
        if pair.problem is not None:
            yield pair
        else:
            yield Pair(*(next(fetched) if is_url(place) else place for place in (pair.original, pair.copy)))


def metrics_of(found: Registry, names: Sequence[str], settings: Sequence[str], left_out: Report) -> tuple[Part, ...]:
    """The metrics that are meant, each once; of those that nobody named the ones that can be built.

    Args:
        left_out: takes a line for each other one.

    Raises:
        UsageError: a name or a parameter is unknown, one compares maps only, or one that is named cannot be built.
    """
    wanted = Settings(found, settings)
    choices = [wanted.choice("metric", name) for name in names or [item.ref for item in image_metrics(found)]]
    wanted.check_all_used()
    parts = []
    for part in dict.fromkeys(image_metric(found, choice.name, choice.params) for choice in choices):
        try:
            Comparer((part,)).check()
        except UsageError as error:
            if names:
                raise
            left_out(f"{error}; it is left out")
        else:
            parts.append(part)
    return tuple(parts)
