"""WaDIQaM-NR: a deep network that says the quality of patches, and how much each counts."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from veiqa_core.contracts import canonical

from .deep import DeepMethod, Pooled

WIDTHS = (3, 32, 64, 128, 256, 512)
_LEAST_WEIGHT = 1e-6
_SCALE = 100.0  # of the qualities inside; scores are shares of it


class WadiqamNetwork(Pooled):
    """Ten convolutions and two heads of two layers: 5,238,562 parameters.

    Five pairs of 3x3 convolutions, each followed by a rectifier and each pair by max-pooling, leave 512 numbers of a
    patch. The score is the mean of the patches' qualities, weighted by the second head's output, which a rectifier and
    a small constant keep positive. The loss is the absolute error of the images' scores.
    """

    schedule: ClassVar = {"epochs": 3000, "samples": 32, "batch": 4, "rate": 1e-4}

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(WIDTHS):
            for channels in (narrow, wide):
                layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.quality, self.weight = _head(), _head()
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)
        for head, begin in ((self.quality, _SCALE / 2), (self.weight, 0.5)):  # in the middle, all patches alike
            weight, bias = head[-1].parameters()
            nn.init.zeros_(weight)
            nn.init.constant_(bias, begin)

    def prepared(self, image: Tensor) -> Tensor:
        """The image itself, RGB from 0 to 255 as in the authors' program."""
        return canonical(image.float() * 255)

    def judged(self, pieces: Tensor) -> Tensor:
        """The quality and the weight ``[M, 2]`` of each patch ``[M, 3, 32, 32]``."""
        features = self.features(pieces)
        return torch.cat([self.quality(features) / _SCALE, F.relu(self.weight(features)) + _LEAST_WEIGHT], dim=1)

    def pooled(self, judged: Tensor) -> Tensor:
        """The weighted mean over patches."""
        quality, weight = judged.unbind(-1)
        return (weight * quality).sum(1) / weight.sum(1)

    def losses(self, pieces: Tensor, quality: Tensor) -> Tensor:
        """The absolute error ``[N]`` of each image's score."""
        return (self.scores(pieces) - quality).abs()


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(WIDTHS[-1], 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 1))


class WadiqamNr(DeepMethod):
    """The network of Bosse, Maniry, Mueller, Wiegand and Samek (IEEE TIP 27(1), 2018), with weights that ``veiqa
    finetune`` trained.

    An image is scored by all its patches of 32x32 side by side from the top left, as the authors' program does.
    """

    name = "wadiqam-nr"
    network = WadiqamNetwork
