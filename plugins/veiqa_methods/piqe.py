"""PIQE: distortion of the blocks that are noticed."""

from __future__ import annotations

import numpy as np

from .common import Array, Index, gaussian, grey, normalised, patches
from .fits import ratio
from .records import PIQE_MIN_SIZE

SIDE = 16  # of a block
_ACTIVE = 0.1  # variance from which a block is noticed
_UNIFORM = 0.1  # deviation below which a part of an edge is an artefact
_PART = 6  # pixels of a part of an edge
_KERNEL = gaussian(7, 7 / 6)


class Piqe(Index):
    """The perception based image quality evaluator (Venkatanath et al., NCC 2015), as MATLAB's ``piqe`` computes it.

    It needs no training. Sides that are no multiples of 16 are filled up with the last row and column. In exactly flat
    areas coefficients are exactly 0 (:func:`veiqa_methods.common.normalised`). An image without a noticed block, such
    as a flat one, gets 100, as published.
    """

    outputs = ("piqe",)
    min_size = PIQE_MIN_SIZE

    def features(self, image: Array) -> Array:
        """The score ``[1]`` from 0 to 100 of an image ``[3, H, W]`` of levels; lower is better."""
        values = grey(image)
        height, width = values.shape
        values = np.pad(values, ((0, -height % SIDE), (0, -width % SIDE)), mode="edge")
        blocks = patches(normalised(values, _KERNEL, "replicate")[0], SIDE)
        variances = blocks.var(axis=(1, 2), ddof=1)
        blocks, variances = blocks[variances > _ACTIVE], variances[variances > _ACTIVE]
        total = (_impaired(blocks) * (1 - variances)).sum() + (_noisy(blocks, variances) * variances).sum()
        return np.array([100 * (total + 1) / (len(blocks) + 1)])


def _impaired(blocks: Array) -> Array:
    """Which blocks ``[B]`` have a nearly uniform part of an edge."""
    edges = np.stack([blocks[:, 0], blocks[:, -1], blocks[:, :, 0], blocks[:, :, -1]], axis=1)
    parts = np.lib.stride_tricks.sliding_window_view(edges, _PART, axis=2)
    impaired: Array = (parts.std(axis=-1, ddof=1) < _UNIFORM).any(axis=(1, 2)).astype(np.float64)
    return impaired


def _noisy(blocks: Array, variances: Array) -> Array:
    """Which blocks ``[B]`` look like noise: their middle columns vary as the others do.

    Of the others MATLAB leaves out the columns 8 and 10, because it numbers those that are left anew; so is it here.
    """
    centre = blocks[:, :, 7:9].std(axis=(1, 2), ddof=1)
    others = np.delete(blocks, (7, 9), axis=2).std(axis=(1, 2), ddof=1)
    spread = np.sqrt(variances)
    relative = np.nan_to_num(ratio(centre, others), nan=0.0, posinf=np.inf)
    beta = ratio(np.abs(spread - relative), np.maximum(spread, relative))
    return (spread > 2 * np.nan_to_num(beta, nan=1.0)).astype(np.float64)
