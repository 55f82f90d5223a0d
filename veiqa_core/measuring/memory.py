"""How this process deals with freed memory."""

from __future__ import annotations

import ctypes
import functools
import os
import platform

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_BLOCK, _KEPT = 2**26, 2**29
_CHANGES = 8  # of the images' size, after which what is freed is returned to the system


def retain_heap() -> None:
    """Have the C library keep what a network's layers free, up to half a gigabyte, for the next ones to use.

    By default glibc returns big blocks at once, and the kernel fills each new one with zeros: a fifth of the time
    that an image takes. Blocks beyond 64 MB, as big images need, are returned as ever: kept, they would leave holes.
    Settings of the user's own stand; other C libraries are left alone.
    """
    own = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    if own or not _is_glibc():
        return
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_THRESHOLD, _BLOCK)
    library.mallopt(_TRIM_THRESHOLD, _KEPT)


def trim_heap() -> None:
    """Return what is freed to the system now, holes too, as is right between the tiles of a big image."""
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


class Sizes:
    """Images of ever new sizes leave freed blocks that fit no later one: glibc keeps them, megabytes for each image.

    Returned once in so many changes of size, they cost no time that shows; images of one size leave none.
    """

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        self._changes = 0

    def add(self, size: tuple[int, int]) -> None:
        """Take note of an image that was measured, by its width and height."""
        self._changes += size != self._last
        self._last = size
        if self._changes >= _CHANGES:
            self._changes = 0
            trim_heap()


SIZES = Sizes()
"""Those that this process measured."""


@functools.cache  # finding out reads the whole interpreter's file
def _is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
