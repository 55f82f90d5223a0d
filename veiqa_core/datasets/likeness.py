"""By what a content is known again where pixels differ: how its picture looks, and what it is called.

Pictures are compared by difference hashes: for each of 16 x 16 places whether it gets brighter to the right. Copies
that were re-encoded, resized or distorted differ in few places, other photographs in about half; crops as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray

from ..images import Image

ALIKE = 32
"""Places of 256 in which copies may differ: see docs/measurements.md for what this finds and confuses."""

_LOOK, _NAME = "dhash:", "name:"
_SIDE = 16
_BLOCK = 1024  # pictures that are compared with all others at once, which bounds memory
_PLAIN = 26  # places; a picture with fewer of either kind has too little in it to be known again
_HASH = re.compile(f"{_LOOK}([0-9a-f]{{{_SIDE * _SIDE // 4}}})")
_SUFFIX = re.compile(r"\.[a-z][a-z0-9]{1,4}$")


def look(image: Image) -> str | None:
    """How a picture looks, as a mark; None for one that is nearly plain."""
    grey = image.reduced().pixels.mean(dim=1, keepdim=True)
    small = F.adaptive_avg_pool2d(grey, (_SIDE, _SIDE + 1))[0, 0]
    brighter = (small[:, 1:] > small[:, :-1]).flatten().numpy()
    if not _PLAIN <= int(brighter.sum()) <= brighter.size - _PLAIN:
        return None
    return _LOOK + np.packbits(brighter).tobytes().hex()


def name(text: str) -> str:
    """A content's or a file's name as a mark: without its folder and ending, whatever its case."""
    return _NAME + _SUFFIX.sub("", unicodedata.normalize("NFC", text).casefold().rpartition("/")[2])


def near(looks: Sequence[str | None], most: int = ALIKE) -> Iterator[tuple[int, int, int]]:
    """The pairs of pictures, by their places, that look alike, and in how many places they differ.

    Args:
        looks: as :func:`look` gives them; None is like nothing.
        most: places in which they may differ.
    """
    own = [place for place, mark in enumerate(looks) if mark is not None]
    signs = _bits([mark for mark in looks if mark is not None])
    for start in range(0, len(own), _BLOCK):
        apart = (_SIDE * _SIDE - signs[start : start + _BLOCK] @ signs[start:].T) / 2
        for one, other in np.argwhere(apart <= most):
            if one < other:
                yield own[start + one], own[start + other], int(apart[one, other])


def is_hint(mark: str) -> bool:
    """Whether a mark is a look or a name, which different contents may share."""
    return mark.startswith((_LOOK, _NAME))


def named_alike(marks: Sequence[frozenset[str]], known: frozenset[str]) -> NDArray[np.bool_]:
    """For each image, given by its marks ``[N]``, whether a known content has its name."""
    names = frozenset(mark for mark in known if mark.startswith(_NAME))
    return np.array([not names.isdisjoint(own) for own in marks], dtype=bool)


def look_alike(marks: Sequence[frozenset[str]], known: frozenset[str]) -> NDArray[np.bool_]:
    """For each image, given by its marks ``[N]``, whether it looks like a known one, or like its mirror image."""
    found = np.zeros(len(marks), dtype=bool)
    others = _signs(known)
    if len(others):
        others = np.concatenate([others, -others.reshape(-1, _SIDE, _SIDE)[:, :, ::-1].reshape(len(others), -1)])
        for place, own in enumerate(marks):
            mine = _signs(own)
            found[place] = len(mine) > 0 and bool((others @ mine.T).max() >= mine.shape[1] - 2 * ALIKE)
    return found


def _signs(marks: frozenset[str]) -> NDArray[np.float32]:
    """The looks among marks, ``[L, 256]``, as 1 and -1."""
    return _bits(sorted(marks))


def _bits(marks: Iterable[str]) -> NDArray[np.float32]:
    """The looks among marks in their order, ``[L, 256]``, as 1 and -1."""
    looks = b"".join(bytes.fromhex(found[1]) for mark in marks if (found := _HASH.fullmatch(mark)))
    bits = np.unpackbits(np.frombuffer(looks, dtype=np.uint8)).reshape(-1, _SIDE * _SIDE)
    return bits.astype(np.float32) * 2 - 1
