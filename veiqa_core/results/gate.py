"""What becomes of a run: what failed, what ``--fail-under`` and ``--fail-unsure`` refuse, and the exit status."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..remarks import unsure
from .sinks import PreviousRow, Sink

if TYPE_CHECKING:
    from ..result import Result
    from ..scorer import Scorer

FAILED, REFUSED = 1, 3


class Gate(Sink):
    """Counts.

    Attributes:
        images: how many there were so far, those of earlier runs among them.

    Args:
        least: the score that none may be below; None for no gate.
        sure: whether no score may be a guess.
        say: takes a line for the user.

    Raises:
        UsageError: it is no number.
    """

    def __init__(self, least: float | None, sure: bool, say: Callable[[str], object]) -> None:
        if least is not None and not math.isfinite(least):
            raise UsageError(f"--fail-under {least}: is no score")
        self._least, self._sure = least, sure
        self._say = say
        self.images = self._failed = self._below = self._problems = 0
        self._unsure = 0
        self._first_unsure = ""
        self._worst: tuple[float, str] | None = None

    def check(self, scorer: Scorer) -> None:
        """Find out before the first image whether scores can be held against the gate.

        Raises:
            UsageError: they cannot.
        """
        if self._sure and not scorer.knows_novelty:
            raise UsageError(
                f"--fail-unsure needs a recipe that says what it was fitted on, and {scorer.recipe.label} does not: "
                "fit it anew with 'veiqa fit'"
            )
        if self._least is None:
            return
        label, scale = scorer.recipe.label, scorer.scale
        if not scorer.calibrated:
            raise UsageError(
                f"--fail-under needs scores on a scale of quality, and the recipe {label} is not fitted to ratings"
            )
        if scale is not None and not scale[0] <= self._least <= scale[1]:
            raise UsageError(
                f"--fail-under {self._least:g}: the scale of the recipe {label} is {scale[0]:g} to {scale[1]:g}"
            )

    def add(self, result: Result) -> None:
        """Count one result."""
        self._count(result.image, result.score, result.error, result.flags)

    def skip(self, row: PreviousRow) -> None:
        """Count what an earlier run found."""
        self._count(row.image, row.score, row.error, row.flags)

    def _count(self, image: str, score: float | None, error: str | None, flags: Iterable[str]) -> None:
        self.images += 1
        self._failed += error is not None
        if self._sure and unsure(flags):
            self._unsure += 1
            self._first_unsure = self._first_unsure or image
        if self._least is not None and score is not None and score < self._least:
            self._below += 1
            if self._worst is None or score < self._worst[0]:
                self._worst = score, image

    def problem(self, text: str) -> None:
        """Report something that failed beside the scores."""
        self._say(f"warning: {text}")
        self._problems += 1

    @property
    def status(self) -> int:
        """The exit status. What failed cannot be let through either, and needs looking at first."""
        if self._failed or self._problems:
            return FAILED
        return REFUSED if self._below or self._unsure else 0

    def report(self) -> None:
        """Say why the status is not 0."""
        if self._failed:
            self._say(f"failed: {self._failed:,} of {self.images:,} images")
        if self._worst is not None:
            score, image = self._worst
            found = f"{self._below:,} of {self.images:,} images; the worst is {image} with {score:.4f}"
            self._say(f"below {self._least:g}: {found}")
        if self._unsure:
            self._say(f"unsure: {self._unsure:,} of {self.images:,} images; the first is {self._first_unsure}")
