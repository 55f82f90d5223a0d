"""The options that say which images are compared with which, and what the values must hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError
from ...files.urls import Located
from ...files.values import parse_number
from ...functions.pairs import PairChoice
from ..paths import PLACE
from .grouped import argument, option

if TYPE_CHECKING:
    from ...extension.registry import Part
    from ...full_reference.comparison import Limit


@attrs.frozen
class PairOptions(PairChoice):
    """ORIGINAL, COPY and ``--pairs``.

    Raises:
        UsageError: one is missing.
    """

    original: Located | None = argument(required=False, type=PLACE, metavar="ORIGINAL")
    copy: Located | None = argument(required=False, type=PLACE, metavar="COPY")
    pairs: Located | None = option(
        "--pairs",
        type=PLACE,
        metavar="FILE|URL",
        help="A table in CSV with the columns original and copy: paths in the folders, or without folders URLs, too.",
    )

    @property
    def read(self) -> tuple[Located, ...]:
        """Files that are read."""
        table = () if self.pairs is None else (self.pairs,)
        return (*(path for path in self.named if path not in self.folders), *table)


@attrs.frozen
class LimitOptions:
    """``--fail-under`` and ``--fail-over``."""

    fail_under: tuple[str, ...] = option(
        "--fail-under",
        multiple=True,
        metavar="METRIC=VALUE",
        help="Exit with status 3 if a pair lies below, by a metric whose higher values are closer; repeatable.",
    )
    fail_over: tuple[str, ...] = option(
        "--fail-over",
        multiple=True,
        metavar="METRIC=VALUE",
        help="The same if it lies above, by a metric whose lower values are closer; repeatable.",
    )

    def limits(self, metrics: Sequence[Part]) -> list[Limit]:
        """What the values of pairs must hold.

        Raises:
            UsageError: one does not read METRIC=VALUE, or its metric is not among these, or closer on the other side.
        """
        from ...full_reference.comparison import limit

        return [
            limit(metrics, *_read(option, text), least=option == "--fail-under")
            for option, texts in (("--fail-under", self.fail_under), ("--fail-over", self.fail_over))
            for text in texts
        ]


def _read(option: str, text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        if not name:
            raise ValueError("names no metric")
        return name, parse_number(value)
    except ValueError as error:
        raise UsageError(f"{option} takes METRIC=VALUE, such as ssim=0.95; {text!r} {error}") from None
