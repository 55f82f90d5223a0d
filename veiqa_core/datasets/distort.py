"""Distortions of a known degree: PRI generators with the trait ``strength``, by severity or to a PSNR."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterable
from typing import Literal

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from .. import images
from ..api import parameters as params
from ..contracts import PriGenerator
from ..errors import UsageError, near_miss, unwrap
from ..extension.catalogue import Registered
from ..extension.registry import Part, Registry
from ..files.paths import file_stem
from ..images import Image
from ..isolation.attempts import attempt

Measure = Literal["severity", "psnr"]

TOLERANCE = 0.05
"""How far in dB a result may lie from the PSNR asked for and count as having it."""

_HALVINGS = 16  # of the severity, in search of a PSNR


@attrs.frozen
class Level:
    """A degree of distortion.

    Attributes:
        label: what files and tables call it; without a hyphen.
        measure: ``"severity"``: from 0, each generator's mildest, to 1, its strongest; ``"psnr"``: of the result in dB.
        value: the severity or PSNR.

    Raises:
        UsageError: the severity lies outside [0, 1], or the PSNR is not a positive number.
    """

    label: str
    measure: Measure
    value: float

    def __attrs_post_init__(self) -> None:
        if self.measure == "severity" and not 0 <= self.value <= 1:
            raise UsageError(f"severity {self.value:g} is not between 0 (mildest) and 1 (strongest)")
        if self.measure == "psnr" and not 0 < self.value < math.inf:
            raise UsageError(f"PSNR {self.value:g} is not a positive number of dB")


def even_levels(count: int) -> tuple[Level, ...]:
    """Severities from 0 to 1 at equal distances, labelled 1 to ``count``.

    Raises:
        UsageError: there are fewer than two.
    """
    if count < 2:
        raise UsageError(f"levels go from the mildest to the strongest: at least 2 are needed, not {count}")
    return tuple(Level(str(number + 1), "severity", number / (count - 1)) for number in range(count))


def levels_at(measure: Measure, values: Iterable[float]) -> tuple[Level, ...]:
    """A level for each value, labelled by it, without repetitions."""
    return tuple(
        Level(np.format_float_positional(value, trim="-"), measure, value)
        for value in dict.fromkeys(map(float, values))
    )


DEFAULT_LEVELS = even_levels(5)


@attrs.frozen
class Drawn:
    """Severities drawn for each photo and distortion, one from each ``count``-th of the range; labelled 1 to ``count``.

    So a set of many photos holds every severity, where a grid would hold a few.

    Raises:
        UsageError: ``count`` is below 1.
    """

    count: int

    def __attrs_post_init__(self) -> None:
        if self.count < 1:
            raise UsageError(f"severities to draw: at least 1 is needed, not {self.count}")

    def __len__(self) -> int:
        return self.count

    def of(self, photo: Image, distortion: Distortion, seed: int) -> tuple[Level, ...]:
        """The levels for a photo: from its content, the type and the seed."""
        kind = hashlib.sha256(repr((photo.digest, distortion.name, seed, self.count)).encode()).digest()
        places = np.random.default_rng(list(kind)).random(self.count)
        return tuple(
            Level(str(number + 1), "severity", round((number + float(place)) / self.count, 4))
            for number, place in enumerate(places)
        )


@attrs.frozen
class Distortion:
    """One PRI generator, or several applied in order.

    Attributes:
        name: the type, such as ``"GB"`` or ``"GB+WN"``; the generator's own name where it declares no type.
        steps: the generators, each with the trait ``strength``.
    """

    name: str
    steps: tuple[Registered, ...]

    @property
    def folder(self) -> str:
        """Where its images are kept."""
        return file_stem(self.name.lower())

    def at(self, severity: float) -> tuple[Part, ...]:
        """The generators at one severity in [0, 1], in between which their parameters grow by equal factors.

        Raises:
            UsageError: a generator does not take what its trait says.
        """
        return tuple(_at(step, severity) for step in self.steps)


def _at(item: Registered, severity: float) -> Part:
    name, mildest, strongest = item.component.traits["strength"]
    value = float(f"{mildest ** (1 - severity) * strongest**severity:.6g}")  # short enough to quote
    whole = any(info.name == name and info.type == "int" for info in params.describe(item.component.params))
    given = {name: round(value) if whole else value}
    return Part(item, params.build(item.component.params, given, f"pri {item.label}"))


def find(name: str, registry: Registry) -> Distortion:
    """The distortion that a name means: a type (``"GB"``), a PRI generator (``"jpeg"``, ``"dist:name"``), or several of
    them (``"GB+jpeg"``).

    Raises:
        UsageError: the name is unknown, several generators make the type, or the generator declares no strength.
    """
    names = [name] if _is_generator(name, registry) else name.split("+")
    steps = tuple(_step(part, registry) for part in names)
    return Distortion("+".join(_type(step) or step.label for step in steps), steps)


def _step(name: str, registry: Registry) -> Registered:
    usable = [item for item in registry.of_kind("pri") if "strength" in item.component.traits]
    of_type = [item for item in usable if _type(item) == name]
    if len(of_type) > 1:
        choices = " or ".join(repr(item.label) for item in of_type)
        raise UsageError(f"several PRI generators make distortion {name!r}: say {choices}")
    if of_type:
        return of_type[0]
    if not _is_generator(name, registry):
        known = {_type(item) or item.label for item in usable} | {item.label for item in usable}
        raise UsageError(near_miss("distortion", name, known))
    item = registry.get("pri", name)
    if item not in usable:
        raise UsageError(f"{item.origin} has no trait 'strength' that says what is mild and what is strong")
    return item


def _is_generator(name: str, registry: Registry) -> bool:
    return any(name in (item.name, item.ref) for item in registry.of_kind("pri"))


def _type(item: Registered) -> str | None:
    kind: str | None = item.component.traits.get("distortion")
    return kind


@attrs.frozen(eq=False)
class Distorted:
    """A photo made worse.

    Attributes:
        image: the result, of 8-bit values.
        made_by: the generators with their parameters, such as ``"gaussian-blur(sigma=2.4)"``.
        psnr: of the result against the photo in dB; see :func:`psnr`.
    """

    image: Image
    made_by: str
    psnr: float


def degrade(photo: Image, distortion: Distortion, level: Level, seed: int = 0) -> Distorted:
    """Make a photo worse.

    For a PSNR the severity, which the generators of a mixture share, is found by bisection: the result is within
    :data:`TOLERANCE`, or the closest met where the target lies beyond an end of the range or between two steps of a
    generator, such as whole qualities. Random numbers come from the photo's content, the type, the level and ``seed``.

    Raises:
        ImageError: a generator cannot take this photo.
        ComponentError: a generator failed.
    """
    kinds = [(photo.seed, distortion.name, level.label, seed, number) for number in range(len(distortion.steps))]
    seeds = [int(hashlib.sha256(repr(kind).encode()).hexdigest()[:16], 16) >> 1 for kind in kinds]

    @functools.lru_cache(maxsize=3)  # near the end, bisection asks for the same whole numbers time and again
    def render(parts: tuple[Part, ...]) -> Distorted:
        image = photo
        for part, number in zip(parts, seeds, strict=True):
            image = unwrap(attempt(part, functools.partial(_generate, part, image, number)))
        return Distorted(image, " + ".join(map(_describe, parts)), psnr(photo, image))

    if level.measure == "severity":
        return render(distortion.at(level.value))
    return _closest(lambda severity: render(distortion.at(severity)), level.value)


def _closest(render: Callable[[float], Distorted], target: float) -> Distorted:
    """The result closest to a PSNR among those that bisection of the severity meets."""

    def distance(result: Distorted) -> float:
        return abs(result.psnr - target)

    mild, strong = render(0.0), render(1.0)
    best = min(mild, strong, key=distance)
    if not strong.psnr < target < mild.psnr:
        return best
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        result = render(middle)
        best = min(best, result, key=distance)
        if distance(best) <= TOLERANCE:
            break
        low, high = (middle, high) if result.psnr > target else (low, middle)
    return best


def psnr(reference: Image, image: Image) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and channels; infinite where the images are equal."""
    error = float((image.pixels.double() - reference.pixels.double()).square().mean())
    return -10 * math.log10(error) if error else math.inf


def _generate(part: Part, image: Image, seed: int) -> Image:
    generator: PriGenerator = part.create()
    made = generator.generate(image.pixels.clone(), [seed])
    if made.shape != image.pixels.shape:
        raise ValueError(f"gave {tuple(made.shape)} for an image of {tuple(image.pixels.shape)}")
    return eight_bit(images.read(made[0], part.registered.origin))


def _describe(part: Part) -> str:
    parameter = part.traits["strength"][0]
    return f"{part.registered.label}({parameter}={getattr(part.params, parameter)})"


def eight_bit(image: Image) -> Image:
    """The image as an 8-bit file holds it."""
    return images.read(pixel_levels(image), image.name)


def pixel_levels(image: Image) -> NDArray[np.uint8]:
    """Whole numbers ``[H, W, 3]`` from 0 to 255."""
    levels: NDArray[np.uint8] = (image.pixels[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return levels
