"""From files, arrays, Pillow images and tensors to one form: RGB in [0, 1] at native size, with a digest."""

from __future__ import annotations

import hashlib
import os
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
import torch
from numpy.typing import NDArray
from torch import Tensor

from .errors import ImageError, one_line
from .tiling import picture

Source = str | Path | PIL.Image.Image | NDArray[Any] | Tensor

_BACKGROUND = (255, 255, 255)
_SIXTEEN_BIT = {"I", "I;16", "I;16B", "I;16L", "I;16N"}


class Image:
    """A decoded image.

    Args:
        values: ``[1, 3, H, W]`` RGB, 8-bit levels (uint8) or float32 in [0, 1].
        name: its path, or what it is called in results.
    """

    def __init__(self, values: Tensor, name: str) -> None:
        self._values = values
        self.name = name

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._values.shape[3], self._values.shape[2]

    @cached_property
    def pixels(self) -> Tensor:
        """``[1, 3, H, W]`` float32, RGB in [0, 1]."""
        return _unit(self._values)

    def crop(self, rows: slice, columns: slice) -> Image:
        """A part of it; all of it is the image itself."""
        part = self._values[..., rows, columns]
        return self if part.shape == self._values.shape else Image(part.contiguous(), self.name)

    def reduced(self) -> Image:
        """As it is shown: itself, or smaller where it is too big to be shown as it is."""
        smaller = [picture(_unit(channel)) for channel in torch.split(self._values[0], 1)]
        return self if smaller[0].shape[1:] == self._values.shape[2:] else Image(torch.cat(smaller)[None], self.name)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size and pixel values: the same for a file, an array and a tensor of the same content."""
        channels = torch.split(self._values[0], 1)
        if all(torch.equal(_unit(_levels(channel)), channel) for channel in channels if channel.dtype != torch.uint8):
            channels = tuple(map(_levels, channels))
        kind = str(channels[0].dtype).removeprefix("torch.")
        digest = hashlib.sha256(f"{'x'.join(map(str, self._values.shape))} {kind}\n".encode())
        for channel in channels:
            digest.update(channel.contiguous().numpy().data)
        return digest.hexdigest()

    @property
    def seed(self) -> int:
        """A number below 2**63 made from the content, for components that draw random numbers."""
        return int(self.digest[:16], 16) >> 1


def _unit(values: Tensor) -> Tensor:
    """Values in [0, 1]; floats are there already."""
    return values if values.dtype == torch.float32 else values.to(torch.float32).div_(255)


def _levels(values: Tensor) -> Tensor:
    """The nearest 8-bit levels; levels are them already."""
    return values if values.dtype == torch.uint8 else (values * 255).round_().to(torch.uint8)


def display_name(path: str | Path) -> str:
    """A path as text that any output can hold."""
    return os.fsencode(path).decode("utf-8", "replace")


def read(source: Source, name: str | None = None) -> Image:
    """Decode an image.

    Files and Pillow images: EXIF orientation is applied, transparency is laid on white, palettes, grey and CMYK become
    RGB, 16-bit grey is divided by 65535, and the first frame counts. Arrays ``[H, W]``, ``[H, W, 1]``, ``[H, W, 3]``
    and tensors ``[H, W]``, ``[1, H, W]``, ``[3, H, W]``: uint8 and uint16 are divided by their type's maximum, floats
    must lie in [0, 1].

    Raises:
        ImageError: the image cannot be read, with its name and the reason.
    """
    if isinstance(source, str | Path):
        label = name or display_name(source)
        return Image(_from_file(Path(source), label), label)
    if isinstance(source, PIL.Image.Image):
        label = name or "image"
        return Image(_from_pillow(source, label), label)
    label = name or "array"
    if isinstance(source, Tensor):
        try:
            array = (source.float() if source.dtype == torch.bfloat16 else source).detach().cpu().numpy()
        except Exception as error:
            raise ImageError(f"{label}: this tensor holds no pixels that can be read: {one_line(error)}") from error
        return Image(_from_array(np.moveaxis(array, 0, -1) if array.ndim == 3 else array, label), label)
    if isinstance(source, np.ndarray):
        return Image(_from_array(source, label), label)
    raise ImageError(f"{label}: a path, array, Pillow image or tensor is needed, not {type(source).__name__}")


def _from_file(path: Path, label: str) -> Tensor:
    try:
        if path.is_dir():
            raise ImageError(f"{label}: is a folder; name the image files in it")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on harmless metadata, and on big images
            with PIL.Image.open(path) as image:
                return _from_pillow(image, label)
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"{label}: no such file") from None
    except PIL.UnidentifiedImageError:
        raise ImageError(f"{label}: not an image file that can be read") from None
    except OSError as error:
        raise ImageError(f"{label}: cannot be read: {error.strerror or one_line(error)}") from error
    except Exception as error:  # decompression bombs, impossible names, whatever a decoder raises
        raise ImageError(f"{label}: cannot be read: {one_line(error)}") from error


def _from_pillow(image: PIL.Image.Image, label: str) -> Tensor:
    try:
        image = PIL.ImageOps.exif_transpose(image)
        if image.mode in _SIXTEEN_BIT:
            levels = np.asarray(image)
            if levels.min() < 0 or levels.max() > 65535:
                raise ImageError(f"{label}: holds integers beyond 16 bits; save it with 8 or 16 bits a channel")
            return _from_array(levels.astype(np.uint16), label)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            ground = PIL.Image.new("RGBA", image.size, _BACKGROUND)
            image = PIL.Image.alpha_composite(ground, image)
        if image.mode == "F":
            return _from_array(np.asarray(image), label)
        return _from_array(np.asarray(image.convert("RGB")), label)
    except ImageError:
        raise
    except Exception as error:  # decoders raise nearly everything on damaged files
        raise ImageError(f"{label}: cannot be decoded: {one_line(error)}") from error


def _from_array(array: NDArray[Any], label: str) -> Tensor:
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3):
        raise ImageError(f"{label}: one grey or RGB image is needed, not an array of shape {array.shape}")
    if 0 in array.shape:
        raise ImageError(f"{label}: has no pixels: its shape is {array.shape}")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype == np.uint16:
        array = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    elif array.dtype == np.uint8:
        pass
    elif not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"{label}: holds {array.dtype}; use uint8, uint16, or floats in [0, 1]")
    elif not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise ImageError(f"{label}: float pixels must be finite and lie in [0, 1]")
    planes = np.moveaxis(np.broadcast_to(array, (*array.shape[:2], 3)), -1, 0)
    return torch.from_numpy(np.array(planes, dtype=np.uint8 if array.dtype == np.uint8 else np.float32, order="C"))[
        None
    ]
