"""Results as table, JSON, JSON lines or CSV, written as they come so that nothing computed is lost."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..files.marks import begins
from ..isolation.terminal import EscapingStream
from ..text import json_text, printable
from .columns import Columns, csv_line, is_header
from .sinks import Sink

if TYPE_CHECKING:
    from ..result import Result

_SIMILARITIES = "similarities between the explanations of each image and of its pseudo-reference images"
_METHODS = "what methods give, on scales of their own"


def uncalibrated(similarities: bool, methods: bool) -> str:
    """What values without a score are, where there are some of either kind."""
    what = " and ".join([*([_SIMILARITIES] if similarities else []), *([_METHODS] if methods else [])])
    return f"Not yet a quality: these are {what}; a score needs a fitted mapper in the recipe."


class Table(Sink):
    """For people: scores with the decimals that they deserve."""

    def __init__(self, stream: TextIO, columns: Columns) -> None:
        self._stream = stream
        self._names = frozenset(columns.names)
        self._shown = columns.keys
        self._width = max(map(len, (*self._shown, _score_title(None))))
        self._uncalibrated: Result | None = None

    def add(self, result: Result) -> None:
        """Write the image's name and what is known of it, a line each."""
        self._stream.write(f"{printable(result.image)}\n")
        for title, value in self._values(result):
            self._stream.write(f"  {title:<{self._width}}  {value}\n")
        if "flags" in self._names:
            for flag in result.remarks:
                self._stream.write(f"  note: {printable(flag)}\n")
        if "uncalibrated" in result.flags:
            self._uncalibrated = result
        if result.error is not None:
            self._stream.write(f"  error: {printable(result.error)}\n")
        self._stream.flush()

    def _values(self, result: Result) -> Iterator[tuple[str, str]]:
        """What was chosen and is known, with its title."""
        names = self._names
        score = result.score if "score" in names else None
        interval = _interval(result) if "interval" in names else None
        if score is not None:
            shown = f"{score:12.4f}" if result.scale is None else f"{score:.{result.digits}f}"
            yield _score_title(result.scale), shown if interval is None else f"{shown}   90 % interval {interval}"
        elif interval is not None:
            yield "90 % interval", interval
        if "distortion" in names and result.distortion is not None:
            yield "likely distortion", _likely(result.distortion)
        if "novelty" in names and result.novelty is not None:
            yield "novelty", f"{result.novelty:.2f} of 1, the limit"
        if "size" in names and result.size is not None:
            yield "size", "{}x{}".format(*result.size)
        if names & {"flags", "size"} and result.judged is not None:
            yield "judged at", result.judged
        for key in self._shown:
            if (value := result.values[key]) is not None:
                yield key, f"{value:12.4f}"

    def close(self) -> None:
        """Say once what values without a score are."""
        if (result := self._uncalibrated) is not None:
            if not self._shown:
                self._stream.write(
                    f"{len(result.values)} values an image: --columns all, or --format json, jsonl, csv or parquet, "
                    "holds them.\n"
                )
            self._stream.write(f"{uncalibrated(bool(result.similarities), bool(result.methods))}\n")
        self._stream.flush()


def _score_title(scale: tuple[float, float] | None) -> str:
    return "score (higher is better)" if scale is None else f"score ({scale[0]:g} worst, {scale[1]:g} best)"


def _interval(result: Result) -> str | None:
    if result.interval is None:
        return None
    low, high = result.interval
    return f"{low:.{result.digits}f} to {high:.{result.digits}f}"


def _likely(distortion: Mapping[str, float]) -> str:
    from ..scoring.recipe_scorer import likely

    return ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in likely(distortion))


class JsonList(Sink):
    """One JSON list, closed even when the run is interrupted."""

    def __init__(self, stream: TextIO, columns: Columns) -> None:
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

    def __init__(self, stream: TextIO, columns: Columns, begun: bool = False) -> None:
        self._stream = stream

    def add(self, result: Result) -> None:
        """Write one line."""
        self._stream.write(f"{_json(result)}\n")
        self._stream.flush()


def _json(result: Result) -> str:
    return json_text(result.to_dict())  # bytes in names that are no UTF-8 become \udcXX


class CommaSeparated(Sink):
    """CSV; what is not available is empty, and numbers have all their digits.

    Args:
        begun: whether the header is written already.
    """

    def __init__(self, stream: TextIO, columns: Columns, begun: bool = False) -> None:
        self._stream = stream
        self._columns = columns
        self._on_terminal = isinstance(stream, EscapingStream)
        if not begun:
            self._stream.write(csv_line(columns.header))

    def add(self, result: Result) -> None:
        """Write one record."""
        row = self._columns.cells(result)
        if self._on_terminal:  # where a line must be one line
            row = [printable(cell) if isinstance(cell, str) else cell for cell in row]
        self._stream.write(csv_line(row))
        self._stream.flush()


def is_results(path: Path) -> bool:
    """Whether a file holds results, in any of the formats; also where writing it was cut off in its first lines."""
    if begins(path, r'(\[\n)?\{"image": "', r"\[\]\n$", _TABLE):
        return True
    if begins(path, "image,"):
        with path.open(newline="", encoding="utf-8", errors="replace") as stream:
            return is_header(next(csv.reader([stream.readline(_LONGEST_HEADER)])))
    if begins(path, "PAR1"):
        from .parquet import names

        return is_header(names(path))
    return False


_LONGEST_HEADER = 2**20  # characters
_TABLE = (
    r"[^\n]+\n  (score \(|90 % interval |likely distortion |novelty |size |judged at |note: |error: |"
    r"\S+/\S+/\S+ +-?\d|\S+ +-?\d+\.\d{4}\n)"
)
"""How a table begins: an image's name, then what is known of it."""

FORMATS = {"table": Table, "json": JsonList, "jsonl": JsonLines, "csv": CommaSeparated}
