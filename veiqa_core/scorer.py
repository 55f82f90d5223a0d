"""The public Python face: score images with a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch

from . import images
from .devices import Device
from .errors import ComponentError, ImageError, UsageError, VeiqaError, reraised_as
from .explanations.heatmaps import Explained, explained
from .extension.registry import Registry, installed
from .files.ahead import ahead
from .files.paths import public_name
from .files.urls import is_url
from .measuring.branches.outcome import Measurement
from .measuring.executors.executor import Executor, Task, TaskResult
from .measuring.meter import Meter
from .measuring.quantity import of_recipe
from .measuring.runtimes.base import TORCH, runtime_name
from .recipes import files as recipe_files
from .recipes.recipe import DEFAULT_RECIPE, Recipe, RecipeSet
from .recipes.resolution import ResolvedRecipe, resolve
from .recipes.view import read_view, written_view
from .remarks import UNFAMILIAR
from .result import Result
from .scoring.novelty import LIMIT
from .scoring.recipe_scorer import ImageScore, RecipeScorer
from .store import Store

NO_MAP = "no quality map: beside methods it needs a local mapper, which 'veiqa fit-map' fits"


class Scorer:
    """Scores images without a reference.

    Threads may share one: they take turns, as all scoring in a process does. For speed use processes (an executor).

    Args:
        recipe: a :class:`Recipe`, the path of a recipe in TOML, the name of a shipped one, or None for the one called
            default. Of a :class:`RecipeSet`, ``distortion`` picks the recipe.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        precision: what networks compute in: ``"float32"``, or ``"bfloat16"``, which is faster where the processor or
            card has it, and whose scores are flagged, for they move a little.
        runtime: what makes forward passes: ``"auto"``, ``"torch"``, or ``"onnxruntime"``, which is faster on a
            processor and serves explainers that ask for activations only; ``auto`` takes it wherever it serves.
        view: the most pixels of an image's longer side when it is judged, or ``"native"`` for its native size; None as
            the recipe says.
        distortion: the images' distortion type, for recipe sets.
        registry: the components to use; default: everything installed.
        store: where similarities are looked up first and kept; default: nowhere.

    Attributes:
        meter: what measures branches and methods; executors that score are made for it.

    Raises:
        UsageError: the recipe cannot be read or run, with the reason in one line.
    """

    def __init__(
        self,
        recipe: str | Path | Recipe | RecipeSet | None = None,
        *,
        device: str | torch.device = "auto",
        precision: str | torch.dtype = "float32",
        runtime: str = "auto",
        view: int | str | None = None,
        distortion: str | None = None,
        registry: Registry | None = None,
        store: Store | None = None,
    ) -> None:
        registry = registry or installed()
        if recipe is None or isinstance(recipe, str | Path):
            recipe = recipe_files.find(recipe or DEFAULT_RECIPE, registry)
        if isinstance(recipe, RecipeSet):
            recipe = recipe.pick(distortion)
        elif distortion is not None:
            raise UsageError(f"a distortion type ({distortion}) picks from a recipe set, and this is one recipe")
        if view is not None:
            recipe = recipe.at_view(read_view(view, "view"))
        self._source = recipe
        self._store = store
        self.recipe: ResolvedRecipe = resolve(recipe, registry)
        self._recipe_scorer = RecipeScorer(self.recipe)
        where = Device.find(device, precision, runtime)
        self.meter = Meter(of_recipe(self.recipe), where, store)
        self._unserved = self.meter.unserved
        self._runtime = runtime_name(self.meter.runtime())
        self._all = range(len(self.meter.quantities))
        self.meter.check(self._all, self.recipe.view)
        self._label = self.recipe.label

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another process, a scorer opens its networks and its store there, with what is installed there."""
        store = None if self._store is None else self._store.path
        return _reopened, (recipe_files.dumps(self._source), self._source.name, self.meter.device, store)

    @property
    def calibrated(self) -> bool:
        """Whether scores are on a scale of quality, because the mapper was fitted to ratings."""
        return self._recipe_scorer.calibrated

    @property
    def scale(self) -> tuple[float, float] | None:
        """The worst and the best score; None where the recipe does not say what it was fitted on."""
        return self._recipe_scorer.scale

    @property
    def maps(self) -> bool:
        """Whether results with heat maps have a quality map."""
        return self._recipe_scorer.maps

    @property
    def knows_novelty(self) -> bool:
        """Whether the recipe says what the images that it was fitted on are like."""
        return bool(self.recipe.novelty)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the branches, then of the methods' outputs, as in :attr:`Result.values`."""
        return self.meter.keys

    @property
    def similarity_keys(self) -> tuple[str, ...]:
        """The keys of the branches, as in :attr:`Result.similarities`."""
        return self.keys[: len(self.recipe.branches)]

    @property
    def method_keys(self) -> tuple[str, ...]:
        """The keys of the methods' outputs, as in :attr:`Result.methods`."""
        return self.keys[len(self.recipe.branches) :]

    def __call__(self, image: images.Source) -> Result:
        """:meth:`score`, for whatever takes a function of an image."""
        return self.score(image)

    def score(self, image: images.Source, *, name: str | None = None, heatmaps: bool = False) -> Result:
        """Score one image: a path, a URL, bytes, array, Pillow image or tensor (see :func:`veiqa_core.images.read`).

        Raises:
            ImageError: the image cannot be read, or a component cannot work on it.
            ComponentError: a component failed on it; :class:`OutOfMemoryError` for want of memory.
            UsageError: a component refused to work as it was asked to.
        """
        decoded = images.read(image, name, self.recipe.view)
        measurements, pictures = self._measured(decoded, heatmaps)
        for measurement in measurements:
            if measurement.error is not None:
                problem = f"{decoded.name}: {measurement.error}{_as_judged(decoded.sizes)}"
                raise reraised_as(measurement.error, problem) from measurement.error
        reported = public_name(image) if name is None and isinstance(image, str | Path) else decoded.name
        result = self._result(reported, image, measurements, pictures, decoded)
        if result.error is not None:
            raise ComponentError(result.error)
        return result

    def score_many(
        self, sources: Iterable[images.Source], *, heatmaps: bool = False, executor: Executor | None = None
    ) -> Iterator[Result]:
        """Score images in their order as they come; one that fails gives a result with its error and stops nothing.

        Args:
            sources: images as for :meth:`score`; also a batch ``[N, 3, H, W]``. Of a list or tuple, URLs are fetched a
                few ahead; an iterable is asked for one image after another.
            executor: who measures the images that are files, made for :attr:`meter` and the working directory. Without
                one, and where heat maps are asked for, this process does, one image after another.
        """
        if isinstance(sources, str | Path):
            raise UsageError(f"{sources}: score_many takes several images; score takes one")
        known = ahead(sources) if isinstance(sources, list | tuple) else sources
        for is_file, group in groupby(enumerate(known), lambda item: isinstance(item[1], str | Path)):
            if is_file and executor is not None and not heatmaps:
                yield from self._executed(executor, (source if is_url(source) else str(source) for _, source in group))
            else:
                yield from (self._scored(number, source, heatmaps) for number, source in group)

    def _executed(self, executor: Executor, paths: Iterable[str]) -> Iterator[Result]:
        for done in executor.run_in_order(map(self._task, paths)):
            name = public_name(done.name)
            if done.error is not None:
                yield self._unread(name, done.name, done.error)
            else:
                measurements = [done.measured[index] for index in self._all]
                yield self._result(name, done.name, measurements, Explained(), done)

    def _task(self, path: str) -> Task:
        return Task(path, tuple(self._all), self.recipe.view, path if is_url(path) else None)

    def _scored(self, number: int, source: images.Source, heatmaps: bool) -> Result:
        name = public_name(source) if isinstance(source, str | Path) else f"image {number}"
        try:
            decoded = images.read(source, images.display_name(name), self.recipe.view)
        except ImageError as error:
            return self._unread(name, source, error)
        return self._result(name, source, *self._measured(decoded, heatmaps), decoded)

    def _unread(self, name: str, source: images.Source, error: VeiqaError) -> Result:
        methods: dict[str, float | None] = dict.fromkeys(self.method_keys)
        similarities: dict[str, float | None] = dict.fromkeys(self.similarity_keys)
        return Result(name, None, similarities, (), str(error), self._label, methods=methods, **_place(source))

    def _measured(self, image: images.Image, heatmaps: bool) -> tuple[list[Measurement], Explained]:
        """All quantities of an image, and the heat maps of its branches, which are made anew."""
        if not heatmaps or not self.recipe.branches:
            measured = self.meter.measure(image, self._all)
            return [measured[index] for index in self._all], Explained()
        measured, engine, outcome = self.meter.shown(image, self._all)
        measurements = [measured[index] for index in self._all]
        pictures = explained(engine, image.reduced(), outcome, measurements, self._recipe_scorer)
        if self.scale is not None and not self.maps:  # branches and methods, and no local mapper
            pictures = attrs.evolve(pictures, flags=(*pictures.flags, NO_MAP))
        return measurements, pictures

    def _result(
        self,
        name: str,
        source: images.Source,
        measurements: Sequence[Measurement],
        pictures: Explained,
        image: images.Image | TaskResult,
    ) -> Result:
        """What is said of an image.

        Args:
            name: under which it is reported.
            source: what was scored.
            image: whose remarks, sizes and kind are known.
        """
        sizes = image.sizes
        branches = len(self.recipe.branches)
        errors = list(dict.fromkeys(str(item.error) for item in measurements if item.error is not None))
        kind = () if image.kind is None or not self.calibrated else (image.kind,)
        flags = [*image.remarks, *kind]
        flags += [*dict.fromkeys(flag for item in measurements for flag in item.flags), *pictures.flags]
        if self.meter.precision != "float32":
            flags.append(f"computed in {self.meter.precision}")
        fitted = self.recipe.fitted
        if self._recipe_scorer.calibrated and fitted is not None and fitted.precision != self.meter.precision:
            flags.append(f"fitted in {fitted.precision}")
        if self._unserved:
            flags.append(f"computed by {TORCH}")
        if self._recipe_scorer.calibrated and fitted is not None and fitted.runtime not in (None, self._runtime):
            flags.append(f"fitted by {fitted.runtime}")
        view = self.recipe.fitted_view
        if self._recipe_scorer.calibrated and sizes and images.viewed_size(sizes.given, view) != sizes.judged:
            flags.append(f"fitted with the view {written_view(view)}")
        if not self._recipe_scorer.calibrated:
            flags.append("uncalibrated")
        scored = ImageScore()
        if not errors:
            try:
                scored = self._recipe_scorer.score(
                    np.array([item.similarity for item in measurements], dtype=np.float64)
                )
            except VeiqaError as error:
                errors = [str(error)]
        if scored.novelty is not None and scored.novelty > LIMIT:
            flags.append(UNFAMILIAR)
        return Result(
            image=name,
            score=scored.score,
            similarities={item.key: item.similarity for item in measurements[:branches]},
            methods={item.key: item.similarity for item in measurements[branches:]},
            flags=tuple(flags),
            error=f"{images.display_name(name)}: {'; '.join(errors)}{_as_judged(sizes)}" if errors else None,
            recipe=self._label,
            interval=scored.interval,
            scale=self._recipe_scorer.scale,
            distortion=scored.distortion,
            novelty=scored.novelty,
            heatmaps=pictures.heatmaps,
            quality_map=pictures.quality_map,
            **_place(source),
            size=None if sizes is None else sizes.given,
            judged_size=None if sizes is None else sizes.judged,
        )


def _as_judged(sizes: images.Sizes | None) -> str:
    """What is to be known of an image that failed: whether it was reduced before."""
    if sizes is None or not sizes.reduced:
        return ""
    (width, height), (full_width, full_height) = sizes.judged, sizes.given
    return f" (judged at {width}x{height} of {full_width}x{full_height}; with the view native all of it is seen)"


def _reopened(recipe: str, name: str, device: Device, store: Path | None) -> Scorer:
    """A scorer as another process made it."""
    loaded = recipe_files.loads(recipe, "a scorer's recipe", name)
    kept = None if store is None else Store(store)
    return Scorer(loaded, device=device.name, precision=device.precision, runtime=device.runtime, store=kept)


def _place(source: images.Source) -> dict[str, Any]:
    """Where an image is, as fields of its result."""
    if is_url(source):
        return {"url": str(source)}
    return {"path": Path(source)} if isinstance(source, str | Path) else {}
