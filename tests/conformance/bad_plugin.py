"""Registration of components each of which breaks one rule, under the name of the check that must notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from veiqa_core.api import Component, NoParams, hookimpl, param, params

METRIC = {"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True}


@params
class Strength:
    size: int = param(default=3, help="How strong.", ge=1)


@params
class Searched:
    power: float = param(default=2.0, help="An exponent.", gt=0, search=(1.0, -2.0))


@attrs.frozen(kw_only=True)
class Drifting:
    level: float = attrs.field(
        default=1.0,
        converter=lambda value: float(value) + 1,
        metadata={"help": "Never twice the same.", "limits": [], "search": ()},
    )


def record(kind: str, name: str, traits: dict[str, Any] | None = None, cls: type = NoParams, **more: Any) -> Component:
    """A component whose class is called after kind and name."""
    factory = f"bad_components:{kind.title()}{''.join(part.title() for part in name.split('-'))}"
    given = {"summary": "It is tried.", "reference": "None.", **more}
    return Component(name=name, factory=factory, params=cls, traits=traits or {}, **given)


@hookimpl
def veiqa_pri_generators() -> Iterator[Component]:
    for name in ("good", "image", "input-untouched", "depends-on-image-and-seed-alone", "degrades"):
        yield record("pri", name)
    yield from (record("pri", name) for name in ("constant-image", "odd-sizes", "arbitrary-images"))
    yield record("pri", "strength", {"strength": ("size", 9, 1)}, Strength)


@hookimpl
def veiqa_feature_extractors() -> Iterator[Component]:
    for name in ("good", "network", "layers", "sizes", "gradients-reach-layers", "batch", "linear-head", "graph"):
        yield record("extractor", name)
    yield record("extractor", "tuning")


@hookimpl
def veiqa_explainers() -> Iterator[Component]:
    names = ("good", "map", "batch", "constant-image", "targets", "network-untouched")
    for name in (*names, "network-untouched-after-an-error"):
        yield record("explainer", name, {"space": "layer", "uses": ("activations",)})


@hookimpl
def veiqa_similarity_metrics() -> Iterator[Component]:
    yield from one()
    for name in ("values", "identity", "direction", "batch", "input-untouched", "sizes"):
        yield record("metric", name, METRIC)
    yield from (record("metric", name, METRIC) for name in ("arbitrary-maps", "arbitrary-maps-identity"))
    yield record("metric", "arbitrary-maps-bounds", {**METRIC, "bounds": (0, 1)})
    yield record("metric", "bounds", {**METRIC, "bounds": (0, 0.5)})
    yield record("metric", "symmetry", {**METRIC, "symmetric": False})
    yield record("metric", "images", {**METRIC, "image": "grey"})
    yield record("metric", "protocol", METRIC)
    yield record("metric", "described", METRIC, summary="no sentence")
    yield record("metric", "search-values", METRIC, Searched)
    yield record("metric", "parameters-survive-toml", METRIC, Drifting)
    yield record("metric", "same-in-another-process", METRIC)
    yield record("metric", "leaves-no-trace", METRIC)


def one() -> Iterator[Component]:
    """A single good one."""
    yield record("metric", "good", METRIC)


@hookimpl
def veiqa_methods() -> Iterator[Component]:
    names = ("good", "values", "outputs", "input-untouched", "any-batch", "any-layout", "constant-image", "odd-sizes")
    for name in (*names, "smallest-size", "arbitrary-images"):
        yield record("method", name, {"better": "high", "bounds": (0, None), "min_size": 5, "outputs": ("mean",)})


@hookimpl
def veiqa_score_mappers() -> Iterator[Component]:
    names = ("good", "fit-and-predict", "alone-and-in-a-batch", "state", "bad-state", "sensitivity", "too-few")
    for name in (*names, "input-untouched", "arbitrary-ratings"):
        yield record("mapper", name, {"fitted": True, "branches": "many"})


@hookimpl
def veiqa_distortion_classifiers() -> Iterator[Component]:
    for name in ("good", "probabilities", "state", "bad-state", "one-type"):
        yield record("classifier", name)


@hookimpl
def veiqa_datasets() -> Iterator[Component]:
    for name in ("missing-files-are-named", "ratings"):
        yield record("dataset", name, {"home": "nowhere", "score_type": "mos", "range": (0.0, 1.0)})


@hookimpl
def veiqa_search_strategies() -> Iterator[Component]:
    for name in ("good", "proposals", "budget", "same-again", "without-a-budget"):
        yield record("strategy", name, {"budget": "optional"})


@hookimpl
def veiqa_controls() -> Iterator[Component]:
    for name in ("good", "branch", "value"):
        yield record("control", name)
