"""Full reference: ordinary images compared with a reference by the metrics that declare the trait ``image``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from ..contracts import canonical
from ..errors import ImageError, UsageError, VeiqaError, unwrap
from ..extension.catalogue import Registered
from ..extension.registry import Part, Registry, installed
from ..images import Image, Source, read
from ..isolation.attempts import attempt, or_usage_error
from ..recipes.recipe import Choice


@attrs.frozen
class MetricValue:
    """The outcome of one metric: a value or an error."""

    metric: Part
    value: float | None
    error: VeiqaError | None = None


def image_metrics(registry: Registry) -> list[Registered]:
    """The metrics that compare ordinary images."""
    return [item for item in registry.of_kind("metric") if "image" in item.component.traits]


def image_metric(registry: Registry, name: str, given: Mapping[str, Any] | None = None) -> Part:
    """A metric that compares ordinary images, with its parameters.

    Raises:
        UsageError: the name or a parameter is unknown, a value does not fit, or the metric compares maps only.
    """
    part = registry.part("metric", name, given)
    if "image" not in part.traits:
        able = ", ".join(item.label for item in image_metrics(registry)) or "none"
        raise UsageError(f"{part.registered.origin} does not compare ordinary images. Those that do: {able}.")
    return part


def compare(
    reference: Source, distorted: Source, metrics: Iterable[Choice], registry: Registry
) -> tuple[MetricValue, ...]:
    """How close an image is to its reference, by each metric once. A failing metric does not keep others from theirs.

    Raises:
        UsageError: as for :func:`image_metric`.
        ImageError: an image cannot be read, or they differ in size.
    """
    parts = dict.fromkeys(image_metric(registry, choice.name, choice.params) for choice in metrics)
    first, second = read_pair(reference, distorted)
    return tuple(measured(part, first, second) for part in parts)


def read_pair(reference: Source, distorted: Source) -> tuple[Image, Image]:
    """Two images that can be compared.

    Raises:
        ImageError: one cannot be read, or they differ in size.
    """
    pair = read(reference), read(distorted)
    first, second = pair
    if first.size != second.size:
        sizes = " and ".join(f"{image.name} has {image.size[0]}x{image.size[1]}" for image in pair)
        raise ImageError(f"the images differ in size: {sizes} pixels")
    return pair


def measured(part: Part, reference: Image, distorted: Image) -> MetricValue:
    """What a metric makes of two images."""
    try:
        return MetricValue(part, FullReference(part).measure(reference, distorted))
    except VeiqaError as error:
        return MetricValue(part, None, error)


class FullReference:
    """A metric at work on ordinary images.

    Raises:
        UsageError: the component cannot be built.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self._metric = or_usage_error(attempt(part, part.create))

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, for processes that find the metric again."""
        return _found_again, (self._part.registered.ref, self._part.identity["params"])

    def measure(self, reference: Image, distorted: Image) -> float:
        """The metric's value of two images of one size.

        Two grey images, whose three channels are equal, are compared as one channel; one alone counts as RGB.

        Raises:
            ImageError: the images are smaller than the metric takes.
            ComponentError: the metric fails, or its value is not finite.
        """
        least, (width, height) = self._part.traits.get("min_size", 1), reference.size
        if min(width, height) < least:
            raise ImageError(
                f"{reference.name}: {width}x{height} pixels are too few for {self._part.key}, "
                f"which needs at least {least} a side"
            )
        channels = 1 if _is_grey(reference) and _is_grey(distorted) else 3
        pair = [canonical(exact_pixels(image)[:, :channels]) for image in (reference, distorted)]

        def work() -> float:
            value = float(self._metric.compare_images(*pair))
            if not math.isfinite(value):
                raise ValueError(f"gave {value}")
            return value

        return unwrap(attempt(self._part, work))


def _found_again(ref: str, given: Mapping[str, Any]) -> FullReference:
    return FullReference(installed().part("metric", ref, given))


def exact_pixels(image: Image) -> Tensor:
    """Pixels ``[1, 3, H, W]`` in float64: exactly k/255 or k/65535 for the levels of 8- and 16-bit images.

    An image holds them rounded to float32, from which they are found again; k/255 is the same number as 257k/65535.
    """
    pixels = image.pixels.double()
    levels = (pixels * 65535).round() / 65535
    return levels if torch.equal(levels.float(), image.pixels) else pixels


def _is_grey(image: Image) -> bool:
    return torch.equal(image.pixels, image.pixels[:, :1].expand_as(image.pixels))
