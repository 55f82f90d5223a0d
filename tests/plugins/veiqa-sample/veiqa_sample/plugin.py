"""Records of the components. Light: neither numpy nor torch is imported here."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, Resource, hookimpl, param, params, target_param

VEIQA_API = (2, 0)


@params
class ContrastParams:
    """Of the contrast PRI."""

    factor: float = param(default=0.5, help="What remains of the contrast.", gt=0, lt=1, search=(0.25, 0.5))


@params
class GradientNormParams:
    """Of the gradient-norm explainer."""

    target: int | str = target_param()


@hookimpl
def veiqa_pri_generators() -> Iterator[Component]:
    """One PRI generator."""
    yield Component(
        name="low-contrast",
        summary="The image with its contrast lowered.",
        factory="veiqa_sample.components:LowContrast",
        params=ContrastParams,
        requires=("torch",),
    )


@hookimpl
def veiqa_feature_extractors() -> Iterator[Component]:
    """One extractor."""
    yield Component(
        name="edges",
        summary="A fixed bank of edge filters with a pooled linear head.",
        factory="veiqa_sample.components:Edges",
        requires=("torch",),
    )


@hookimpl
def veiqa_explainers() -> Iterator[Component]:
    """One explainer."""
    yield Component(
        name="gradient-norm",
        summary="Norm of the target's gradient over the channels.",
        factory="veiqa_sample.components:GradientNorm",
        params=GradientNormParams,
        requires=("torch",),
        traits={"space": "layer", "uses": ("gradients",)},
    )


@hookimpl
def veiqa_similarity_metrics() -> Iterator[Component]:
    """One metric."""
    yield Component(
        name="mae",
        summary="Mean absolute error.",
        factory="veiqa_sample.components:MeanAbsoluteError",
        requires=("torch",),
        traits={"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True, "image": "rgb"},
        known_values="veiqa_sample.components:known_errors",
    )


@hookimpl
def veiqa_score_mappers() -> Iterator[Component]:
    """One mapper."""
    yield Component(
        name="median",
        summary="Median of the negated similarities.",
        factory="veiqa_sample.components:Median",
        requires=("numpy",),
        traits={"fitted": False, "branches": "many"},
    )


@hookimpl
def veiqa_datasets() -> Iterator[Component]:
    """One dataset."""
    yield Component(
        name="scored-names",
        summary="Images whose names hold content and score, such as harbour_73.png.",
        factory="veiqa_sample.components:ScoredNames",
        traits={"home": "a folder of your own", "score_type": "mos", "range": (0, 100)},
    )


@hookimpl
def veiqa_distortion_classifiers() -> Iterator[Component]:
    """One distortion classifier."""
    yield Component(
        name="nearest-mean",
        summary="The type whose mean similarities are nearest.",
        factory="veiqa_sample.components:NearestMean",
        requires=("numpy",),
    )


@hookimpl
def veiqa_search_strategies() -> Iterator[Component]:
    """One search strategy."""
    yield Component(
        name="first",
        summary="The first candidates of the space.",
        factory="veiqa_sample.components:First",
        traits={"budget": "required"},
    )


@hookimpl
def veiqa_controls() -> Iterator[Component]:
    """One control."""
    yield Component(
        name="vei-maximum",
        summary="Largest value of the VEI.",
        factory="veiqa_sample.components:VeiMaximum",
        requires=("torch",),
    )


@hookimpl
def veiqa_recipes() -> Iterator[Resource]:
    """One recipe, and one search space."""
    yield Resource(name="edges-mae", summary="Edges and errors.", package="veiqa_sample", file="edges-mae.toml")
    yield Resource(
        kind="space", name="edges", summary="All of this plugin.", package="veiqa_sample", file="edges-space.toml"
    )
