"""Big images pass a network in tiles: where tiles lie, and how their maps become one map of the whole image.

A tile is computed with a margin around it, so that what the network sees near its border is the image and not the end
of it. Its map is cut back to the tile itself and put beside those of the others. Metrics compare whole maps only.
"""

from __future__ import annotations

import math

import attrs
from torch import Tensor
from torch.nn import functional as F

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

WHOLE = 4_000_000
"""Pixels of the biggest image that passes as a whole."""

_SIDE = 1024
_MARGIN = 256
_GRAIN = 32  # tiles begin at multiples of it, so that the cells of a network's maps fall together


@attrs.frozen
class Span:
    """A tile's extent along one side of the image: its own pixels, and with margins."""

    start: int
    stop: int
    outer_start: int
    outer_stop: int

    @property
    def outer(self) -> slice:
        """With margins."""
        return slice(self.outer_start, self.outer_stop)


@attrs.frozen
class Tile:
    """A part of an image."""

    rows: Span
    columns: Span


def cut(size: tuple[int, int], *, whole: int | None = None, side: int = _SIDE, margin: int = _MARGIN) -> list[Tile]:
    """Tiles of an image of some width and height, row by row; a single one without margins where it passes whole."""
    width, height = size
    if width * height <= (WHOLE if whole is None else whole):
        return [Tile(Span(0, height, 0, height), Span(0, width, 0, width))]
    columns = _spans(width, side, margin)
    return [Tile(rows, column) for rows in _spans(height, side, margin) for column in columns]


def _spans(length: int, side: int, margin: int) -> list[Span]:
    """Equal spans, but for the last, of at most ``side`` pixels.

    With margins, their lengths leave the remainder that the whole length leaves: networks whose padding depends on it
    then pad tiles as they pad the whole.
    """
    step = min(side, _up(math.ceil(length / math.ceil(length / side))))
    rest = length % _GRAIN
    return [
        Span(
            start,
            min(start + step, length),
            max(start - margin, 0),
            min(_up(start + step + margin - rest) + rest, length),
        )
        for start in range(0, length, step)
    ]


class Mosaic:
    """Maps ``[..., h, w]`` of tiles put together, as they come, to one of an image of some width and height.

    A map may be at any scale of its tile; the nearest power of two is taken for its stride, and a map of another size
    is brought to it (bilinear), as networks that do not pad their images need.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._stride = 0
        self._map: Tensor | None = None

    def add(self, tile: Tile, made: Tensor) -> None:
        """Put a tile's map in its place; the first one decides the scale of all."""
        spans = (tile.rows, tile.columns)
        outer = [span.outer_stop - span.outer_start for span in spans]
        if (tile.columns.stop, tile.rows.stop) == self._size and tile.rows.start == tile.columns.start == 0:
            self._map = made
            return
        if self._map is None:
            longer = max((0, 1), key=lambda axis: outer[axis])
            self._stride = 2 ** max(0, round(math.log2(outer[longer] / made.shape[longer - 2])))
            width, height = (math.ceil(side / self._stride) for side in self._size)
            self._map = made.new_zeros((*made.shape[:-2], height, width))
        cells = [math.ceil(side / self._stride) for side in outer]
        if list(made.shape[-2:]) != cells:
            made = F.interpolate(made[None], size=cells, mode="bilinear", align_corners=False)[0]
        rows, columns = (self._cells(span) for span in spans)
        self._map[..., rows[0], columns[0]] = made[..., rows[1], columns[1]]

    def whole(self) -> Tensor:
        """The map of the image, all tiles being there."""
        assert self._map is not None
        return self._map

    def _cells(self, span: Span) -> tuple[slice, slice]:
        """Where a span's own cells lie, in the whole map and in the tile's."""
        start, stop, before = span.start // self._stride, math.ceil(span.stop / self._stride), span.outer_start
        return slice(start, stop), slice(start - before // self._stride, stop - before // self._stride)


def _up(number: int) -> int:
    return -(-number // _GRAIN) * _GRAIN
