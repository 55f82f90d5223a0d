"""Which pictures of animated and multi-page files are scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..errors import ImageError

FIRST, ALL = "first", "all"


def is_choice(value: str) -> bool:
    """Whether a text says which pictures."""
    return value in (FIRST, ALL) or re.fullmatch("[1-9][0-9]{0,8}", value) is not None


def with_frames(paths: Iterable[str], choice: str) -> Iterator[str]:
    """The pictures that a choice means, one file after another as they are asked for, by names that can be read.

    A still picture keeps its plain name where it is meant, and a name that means a frame already is that frame. What
    cannot be read keeps its name too, whose row says why.
    """
    if choice == FIRST:
        yield from paths
        return
    from ..images import frame_name, frames, is_frame_name

    for path in paths:
        if is_frame_name(path):
            yield path
            continue
        try:
            found = frames(path)
        except ImageError:
            yield path
            continue
        wanted = range(1, found + 1) if choice == ALL else (int(choice),)
        for number in wanted:
            yield path if found == number == 1 else frame_name(path, number)
