"""The hooks of VEIQA. A plugin implements any of them; each returns :class:`veiqa_core.api.Component` records, or
:class:`veiqa_core.api.Resource` records for files.

A hook runs when plugins are registered, so it must be quick and import nothing heavy: the code behind a record is named
by its ``factory`` and imported at first use.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ..api import Component, Resource

hookspec = pluggy.HookspecMarker("veiqa")


@hookspec
def veiqa_pri_generators() -> Iterable[Component]:  # type: ignore[empty-body]
    """PRI generators: make a pseudo-reference image by degrading the input further.

    The factory gives a :class:`veiqa_core.contracts.PriGenerator`::

        @hookimpl
        def veiqa_pri_generators():
            yield Component(
                name="box-blur",
                summary="Mean of a square.",
                factory="my_plugin.blur:BoxBlur",
                requires=("torch",),
                traits={"distortion": "GB"},
            )
    """


@hookspec
def veiqa_feature_extractors() -> Iterable[Component]:  # type: ignore[empty-body]
    """Feature extractors: open a pretrained network whose layers can be explained.

    The factory gives a :class:`veiqa_core.contracts.FeatureExtractor`::

        @hookimpl
        def veiqa_feature_extractors():
            yield Component(name="my-net", summary="My network.", factory="my_plugin.net:MyNet", requires=("torch",))
    """


@hookspec
def veiqa_explainers() -> Iterable[Component]:  # type: ignore[empty-body]
    """Explainers: turn what a network sees in an image into a visual explanation image (VEI).

    The factory gives an :class:`veiqa_core.contracts.Explainer`. Traits: ``space`` says whether the map lives at a
    layer or at the input, ``uses`` what it asks of the view::

        @hookimpl
        def veiqa_explainers():
            yield Component(
                name="mean-activation",
                summary="Mean of the activations.",
                factory="my_plugin.mean:MeanActivation",
                requires=("torch",),
                traits={"space": "layer", "uses": ("activations",)},
            )
    """


@hookspec
def veiqa_similarity_metrics() -> Iterable[Component]:  # type: ignore[empty-body]
    """Similarity metrics: compare the VEI of the PRI with the VEI of the input.

    The factory gives a :class:`veiqa_core.contracts.SimilarityMetric`. Traits: ``similar`` ('high' or 'low'),
    ``bounds``, ``identity`` ('max', 'min' or a number), ``symmetric``; optionally ``min_size``, ``batch`` and
    ``image``::

        @hookimpl
        def veiqa_similarity_metrics():
            yield Component(
                name="mae",
                summary="Mean absolute error.",
                factory="my_plugin.mae:Mae",
                requires=("torch",),
                traits={"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True},
            )
    """


@hookspec
def veiqa_methods() -> Iterable[Component]:  # type: ignore[empty-body]
    """Methods: whole no-reference indices, which need neither a pseudo-reference image nor a network.

    The factory gives a :class:`veiqa_core.contracts.Method`. Traits: ``better`` ('high', 'low' or 'none') which way its
    values are better, ``bounds``, ``min_size``; ``outputs`` names its values where they are not one of its own name::

        @hookimpl
        def veiqa_methods():
            yield Component(
                name="contrast",
                summary="Standard deviation of the grey values.",
                factory="my_plugin.contrast:Contrast",
                requires=("torch",),
                traits={"better": "high", "bounds": (0, 1), "min_size": 1},
            )
    """


@hookspec
def veiqa_score_mappers() -> Iterable[Component]:  # type: ignore[empty-body]
    """Score mappers: map the similarities of a recipe's branches to one quality score, higher being better.

    The factory gives a :class:`veiqa_core.contracts.ScoreMapper`. Traits: ``fitted`` says whether it must be fitted
    first, ``branches`` ('one' or 'many') how many similarities it takes, ``contents`` that ``fit`` has a keyword
    argument of that name: what each image shows, ``names`` likewise: how the values are called. Each is left out where
    it is not known::

        @hookimpl
        def veiqa_score_mappers():
            yield Component(
                name="median",
                summary="Median of the negated similarities.",
                factory="my_plugin.median:Median",
                requires=("numpy",),
                traits={"fitted": False, "branches": "many"},
            )
    """


@hookspec
def veiqa_distortion_classifiers() -> Iterable[Component]:  # type: ignore[empty-body]
    """Distortion classifiers: predict the likely distortion of an image from the similarities of a recipe's branches.

    The factory gives a :class:`veiqa_core.contracts.DistortionClassifier`::

        @hookimpl
        def veiqa_distortion_classifiers():
            yield Component(
                name="nearest",
                summary="The type of the nearest similarities.",
                factory="my_plugin.nearest:Nearest",
                requires=("numpy",),
            )
    """


@hookspec
def veiqa_datasets() -> Iterable[Component]:  # type: ignore[empty-body]
    """Datasets: read the official layout of rated images.

    The factory gives a :class:`veiqa_core.contracts.Dataset`. Traits: ``home`` says where the data can be had,
    ``score_type`` ('mos', 'dmos' or 'file') and ``range`` what the scores mean, ``images``, ``references`` and
    ``distortions`` what a whole release holds::

        @hookimpl
        def veiqa_datasets():
            yield Component(
                name="my-set",
                summary="My ratings.",
                factory="my_plugin.data:MySet",
                traits={"home": "https://example.org", "score_type": "mos", "range": (1, 5)},
            )
    """


@hookspec
def veiqa_search_strategies() -> Iterable[Component]:  # type: ignore[empty-body]
    """Search strategies: decide which candidates of a search are measured on how many images.

    The factory gives a :class:`veiqa_core.contracts.SearchStrategy`. The trait ``budget`` ('none', 'optional' or
    'required') says whether it takes a number of candidates::

        @hookimpl
        def veiqa_search_strategies():
            yield Component(
                name="first",
                summary="The first candidates of the space.",
                factory="my_plugin.first:First",
                traits={"budget": "required"},
            )
    """


@hookspec
def veiqa_controls() -> Iterable[Component]:  # type: ignore[empty-body]
    """Controls: what the winner of a search is held against, with a part of the method left out.

    The factory gives a :class:`veiqa_core.contracts.Control`::

        @hookimpl
        def veiqa_controls():
            yield Component(
                name="vei-maximum",
                summary="Largest value of the VEI.",
                factory="my_plugin.maximum:VeiMaximum",
            )
    """


@hookspec
def veiqa_recipes() -> Iterable[Resource]:  # type: ignore[empty-body]
    """Recipes, recipe sets and search spaces: TOML files in a package of the plugin, used by name as ``--recipe NAME``
    or ``--space NAME``::

        @hookimpl
        def veiqa_recipes():
            yield Resource(name="my-recipe", summary="What it is for.", package="my_plugin", file="my-recipe.toml")
            yield Resource(
                kind="space",
                name="my-space",
                summary="What is tried.",
                package="my_plugin",
                file="my-space.toml",
            )
    """
