"""Run by ``test_layouts.py``: the same values in every layout, and alone as in a batch, must give the same bits.

Prints a line for whatever gives others, and then which instructions and how many threads torch used.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import veiqa_metrics
from veiqa_classifiers.plugin import veiqa_distortion_classifiers
from veiqa_core import Recipe, Scorer
from veiqa_core.contracts import ScoreMapper
from veiqa_core.evaluation import agreement
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.measuring.branches.comparison import prepare
from veiqa_core.recipes.recipe import Branch, Choice, Provenance
from veiqa_core.scoring.mapping import predicted
from veiqa_core.searching.objective import NAMES, Objective
from veiqa_mappers.plugin import veiqa_score_mappers
from veiqa_metrics.plugin import veiqa_similarity_metrics

SMALL = Choice("tiny")
ALONE = ((3, 51, 49), (2, 3, 60, 53))
SHARED = ((1, 1, 190, 180),)
"""Shapes of maps and images: too small for threads to share, and large enough."""
Array = NDArray[Any]
failed: list[str] = []


def tensors(values: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The values in other layouts."""
    last = values.ndim - 1
    for offset in (1, 3, 5):
        yield f"{offset} values into memory", _put(values, torch.empty(values.numel() + 8)[offset:][: values.numel()])
    yield "transposed", values.mT.contiguous().mT
    yield "first side last", values.movedim(0, -1).contiguous().movedim(-1, 0)
    yield "every second value", _put(values, torch.empty(*values.shape[:-1], 2 * values.shape[-1] + 1)[..., 1::2])
    larger = torch.empty(*(side + 5 for side in values.shape))
    yield "cut out", _put(values, larger[tuple(slice(3, 3 + side) for side in values.shape)])
    yield "flipped copy", values.flip(last).contiguous().flip(last)
    yield (
        "strides of short sides",
        values.as_strided(
            values.shape, [7 if side == 1 else step for side, step in zip(values.shape, values.stride(), strict=True)]
        ),
    )
    yield "a view of the negative", torch.complex(torch.zeros_like(values), -values).conj().imag
    if values.ndim == 4:
        yield "channels last", values.clone(memory_format=torch.channels_last)
        yield "channels last of the memory", values.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)


def _put(values: Tensor, memory: Tensor) -> Tensor:
    place = _as(memory, values.dtype)
    place = place.view(values.shape) if place.ndim == 1 and values.ndim > 1 else place
    return place.copy_(values)


