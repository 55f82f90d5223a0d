"""The pictures of a report: made small by a stated rule, as data that a page holds itself."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import attrs
import matplotlib
import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from PIL import features
from torch import Tensor
from torch.nn import functional as F

from ..errors import ImageError
from ..images import read
from .heatmaps import Heatmaps
from .pictures import luma

THUMBNAIL, PAIR, FULL = 96, 400, 640
"""The longest side in pixels of pictures in the table, of pairs of VEIs, and of the image with its map."""

HEAT, DIFFERENCE = "inferno", "RdBu_r"
"""The colour maps."""

COMPACT = "WEBP" if features.check("webp") else "JPEG"
EXACT = "PNG"
"""The forms of pictures, by Pillow's names: what pages hold, and what loses nothing."""

_QUALITY = {THUMBNAIL: 60, PAIR: 70, FULL: 80}
_SHARE_OF_HEAT = 0.6

Pixels = NDArray[np.uint8]
"""``[H, W, 3]``."""


@attrs.frozen(eq=False)
class Picture:
    """A picture as a page holds it.

    Attributes:
        data: a ``data:`` address.
        width, height: in pixels.
    """

    data: str
    width: int
    height: int


def thumbnail(source: Path | str | Tensor) -> Picture | None:
    """The picture of an image file, of what is at a URL, or of ``[3, H, W]`` in [0, 1]; None if unreadable.

    It is at most :data:`THUMBNAIL` pixels wide and high.
    """
    if isinstance(source, Tensor):
        return _encoded(_eight_bit(_reduced(source, THUMBNAIL)), THUMBNAIL)
    try:
        return thumbnail(read(source).reduced().pixels[0])
    except ImageError:
        return None


def photo(image: Tensor, longest: int = FULL, *, form: str = COMPACT) -> Picture:
    """An image ``[3, H, W]`` in [0, 1]."""
    return _encoded(_eight_bit(_reduced(image, longest)), longest, form)


def heat(lost: Tensor, reach: float, longest: int = FULL, *, form: str = COMPACT) -> Picture:
    """A quality map ``[H, W]`` in colours, from nothing lost to ``reach`` points."""
    return _encoded(_coloured(_reduced(lost[None], longest)[0].numpy() / reach, HEAT), longest, form)


def explanations(pair: Heatmaps, *, form: str = COMPACT) -> tuple[Picture, Picture]:
    """The VEIs of input and PRI over their images in grey, both in one colour scale."""
    both = torch.stack([pair.input_vei, pair.pri_vei])
    low, high = min(0.0, float(both.min())), max(float(both.max()), 1e-12)
    of_input = _over(pair.input_image, pair.input_vei, low, high, form)
    return of_input, _over(pair.pri_image, pair.pri_vei, low, high, form)


def difference(pair: Heatmaps, *, form: str = COMPACT) -> Picture:
    """Input minus PRI, each cell of the VEIs as large as it is: red where the input is stronger, blue where the PRI."""
    values = (pair.input_vei - pair.pri_vei).float()
    reach = max(float(values.abs().max()), 1e-12)
    size = _size(pair.input_image, PAIR)
    shown = F.interpolate(values[None, None], size, mode="nearest-exact")[0, 0].numpy()
    return _encoded(_coloured((shown / reach + 1) / 2, DIFFERENCE), PAIR, form)


def _over(image: Tensor, vei: Tensor, low: float, high: float, form: str) -> Picture:
    grey = luma(_reduced(image, PAIR))
    values = F.interpolate(vei[None, None].float(), grey.shape, mode="bilinear", align_corners=False)[0, 0]
    colours = _coloured((values.numpy() - low) / (high - low), HEAT)
    mixed = _SHARE_OF_HEAT * colours + (1 - _SHARE_OF_HEAT) * 255 * grey.numpy()[..., None]
    return _encoded(mixed.astype(np.uint8), PAIR, form)


def _size(image: Tensor, longest: int) -> tuple[int, int]:
    """Height and width with a longest side of at most so many pixels."""
    height, width = image.shape[-2:]
    share = min(1.0, longest / max(height, width))
    return max(1, round(height * share)), max(1, round(width * share))


def _reduced(planes: Tensor, longest: int) -> Tensor:
    """Planes ``[C, H, W]``, averaged to a smaller size where they are larger."""
    size = _size(planes, longest)
    if size == planes.shape[-2:]:
        return planes
    return F.interpolate(planes[None].float(), size, mode="bilinear", antialias=True, align_corners=False)[0]


def _eight_bit(image: Tensor) -> Pixels:
    pixels: Pixels = (image * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels


def _coloured(values: NDArray[np.floating], name: str) -> Pixels:
    """Values from 0 to 1 in a colour map."""
    colours: Pixels = matplotlib.colormaps[name](np.clip(values, 0, 1), bytes=True)[..., :3]
    return colours


def _encoded(pixels: Pixels, longest: int, form: str = COMPACT) -> Picture:
    stream = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(stream, form, quality=_QUALITY[longest])
    data = base64.b64encode(stream.getvalue()).decode()
    return Picture(f"data:image/{form.lower()};base64,{data}", pixels.shape[1], pixels.shape[0])
