"""Records of the built-in datasets. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from veiqa_core.api import Component, NoParams, hookimpl, param, params

from .releases import CSIQ, KADID10K, KONIQ10K, LIVE, SIQAD, TID2013, Release


@params
class LiveParams:
    """Of LIVE."""

    scores: Literal["realigned", "dmos"] = param(
        default="realigned",
        help="realigned: dmos_realigned.mat, one scale for all five types; dmos: the older dmos.mat.",
    )


@params
class Koniq10kParams:
    """Of KonIQ-10k."""

    scores: Literal["zscore", "mos"] = param(
        default="zscore",
        help="zscore: MOS_zscore, from 0 to 100, normalised by rater; mos: the plain mean, from 1 to 5.",
    )
    folder: Literal["1024x768", "512x384"] = param(default="1024x768", help="The folder with the images.")


def _range_problem(value: tuple[float, float]) -> str | None:
    return None if value[0] < value[1] else "must be the lowest and then the highest possible score"


@params
class CsvParams:
    """Of a table of one's own."""

    range: tuple[float, float] = param(
        default=(0.0, 100.0), help="Lowest and highest possible score.", check=_range_problem
    )


@hookimpl
def veiqa_datasets() -> Iterator[Component]:
    """The databases of image quality assessment, and one's own ratings."""
    yield _public(
        LIVE,
        "Five distortions of 29 photographs.",
        "veiqa_datasets.live:Live",
        params=LiveParams,
        requires=("numpy", "scipy"),
    )
    yield _public(CSIQ, "Six distortions of 30 photographs.", "veiqa_datasets.csiq:Csiq", requires=("openpyxl",))
    yield _public(
        SIQAD, "Seven distortions of 20 screen images.", "veiqa_datasets.siqad:Siqad", requires=("numpy", "scipy")
    )
    yield _public(TID2013, "24 distortions of 25 images.", "veiqa_datasets.tid2013:Tid2013")
    yield _public(KADID10K, "25 distortions of 81 photographs.", "veiqa_datasets.kadid10k:Kadid10k")
    yield _public(
        KONIQ10K,
        "Photographs as people take them, without references.",
        "veiqa_datasets.koniq10k:Koniq10k",
        params=Koniq10kParams,
    )
    yield Component(
        name="csv",
        summary="Your own ratings, listed in a table scores.csv beside the images.",
        factory="veiqa_datasets.scores:ScoresCsv",
        params=CsvParams,
        traits={"home": "your own folder of images with a table scores.csv", "score_type": "file"},
        reference="The format is described in docs/datasets.md",
    )


def _public(
    release: Release, summary: str, factory: str, params: type = NoParams, requires: tuple[str, ...] = ()
) -> Component:
    traits: dict[str, Any] = {
        "home": release.home,
        "score_type": release.score_type,
        "range": release.range,
        "images": release.images,
        "distortions": release.distortions,
    }
    if release.references is not None:
        traits["references"] = release.references
    return Component(
        name=release.name,
        summary=summary,
        factory=factory,
        params=params,
        requires=requires,
        traits=traits,
        reference=release.paper,
    )
