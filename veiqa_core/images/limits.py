"""How large a picture may be: what a small file can swell to is bounded before anything is decoded."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import PIL.Image

from ..errors import UsageError
from .decoded import Unreadable

MOST_PIXELS = 2**28
"""16384 × 16384: beyond the largest cameras, and about as much as a machine of 16 GB can decode."""

_VARIABLE = "VEIQA_MAX_PIXELS"


def most_pixels() -> int:
    """The most pixels that a picture may have.

    Raises:
        UsageError: ``VEIQA_MAX_PIXELS`` is no such number.
    """
    given = os.environ.get("VEIQA_MAX_PIXELS", "").strip()
    if not given:
        return MOST_PIXELS
    if not given.isascii() or not given.isdigit() or not int(given[:19]) > 0 or len(given) > 18:
        raise UsageError(f"{_VARIABLE}={given!r}: is no number of pixels; the default is {MOST_PIXELS}")
    return int(given)


def check_size(width: int, height: int) -> None:
    """Refuse a picture by its header.

    Raises:
        Unreadable: it has more pixels than are allowed, or none.
    """
    if width < 1 or height < 1:
        raise Unreadable(f"has no pixels: its header says {width} × {height}")
    most = most_pixels()
    if width * height > most:
        raise too_large(f"{width} × {height}")


def too_large(size: str) -> Unreadable:
    """Why a picture of such a size is refused."""
    return Unreadable(
        f"has {size} pixels, more than the {most_pixels():,} that are allowed; "
        f"set {_VARIABLE} to allow more, if you trust the file"
    )


_LOCK = threading.Lock()
_USERS = 0
_BEFORE: int | None = None


@contextmanager
def own_limit() -> Iterator[None]:
    """Let our limit stand in for Pillow's, which is one for the whole process and lower."""
    global _USERS, _BEFORE
    most = most_pixels()
    with _LOCK:
        if _USERS == 0:
            _BEFORE, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, most
        _USERS += 1
    try:
        yield
    finally:
        with _LOCK:
            _USERS -= 1
            if _USERS == 0:
                PIL.Image.MAX_IMAGE_PIXELS = _BEFORE


def callers_limit() -> int | None:
    """Pillow's limit as it is outside of :func:`own_limit`, in which another thread may be."""
    with _LOCK:
        return _BEFORE if _USERS else PIL.Image.MAX_IMAGE_PIXELS


def set_callers_limit(most: int | None) -> None:
    """Set Pillow's limit; while a thread is in :func:`own_limit`, from its end on."""
    global _BEFORE
    with _LOCK:
        if _USERS:
            _BEFORE = most
        else:
            PIL.Image.MAX_IMAGE_PIXELS = most
