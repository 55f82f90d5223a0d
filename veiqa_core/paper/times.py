"""Table 7: how long methods and recipes take for an image on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

from ..api.parameters import from_text
from ..errors import UsageError, VeiqaError, one_line
from ..extension.registry import Registry
from ..images import read
from ..recipes.recipe import Choice, Recipe, RecipeSet
from ..scorer import Scorer

SIZE = (512, 384)
"""Width and height of the image that the paper times."""

ROUNDS = 3


@attrs.frozen
class Contestant:
    """What is timed.

    Attributes:
        recipes: what is scored in turn; the time is their mean, as for the types of a set.
    """

    title: str
    recipes: tuple[Recipe, ...]

    @classmethod
    def of_method(cls, title: str, name: str, parameters: Mapping[str, Any]) -> Contestant:
        """A method by itself, without a mapper."""
        return cls(title, (Recipe(name, (), None, methods=(Choice(name, dict(parameters)),)),))

    @classmethod
    def of_recipe(cls, title: str, recipe: Recipe | RecipeSet) -> Contestant:
        """A recipe, or all of a set."""
        return cls(title, tuple(recipe.recipes.values()) if isinstance(recipe, RecipeSet) else (recipe,))

    def opened(self, registry: Registry) -> list[Scorer]:
        """What scores.

        Raises:
            UsageError: it cannot be used, such as for want of weights or parameters.
        """
        return [Scorer(recipe, device="cpu", registry=registry) for recipe in self.recipes]


@attrs.frozen
class Time:
    """What was found of a contestant: seconds an image, or why there are none."""

    title: str
    seconds: float | None
    missing: str = ""


Pixels = NDArray[np.uint8]
"""``[H, W, 3]``."""


def resized(file: Path) -> Pixels:
    """An image ``[H, W, 3]`` of the paper's size, made of any."""
    width, height = SIZE
    pixels = F.interpolate(read(file).pixels, (height, width), mode="bilinear", antialias=True, align_corners=False)
    made: Pixels = (255 * pixels[0]).round().byte().permute(1, 2, 0).numpy()
    return made


def timed(scorers: list[Scorer], image: Pixels, clock: Callable[[], float] = time.perf_counter) -> float:
    """Mean seconds of one scoring, decoding left out."""
    start = clock()
    for scorer in scorers:
        result = scorer.score(image)
        if result.error is not None:
            raise VeiqaError(result.error)
    return (clock() - start) / len(scorers)


def times(contestants: list[Contestant], image: Pixels, registry: Registry, rounds: int = ROUNDS) -> Iterator[Time]:
    """Medians over rounds in which the contestants take turns, after one that is not counted."""
    ready: dict[str, list[Scorer]] = {}
    missing: dict[str, str] = {}
    for contestant in contestants:
        try:
            scorers = contestant.opened(registry)
            timed(scorers, image)
            ready[contestant.title] = scorers
        except VeiqaError as error:
            missing[contestant.title] = one_line(error)
    taken: dict[str, list[float]] = {title: [] for title in ready}
    for _ in range(rounds):
        for title, scorers in ready.items():
            taken[title].append(timed(scorers, image))
    for contestant in contestants:
        found = taken.get(contestant.title)
        yield Time(contestant.title, statistics.median(found) if found else None, missing.get(contestant.title, ""))


def parameters(texts: Sequence[str], registry: Registry) -> Mapping[str, Mapping[str, Any]]:
    """Parameters of methods by component, from texts that read ``METHOD.NAME=VALUE``.

    Raises:
        UsageError: one does not, a name is unknown, or a value does not fit.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        path, _, value = text.partition("=")
        method, _, name = path.rpartition(".")
        if not (method and name and value):
            raise UsageError(f"-p takes METHOD.NAME=VALUE, such as qac.model=cluster_center.mat, not {text!r}")
        item = registry.get("method", method)
        given = from_text(item.component.params, name, value, f"method {item.label}")
        found.setdefault(item.ref, {})[name] = given
    return found
