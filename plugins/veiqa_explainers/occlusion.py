"""Occlusion maps, by captum."""

from __future__ import annotations

import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor

from veiqa_core.api import UsageError
from veiqa_core.contracts import View

from .plugin import OcclusionParams


class Occlusion:
    """How much the target falls when a grey square covers a place, averaged over the squares that cover it.

    Source: Zeiler and Fergus, ECCV 2014, section 4.2; captum's implementation, its perturbations in batches.

    Raises:
        UsageError: the stride is larger than the window, which would leave pixels uncovered.
    """

    def __init__(self, params: OcclusionParams) -> None:
        if params.stride > params.window:
            raise UsageError(f"explainer 'occlusion': stride {params.stride} must be at most window {params.window}")
        self.params = params

    def explain(self, view: View) -> Tensor:
        """The map ``[N, H, W]`` at the input's size; values of both signs."""
        images = view.images
        channels, height, width = images.shape[1:]
        window = (channels, min(self.params.window, height), min(self.params.window, width))
        with torch.no_grad():
            attributions: Tensor = CaptumOcclusion(view.forward).attribute(
                images,
                sliding_window_shapes=window,
                strides=(channels, min(self.params.stride, window[1]), min(self.params.stride, window[2])),
                baselines=self.params.fill,
                perturbations_per_eval=self.params.batch,
            )
        return attributions[:, 0].float()  # the window spans the channels, which are therefore equal
