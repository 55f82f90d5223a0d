"""Occlusion maps, carried out by captum."""

from __future__ import annotations

import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor

from veiqa_core.api import UsageError
from veiqa_core.contracts import View

from .plugin import OcclusionParams

_BATCH, _CPU_BATCH = 8, 1  # a CPU takes longer for each image of a batch than for one


class Occlusion:
    """How much the target falls when a grey square covers a place, averaged over the squares that cover it.

    Source: Zeiler and Fergus, ECCV 2014, section 4.2; squares lie as captum lays them, the last ones cut at the border.

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
        channels, *size = images.shape[1:]
        window = [min(self.params.window, side) for side in size]
        with torch.no_grad():
            attributions: Tensor = CaptumOcclusion(view.forward).attribute(
                images,
                sliding_window_shapes=(channels, *window),
                strides=(channels, *(min(self.params.stride, side) for side in window)),
                baselines=self.params.fill,
                perturbations_per_eval=self.params.batch or (_CPU_BATCH if images.device.type == "cpu" else _BATCH),
            )
        return attributions[:, 0].float()  # the window spans the channels, which are therefore equal
