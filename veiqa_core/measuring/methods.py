"""Methods at work: one call for each method and image gives all its values.

An image is measured whole, whatever its size, in a batch of one: methods need little memory beside the image itself.
They compute on the processor, whatever networks compute on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import torch
from torch import Tensor

from ..contracts import Method
from ..errors import ComponentError, ImageError, UsageError, VeiqaError
from ..extension.registry import Part
from ..images import Image
from ..isolation.attempts import attempt, or_usage_error
from ..recipes.resolution import method_outputs
from ..recipes.view import View
from .branches.outcome import Measurement
from .branches.plan import distinct
from .memory import SIZES
from .quantity import MethodOutput


class Methods:
    """Methods that are built, and measure images.

    Raises:
        UsageError: one cannot be built, or has other outputs than its record says.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._made = {part: or_usage_error(attempt(part, partial(_built, part))) for part in distinct(parts)}

    def measure(self, image: Image, wanted: Mapping[int, MethodOutput]) -> dict[int, Measurement]:
        """Outputs of methods on an image, each under its own index; a method that fails spoils its own outputs only."""
        SIZES.add(image.size)
        values = {part: self._values(part, image) for part in distinct(item.method for item in wanted.values())}
        return {index: _measurement(item, values[item.method]) for index, item in wanted.items()}

    def data(self, part: Part) -> str:
        """What names the content of the files that a method reads; empty where it reads none."""
        return str(getattr(self._made[part], "digest", ""))

    def _values(self, part: Part, image: Image) -> Mapping[str, float] | VeiqaError:
        width, height = image.size
        least = part.traits["min_size"]
        if min(width, height) < least:
            return ImageError(
                f"{width}x{height} pixels are too few for {part.origin}, which needs at least {least} a side"
            )
        names = method_outputs(part)

        def work() -> Mapping[str, float]:
            made = self._made[part].measure(image.pixels.clone())
            return dict(zip(names, _checked(made, len(names)), strict=True))

        return attempt(part, work)


def check_view(view: View, parts: Iterable[Part]) -> None:
    """Find out before the first image that a view leaves too few pixels for a method.

    Raises:
        UsageError: it does.
    """
    for part in parts:
        if view is not None and view < part.traits["min_size"]:
            raise UsageError(f"view {view}: {part.origin} needs images of at least {part.traits['min_size']} a side")


def _built(part: Part) -> Method:
    method: Method = part.create()
    declared, found = method_outputs(part), method.outputs
    if found != declared:
        raise ComponentError(f"has the outputs {found!r}, and its record says {declared!r}")
    return method


def _checked(made: object, count: int) -> list[float]:
    """The values of one image.

    Raises:
        ValueError: they are of another shape or type, or not finite.
    """
    if not isinstance(made, Tensor):
        raise ValueError(f"gave a {type(made).__name__}; a tensor is due")
    if made.dtype != torch.float64 or made.shape != (1, count):
        raise ValueError(f"gave {made.dtype} {tuple(made.shape)} for one image; torch.float64 {(1, count)} is due")
    values: list[float] = made[0].tolist()
    if not bool(torch.isfinite(made).all()):
        raise ValueError(f"gave {float(made[~torch.isfinite(made)][0])}")
    return values


def _measurement(item: MethodOutput, values: Mapping[str, float] | VeiqaError) -> Measurement:
    if isinstance(values, VeiqaError):
        return Measurement(item.key, None, error=values)
    return Measurement(item.key, values[item.output])
