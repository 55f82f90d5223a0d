"""Maps of a layer's activations alone."""

from __future__ import annotations

import torch
from torch import Tensor

from veiqa_core.api import NoParams
from veiqa_core.contracts import View


class ActivationNorm:
    """Euclidean norm over the channels at each position: how strongly the layer responds, whatever the class.

    Source: Zagoruyko and Komodakis, ICLR 2017, section 3.1, for p = 2 and before the square.
    """

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def explain(self, view: View) -> Tensor:
        """The map ``[N, h, w]`` of the view's layer, zero or above."""
        norm: Tensor = torch.linalg.vector_norm(view.activations(), dim=1)
        return norm
