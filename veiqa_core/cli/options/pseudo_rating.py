"""What stands in for people's scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import UsageError
from ...results.progress import progress
from ..paths import PATH
from .completion import component_names
from .grouped import option

if TYPE_CHECKING:
    from ...datasets.pseudo_ratings import PseudoRating
    from ...extension.registry import Registry

_CURVE = "veiqa:logistic4"  # monotone, and level beyond the data


@attrs.frozen
class PseudoRatingOptions:
    """Full-reference metrics, on a scale of their own or on that of ratings."""

    metrics: tuple[str, ...] = option(
        "--metric",
        shell_complete=component_names("metric"),
        multiple=True,
        metavar="M",
        help="Full-reference metric whose values stand in for scores; with --calibrate several may be given.",
    )
    calibrate: tuple[str, Path] | None = option(
        "--calibrate",
        type=(str, PATH),
        metavar="DATASET PATH",
        help="Bring the metrics to the scale of these ratings, by a curve for each type, and take their mean.",
    )

    @property
    def given(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.metrics or self.calibrate)

    def maker(self, registry: Registry, default: str) -> Callable[[], PseudoRating]:
        """What makes the pseudo-rating, which takes long where it is calibrated, from parts that were checked.

        Raises:
            UsageError: a metric is unknown or compares no images, there is no common scale, or the ratings cannot be
                read.
        """
        from ...datasets.pseudo_ratings import Calibrated, Metric
        from ...full_reference import image_metric

        parts = [image_metric(registry, name) for name in dict.fromkeys(self.metrics or (default,))]
        if self.calibrate is None:
            if len(parts) > 1:
                raise UsageError("several metrics have no common scale: give one --metric, or --calibrate DATASET PATH")
            return partial(Metric, parts[0])
        from ...datasets.rated_set import load

        rated = load(registry.part("dataset", self.calibrate[0]), self.calibrate[1])
        return partial(Calibrated, parts, registry.part("mapper", _CURVE), rated, progress("calibrating", " images"))
