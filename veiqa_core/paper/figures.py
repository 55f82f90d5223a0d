"""Figures 2 and 3 of the paper: as parts of the page, and as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from ..contracts import FloatArray
from ..evaluation.columns import Predictions
from ..explanations import drawing
from ..explanations.drawing import PAIR, Picture
from ..explanations.heatmaps import Heatmaps
from ..explanations.pictures import luma, png
from ..extension.registry import Part
from ..files.marks import OF, PICTURE
from ..page.svg import Group, scatter, widened
from ..scoring.mapping import fitted_mapper, predicted
from .published import PSNR, published
from .study import IN_SAMPLE, Study

MARK = "the paper's figures"
"""By what the files are known again (see :mod:`veiqa_core.files.marks`)."""

_PANEL = 3.4  # inches
_COLUMNS = ("Image", "PRI", "VEI of the image", "VEI of the PRI")
_POINTS = 200
_AXES = ("PSNR of the VEIs, dB", "quality by people")
_EXAMPLES, _SCATTER = "figure-2.png", "figure-3-{}.png"
_TEXTS = PICTURE | {OF: MARK}


@attrs.frozen(eq=False)
class Example:
    """A row of figure 2: what it shows, and its pictures with what each is."""

    title: str
    pictures: tuple[tuple[Picture, str], ...]


@attrs.frozen(eq=False)
class Panel:
    """A panel of figure 3: images of a distortion type, the PSNR of their VEIs, their ratings, and the fitted curve."""

    database: str
    kind: str
    names: tuple[str, ...]
    values: FloatArray
    quality: FloatArray
    curve: tuple[tuple[float, float], ...]

    @property
    def title(self) -> str:
        """What it shows."""
        return f"{published().databases[self.database]['title']}, {self.kind}"


def rows(study: Study) -> list[Example]:
    """Figure 2 as the page shows it."""
    found = []
    for kind, pair in study.examples.items():
        images = (drawing.photo(pair.input_image, PAIR), drawing.photo(pair.pri_image, PAIR))
        pictures = tuple(zip((*images, *drawing.explanations(pair)), _COLUMNS, strict=True))
        found.append(Example(f"{kind}: {pair.title}", pictures))
    return found


def panels(study: Study) -> Iterator[Panel]:
    """Figure 3: a panel for each database and distortion type, with the network that stands for the paper's."""
    for name in study.databases:
        found = study.networks.get((name, study.main.name, PSNR))
        if found is None:
            continue
        part = Predictions.pooled(found[IN_SAMPLE].predictions)
        for kind in published().types:
            own, recipes = part.of_type(kind), found[IN_SAMPLE].measured.recipes
            mapper = recipes.recipes[recipes.key(kind)].mapper
            if mapper is not None:
                curve = _curve(mapper, own.raw.score, own.quality)
                yield Panel(name, kind, own.names, -own.raw.score, own.quality, curve)


def _curve(mapper: Part, oriented: FloatArray, quality: FloatArray) -> tuple[tuple[float, float], ...]:
    """Points of what a mapper makes of similarities once it is fitted to all of them, over the similarities.

    They come oriented, so that larger is better: of PSNR, where more alike is worse, with the other sign.
    """
    fitted = fitted_mapper(mapper, oriented[:, None], quality)
    places = np.linspace(oriented.min(), oriented.max(), _POINTS)
    return tuple(zip((-places).tolist(), predicted(mapper, fitted, places[:, None]).score.tolist(), strict=True))


def chart(panel: Panel, look: int) -> Markup:
    """A panel as the page shows it."""
    points = list(zip(panel.values.tolist(), panel.quality.tolist(), strict=True))
    return scatter(
        f"Figure 3: ratings over similarities, {panel.title}",
        [Group(look, points, panel.names)],
        _AXES,
        (widened(panel.values.tolist()), widened([*panel.quality.tolist(), *(y for _, y in panel.curve)])),
        panel.curve,
    )


def names(databases: Iterable[str]) -> list[str]:
    """The names of all files that there may be."""
    return [_EXAMPLES, *map(_SCATTER.format, databases)]


def drawn(study: Study) -> list[str]:
    """The names of those that :func:`files` makes."""
    scatters = [_SCATTER.format(name) for name in study.databases if (name, study.main.name, PSNR) in study.networks]
    return [*([_EXAMPLES] if study.examples else []), *scatters]


def files(study: Study) -> Mapping[str, bytes]:
    """The figures as PNG files by their names."""
    made = {}
    if study.examples:
        made[_EXAMPLES] = png(_examples_figure(study.examples), _TEXTS | {"Title": "Images, PRIs and VEIs"})
    every = list(panels(study))
    for name in study.databases:
        own = [panel for panel in every if panel.database == name]
        if own:
            title = f"Ratings over similarities, {published().databases[name]['title']}"
            made[_SCATTER.format(name)] = png(_scatter_figure(own), _TEXTS | {"Title": title})
    return made


def _examples_figure(examples: Mapping[str, Heatmaps]) -> Figure:
    height, width = next(iter(examples.values())).input_image.shape[1:]
    size = (4 * _PANEL, len(examples) * _PANEL * height / width + 0.4)
    figure = Figure(figsize=size, layout="constrained", dpi=100)
    axes = figure.subplots(len(examples), 4, squeeze=False)
    for (kind, pair), line in zip(examples.items(), axes, strict=True):
        high = max(float(pair.input_vei.max()), float(pair.pri_vei.max()), 1e-12)
        low = min(0.0, float(pair.input_vei.min()), float(pair.pri_vei.min()))
        sides = ((pair.input_image, pair.input_vei), (pair.pri_image, pair.pri_vei))
        for place, (image, vei) in enumerate(sides):
            extent = (0, image.shape[2], image.shape[1], 0)
            line[place].imshow(image.permute(1, 2, 0).numpy(), extent=extent)
            line[place + 2].imshow(luma(image).numpy(), cmap="gray", vmin=0, vmax=1, extent=extent)
            line[place + 2].imshow(
                vei.numpy(), cmap=drawing.HEAT, alpha=0.6, vmin=low, vmax=high, extent=extent, interpolation="bilinear"
            )
        for one in line:
            one.set(xticks=[], yticks=[])
        line[0].set_ylabel(kind)
    for one, title in zip(axes[0], _COLUMNS, strict=True):
        one.set_title(title, fontsize=10)
    return figure


def _scatter_figure(drawn: list[Panel]) -> Figure:
    figure = Figure(figsize=(2 * _PANEL, 2 * _PANEL), layout="constrained", dpi=100)
    for panel, axes in zip(drawn, figure.subplots(2, 2).flat, strict=True):
        axes.plot(panel.values, panel.quality, "o", markersize=3, alpha=0.7)
        axes.plot(*zip(*panel.curve, strict=True), "-", color="black", linewidth=1.2)
        axes.set_title(panel.title, fontsize=10)
        axes.set_xlabel(_AXES[0], fontsize=8)
        axes.set_ylabel(_AXES[1], fontsize=8)
    return figure
