"""How far the work on one image is: which piece of it has made which pass."""

from __future__ import annotations

from collections.abc import Callable

Watch = Callable[[float, str], object]
"""Takes what part of an image's work is done, from 0 to 1, and which piece of it was the last, in words."""


class Steps:
    """Counts the pieces of an image that have passed, and reports each.

    Args:
        passes: how many passes the image and its PRIs make in all.
        watch: is called after each piece; None for nobody.
    """

    def __init__(self, passes: int, watch: Watch | None) -> None:
        self._passes = passes
        self._watch = watch
        self._pass = self._pieces = self._done = 0

    def begin(self, pieces: int) -> None:
        """The next pass begins, in so many pieces."""
        self._pass += 1
        self._pieces, self._done = pieces, 0

    def advance(self) -> None:
        """A piece of the pass is done."""
        self._done += 1
        if self._watch is not None:
            tile = f", tile {self._done} of {self._pieces}" if self._pieces > 1 else ""
            part = (self._pass - 1 + self._done / self._pieces) / self._passes
            self._watch(part, f"pass {self._pass} of {self._passes}{tile}")
