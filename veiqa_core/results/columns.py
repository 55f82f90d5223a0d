"""Which columns tables of results have, and how a result becomes a row of them and is read back."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ..errors import UsageError, near_miss
from .sinks import PreviousRow

if TYPE_CHECKING:
    from ..result import Result

Cells = list[Any]

OTHERS = "has other columns; say the --columns that it was begun with, or name another --output"
"""Of a file that cannot be resumed."""

TEXTS = frozenset({"image", "distortion", "flags", "error", "recipe"})
"""The columns that hold no numbers."""
WHOLES = ("width", "height", "judged_width", "judged_height")
"""Those that hold pixels, of the image and of what was judged."""

ALL = "all"
SIMILARITIES, METHODS = "similarities", "methods"
_FIRST = "image"
_LAST = ("error", "recipe")  # with the image's name, what ``--resume`` needs


def _distortion(result: Result) -> Cells:
    """The likeliest type and its probability."""
    if not result.distortion:
        return [None, None]
    likeliest = max(result.distortion, key=result.distortion.__getitem__)
    return [likeliest, result.distortion[likeliest]]


_FIXED: Mapping[str, tuple[tuple[str, ...], Callable[[Result], Cells]]] = {
    "score": (("score",), lambda result: [result.score]),
    "interval": (("low", "high"), lambda result: list(result.interval or (None, None))),
    "distortion": (("distortion", "probability"), _distortion),
    "novelty": (("novelty",), lambda result: [result.novelty]),
    "size": (WHOLES, lambda result: [*(result.size or (None, None)), *(result.judged_size or (None, None))]),
    "flags": (("flags",), lambda result: ["; ".join(result.flags)]),
}
"""By the name that a user chooses: the columns, and a result's values in them."""

NAMES = (*list(_FIXED)[:-1], SIMILARITIES, METHODS, "flags")
_SHORT = ("score", "interval", "distortion", "novelty", "flags")
_FEW = 8  # values that a person takes in at a glance


def default(people: bool, calibrated: bool, values: int) -> tuple[str, ...]:
    """What a reader of scores needs; all that was measured beside it where no score is calibrated.

    Args:
        people: whether a person reads it, to whom remarks say what is novel, and who takes in a few values only.
        values: how many are measured of an image.
    """
    measured = () if calibrated or (people and values > _FEW) else (SIMILARITIES, METHODS)
    return (*(name for name in _SHORT[:-1] if not (people and name == "novelty")), *measured, _SHORT[-1])


def chosen(text: str) -> tuple[str, ...]:
    """The names in a list with commas between, each once.

    Raises:
        UsageError: one is unknown, or there is none.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in (*NAMES, ALL):
            raise UsageError(near_miss("column", name, (*NAMES, ALL)))
    return NAMES if ALL in names else tuple(dict.fromkeys(names))


@attrs.frozen
class Columns:
    """The columns of a table: the image, what was chosen, the error and the recipe.

    Attributes:
        names: of :data:`NAMES`, in the order of their columns.
        similarities, methods: the keys of the recipe's branches, and of what its methods give.
    """

    names: tuple[str, ...]
    similarities: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The measured quantities among them."""
        own = {SIMILARITIES: self.similarities, METHODS: self.methods}
        return tuple(key for name in self.names for key in own.get(name, ()))

    @property
    def header(self) -> list[str]:
        """What each column is called."""
        return [_FIRST, *(column for name in self.names for column in self._of(name)), *_LAST]

    def _of(self, name: str) -> Sequence[str]:
        if name == SIMILARITIES:
            return self.similarities
        return self.methods if name == METHODS else _FIXED[name][0]

    def cells(self, result: Result) -> Cells:
        """A result's values in them, None for what is not available.

        ``low`` and ``high`` are the ends of the score's interval; ``; `` joins flags.
        """
        cells: Cells = [result.image]
        for name in self.names:
            if name in _FIXED:
                cells += _FIXED[name][1](result)
            else:
                measured: Mapping[str, float | None] = getattr(result, name)
                cells += [measured.get(key) for key in self._of(name)]
        return [*cells, result.error, result.recipe]

    def previous_row(self, cells: Sequence[Any], written: object) -> PreviousRow:
        """The result that :meth:`cells` were made of, as far as they say."""
        image, *middle, error, recipe = cells
        values: dict[str, float | None] = {}
        fixed: dict[str, Any] = {}
        at = 0
        for name in self.names:
            columns = self._of(name)
            own = dict(zip(columns, middle[at : at + len(columns)], strict=True))
            at += len(columns)
            (fixed if name in _FIXED else values).update(own)
        low, high, likely, flags = (fixed.get(name) for name in ("low", "high", "distortion", "flags"))
        share = fixed.get("probability")
        return PreviousRow(
            image=image,
            score=fixed.get("score"),
            interval=None if low is None or high is None else (low, high),
            likely=None if likely is None else (likely, math.nan if share is None else share),
            novelty=fixed.get("novelty"),
            values=values,
            flags=tuple(flags.split("; ")) if flags else (),
            error=error,
            recipe=recipe,
            size=pair(fixed.get("width"), fixed.get("height")),
            judged_size=pair(fixed.get("judged_width"), fixed.get("judged_height")),
            written=written,
        )


def pair(width: Any, height: Any) -> tuple[int, int] | None:
    """The size of an image, None where it is not known."""
    return None if width is None or height is None else (int(width), int(height))


def csv_line(cells: Sequence[Any]) -> str:
    """A line of a CSV."""
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerow(cells)
    return made.getvalue()


def is_header(columns: Sequence[str]) -> bool:
    """Whether columns are those of results, whatever was chosen."""
    return len(columns) >= 3 and columns[0] == _FIRST and tuple(columns[-2:]) == _LAST
