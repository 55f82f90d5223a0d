"""The protocols of the component kinds and the array conventions between them.

===============  =======================  ==========================================================================
name             type                     meaning
===============  =======================  ==========================================================================
image batch      float32 ``[N, 3, H, W]``  RGB in [0, 1]; a batch holds one size
VEI              float32 ``[N, h, w]``     finite, not rescaled: its magnitude carries information
similarity       float64 ``[N]``           what a metric returns between the PRI's VEI (x) and the input's VEI (y)
method's values  float64 ``[N, F]``       what a method gives: no pseudo-reference image, no network
score            float                    mapped quality, higher is always better
===============  =======================  ==========================================================================

Components are built as ``factory(params)``. They must leave their inputs and all global state (random generators, grad
mode, thread count) as they found them, and give the same output for the same input. The core gives them tensors and
arrays in one layout (:func:`canonical`, :func:`canonical_array`), which a component that is also called from elsewhere
asks for itself.
"""

from __future__ import annotations

from .layout import canonical, canonical_array
from .method import Method, PieceNetwork, TrainableMethod
from .rating import Dataset, KnownValue
from .ratings import RatedImage, Ratings
from .scoring import (
    DistortionClassifier,
    Explainer,
    ExplainerOfTargets,
    FeatureExtractor,
    FloatArray,
    Network,
    Prediction,
    PriGenerator,
    ScoreMapper,
    SimilarityMetric,
    Target,
    TunableExtractor,
    View,
)
from .searching import Control, Pair, Proposal, SearchStrategy, SearchTask
from .weights import WeightsProvider, WeightsStatus

__all__ = [
    "Control",
    "Dataset",
    "DistortionClassifier",
    "Explainer",
    "ExplainerOfTargets",
    "FeatureExtractor",
    "FloatArray",
    "KnownValue",
    "Method",
    "Network",
    "Pair",
    "PieceNetwork",
    "Prediction",
    "PriGenerator",
    "Proposal",
    "RatedImage",
    "Ratings",
    "ScoreMapper",
    "SearchStrategy",
    "SearchTask",
    "SimilarityMetric",
    "Target",
    "TrainableMethod",
    "TunableExtractor",
    "View",
    "WeightsProvider",
    "WeightsStatus",
    "canonical",
    "canonical_array",
]
