"""Attributions of captum as explainers: what they say of each pixel, summed over its colours."""

import captum.attr
import torch


class Attribution:
    """An attribution of captum; subclasses say which, and with which options."""

    def __init__(self, params):
        self.params = params

    def explain(self, view):
        """The VEI ``[N, H, W]`` at the input's size, of both signs."""
        images = view.images
        maps = []
        with torch.enable_grad():
            for index in range(len(images)):  # one by one, so that none depends on its batch
                maps.append(self.attribute(self._of(view, images, index), images[index : index + 1]))
        return torch.cat(maps).detach().sum(dim=1).float()

    def attribute(self, forward, image):
        """The attribution ``[1, 3, H, W]``."""
        raise NotImplementedError

    def _of(self, view, images, index):
        """The target of one image, whatever copies of it captum asks for; a pass sees whole batches."""

        def forward(copies):
            batch = images.repeat(len(copies), 1, 1, 1)
            places = torch.arange(len(copies)) * len(images) + index
            return view.forward(batch.index_copy(0, places, copies))[places]

        return forward


class InputXGradient(Attribution):
    """Input times gradient."""

    def attribute(self, forward, image):
        """One backward pass."""
        return captum.attr.InputXGradient(forward).attribute(image.requires_grad_())


class IntegratedGradients(Attribution):
    """Gradients along the way from black."""

    def attribute(self, forward, image):
        """As many passes as steps, in one batch."""
        return captum.attr.IntegratedGradients(forward).attribute(image, baselines=0.0, n_steps=self.params.steps)


class FeatureAblation(Attribution):
    """What each cell of a grid adds, beside a grey one."""

    def attribute(self, forward, image):
        """A pass for each cell."""
        rows, columns = (torch.arange(length) * self.params.cells // length for length in image.shape[2:])
        grid = (rows[:, None] * self.params.cells + columns)[None, None].expand(1, 3, -1, -1)
        with torch.no_grad():
            return captum.attr.FeatureAblation(forward).attribute(image, baselines=0.5, feature_mask=grid)
