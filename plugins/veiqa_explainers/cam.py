"""The class activation maps of a layer. Grad-CAM, Grad-CAM++ and HiResCAM share one forward and one backward pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from veiqa_core.api import IncompatibleError
from veiqa_core.contracts import Network, Target, View

from .plugin import CamParams, TargetParams


class GradCam:
    """ReLU of the channels' sum, each weighted by the spatial mean of its gradient.

    Source: Selvaraju et al., ICCV 2017, eq. 1-2 (Ahmed et al. 2024, eq. 4-5).
    """

    def __init__(self, params: TargetParams) -> None:
        self.params = params

    def explain(self, view: View) -> Tensor:
        """The map ``[N, h, w]`` of the view's layer, zero or above."""
        weights = view.gradients().mean(dim=(2, 3), keepdim=True)
        return (weights * view.activations()).sum(dim=1).relu()


class GradCamPlusPlus:
    """Grad-CAM with weights that sum the positive gradients, each by the share alpha of its position.

    For a target exp(S), the second and third derivatives are the square and cube of dS/dA times exp(S); that common
    factor cancels in alpha and is left out of the weights. Where the denominator of alpha is zero it counts as one.

    Source: Chattopadhay et al., WACV 2018, eq. 5 (weights) and 19 (alpha).
    """

    def __init__(self, params: TargetParams) -> None:
        self.params = params

    def explain(self, view: View) -> Tensor:
        """The map ``[N, h, w]`` of the view's layer, zero or above."""
        gradients, activations = view.gradients(), view.activations()
        squares = gradients.square()
        denominator = 2 * squares + activations.sum(dim=(2, 3), keepdim=True) * squares * gradients
        alpha = squares / torch.where(denominator == 0, 1.0, denominator)
        weights = (alpha * gradients.relu()).sum(dim=(2, 3), keepdim=True)
        return (weights * activations).sum(dim=1).relu()


class HiResCam:
    """ReLU of the channels' sum of gradient times activation, without averaging the gradient first.

    Source: Draelos and Carin, arXiv:2011.08891; the ReLU is Grad-CAM's, so that the two can be compared.
    """

    def __init__(self, params: TargetParams) -> None:
        self.params = params

    def explain(self, view: View) -> Tensor:
        """The map ``[N, h, w]`` of the view's layer, zero or above."""
        return (view.gradients() * view.activations()).sum(dim=1).relu()


class Cam:
    """The channels' sum, each weighted by the class's weight in the linear head; values of both signs.

    Source: Zhou et al., CVPR 2016, eq. 2.
    """

    def __init__(self, params: CamParams) -> None:
        self.params = params

    def check(self, network: Network, layer: str) -> None:
        """Raise :class:`IncompatibleError` unless the layer feeds pooling and one linear layer."""
        if network.linear_head is None:
            raise IncompatibleError(
                f"explainer 'cam' needs a head of pooling and one linear layer; {network.name} has none"
            )
        if layer != network.default_layer:
            raise IncompatibleError(
                f"explainer 'cam' explains the layer before the head, {network.default_layer!r}, not {layer!r}"
            )

    def explain(self, view: View) -> Tensor:
        """The map ``[N, h, w]`` of the last layer."""
        return self.explain_targets(view, [view.target])[0]

    def explain_targets(self, view: View, targets: Sequence[Target]) -> list[Tensor]:
        """The map ``[N, h, w]`` of the last layer for each target; a product of its own for each."""
        self.check(view.network, view.layer)
        head, activations = view.network.linear_head, view.activations()
        assert head is not None
        return [torch.einsum("nc,nchw->nhw", head[target.classes], activations) for target in targets]
