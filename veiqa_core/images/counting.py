"""How many frames a file holds, by what is in it: what its header claims may be anything."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import attrs
import PIL.Image

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_SEQUENCES = frozenset({"AVIF", "GIF", "MPO", "PNG", "TIFF", "WEBP"})

Key = tuple[int, ...]
_last_pages: tuple[Key, tuple[int, ...]] | None = None
"""Those of the file that was looked at last: its pages are mostly asked for one after another."""


@attrs.frozen
class Frames:
    """The frames of a file.

    Attributes:
        found: how many there are, at least 1.
        claimed: how many its header claims.
    """

    found: int
    claimed: int

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of a score should know of the difference."""
        if self.claimed <= self.found:
            return ()
        return (f"names {self.claimed} frames and holds {self.found}",)


def frames(image: PIL.Image.Image, stream: BinaryIO) -> Frames:
    """The frames of a file that Pillow has opened; where the stream stands does not change."""
    at = stream.tell()
    try:
        return _frames(image, stream)
    finally:
        stream.seek(at)


def _frames(image: PIL.Image.Image, stream: BinaryIO) -> Frames:
    if image.format not in _SEQUENCES:
        return Frames(1, 1)
    if image.format == "TIFF":
        found = max(1, len(pages(stream)))
        return Frames(found, found)
    claimed = max(1, int(getattr(image, "n_frames", 1)))
    if claimed > 1 and image.format == "PNG":
        return Frames(max(1, min(claimed, _of_png(stream))), claimed)
    if claimed > 1 and image.format == "MPO":
        return Frames(max(1, min(claimed, _of_mpo(image, stream))), claimed)
    return Frames(claimed, claimed)  # of the others the decoder itself has looked at each


def pages(stream: BinaryIO) -> tuple[int, ...]:
    """Where in a TIFF or BigTIFF its pages' directories lie: each once, as far as the file holds them."""
    global _last_pages
    try:
        state = os.fstat(stream.fileno())
    except io.UnsupportedOperation:  # held in memory
        return tuple(_pages(stream, stream.seek(0, os.SEEK_END)))
    key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    if _last_pages is None or _last_pages[0] != key:
        _last_pages = key, tuple(_pages(stream, state.st_size))
    return _last_pages[1]


def _pages(stream: BinaryIO, size: int) -> Iterator[int]:
    stream.seek(0)
    header = stream.read(16)
    order, big = "<" if header[:2] == b"II" else ">", 43 in header[2:4]
    offset_form, count_form, entry = (f"{order}Q", f"{order}Q", 20) if big else (f"{order}I", f"{order}H", 12)
    seen: set[int] = set()  # a chain may lead back into itself
    offset = _number(header[8:16] if big else header[4:8], offset_form)
    while 0 < offset < size and offset not in seen:
        stream.seek(offset)
        entries = _number(stream.read(struct.calcsize(count_form)), count_form)
        if entries == 0:  # no page, or the file ends here
            return
        seen.add(offset)
        yield offset
        end = offset + struct.calcsize(count_form) + entries * entry
        if end >= size:
            return
        stream.seek(end)
        offset = _number(stream.read(struct.calcsize(offset_form)), offset_form)


def _number(content: bytes, form: str) -> int:
    """A number of a file; 0 where the file ends before it."""
    return int(struct.unpack(form, content)[0]) if len(content) == struct.calcsize(form) else 0


class AtPage(io.RawIOBase):
    """A TIFF whose first page is another one: its header leads there, all else stays where it is.

    Libraries look for a page by going through those before it, which for thousands of pages takes too long.

    Args:
        offset: where the page's directory lies.
    """

    def __init__(self, stream: BinaryIO, offset: int) -> None:
        self._stream = stream
        stream.seek(0)
        header = stream.read(16)
        order, big = "<" if header[:2] == b"II" else ">", 43 in header[2:4]
        place, form = (8, f"{order}Q") if big else (4, f"{order}I")
        self._header = header[:place] + struct.pack(form, offset)
        stream.seek(0)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """As for any stream."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As for any stream."""
        return self._stream.tell()

    def fileno(self) -> int:
        """The file's."""
        return self._stream.fileno()

    def readinto(self, buffer: Any) -> int:
        """As for any stream."""
        at = self._stream.tell()
        content = bytearray(self._stream.read(len(buffer)))
        own = self._header[at : at + len(content)]
        content[: len(own)] = own
        buffer[: len(content)] = content
        return len(content)


def _of_png(stream: BinaryIO) -> int:
    """The frames of an animated PNG whose data begin in the file, a picture beside the animation among them."""
    stream.seek(len(_PNG))
    found, control = 0, False
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"fcTL":
            control = True
        elif kind in (b"IDAT", b"fdAT"):
            found += control or (kind == b"IDAT" and found == 0)
            control = False
        elif kind == b"IEND":
            break
        stream.seek(length + 4, os.SEEK_CUR)
    return found


def _of_mpo(image: PIL.Image.Image, stream: BinaryIO) -> int:
    """The pictures of an MPO that begin where its index says, each once."""
    offsets: list[int] = getattr(image, "_MpoImageFile__mpoffsets", [])
    seen: set[int] = set()
    for offset in offsets:
        stream.seek(offset)
        if offset in seen or stream.read(2) != _JPEG:
            break
        seen.add(offset)
    return len(seen)
