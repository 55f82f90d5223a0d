"""The options that say how a network is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..numbers import Number, Whole
from .grouped import option

if TYPE_CHECKING:
    from ...finetuning import Schedule


@attrs.frozen
class ScheduleOptions:
    """How long, on what pieces, and how fast the network learns."""

    epochs: int | None = option(
        "--epochs", type=Whole(), help="Rounds over the images. Default: 10; of a method, its own."
    )
    samples: int | None = option(
        "--samples", type=Whole(), help="Pieces of each image in an epoch. Default: 8; of a method, its own."
    )
    crop: int | None = option(
        "--crop", type=Whole(), metavar="PIXELS", help="Side of a piece of a photo. Default: 224."
    )
    batch: int | None = option(
        "--batch", type=Whole(), help="Pieces of photos, or rated images, a step. Default: 16; of a method, its own."
    )
    rate: float | None = option(
        "--rate", type=Number(), help="Largest learning rate. Default: 0.0003; of a method, its own."
    )
    held_out: float = option(
        "--held-out",
        type=Number(),
        default=0.2,
        show_default=True,
        help="Share of photos, or of contents, by which the weights are chosen.",
    )
    seed: int = option("--seed", type=Whole(), default=0, show_default=True, help="Of all that is drawn.")

    def schedule(self, own: Mapping[str, int | float] | None = None) -> Schedule:
        """The schedule that is meant.

        Args:
            own: the numbers that hold where no others are given, in place of those of :class:`Schedule`.

        Raises:
            UsageError: a number is out of range.
        """
        from ...finetuning import Schedule

        names = {"epochs": self.epochs, "samples": self.samples, "side": self.crop, "batch": self.batch}
        given = {**names, "rate": self.rate}
        chosen: dict[str, Any] = {name: number for name, number in given.items() if number is not None}
        return Schedule(**{**(own or {}), **chosen}, held_out=self.held_out, seed=self.seed)
