"""Results as table, JSON, JSON lines or CSV, written as they come so that nothing computed is lost."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ..files.marks import begins
from ..isolation.terminal import EscapingStream
from ..text import json_text, printable
from .sinks import PreviousRow, Sink

if TYPE_CHECKING:
    from ..result import Result

_SIMILARITIES = "similarities between the explanations of each image and of its pseudo-reference images"
_METHODS = "what methods give, on scales of their own"


def uncalibrated(similarities: bool, methods: bool) -> str:
    """What values without a score are, where there are some of either kind."""
    what = " and ".join([*([_SIMILARITIES] if similarities else []), *([_METHODS] if methods else [])])
    return f"Not yet a quality: these are {what}; a score needs a fitted mapper in the recipe."


TEXTS = {"image", "distortion", "flags", "error", "recipe"}
"""The columns that hold no numbers."""
WHOLES = ("width", "height", "judged_width", "judged_height")
"""Those that hold pixels, of the image and of what was judged."""
_FIRST = ("image", "score", "low", "high", "distortion", "novelty")
_LAST = ("flags", "error", "recipe")
_FEW = 8  # values that a person takes in at a glance


class Table(Sink):
    """For people."""

    def __init__(self, stream: TextIO, keys: Sequence[str]) -> None:
        self._stream = stream
        self._shown = tuple(keys) if len(keys) <= _FEW else ()
        self._width = max(map(len, (*self._shown, _score_title(None))))
        self._uncalibrated: Result | None = None

    def add(self, result: Result) -> None:
        """Write the image's name and what is known of it, a line each."""
        write, width = self._stream.write, self._width
        write(f"{printable(result.image)}\n")
        if result.score is not None:
            write(f"  {_score_title(result.scale):<{width}}  {result.score:12.4f}{_interval(result)}\n")
        if result.distortion is not None:
            write(f"  {'likely distortion':<{width}}  {_likely(result.distortion)}\n")
        if result.judged is not None:
            write(f"  {'judged at':<{width}}  {result.judged}\n")
        for key in self._shown:
            if (value := result.values[key]) is not None:
                write(f"  {key:<{width}}  {value:12.4f}\n")
        for flag in result.remarks:
            write(f"  note: {printable(flag)}\n")
        if "uncalibrated" in result.flags:
            self._uncalibrated = result
        if result.error is not None:
            write(f"  error: {printable(result.error)}\n")
        self._stream.flush()

    def close(self) -> None:
        """Say once what values without a score are."""
        if (result := self._uncalibrated) is not None:
            if not self._shown:
                self._stream.write(
                    f"{len(result.values)} values an image: --format json, jsonl, csv or parquet holds them.\n"
                )
            self._stream.write(f"{uncalibrated(bool(result.similarities), bool(result.methods))}\n")
        self._stream.flush()


def _score_title(scale: tuple[float, float] | None) -> str:
    return "score (higher is better)" if scale is None else f"score ({scale[0]:g} worst, {scale[1]:g} best)"


def _interval(result: Result) -> str:
    if result.interval is None:
        return ""
    low, high = result.interval
    return f"   90 % interval {low:.1f} to {high:.1f}"


def _likely(distortion: Mapping[str, float]) -> str:
    from ..scoring.recipe_scorer import likely

    return ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in likely(distortion))


class JsonList(Sink):
    """One JSON list, closed even when the run is interrupted."""

    def __init__(self, stream: TextIO, keys: Sequence[str]) -> None:
        self._stream = stream
        self._before = "[\n"

    def add(self, result: Result) -> None:
        """Write one object."""
        self._stream.write(self._before + _json(result))
        self._stream.flush()
        self._before = ",\n"

    def close(self) -> None:
        """End the list."""
        self._stream.write("\n]\n" if self._before == ",\n" else "[]\n")
        self._stream.flush()


class JsonLines(Sink):
    """One JSON object a line."""

    def __init__(self, stream: TextIO, keys: Sequence[str], begun: bool = False) -> None:
        self._stream = stream

    def add(self, result: Result) -> None:
        """Write one line."""
        self._stream.write(f"{_json(result)}\n")
        self._stream.flush()


def _json(result: Result) -> str:
    return json_text(result.to_dict())  # bytes in names that are no UTF-8 become \udcXX


def columns(keys: Sequence[str]) -> list[str]:
    """The columns of tables for machines, one for each quantity among them."""
    return [*_FIRST, *WHOLES, *keys, *_LAST]


def cells(result: Result, keys: Sequence[str]) -> list[Any]:
    """A result's values in :func:`columns`, None for what is not available.

    ``low`` and ``high`` are the ends of the score's interval, ``distortion`` is the likeliest type; ``; `` joins flags.
    """
    low, high = result.interval or (None, None)
    likeliest = max(result.distortion, key=result.distortion.__getitem__) if result.distortion else None
    values = [result.values.get(key) for key in keys]
    scored = [result.image, result.score, low, high, likeliest, result.novelty]
    sizes = [*(result.size or (None, None)), *(result.judged_size or (None, None))]
    return [*scored, *sizes, *values, "; ".join(result.flags), result.error, result.recipe]


def previous_row(values: Sequence[Any], keys: Sequence[str], written: object) -> PreviousRow:
    """The result that :func:`cells` were made of."""
    image, score, low, high, likeliest, novelty, *numbers, flags, error, recipe = values
    (width, height, judged_width, judged_height), measured = numbers[: len(WHOLES)], numbers[len(WHOLES) :]
    return PreviousRow(
        image=image,
        score=score,
        interval=None if low is None or high is None else (low, high),
        likely=None if likeliest is None else (likeliest, math.nan),
        novelty=novelty,
        values=dict(zip(keys, measured, strict=True)),
        flags=tuple(flags.split("; ")) if flags else (),
        error=error,
        recipe=recipe,
        size=pair(width, height),
        judged_size=pair(judged_width, judged_height),
        written=written,
    )


def pair(width: Any, height: Any) -> tuple[int, int] | None:
    """The size of an image, None where it is not known."""
    return None if width is None or height is None else (int(width), int(height))


class CommaSeparated(Sink):
    """CSV; what is not available is empty.

    Args:
        begun: whether the header is written already.
    """

    def __init__(self, stream: TextIO, keys: Sequence[str], begun: bool = False) -> None:
        self._stream = stream
        self._keys = keys
        self._on_terminal = isinstance(stream, EscapingStream)
        self._rows = csv.writer(stream, lineterminator="\n")
        if not begun:
            self._rows.writerow(columns(keys))

    def add(self, result: Result) -> None:
        """Write one record."""
        row = cells(result, self._keys)
        if self._on_terminal:  # where a line must be one line
            row = [printable(cell) if isinstance(cell, str) else cell for cell in row]
        self._rows.writerow(row)
        self._stream.flush()


def is_results(path: Path) -> bool:
    """Whether a file holds results, in any of the formats; also where writing it was cut off in its first lines."""
    header = ",".join((*_FIRST, *WHOLES))
    if begins(path, re.escape(f"{header},"), r'(\[\n)?\{"image": "', r"\[\]\n$", _TABLE):
        return True
    if begins(path, "PAR1"):
        from .parquet import names

        return names(path)[: len(_FIRST) + len(WHOLES)] == header.split(",")
    return False


_TABLE = r"[^\n]+\n  (score \(|likely distortion |judged at |note: |error: |\S+/\S+/\S+ +-?\d|\S+ +-?\d+\.\d{4}\n)"
"""How a table begins: an image's name, then what is known of it."""

FORMATS = {"table": Table, "json": JsonList, "jsonl": JsonLines, "csv": CommaSeparated}
