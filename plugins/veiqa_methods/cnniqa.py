"""CNNIQA: a small convolutional network that scores patches of the locally normalised grey image."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .common import Array, grey, levels, smooth
from .deep import DeepMethod, Pooled

_WINDOW = np.full(7, 1 / 7)  # P = Q = 3
_CONSTANT = 10.0  # C, of levels from 0 to 255
KERNELS, NODES = 50, 800


class CnniqaNetwork(Pooled):
    """One convolution, its largest and smallest responses, and two layers of 800 nodes: 724,901 parameters.

    The loss is the mean absolute error of the patches, each of which has its image's quality.
    """

    schedule: ClassVar = {"epochs": 40, "samples": 64, "batch": 8, "rate": 1e-3}

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, KERNELS, 7)
        self.first = nn.Linear(2 * KERNELS, NODES)
        self.second = nn.Linear(NODES, NODES)
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Linear(NODES, 1)

    def prepared(self, image: Tensor) -> Tensor:
        """The locally normalised grey levels ``[1, H, W]``."""
        return torch.from_numpy(normalised(grey(levels(image)))).float()[None]

    def judged(self, pieces: Tensor) -> Tensor:
        """The quality ``[M, 1]`` of each patch ``[M, 1, 32, 32]``."""
        responses = self.convolution(pieces)
        pooled = torch.cat([responses.amax((2, 3)), responses.amin((2, 3))], dim=1)
        hidden = F.relu(self.second(F.relu(self.first(pooled))))
        quality: Tensor = self.last(self.dropout(hidden))
        return quality

    def pooled(self, judged: Tensor) -> Tensor:
        """The mean over patches."""
        return judged[..., 0].mean(1)

    def losses(self, pieces: Tensor, quality: Tensor) -> Tensor:
        """The mean absolute error ``[N]`` of each image's patches."""
        return (self._judged(pieces)[..., 0] - quality[:, None]).abs().mean(1)


class Cnniqa(DeepMethod):
    """The network of Kang, Ye, Li and Doermann (CVPR 2014), with weights that ``veiqa finetune`` trained.

    Weights trained on LIVE come with VEIQA.

    Patches of 32x32 lie side by side from the top left. The window of the normalisation is 7x7, the border mirrored
    with the edge repeated, and its constant 10; the grey is that of MATLAB.
    """

    name = "cnniqa"
    network = CnniqaNetwork
    trained = True


def normalised(values: Array) -> Array:
    """Grey levels ``[H, W]`` with the mean of a 7x7 window subtracted, divided by its deviation plus 10."""
    mean = smooth(values, _WINDOW, "symmetric")
    variance = smooth(values * values, _WINDOW, "symmetric") - mean * mean
    result: Array = (values - mean) / (np.sqrt(np.maximum(variance, 0)) + _CONSTANT)
    return result
