"""Results as table, JSON, JSON lines or CSV, written as they come so that nothing computed is lost."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from ..scorer import Result

Write = Callable[["Result"], None]
UNCALIBRATED = (
    "Not yet a quality: these are similarities between the explanations of each image and of its pseudo-reference "
    "images; a score needs a fitted mapper in the recipe."
)


@contextmanager
def table(stream: TextIO, keys: Sequence[str]) -> Iterator[Write]:
    """For people."""
    width = max(map(len, keys))
    uncalibrated = False

    def write(result: Result) -> None:
        nonlocal uncalibrated
        stream.write(f"{result.image}\n")
        if result.score is not None:
            stream.write(f"  {'score (higher is better)':<{width}}  {result.score:12.4f}\n")
        for key, value in result.similarities.items():
            if value is not None:
                stream.write(f"  {key:<{width}}  {value:12.4f}\n")
        for flag in result.flags:
            uncalibrated |= flag == "uncalibrated"
            if flag != "uncalibrated":
                stream.write(f"  note: {flag}\n")
        if result.error is not None:
            stream.write(f"  error: {result.error}\n")
        stream.flush()

    yield write
    if uncalibrated:
        stream.write(f"{UNCALIBRATED}\n")


@contextmanager
def json_list(stream: TextIO, keys: Sequence[str]) -> Iterator[Write]:
    """One JSON list, closed even when the run is interrupted."""
    before = "[\n"

    def write(result: Result) -> None:
        nonlocal before
        stream.write(before + json.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False))
        stream.flush()
        before = ",\n"

    try:
        yield write
    finally:
        stream.write("\n]\n" if before == ",\n" else "[]\n")


@contextmanager
def json_lines(stream: TextIO, keys: Sequence[str]) -> Iterator[Write]:
    """One JSON object a line."""

    def write(result: Result) -> None:
        stream.write(json.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")
        stream.flush()

    yield write


@contextmanager
def comma_separated(stream: TextIO, keys: Sequence[str]) -> Iterator[Write]:
    """CSV with one column a branch; what is not available is empty, flags are joined by ``; ``."""
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["image", "score", *keys, "flags", "error", "recipe"])

    def write(result: Result) -> None:
        values = [result.similarities.get(key) for key in keys]
        rows.writerow([result.image, result.score, *values, "; ".join(result.flags), result.error, result.recipe])
        stream.flush()

    yield write


FORMATS = {"table": table, "json": json_list, "jsonl": json_lines, "csv": comma_separated}
