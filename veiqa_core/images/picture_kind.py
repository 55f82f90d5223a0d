"""Pictures that are no photos, recognised by plain statistics of their levels: a recipe for photos can only guess.

Everything is taken from rows that are spread evenly over the picture, at its native size. The limits were set so that
fewer than one photo in a hundred, pristine or distorted, is taken for something else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..remarks import DRAWN, FEW_COLOURS, TEXT, TOO_SMALL

SMALLEST = 128  # pixels of the shorter side: below, little of what was learned can show
_FEW = 16
_ROWS = 256

_FLAT = 0.75  # at least of neighbours are equal in what is drawn,
_STEP = 32  # levels that an edge has at least
_EDGES = 0.15  # at least of the other neighbours are apart by that,
_GROUND = 0.25  # at least of all pixels have one colour,
_GRID = 0.23  # and fewer of the edges lie on one grid of 8 pixels than in JPEG at its worst

_GREY = 12  # levels between the channels on average, at most, of what is printed in black
_TWO_TONES = 0.65  # at least of the variance is explained by ink and paper,
_INK = (0.03, 0.35)  # which share of a page is ink
_STROKE = 12  # pixels, or a fortieth of the width: the longest run of ink in a stroke
_STROKES = 0.75  # at least of the ink lies in strokes
_DENSITY = 0.015  # at least as many strokes in a row as this times its pixels


def picture_kind(values: Tensor) -> str | None:
    """What a picture is, as a remark, where that is no photo.

    Args:
        values: ``[1, 3, H, W]``, 8-bit levels or floats in [0, 1].
    """
    height, width = values.shape[2:]
    if min(height, width) < SMALLEST:
        return TOO_SMALL
    levels = _levels(values)
    colours, counts = np.unique(_codes(levels), return_counts=True)
    if len(colours) <= _FEW:
        return FEW_COLOURS
    if counts.max() >= _GROUND * counts.sum() and _is_drawn(levels):
        return DRAWN
    return TEXT if _is_text(levels) else None


def _levels(values: Tensor) -> NDArray[np.int16]:
    """8-bit levels ``[3, R, W]`` of some rows."""
    height = values.shape[2]
    rows = np.unique(np.linspace(0, height - 1, min(height, _ROWS)).astype(int))
    chosen = values[0][:, rows].numpy()
    return (chosen if chosen.dtype == np.uint8 else np.rint(255 * chosen)).astype(np.int16)


def _codes(levels: NDArray[np.int16]) -> NDArray[np.int32]:
    """One number a colour."""
    red, green, blue = levels.astype(np.int32)
    codes: NDArray[np.int32] = (red << 16) | (green << 8) | blue
    return codes


def _is_drawn(levels: NDArray[np.int16]) -> bool:
    """Whether neighbours are equal or far apart, at places that no grid of blocks explains."""
    steps = np.abs(np.diff(levels, axis=2)).max(axis=0)
    edges = (steps >= _STEP).sum(axis=0)
    found, on_grid = edges.sum(), np.bincount(np.arange(len(edges)) % 8, weights=edges).max()
    apart = np.count_nonzero(steps)
    return bool(apart <= (1 - _FLAT) * steps.size and found >= max(1, _EDGES * apart) and on_grid < _GRID * found)


def _is_text(levels: NDArray[np.int16]) -> bool:
    """Whether there is dark ink on bright paper, most of it in strokes."""
    if (levels.max(axis=0) - levels.min(axis=0)).mean() > _GREY:
        return False
    luma = np.rint(np.tensordot([0.299, 0.587, 0.114], levels.astype(np.float64), axes=1)).astype(np.intp)
    threshold, explained = _two_tones(luma)
    ink = luma <= threshold
    share = ink.mean()
    if explained < _TWO_TONES or not _INK[0] <= share <= _INK[1]:
        return False
    edges = np.diff(np.pad(ink.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    runs = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    strokes = runs[runs <= max(_STROKE, luma.shape[1] / 40)]
    return bool(strokes.sum() >= _STROKES * runs.sum() and len(strokes) >= _DENSITY * luma.size)


def _two_tones(luma: NDArray[np.intp]) -> tuple[int, float]:
    """The threshold that parts levels best in two, and which share of their variance lies between the parts.

    Source: Otsu, IEEE Trans. Systems, Man, and Cybernetics 9(1), 1979.
    """
    shares = np.bincount(luma.ravel(), minlength=256) / luma.size
    below, moments = np.cumsum(shares), np.cumsum(shares * np.arange(256))
    mean = moments[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.nan_to_num((mean * below - moments) ** 2 / (below * (1 - below)), posinf=0)
    variance = float((shares * (np.arange(256) - mean) ** 2).sum())
    best = int(between.argmax())
    return best, float(between[best]) / variance if variance else 0.0
