"""Colour: embedded profiles become sRGB, transparency is laid on white.

A profile is converted with relative colorimetric intent and black point compensation. One whose colours differ from
sRGB by at most one level of 255 is taken for sRGB, and then not a bit is altered.
"""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageCms

from .decoded import Unreadable, quoted

Picture = PIL.Image.Image
Remarks = tuple[str, ...]

_WHITE = (255, 255, 255)
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # by the profile's colour space
_GREY = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_ROUNDING = 1  # levels by which one sRGB profile differs from another
_STEPS = 16  # a side of the cube of colours on which a profile is tried, less one


def to_srgb(image: Picture, profile: bytes | None) -> tuple[NDArray[np.uint8], Remarks]:
    """Levels ``[H, W, 3]`` of a picture of 8 bits a channel.

    Without a profile RGB is taken for sRGB, and grey, palettes, YCbCr and CMYK become RGB as Pillow converts them.
    """
    transform, remarks = _transform(image.mode, profile)
    if not image.has_transparency_data:
        return np.asarray(_converted(image, transform)), remarks
    image = image.convert("LA") if image.mode == "La" else image
    image = image.convert("RGBA")
    if transform is not None:
        alpha = image.getchannel("A")
        image = _converted(image, transform)
        image.putalpha(alpha)
    ground = PIL.Image.new("RGBA", image.size, _WHITE)
    return np.asarray(PIL.Image.alpha_composite(ground, image).convert("RGB")), remarks


def deep_to_srgb(levels: NDArray[Any], profile: bytes | None) -> tuple[NDArray[Any], Remarks]:
    """Levels ``[H, W]`` or ``[H, W, 3]`` of 16 bits or floats, as they are where a profile does not alter them.

    LittleCMS is given 8 bits here: where a profile does alter them, 16 bits are rounded to 8. Floats keep their values.
    """
    mode = "L" if levels.ndim == 2 else "RGB"
    transform, remarks = _transform(mode, profile)
    if transform is None:
        return levels, remarks
    if levels.dtype != np.uint16:
        return levels, ("the colour profile is not applied to floats",)
    rounded = ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    made = np.asarray(transform(PIL.Image.fromarray(rounded)))
    return made, ("rounded to 8 bits a channel for its colour profile",)


def on_white(levels: NDArray[Any], opacity: NDArray[np.uint16]) -> NDArray[Any]:
    """Levels ``[H, W]`` or ``[H, W, 3]`` and their opacity ``[H, W]`` on white; as they are where all is opaque."""
    if opacity.min() == 65535:
        return levels
    share = (opacity / 65535).reshape(*opacity.shape, *[1] * (levels.ndim - 2))
    whole = levels / np.iinfo(levels.dtype).max if levels.dtype.kind == "u" else levels.astype(np.float64)
    laid: NDArray[np.float32] = np.clip(whole * share + (1 - share), 0, 1).astype(np.float32)
    return laid


def _transform(mode: str, profile: bytes | None) -> tuple[_Transform | None, Remarks]:
    """What takes pixels of a mode to sRGB, None for nothing or for Pillow's conversion."""
    if mode == "LAB":
        return _from_lab(), ()
    if profile is None:
        return None, ()
    try:
        return _of_profile(profile, mode), ()
    except Unreadable as error:
        return None, (f"colour profile cannot be used: {error}",)
    except Exception as error:  # LittleCMS's own, and whatever a damaged profile leads to
        return None, (f"colour profile cannot be used: {quoted(error, kind=False)}",)


def differs_from_srgb(profile: bytes, mode: str) -> bool:
    """Whether the profile of a picture gives other colours than sRGB; False for one that cannot be used."""
    try:
        return _of_profile(profile, mode) is not None
    except Exception:  # LittleCMS's own, and whatever a damaged profile leads to
        return False


class _Transform:
    """From a profile to sRGB; grey by a table, which LittleCMS's own short cuts for grey are too coarse for."""

    def __init__(self, profile: Any, mode: str) -> None:
        self.mode = mode
        exact = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE
        self._cms = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION | exact,
        )
        self._table = np.asarray(self._applied(_greys()))[0] if mode == "L" else None

    def __call__(self, image: Picture) -> Picture:
        image = image.convert(self.mode)
        return self._applied(image) if self._table is None else PIL.Image.fromarray(self._table[np.asarray(image)])

    def _applied(self, image: Picture) -> Picture:
        made = ImageCms.applyTransform(image, self._cms)
        if made is None:
            raise Unreadable("LittleCMS gives no picture")
        return made

    def alters(self) -> bool:
        """Whether it does more than round."""
        if self.mode not in ("L", "RGB"):
            return True
        tried = _greys() if self.mode == "L" else _colours()
        before = np.asarray(tried.convert("RGB"), np.int16)
        return int(np.abs(np.asarray(self(tried), np.int16) - before).max()) > _ROUNDING


def _converted(image: Picture, transform: _Transform | None) -> Picture:
    return image.convert("RGB") if transform is None else transform(image)


@functools.lru_cache(maxsize=16)  # the pictures of a folder mostly share one
def _of_profile(content: bytes, mode: str) -> _Transform | None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
    space = profile.profile.xcolor_space.strip()
    if space not in _MODES or (space == "GRAY" and mode not in _GREY) or (space == "CMYK") != (mode == "CMYK"):
        raise Unreadable(f"it is one of {space or 'an unknown kind'}, and the pixels are {mode}")
    transform = _Transform(profile, _MODES[space])
    return transform if transform.alters() else None


@functools.lru_cache(maxsize=1)
def _from_lab() -> _Transform:
    return _Transform(ImageCms.createProfile("LAB"), "LAB")


def _greys() -> Picture:
    return PIL.Image.fromarray(np.arange(256, dtype=np.uint8)[None])


def _colours() -> Picture:
    """A cube of colours, and all greys."""
    side = np.linspace(0, 255, _STEPS + 1).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(side, side, side), -1).reshape(-1, 3)
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
    return PIL.Image.fromarray(np.concatenate([cube, greys])[None])
