"""The PRI generator ``shake``."""

import math

import numpy as np
import torch
from torch.nn import functional as F

STEPS = 256


class Shake:
    """Blur along a random path whose direction drifts; which path depends on the image's seed alone."""

    def __init__(self, params):
        self.length = params.length

    def generate(self, images, seeds):
        """Images ``[N, 3, H, W]`` in [0, 1], blurred; whole multiples of 1/255, as in an 8-bit file."""
        made = torch.cat([self._blurred(image[None], seed) for image, seed in zip(images, seeds, strict=True)])
        return (made * 255).round() / 255

    def _blurred(self, image, seed):
        kernel = torch.from_numpy(path_kernel(self.length, np.random.default_rng(seed))).float()
        reach = len(kernel) // 2
        padded = F.pad(image, [reach] * 4, mode="replicate")
        weights = kernel.expand(3, 1, *kernel.shape)
        return F.conv2d(padded, weights, groups=3).clamp(0, 1)


def path_kernel(length, random):
    """How long the camera stays at each place: ``[K, K]``, K odd, of sum 1."""
    turns = random.normal(0, 3 / math.sqrt(STEPS), STEPS).cumsum() + random.uniform(0, 2 * math.pi)
    path = np.stack([np.cos(turns), np.sin(turns)]).cumsum(axis=1) * length / STEPS
    path -= path.mean(axis=1, keepdims=True)
    reach = math.ceil(abs(path).max()) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    low = np.floor(path).astype(int)
    share = path - low
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = abs(1 - down - share[1]) * abs(1 - right - share[0])
        np.add.at(kernel, (low[1] + down + reach, low[0] + right + reach), weight)
    return kernel / kernel.sum()
