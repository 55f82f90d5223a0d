"""What a file says of itself before its pixels are decoded: its format, and its colour profile."""

from __future__ import annotations

import io

import attrs
import PIL.Image
from PIL import ImageCms

from ..errors import plain
from ..files.urls import Located
from . import colour, files, formats, pillow

_ALIKE = {"MPO": "JPEG", "DIB": "BMP"}  # what is written with the suffix of the other


@attrs.frozen
class Facts:
    """What a file says of itself.

    Attributes:
        format: of its content, as it is called.
        fits: whether its suffix is one of that format.
        profile: what its colour profile calls itself; None without one.
        wide: whether that profile has other colours than sRGB.
    """

    format: str
    fits: bool
    profile: str | None = None
    wide: bool = False


def facts(path: Located) -> Facts | None:
    """What a file says of itself; None where it cannot be read."""
    suffix = files.suffix(path)
    try:
        with files.opened_file(path) as stream:
            header = stream.read(formats.HEADER)
            for extra in formats.EXTRAS:
                if extra.claims(header, suffix):
                    return Facts(extra.title, suffix in extra.suffixes)
            with pillow.opened(stream, suffix) as image:
                return _of_picture(image, suffix)
    except Exception:  # decoders raise nearly everything; whoever decodes the image says why
        return None


def _of_picture(image: PIL.Image.Image, suffix: str) -> Facts:
    found = str(image.format)
    usual = PIL.Image.registered_extensions().get(suffix, "")
    fits = _ALIKE.get(usual, usual) == _ALIKE.get(found, found)
    content = image.info.get("icc_profile")
    if not content:
        return Facts(found, fits)
    return Facts(found, fits, _description(content), colour.differs_from_srgb(content, image.mode))


def _description(content: bytes) -> str:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        return plain(ImageCms.getProfileDescription(profile)) or "without a name"
    except Exception:  # a damaged one
        return "damaged"
