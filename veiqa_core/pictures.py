"""Pictures of VEIs and quality maps that a person understands."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from .explanations import Heatmaps

_PANEL_WIDTH = 4.6  # inches


def vei_figure(heatmaps: Heatmaps, name: str) -> Figure:
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
            vei.numpy(), cmap="inferno", alpha=0.6, interpolation="bilinear", extent=(0, width, height, 0), **limits
        )
        axes.set_title(title)
    result.colorbar(heat, ax=[left, middle], label="explanation strength", shrink=0.85)
    difference = (heatmaps.input_vei - heatmaps.pri_vei).numpy()
    reach = max(float(np.abs(difference).max()), 1e-12)
    shown = right.imshow(
        difference,
        cmap="RdBu_r",
        vmin=-reach,
        vmax=reach,
        interpolation="nearest",
        extent=(0, width, height, 0),
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


def quality_figure(image: Tensor, lost: Tensor, scale: tuple[float, float], title: str) -> Figure:
    """An image, and where it loses quality.

    Args:
        image: ``[3, H, W]`` in [0, 1].
        lost: ``[H, W]`` in points of the scale.
        title: what is said above both.
    """
    height, width = lost.shape
    panel_height = min(max(_PANEL_WIDTH * height / width, 2.0), 9.0)
    result = Figure(figsize=(2 * _PANEL_WIDTH + 1, panel_height + 0.6), layout="constrained", dpi=100)
    left, right = result.subplots(1, 2)
    left.imshow(image.permute(1, 2, 0).numpy(), extent=(0, width, height, 0))
    left.set_title("Input")
    right.imshow(_grey(image), cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
    reach = scale[1] - scale[0]
    heat = right.imshow(lost.numpy(), cmap="inferno", alpha=0.65, vmin=0, vmax=reach, extent=(0, width, height, 0))
    right.set_title("Where quality is lost")
    result.colorbar(heat, ax=right, label=f"points lost of {reach:g}", shrink=0.85)
    for axes in (left, right):
        axes.set_axis_off()
    result.suptitle(title, fontsize=11, parse_math=False)
    return result


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in a script that the font lacks is drawn as boxes
        figure.savefig(path, format="png")


def _grey(image: Tensor) -> NDArray[np.float32]:
    """Luma ``[H, W]`` (ITU-R BT.601), so that the heat map's colours are the only ones."""
    grey: NDArray[np.float32] = torch.einsum("c,chw->hw", torch.tensor([0.299, 0.587, 0.114]), image).numpy()
    return grey