def _as(memory: Tensor, kind: torch.dtype) -> Tensor:
    """Memory laid out as another, of another type."""
    base = torch.empty(memory.untyped_storage().nbytes() // 4, dtype=kind)
    return base.as_strided(memory.shape, memory.stride(), memory.storage_offset())


def arrays(values: Array) -> Iterator[tuple[str, Array]]:
    """The values in other layouts."""
    yield "Fortran's order", np.asfortranarray(values)
    yield "another byte order", values.astype(values.dtype.newbyteorder())
    for axis in range(values.ndim):
        yield f"axis {axis} backwards", np.flip(np.flip(values, axis).copy(), axis)
        wider = np.zeros(tuple(side * (2 if own == axis else 1) for own, side in enumerate(values.shape)), values.dtype)
        spaced = wider[tuple(slice(None, None, 2 if own == axis else 1) for own in range(values.ndim))]
        spaced[...] = values
        yield f"every second along axis {axis}", spaced
    for offset in (1, 4, values.itemsize, 5 * values.itemsize):
        odd: Array = np.ndarray(values.shape, values.dtype, buffer=bytearray(values.nbytes + 64), offset=offset)
        odd[...] = values
        yield f"{offset} bytes into memory", odd
    frozen = values.copy()
    frozen.flags.writeable = False
    yield "read only", frozen


def check(what: str, canonical: Any, others: Iterator[tuple[str, Any]], measure: Callable[[Any], Any]) -> None:
    """That ``measure`` gives the same bits of all."""
    due = _bits(measure(canonical))
    failed.extend(f"{what}: {layout}" for layout, other in others if _bits(measure(other)) != due)


def _bits(value: Any) -> bytes:
    return bytes(np.ascontiguousarray(value).tobytes())


def build(component: Any) -> Any:
    module, _, name = component.factory.partition(":")
    return getattr(importlib.import_module(module), name)(component.params())


def metrics() -> None:
    """On maps and images, as classes and functions."""
    rng = torch.Generator().manual_seed(0)
    for component in veiqa_similarity_metrics():
        if "image" not in component.traits:
            continue
        metric, name = build(component), component.name

        def compare(pair: tuple[Tensor, Tensor], metric: Any = metric) -> Tensor:
            values: Tensor = (metric.compare if pair[0].ndim == 3 else metric.compare_images)(*pair)
            return values

        for shape in SHARED if torch.get_num_threads() > 1 else (*ALONE, *SHARED):
            x, y = torch.rand(2, *shape, dtype=torch.float64, generator=rng)
            layouts = (
                (reported, (own, other)) for (reported, own), (_, other) in zip(tensors(x), tensors(y), strict=True)
            )
            check(
                f"{name} of {shape}", (x, y), itertools.islice(layouts, None, None, 1 if shape[0] > 1 else 4), compare
            )
            together = torch.cat([x, y]), torch.cat([y, x])
            alone = [compare((a[None], b[None])) for a, b in zip(*together, strict=True)]
            if not torch.equal(compare(together), torch.cat(alone)):
                failed.append(f"{name} of {shape}: in a batch")
        flat = x[:, 0, :, :1].expand(-1, -1, 180)
        check(f"{name} of maps", flat.clone(), iter([("expanded", flat)]), lambda maps: compare((maps, y[:, 0])))  # noqa: B023
        function, a = getattr(veiqa_metrics, name), x[..., :60, :53].expand(-1, 3, -1, -1)
        b = torch.rand(a.shape, dtype=torch.float64, generator=rng)
        check(name, a.contiguous(), iter([("expanded", a)]), lambda images: function(images, b))  # noqa: B023
        levels = (255 * b[0]).byte().permute(1, 2, 0).numpy().copy()
        first = np.ascontiguousarray(levels[::-1])
        forms = [*arrays(first), ("16 bits", first.astype(np.uint16) * 257), ("floats", first / 255)]
        check(f"{name} of arrays", first, iter(forms), lambda array: function(array, levels))  # noqa: B023


def mappers() -> None:
    """Mappers, classifiers and figures of agreement."""
    rng = np.random.default_rng(0)
    for component in veiqa_score_mappers():
        count = 1 if component.traits["branches"] == "one" else 9
        x = rng.uniform(10, 50, (30, count))
        y = 90 - x.mean(axis=1) + rng.normal(0, 1, 30)

        def fitted(x: Array, y: Array, component: Any = component) -> ScoreMapper:
            mapper: ScoreMapper = build(component)
            mapper.fit(x, y)
            return mapper

        mapper, part = fitted(x, y), installed().part("mapper", f"veiqa:{component.name}")
        pairs = zip(list(arrays(x))[::2], list(arrays(y)) * 2, strict=False)
        layouts = ((name, (own, other)) for (name, own), (_, other) in pairs)
        check(f"fit of {component.name}", (x, y), layouts, lambda pair: _answer(fitted(*pair), x))  # noqa: B023
        check(component.name, x, arrays(x), lambda x: _answer(mapper, x))  # noqa: B023
        check(f"{component.name} by the core", x, arrays(x), lambda x: predicted(part, mapper, x).score)  # noqa: B023
        alone = [mapper.predict(x[i : i + 1]).score[0] for i in range(len(x))]
        if alone != mapper.predict(x).score.tolist():
            failed.append(f"{component.name}: in a batch")
    x, kinds = rng.normal(0, 1, (90, 9)) + 3 * np.eye(9)[np.arange(90) % 3], ["GB", "WN", "JPEG"] * 30
    for component in veiqa_distortion_classifiers():

        def reported(x: Array, component: Any = component) -> Array:
            classifier = build(component)
            classifier.fit(x, kinds)
            return np.asarray(classifier.probabilities(x))

        check(component.name, x, itertools.islice(arrays(x), None, None, 5), reported)
    scores, quality = rng.normal(0, 1, (2, 20_000))
    for name, figure in agreement.FIGURES.items():
        check(name, scores, arrays(scores), lambda scores: figure(scores, quality))  # noqa: B023
    columns, part = rng.normal(0, 1, (300, 7)), installed().part("mapper", "veiqa:linear")
    for name in NAMES:
        objective = Objective(name, part)
        check(name, columns, arrays(columns), lambda x: objective.figures(x, quality[:300]))  # noqa: B023
        figures = [objective.figures(columns[:, i : i + 1], quality[:300])[0] for i in range(7)]
        if figures != objective.figures(columns, quality[:300]).tolist():
            failed.append(f"{name}: a column beside others")


def _answer(mapper: ScoreMapper, x: Array) -> Array:
    made = mapper.predict(x)
    return np.stack([made.score, made.low, made.high, mapper.sensitivity(x)[:, -1]])


def networks() -> None:
    """Images given to a scorer, a network and VEIs to be compared."""
    levels = np.random.default_rng(1).integers(0, 256, (64, 70, 3), dtype=np.uint8)
    explainers = ("gradcam", "saliency")
    branches = tuple(
        Branch(pri=Choice("mean-blur"), extractor=SMALL, explainer=Choice(name), metric=Choice(metric))
        for name, metric in zip(explainers, ("nae", "gmsd"), strict=True)
    )
    basis = Provenance("made", 9, (0, 100), ())
    recipe = Recipe("fitted", branches, Choice("linear"), {"coefficients": [50.0, 1.0, -2.0]}, basis)
    scorer = Scorer(recipe, device="cpu")

    def score(image: Any) -> Array:
        result = scorer.score(image)
        return np.array([result.score, *result.similarities.values()])

    check("score of an array", levels, itertools.islice(arrays(levels), None, None, 3), score)
    floats = levels.astype(np.float32) / np.float32(255)
    check("score of an array of floats", levels, iter([("floats", floats), *arrays(floats)]), score)
    planes = torch.from_numpy(floats).movedim(-1, 0).contiguous()
    check("score of a tensor", levels, iter([("a tensor", planes), *tensors(planes[None])]), score)
    grey = planes[:1]
    check("score of a grey tensor", grey, iter([("expanded", grey.expand(3, -1, -1)), ("a plane", grey[0])]), score)
    whole, part = read(levels), read(levels[10:60, 5:66])
    if not torch.equal(whole.crop(slice(10, 60), slice(5, 66)).pixels, part.pixels):
        failed.append("a crop")
    (network,) = scorer.meter.networks.values()
    with torch.no_grad():
        check("a network", planes[None], tensors(planes[None]), network)
    vei = torch.rand(1, 61, 53, generator=torch.Generator().manual_seed(2))
    for scale in ("pair", "map", "none"):
        given = {"scale": scale, "size": "input", "image": (90, 91), "min_size": 1}
        check("VEIs", vei, tensors(vei), lambda x: torch.stack(prepare(x, vei.flip(1), **given)))  # type: ignore[arg-type]  # noqa: B023


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    for part in (metrics,) if sys.argv[1] == "2" else (metrics, mappers, networks):
        part()
    print("\n".join(dict.fromkeys(failed)))
    print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())
