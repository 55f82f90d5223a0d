"""The outcome of scoring one image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from torch import Tensor

from .explanations.heatmaps import Heatmaps
from .remarks import unsure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def score_digits(scale: Sequence[float] | None) -> int:
    """How many decimals of a score are shown: they part a thousandth of its scale, which intervals exceed by far."""
    if scale is None:
        return 4
    return max(0, round(3 - math.log10(scale[1] - scale[0])))


@attrs.frozen(repr=False)
class Result:
    """The outcome for one image.

    Attributes:
        image: its name; of a file its path as it was given, or its URL without what is secret in it. Bytes of it that
            are no UTF-8 are lone surrogates, as Python has them: :func:`os.fsencode` gives them back.
        score: quality, higher being better; None without a mapper, before it is fitted, or after an error.
        interval: ends of the score's 90 % prediction interval; None where the mapper knows none.
        scale: the worst and the best score; None where the recipe does not say what it was fitted on.
        distortion: probability of each distortion type; None without a fitted classifier.
        novelty: how unlike the images that the recipe was fitted on it is, 1 being the limit from which on the score is
            a guess; None where the recipe does not say what those are like.
        similarities: similarity of the PRI's and the input's VEI by branch key; None where it could not be computed.
        methods: what the recipe's methods give, on scales of their own, by the key of the output; None where it could
            not be computed.
        flags: remarks that qualify the numbers: how the image was decoded where that is not plain, degenerate VEIs, a
            precision other than float32 or than the mapper was fitted in, a runtime other than usual or than the mapper
            was fitted by, a size other than with the view of the fit, and ``uncalibrated`` where no mapper was fitted
            to ratings, so that there is no score or none on the scale of quality.
        error: one line, or None.
        recipe: name and digest of the recipe.
        size: width and height of the image in pixels; None where it could not be read.
        judged_size: the width and height at which it was judged, smaller where the recipe's view is.
        heatmaps: the VEIs, where asked for, those that shape the quality map most first.
        quality_map: where the image loses quality, ``[H, W]`` in points of the scale, where heat maps are asked for and
            the score is calibrated; beside methods a local mapper is needed. Pictures and map are of the image as it
            was judged; of a very big one they are smaller.
        path: the file, where the image was one.
        url: where it is, with whatever is secret in that, where the image was named by a URL.
    """

    image: str
    score: float | None
    similarities: dict[str, float | None]
    flags: tuple[str, ...]
    error: str | None
    recipe: str
    interval: tuple[float, float] | None = None
    scale: tuple[float, float] | None = None
    distortion: Mapping[str, float] | None = None
    novelty: float | None = None
    heatmaps: tuple[Heatmaps, ...] = attrs.field(default=(), repr=False, eq=False)
    quality_map: Tensor | None = attrs.field(default=None, repr=False, eq=False)
    path: Path | None = attrs.field(default=None, repr=False, eq=False)
    url: str | None = attrs.field(default=None, repr=False, eq=False)
    size: tuple[int, int] | None = None
    judged_size: tuple[int, int] | None = None
    methods: dict[str, float | None] = attrs.field(factory=dict)

    def __repr__(self) -> str:
        """The outcome in one line; what was measured is in :meth:`to_dict`."""
        said = [repr(self.image)]
        if self.error is not None:
            said.append(f"error={self.error!r}")
        elif self.score is None:
            said.append("no score")
        else:
            said.append(f"score={self.score:.6g}")
        if self.interval is not None:
            said.append("interval=({:.6g}, {:.6g})".format(*self.interval))
        if self.distortion:
            likely = max(self.distortion, key=self.distortion.__getitem__)
            said.append(f"{likely} {self.distortion[likely]:.0%}")
        return f"Result({', '.join([*said, *self.remarks])})"

    @property
    def values(self) -> dict[str, float | None]:
        """All that was measured, by key, in the order of the recipe: similarities, then what the methods give."""
        return {**self.similarities, **self.methods}

    @property
    def digits(self) -> int:
        """How many decimals its score deserves."""
        return score_digits(self.scale)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The flags but ``uncalibrated``, which holds for all images of a recipe."""
        return tuple(flag for flag in self.flags if flag != "uncalibrated")

    @property
    def unsure(self) -> bool:
        """Whether the score is a guess: of a picture unlike those fitted on, or that is no photo."""
        return unsure(self.flags)

    @property
    def judged(self) -> str | None:
        """At which size it was judged, in words, where that is not its own."""
        if self.size is None or self.judged_size is None or self.size == self.judged_size:
            return None
        return "{}x{} of {}x{}".format(*self.judged_size, *self.size)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "image": self.image,
            "score": self.score,
            "interval": None if self.interval is None else list(self.interval),
            "scale": None if self.scale is None else list(self.scale),
            "distortion": None if self.distortion is None else dict(self.distortion),
            "novelty": self.novelty,
            "size": None if self.size is None else list(self.size),
            "judged_size": None if self.judged_size is None else list(self.judged_size),
            "similarities": dict(self.similarities),
            "methods": dict(self.methods),
            "flags": list(self.flags),
            "error": self.error,
            "recipe": self.recipe,
        }

    def plot(self) -> Figure:
        """A matplotlib figure: the quality map, and the pairs of VEIs that shape it most.

        Raises:
            UsageError: heat maps were not asked for, or there are none.
        """
        from .explanations.pictures import result_figure

        return result_figure(self)

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from .explanations.notebook import shown

        return shown(self)
