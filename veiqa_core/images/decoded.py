"""What decoders give and raise, before a name is known."""

from __future__ import annotations

from typing import Any

import attrs
from numpy.typing import NDArray

from ..errors import one_line, plain

_LONGEST = 200  # characters of a decoder's message


class Unreadable(Exception):
    """A source cannot be read; the text says why, without its name."""


def quoted(error: BaseException, kind: bool = True) -> str:
    """A decoder's message as a short line that can be shown: it may hold whatever the file holds.

    Args:
        kind: whether its type comes first.
    """
    text = one_line(error) if kind else plain(str(error)) or one_line(error)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@attrs.frozen(eq=False)
class Decoded:
    """A decoded picture.

    Attributes:
        levels: ``[H, W]``, ``[H, W, 1]`` or ``[H, W, 3]`` in sRGB, upright: uint8, uint16, or floats in [0, 1].
        remarks: what a reader of its score should know.
    """

    levels: NDArray[Any]
    remarks: tuple[str, ...] = ()
