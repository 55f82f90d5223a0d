"""Pictures of VEIs and quality maps that a person understands."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure, SubFigure
from torch import Tensor

from ..errors import UsageError
from ..files.paths import display_name
from .displayed import DisplayedResult
from .heatmaps import Heatmaps

MOST_PAIRS = 4
"""Pairs of VEIs that are shown of one image; a quality map says which matter most."""

_PANEL_WIDTH = 4.6  # inches


def vei_figure(heatmaps: Heatmaps, name: str) -> Figure:
    """Both heat maps over their images in one colour scale, and their difference.

    Args:
        name: what the picture calls the image.
    """
    result = Figure(
        figsize=(3 * _PANEL_WIDTH, _panel_height(heatmaps.input_image) + 1.5), layout="constrained", dpi=100
    )
    _draw_veis(result, heatmaps)
    values = "   ".join(f"{key.rsplit('/', 1)[-1]} = {value:.4g}" for key, value in heatmaps.similarities.items())
    result.suptitle(f"{name}\n{heatmaps.title}   {values}", fontsize=11, parse_math=False)
    result.supxlabel(
        "The more alike the two maps, the less there was left to degrade: the worse the input already is.", fontsize=9
    )
    return result


def _draw_veis(figure: Figure | SubFigure, heatmaps: Heatmaps) -> None:
    height, width = heatmaps.input_image.shape[1:]
    left, middle, right = figure.subplots(1, 3)
    both = torch.stack([heatmaps.input_vei, heatmaps.pri_vei])
    limits = {"vmin": min(0.0, float(both.min())), "vmax": max(float(both.max()), 1e-12)}
    for axes, title, image, vei in (
        (left, "Input: what the network sees", heatmaps.input_image, heatmaps.input_vei),
        (middle, "Pseudo-reference: the input degraded further", heatmaps.pri_image, heatmaps.pri_vei),
    ):
        axes.imshow(luma(image).numpy(), cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
        heat = axes.imshow(
            vei.numpy(), cmap="inferno", alpha=0.6, interpolation="bilinear", extent=(0, width, height, 0), **limits
        )
        axes.set_title(title)
    figure.colorbar(heat, ax=[left, middle], label="explanation strength", shrink=0.85)
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
    figure.colorbar(shown, ax=right, shrink=0.85)
    for axes in (left, middle, right):
        axes.set_axis_off()


def quality_figure(image: Tensor, lost: Tensor, scale: tuple[float, float], title: str) -> Figure:
    """An image, and where it loses quality.

    Args:
        image: ``[3, H, W]`` in [0, 1].
        lost: ``[H, W]`` in points of the scale.
        title: what is said above both.
    """
    result = Figure(figsize=(2 * _PANEL_WIDTH + 1, _panel_height(image) + 0.6), layout="constrained", dpi=100)
    _draw_quality(result, image, lost, scale)
    result.suptitle(title, fontsize=11, parse_math=False)
    return result


def _draw_quality(figure: Figure | SubFigure, image: Tensor, lost: Tensor, scale: tuple[float, float]) -> None:
    height, width = lost.shape
    left, right = figure.subplots(1, 2)
    left.imshow(image.permute(1, 2, 0).numpy(), extent=(0, width, height, 0))
    left.set_title("Input")
    right.imshow(luma(image).numpy(), cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
    reach = scale[1] - scale[0]
    heat = right.imshow(lost.numpy(), cmap="inferno", alpha=0.65, vmin=0, vmax=reach, extent=(0, width, height, 0))
    right.set_title("Where quality is lost")
    figure.colorbar(heat, ax=right, label=f"points lost of {reach:g}", shrink=0.85)
    for axes in (left, right):
        axes.set_axis_off()


def result_figure(result: DisplayedResult) -> Figure:
    """What is shown of a result: its quality map where there is one, and the pairs of VEIs that shape it most.

    Raises:
        UsageError: heat maps were not asked for, or there are none.
    """
    if not result.heatmaps:
        raise UsageError(f"{display_name(result.image)}: there are no heat maps to plot; score it with heatmaps=True")
    pairs = result.heatmaps[:MOST_PAIRS]
    image = result.heatmaps[0].input_image
    mapped = result.quality_map is not None and result.scale is not None
    rows = len(pairs) + mapped
    figure = Figure(figsize=(3 * _PANEL_WIDTH, rows * (_panel_height(image) + 0.7)), layout="constrained", dpi=100)
    parts = list(figure.subfigures(rows, 1, squeeze=False)[:, 0])
    if result.quality_map is not None and result.scale is not None:
        _draw_quality(parts.pop(0), image, result.quality_map, result.scale)
    for part, pair in zip(parts, pairs, strict=True):
        _draw_veis(part, pair)
        part.suptitle(pair.title, fontsize=10, parse_math=False)
    score = "" if result.score is None else f"   score {result.score:.1f}"
    figure.suptitle(f"{display_name(result.image)}{score}", fontsize=12, parse_math=False)
    return figure


def png(figure: Figure, texts: Mapping[str, str]) -> bytes:
    """A figure as a PNG file.

    Args:
        texts: what the file says of itself, by keyword.
    """
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in a script that the font lacks is drawn as boxes
        figure.savefig(made, format="png", metadata=dict(texts))
    return made.getvalue()


def _panel_height(image: Tensor) -> float:
    """In inches, of a panel that shows an image ``[3, H, W]``."""
    height, width = image.shape[1:]
    return float(min(max(_PANEL_WIDTH * height / width, 2.0), 9.0))


def luma(image: Tensor) -> Tensor:
    """Luma ``[H, W]`` (ITU-R BT.601) of an image ``[3, H, W]``, so that the heat map's colours are the only ones."""
    red, green, blue = image
    grey: Tensor = 0.299 * red + 0.587 * green + 0.114 * blue
    return grey
