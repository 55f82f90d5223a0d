"""Fitting a recipe's local mapper, for the quality map: how much better or worse than its image a place is.

It learns that from by how much the similarities around the place differ from those of the whole image, so that what all
places have in common, such as the photo's character, has no part in it. No ratings of places are needed. A good photo
is made worse in one place only. There the quality is taken to be the score of the photo made worse as a whole, and
everywhere else the score of the photo as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..contracts import FloatArray
from ..datasets import distort
from ..datasets.distort import Distortion, Level
from ..errors import ComponentError, FitError, UsageError
from ..explanations.quality_map import local_similarities
from ..extension.registry import Part, Registry
from ..images import Image, read
from ..measuring.quantity import of_recipe, signs
from ..recipes.recipe import LocalMapper, Provenance
from ..recipes.resolution import written
from ..scorer import Scorer
from ..scoring.mapping import fitted_mapper

_CELLS = 64
"""Places that are taken of each picture at most, half of them where it is worse; neighbours say nearly the same."""

_WHOLE = 0.2
"""The share of pictures that are worse everywhere."""

_SIDES = (0.3, 0.75)
"""Of the area that is made worse, over the photo's."""


@attrs.frozen(eq=False)
class Places:
    """Places of one picture, compared with it.

    Attributes:
        differences: of the similarities around them from the picture's, ``[n, B]``.
        quality: theirs less the mean over the picture, ``[n]``.
    """

    differences: FloatArray
    quality: FloatArray


class LocalFit:
    """Collects places of photos, and fits a mapper to them.

    Args:
        scorer: of the recipe.
        mapper: the component that is fitted.
        draws: how many pictures are made of each photo.

    Raises:
        UsageError: the recipe gives no score on a known scale, has no branches, or the mapper cannot be fitted to
            several similarities.
    """

    def __init__(
        self, scorer: Scorer, mapper: Part, distortions: Sequence[Distortion], draws: int, seed: int = 0
    ) -> None:
        name = scorer.recipe.name
        if not scorer.calibrated or scorer.scale is None:
            raise UsageError(f"recipe {name!r} is not fitted to ratings, so its map has no scale; 'veiqa fit' fits it")
        width = len(scorer.similarity_keys)
        if width == 0:
            raise UsageError(f"recipe {name!r} has no branches, and no quality map")
        if not mapper.traits["fitted"] or (mapper.traits["branches"] != "many" and width > 1):
            raise UsageError(f"mapper {mapper.key} cannot be fitted to {width} similarities")
        self._scorer = scorer
        self._mapper = attrs.evolve(mapper, names=scorer.recipe.names[:width])
        self._distortions = distortions
        self._draws = draws
        self._seed = seed
        self._signs = signs(of_recipe(scorer.recipe))[:width]
        self._places: list[Places] = []
        self._photos: list[str] = []

    def add(self, photo: Image) -> None:
        """Take in a good photo.

        Raises:
            VeiqaError: it cannot be scored, made worse or measured.
        """
        pristine = distort.eight_bit(photo)
        good = self._score(pristine)
        rng = np.random.default_rng([pristine.seed % 2**32, self._seed])
        found = [self._drawn(pristine, good, rng) for _ in range(self._draws)]
        self._places += found
        self._photos.append(pristine.digest)

    def fitted(self) -> LocalMapper:
        """The mapper, fitted to all that was taken in.

        Raises:
            FitError: no photo was taken in.
            VeiqaError: it cannot be fitted, with the reason.
        """
        if not self._places:
            raise FitError("no photo could be used")
        differences = np.concatenate([one.differences for one in self._places]) * self._signs
        quality = np.concatenate([one.quality for one in self._places])
        contents = [digest for digest in self._photos for _ in range(self._draws)]
        by_row = [own for own, one in zip(contents, self._places, strict=True) for _ in one.quality]
        state = fitted_mapper(self._mapper, differences, quality, by_row).state()
        assert self._scorer.scale is not None
        seen = tuple(f"sha256:{digest}" for digest in sorted(self._photos))
        provenance = Provenance("photos", len(self._places), self._scorer.scale, seen, contents=len(self._photos))
        return LocalMapper(written(self._mapper), state, provenance)

    def _drawn(self, photo: Image, good: float, rng: Generator) -> Places:
        """A picture that is worse somewhere."""
        distortion = self._distortions[int(rng.integers(len(self._distortions)))]
        level = Level("drawn", "severity", round(float(rng.random()), 4))
        worse = distort.degrade(photo, distortion, level, self._seed).image
        mask = _area(photo.size[1], photo.size[0], rng)
        mixed = read(torch.where(mask, worse.pixels, photo.pixels)[0], photo.name, self._scorer.recipe.view)
        _, engine, outcome = self._scorer.meter.shown(mixed, range(len(self._scorer.similarity_keys)))
        for item in outcome.measurements:
            if item.error is not None:
                raise item.error
        whole = np.array([item.similarity for item in outcome.measurements], dtype=np.float64)
        local = local_similarities(engine, mixed.reduced(), outcome)
        share = _share(mask, (local.shape[1], local.shape[2]))
        quality = (share - share.mean()) * (self._score(worse) - good)
        chosen = _chosen(share, rng)
        return Places(local.flatten(1).T.numpy()[chosen] - whole, quality[chosen])

    def _score(self, image: Image) -> float:
        score = self._scorer.score(image.pixels).score
        if score is None:
            raise ComponentError(f"{image.name}: has no score")
        return score


def default_mapper(registry: Registry) -> Part:
    """The mapper that is fitted where no other is named.

    The strength is given, as neighbouring places say nearly the same: errors at points left out would choose one that
    is too small.
    """
    return registry.part("mapper", "veiqa:ridge", {"strength": 0.1})


def _area(height: int, width: int, rng: Generator) -> Tensor:
    """A mask ``[H, W]`` of a rectangle, or of everything."""
    mask = torch.zeros(height, width, dtype=torch.bool)
    if rng.random() < _WHOLE:
        return ~mask
    down, across = (round(side * rng.uniform(*_SIDES)) for side in (height, width))
    top, left = int(rng.integers(height - down + 1)), int(rng.integers(width - across + 1))
    mask[top : top + down, left : left + across] = True
    return mask


def _share(mask: Tensor, cells: tuple[int, int]) -> FloatArray:
    """How much of each cell's surroundings is made worse, ``[cells]`` from 0 to 1."""
    own = F.adaptive_avg_pool2d(mask[None].double(), cells)
    around: FloatArray = F.avg_pool2d(F.pad(own[None], (1, 1, 1, 1), mode="replicate"), 3, 1).flatten().numpy()
    return around


def _chosen(share: FloatArray, rng: Generator) -> NDArray[np.intp]:
    """Some of the cells, of those that are made worse as many as of others where there are enough."""
    sides = (np.flatnonzero(share > 0.5), np.flatnonzero(share <= 0.5))
    some = [rng.permutation(side)[: _CELLS // 2] for side in sides]
    return np.sort(np.concatenate(some))
