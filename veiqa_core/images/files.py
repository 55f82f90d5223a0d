"""Files become pictures: opened safely, recognised by their content, and every failure one line."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import BinaryIO, TypeVar

import PIL.Image
from PIL import features

from ..errors import UsageError
from ..files import ahead, urls
from ..files.names import on_disk
from ..files.reading import NoFile, opened
from ..files.urls import Located
from . import formats, limits, tiff_tags
from .decoded import Decoded, Unreadable, quoted
from .formats import Reader
from .pillow import ByPillow

T = TypeVar("T")


def decode(path: Located, frame: int | None) -> Decoded:
    """A frame of a file, counted from 1; for None the first, with a remark where there are others.

    Raises:
        Unreadable: it cannot be read, with the reason.
    """
    return _read(path, lambda reader, stream: reader.decode(stream, frame))


def decode_content(content: bytes, suffix: str) -> Decoded:
    """The first frame of a file that is held in memory.

    Args:
        suffix: of the name that it goes by, in lower case, for formats that are known by it.

    Raises:
        Unreadable: it cannot be read, with the reason.
    """
    with _reported():
        return _work_on(io.BytesIO(content), suffix, lambda reader, stream: reader.decode(stream, None))


def suffix(path: Located) -> str:
    """The suffix of a file's name, in lower case."""
    return PurePath(urls.last_part(path) if isinstance(path, str) else path).suffix.lower()


def count(path: Located) -> int:
    """How many frames a file has.

    Raises:
        Unreadable: it cannot be read, with the reason.
    """
    return _read(path, lambda reader, stream: reader.count(stream))


def _read(path: Located, work: Callable[[Reader, BinaryIO], T]) -> T:
    """The work of whoever can read a file."""
    with _reported(), opened_file(path) as stream:
        return _work_on(stream, suffix(path), work)


def _work_on(stream: BinaryIO, suffix: str, work: Callable[[Reader, BinaryIO], T]) -> T:
    header = stream.read(formats.HEADER)
    if not header:
        raise Unreadable("is an empty file")
    for extra in formats.EXTRAS:
        if extra.claims(header, suffix):
            return work(extra.reader(), stream)
    try:
        return work(ByPillow(suffix), stream)
    except tiff_tags.NotForPillow as error:
        return work((formats.RAW if error.raw else formats.DEEP_TIFF).reader(), stream)
    except PIL.UnidentifiedImageError:
        if header.startswith(formats.TIFF):
            return work(formats.DEEP_TIFF.reader(), stream)
        if formats.is_avif(header) and not features.check("avif"):
            raise Unreadable("is AVIF, which this Pillow does not read: pip install -U pillow") from None
        raise


@contextmanager
def opened_file(path: Located) -> Iterator[BinaryIO]:
    """A regular file, in whatever Unicode normalisation the disk spells it, or what is at a URL."""
    if isinstance(path, str):
        try:
            content = ahead.content(path)
        except urls.PlaceError as error:
            raise Unreadable(str(error)) from None
        yield io.BytesIO(content)
        return
    path = on_disk(path)
    try:
        with opened(path) as stream:
            yield stream
    except NoFile as error:
        raise Unreadable(f"{error}; name the image files in it" if path.is_dir() else str(error)) from None
    except FileNotFoundError:
        if path.is_symlink():
            raise Unreadable("is a link to a file that is not there") from None
        raise


@contextmanager
def _reported() -> Iterator[None]:
    """Whatever a decoder raises, as one reason."""
    try:
        yield
    except (Unreadable, UsageError):
        raise
    except FileNotFoundError:
        raise Unreadable("no such file") from None
    except PIL.UnidentifiedImageError:
        raise Unreadable("not an image file that can be read") from None
    except PIL.Image.DecompressionBombError:  # far beyond our limit Pillow is the first to say so
        raise limits.too_large("too many") from None
    except Exception as error:  # decoders raise nearly everything on damaged files
        raise Unreadable(reason(error)) from error


def reason(error: Exception) -> str:
    """Why a file or a picture cannot be decoded."""
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    text = quoted(error)
    if "truncated" in text.lower():
        return "is truncated: its end is missing; fetch or copy it again"
    return f"cannot be decoded: {text}"
