"""Results as table, JSON, JSON lines or CSV, written as they come so that nothing computed is lost."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from ..scorer import Result

Write = Callable[["Result"], None]
UNCALIBRATED = (
    "Not yet a quality: these are similarities between the explanations of each image and of its pseudo-reference "
    "images; a score needs a fitted mapper in the recipe."
)


_FEW = 8  # branches whose similarities a person takes in at a glance


@contextmanager
def table(stream: TextIO, keys: Sequence[str]) -> Iterator[Write]:
    """For people."""
    shown = tuple(keys) if len(keys) <= _FEW else ()
    width = max(map(len, (*shown, _score_title(None))))
    uncalibrated = False

    def write(result: Result) -> None:
        nonlocal uncalibrated
        stream.write(f"{result.image}\n")
        if result.score is not None:
            stream.write(f"  {_score_title(result.scale):<{width}}  {result.score:12.4f}{_interval(result)}\n")
        if result.distortion is not None:
            stream.write(f"  {'likely distortion':<{width}}  {_likely(result.distortion)}\n")
        for key in shown:
            if (value := result.similarities[key]) is not None:
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


def _score_title(scale: tuple[float, float] | None) -> str:
    return "score (higher is better)" if scale is None else f"score ({scale[0]:g} worst, {scale[1]:g} best)"


def _interval(result: Result) -> str:
    if result.interval is None:
        return ""
    low, high = result.interval
    return f"   90 % interval {low:.1f} to {high:.1f}"


def _likely(distortion: Mapping[str, float]) -> str:
    from ..judgement import likely

    return ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in likely(distortion))


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
    """CSV with one column a branch; what is not available is empty, flags are joined by ``; ``.

    ``low`` and ``high`` are the ends of the score's interval, ``distortion`` is the likeliest type.
    """
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["image", "score", "low", "high", "distortion", *keys, "flags", "error", "recipe"])

    def write(result: Result) -> None:
        values = [result.similarities.get(key) for key in keys]
        low, high = result.interval or (None, None)
        likeliest = max(result.distortion, key=result.distortion.__getitem__) if result.distortion else None
        judged = [result.image, result.score, low, high, likeliest]
        rows.writerow([*judged, *values, "; ".join(result.flags), result.error, result.recipe])
        stream.flush()

    yield write


FORMATS = {"table": table, "json": json_list, "jsonl": json_lines, "csv": comma_separated}
