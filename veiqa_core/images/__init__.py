"""From files, arrays, Pillow images and tensors to one form: RGB in [0, 1] at native size, with a digest.

What can be read, and by which rules, is described in ``docs/images.md``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ImageError, UsageError
from ..files import urls
from ..files.paths import display_name, file_name
from . import arrays, files, pillow
from .decoded import Decoded, Unreadable
from .formats import suffixes
from .image import Image
from .viewing import Sizes, viewed_size

__all__ = [
    "Image",
    "Sizes",
    "Source",
    "display_name",
    "frame_name",
    "frames",
    "is_frame_name",
    "read",
    "suffixes",
    "viewed_size",
]

Source = str | Path | bytes | PIL.Image.Image | NDArray[Any] | Tensor

_FRAME = re.compile(r"(?s)(.+)#([1-9][0-9]{0,8})")
_FOLDERS = (".", "..")  # which are no names of files


def frame_name(path: str | Path, frame: int) -> str:
    """The name under which :func:`read` finds a frame of a file, counted from 1: ``film.gif#3``."""
    return f"{path}#{frame}"


def is_frame_name(path: str | Path) -> bool:
    """Whether a name means a frame of a file, and no file itself."""
    return _addressed(path)[1] is not None


def frames(path: str | Path) -> int:
    """How many frames or pages a file has; 1 for a still picture, and for a name made by :func:`frame_name`.

    Raises:
        ImageError: it cannot be read.
    """
    file, frame = _addressed(path)
    try:
        found = files.count(file)
        if frame is None:
            return found
        if frame > found:
            raise Unreadable(f"has no frame {frame}: it has {found}")
        return 1
    except Unreadable as error:
        raise ImageError(f"{display_name(path)}: {error}") from error


def read(source: Source, name: str | None = None, view: int | None = None) -> Image:
    """Decode an image, and reduce it to the view where it is larger.

    Files, by a path or, as text, by a URL: recognised by their content; the EXIF orientation is applied, colour
    profiles become sRGB, transparency is laid on white, palettes, grey and CMYK become RGB, and 16-bit values are
    divided by 65535. Of several frames or pages the first counts, which is remarked on; ``film.gif#3`` names the third,
    unless a file on a disk is called so itself.
    Bytes: the content of a file; of several frames the first counts. Pillow images: the same for the current frame.
    Arrays ``[H, W]``, ``[H, W, 1]``, ``[H, W, 3]`` and tensors ``[H, W]``, ``[1, H, W]``, ``[3, H, W]``: uint8 and
    uint16 are divided by their type's maximum, floats must lie in [0, 1].

    Args:
        name: what it is called; of bytes its suffix distinguishes formats that do not show in the content.
        view: the most pixels that its longer side has where it is judged; None for its native size.

    Raises:
        ImageError: the image cannot be read, with its name and the reason.
        UsageError: the limit of pixels, ``VEIQA_MAX_PIXELS``, is no number.
    """
    if isinstance(source, str | Path):
        label = name or display_name(source)
    else:
        label = name or ("image" if isinstance(source, PIL.Image.Image | bytes) else "array")
    try:
        decoded = _decoded(source, label)
        values = arrays.values_of(decoded.levels)
        plain = ("one colour throughout",) if _is_plain(values) else ()
        return Image(values, label, decoded.remarks + plain).viewed(view)
    except Unreadable as error:
        raise ImageError(f"{label}: {error}") from (error.__cause__ or None)


def _is_plain(values: Tensor) -> bool:
    """Whether all pixels have one colour: a row, which is soon seen, and then the others."""
    colour = values[..., :1, :1]
    return bool((values[..., :1, :] == colour).all()) and bool((values == colour).all())


def _decoded(source: Source, name: str) -> Decoded:
    if isinstance(source, str | Path):
        return files.decode(*_addressed(source))
    if isinstance(source, bytes):
        return files.decode_content(source, PurePath(file_name(name)).suffix.lower())
    if isinstance(source, PIL.Image.Image):
        try:
            return pillow.of_picture(source)
        except (Unreadable, UsageError):
            raise
        except Exception as error:
            raise Unreadable(files.reason(error)) from error
    if isinstance(source, Tensor):
        return Decoded(arrays.array_of(source))
    if isinstance(source, np.ndarray):
        return Decoded(source)
    raise Unreadable(f"a path, bytes, array, Pillow image or tensor is needed, not {type(source).__name__}")


def _addressed(source: str | Path) -> tuple[urls.Located, int | None]:
    """The file that a path or URL means, and the frame of it."""
    if urls.is_url(source):
        return urls.addressed(source)
    path = Path(source)
    found = _FRAME.fullmatch(path.name)
    if found is None or found[1] in _FOLDERS or os.path.lexists(path):
        return path, None
    return path.with_name(found[1]), int(found[2])
