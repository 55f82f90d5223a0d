"""Pictures of VEIs that a person understands."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from .scorer import Heatmaps

_PANEL_WIDTH = 4.6  # inches


def figure(heatmaps: Heatmaps, name: str) -> Figure:
    """Both heat maps over their images in one colour scale, and their difference.

    Args:
        name: what the picture calls the image.
    """
    height, width = heatmaps.input_image.shape[1:]
    panel_height = min(max(_PANEL_WIDTH * height / width, 2.0), 9.0)
    result = Figure(figsize=(3 * _PANEL_WIDTH, panel_height + 1.5), layout="constrained", dpi=100)
    left, middle, right = result.subplots(1, 3)
    both = torch.stack([heatmaps.input_vei, heatmaps.pri_vei])
    limits = {"vmin": min(0.0, float(both.min())), "vmax": max(float(both.max()), 1e-12)}
    for axes, title, image, vei in (
        (left, "Input: what the network sees", heatmaps.input_image, heatmaps.input_vei),
        (middle, "Pseudo-reference: the input degraded further", heatmaps.pri_image, heatmaps.pri_vei),
    ):
        axes.imshow(_grey(image), cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
        heat = axes.imshow(
            vei, cmap="inferno", alpha=0.6, interpolation="bilinear", extent=(0, width, height, 0), **limits
        )
        axes.set_title(title)
    result.colorbar(heat, ax=[left, middle], label="explanation strength", shrink=0.85)
    difference = heatmaps.input_vei - heatmaps.pri_vei
    reach = max(float(difference.abs().max()), 1e-12)
    shown = right.imshow(
        difference, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest", extent=(0, width, height, 0)
    )
    right.set_title("Difference: input minus pseudo-reference")
    result.colorbar(shown, ax=right, shrink=0.85)
    for axes in (left, middle, right):
        axes.set_axis_off()
    values = "   ".join(f"{key.rsplit('/', 1)[-1]} = {value:.4g}" for key, value in heatmaps.similarities.items())
    result.suptitle(f"{name}\n{heatmaps.title}   {values}", fontsize=11, parse_math=False)
    result.supxlabel(
        "The more alike the two maps, the less there was left to degrade: the worse the input already is.", fontsize=9
    )
    return result


def save(heatmaps: Heatmaps, name: str, path: Path) -> None:
    """Write :func:`figure` as a PNG file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in a script that the font lacks is drawn as boxes
        figure(heatmaps, name).savefig(path, format="png")


def _grey(image: Tensor) -> Tensor:
    """Luma ``[H, W]`` (ITU-R BT.601), so that the heat map's colours are the only ones."""
    return torch.einsum("c,chw->hw", torch.tensor([0.299, 0.587, 0.114]), image)
