"""What passes through a network: an image and its PRIs, as wholes or in tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from torch import Tensor

from ...contracts import Network, canonical
from ...errors import VeiqaError
from ...extension.registry import Part
from ...images import Image
from ...images.shrinking import picture_stride, shrunk
from ..memory import trim_heap
from .steps import Steps
from .tiling import WHOLE, Mosaic, Tile, cut

Generate = Callable[[Part, Image], Tensor | VeiqaError]


class TiledImage:
    """An image and its PRIs in pieces.

    Of an image that passes as a whole there is one piece, and each PRI is made once. Of one in tiles the PRI of a tile
    is made when it is due, from the tile with its margins, and not kept; a PRI that must see the whole image is made of
    it, and kept until another is due.

    Args:
        generate: makes the PRI of an image.
        steps: counts each piece that has passed.
        whole, side, margin: as for :func:`veiqa_core.measuring.branches.tiling.cut`.
    """

    def __init__(self, image: Image, generate: Generate, steps: Steps, **limits: int) -> None:
        self.size = image.size
        self._image = image
        self._generate = generate
        self._steps = steps
        self._tiles = cut(image.size, **limits)
        self._pris: dict[Part, Tensor | VeiqaError] = {}
        self._fallen_back = bool(limits)

    def of(self, pri: Part | None, *, together: bool) -> Iterator[tuple[Tile, Tensor | VeiqaError]]:
        """The pieces ``[1, 3, h, w]`` of a PRI, or of the image itself; put together to one where that is asked for."""
        self._steps.begin(1 if together else len(self._tiles))
        if not together:
            for tile in self._tiles:
                yield tile, self._piece(pri, tile)
                self._steps.advance()
                if len(self._tiles) > 1:
                    trim_heap()
            return
        whole = Mosaic(self.size)
        for tile in self._tiles:
            piece = self._piece(pri, tile)
            if isinstance(piece, VeiqaError):
                yield tile, piece
                return
            whole.add(tile, piece[0])
        (everything,) = cut(self.size, whole=self.size[0] * self.size[1])
        yield everything, whole.whole()[None]
        self._steps.advance()

    def shown(self, pris: Iterable[Part]) -> dict[Part, Tensor | VeiqaError]:
        """PRIs ``[1, 3, H, W]`` as they are shown."""
        return {pri: self._shown(pri) for pri in pris}

    def remarks(self, network: Network) -> tuple[str, ...]:
        """What is to be said of measuring in pieces."""
        if len(self._tiles) == 1 or network.resize is not None:
            return ()
        why = "for want of memory" if self._fallen_back else f"being larger than {WHOLE / 1e6:g} megapixels"
        return (f"seen in {len(self._tiles)} tiles, {why}",)

    def _piece(self, pri: Part | None, tile: Tile) -> Tensor | VeiqaError:
        image = self._image.crop(tile.rows.outer, tile.columns.outer)
        if pri is None:
            return image.pixels
        several = len(self._tiles) > 1
        if several and not pri.traits.get("whole", False):
            return self._generate(pri, image)
        if pri not in self._pris:
            if several:
                self._pris.clear()
            self._pris[pri] = self._generate(pri, self._image)
        whole = self._pris[pri]
        if isinstance(whole, VeiqaError) or not several:
            return whole
        return canonical(whole[..., tile.rows.outer, tile.columns.outer])

    def _shown(self, pri: Part) -> Tensor | VeiqaError:
        width, height = self.size
        stride = picture_stride((height, width))
        whole = Mosaic(self.size)
        for tile in self._tiles:
            piece = self._piece(pri, tile)
            if isinstance(piece, VeiqaError):
                return piece
            whole.add(tile, shrunk(piece[0], stride))
        return whole.whole()[None]
