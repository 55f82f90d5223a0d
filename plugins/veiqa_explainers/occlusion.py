"""Occlusion maps."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator

import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor

from veiqa_core.api import UsageError
from veiqa_core.contracts import View

from .incremental import Incremental, UnsoundError, Window
from .plugin import OcclusionParams

_BATCH, _CPU_BATCH = 8, 1  # a CPU takes longer for each image of a batch than for one


class Occlusion:
    """How much the target falls when a grey square covers a place, averaged over the squares that cover it.

    Where the network allows it, only what a square changes is computed anew; elsewhere captum computes whole passes,
    several perturbations in a batch. Both give the same to within rounding.

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
        window = (min(self.params.window, images.shape[2]), min(self.params.window, images.shape[3]))
        with torch.no_grad():
            places = list(self._places((images.shape[2], images.shape[3]), window))
            incremental = Incremental(view, window, len(places), self.params.fill)
            if incremental.sound:
                with contextlib.suppress(UnsoundError):  # not all windows need be as those that were tried out
                    return _piecewise(view, incremental, places)
            return self._whole(view, window)

    def _places(self, image: tuple[int, int], window: tuple[int, int]) -> Iterator[Window]:
        """Where the squares lie."""
        starts = [
            range(0, side - length + self.params.stride, self.params.stride)
            for side, length in zip(image, window, strict=True)
        ]
        for top, left in itertools.product(*starts):
            yield Window(top, left, min(window[0], image[0] - top), min(window[1], image[1] - left))

    def _whole(self, view: View, window: tuple[int, int]) -> Tensor:
        images = view.images
        channels = images.shape[1]
        attributions: Tensor = CaptumOcclusion(view.forward).attribute(
            images,
            sliding_window_shapes=(channels, *window),
            strides=(channels, min(self.params.stride, window[0]), min(self.params.stride, window[1])),
            baselines=self.params.fill,
            perturbations_per_eval=self.params.batch or (_CPU_BATCH if images.device.type == "cpu" else _BATCH),
        )
        return attributions[:, 0].float()  # the window spans the channels, which are therefore equal


def _piecewise(view: View, incremental: Incremental, places: Iterable[Window]) -> Tensor:
    images = view.images
    total = torch.zeros(len(images), *images.shape[2:], dtype=torch.float64)
    covered = torch.zeros(images.shape[2:], dtype=torch.float64)
    unchanged = view.forward(images).double()
    for place in places:
        fall = (unchanged - incremental.target(place).double()).cpu()
        rows, columns = slice(place.top, place.top + place.height), slice(place.left, place.left + place.width)
        total[:, rows, columns] += fall[:, None, None]
        covered[rows, columns] += 1
    return (total / covered).float()
