"""By what VEIQA knows again what it wrote, so that it takes the place of nothing else and scores no picture of its own.

Pictures and pages carry a mark; tables and rows are known by how they begin. Whoever writes such a file says here how.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from . import places, urls

PICTURE = {"Software": "VEIQA picture"}
"""The text of a PNG that shows what was found in an image."""
OF = "Made of"
"""The text of such a PNG that says of which image, as :func:`image_mark` has it."""

_HEAD = 4096  # bytes of a file that are looked at
_PNG = b"\x89PNG\r\n\x1a\n"
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_PAGE = '<meta name="generator" content="VEIQA {}"/>'


def image_mark(path: str | os.PathLike[str]) -> str:
    """What stands for an image in the pictures made of it: a digest of where it is, which discloses no folder."""
    where = urls.public(path) if urls.is_url(path) else os.path.realpath(path)
    return hashlib.sha256(os.fsencode(where)).hexdigest()[:32]


def page_mark(kind: str) -> str:
    """The element by which a page of a kind, such as ``report``, is known again."""
    return _PAGE.format(kind)


def is_page(path: str | os.PathLike[str], kind: str) -> bool:
    """Whether a file is a page of this kind that VEIQA wrote."""
    return page_mark(kind).encode() in head(path)


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a picture that VEIQA made of what it found in an image; at a URL one with a PNG's suffix."""
    if urls.is_url(path):
        return path.lower().partition("::")[0].endswith(".png") and _is_made(places.head(path, _HEAD))
    return _is_made(head(path))


def _is_made(beginning: bytes) -> bool:
    return PICTURE.items() <= _texts(beginning).items()


def is_picture_of(path: str | os.PathLike[str], mark: str) -> bool:
    """Whether a file is such a picture of the image with this mark; no link, for VEIQA makes none."""
    return not Path(path).is_symlink() and (PICTURE | {OF: mark}).items() <= _texts(head(path)).items()


def begins(path: str | os.PathLike[str], *patterns: str) -> bool:
    """Whether a file begins as one of the patterns (regular expressions) says."""
    text = head(path).decode(errors="replace")
    return any(re.match(pattern, text) for pattern in patterns)


def head(path: str | os.PathLike[str]) -> bytes:
    """The first bytes of a regular file; none where there is nothing that can be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_WAIT | getattr(os, "O_BINARY", 0))
    except OSError:
        return b""
    try:
        return os.read(descriptor, _HEAD) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def png_texts(path: Path) -> dict[str, str]:
    """The texts at the beginning of a PNG file; none where it is something else."""
    return _texts(head(path))


def _texts(data: bytes) -> dict[str, str]:
    return dict(text.decode("latin-1").split("\0", 1) for text in _chunks(data) if b"\0" in text)


def _chunks(data: bytes) -> Iterator[bytes]:
    """The contents of the text chunks of a PNG that stand before its pixels."""
    if not data.startswith(_PNG):
        return
    at = len(_PNG)
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind == b"IDAT":
            return
        if kind == b"tEXt" and at + 8 + size <= len(data):
            yield data[at + 8 : at + 8 + size]
        at += 12 + size
