"""The explainer ``scorecam``."""

import torch
from torch.nn import functional as F


class ScoreCam:
    """Channels weighted by the softmax of the target's gain where each, laid over the image as a mask, responds."""

    def __init__(self, params):
        self.params = params

    def explain(self, view):
        """The VEI ``[N, h, w]``, zero or above."""
        activations, images = view.activations(), view.images
        count = min(self.params.channels, activations.shape[1])
        strongest = activations.flatten(2).mean(2).topk(count, dim=1).indices
        with torch.no_grad():
            before = view.forward(torch.zeros_like(images))
            maps = [self._one(view, index, activations, strongest, images, before) for index in range(len(images))]
        return torch.stack(maps)

    def _one(self, view, index, activations, strongest, images, before):
        """The map ``[h, w]`` of one image; a pass sees the whole batch, as the target is one an image."""
        chosen = activations[index, strongest[index]]
        masks = F.interpolate(chosen[None], size=images.shape[2:], mode="bilinear", align_corners=False)[0]
        low, high = masks.amin((1, 2), keepdim=True), masks.amax((1, 2), keepdim=True)
        masks = (masks - low) / (high - low).clamp(min=1e-8)
        gains = []
        for part in masks.split(self.params.batch):
            tried = images.repeat(len(part), 1, 1, 1)
            tried[index :: len(images)] *= part[:, None]
            gains.append(view.forward(tried)[index :: len(images)] - before[index])
        weights = torch.cat(gains).softmax(dim=0)
        return (weights[:, None, None] * chosen).sum(dim=0).relu()
