"""What stands in for people's scores in a synthetic set: a metric, or several that are calibrated."""

from __future__ import annotations

import attrs
import pytest
from synthesis import photo, truth

from veiqa_core import images
from veiqa_core.datasets import distort
from veiqa_core.datasets.distort import Level, degrade, even_levels
from veiqa_core.datasets.pseudo_ratings import Calibrated, Metric
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.full_reference import FullReference, image_metric


@pytest.mark.parametrize(
    ("metric", "score_type", "scaled"), [("vsi", "mos", True), ("gmsd", "dmos", True), ("psnr", "mos", False)]
)
def test_scores_mean_what_the_metric_says(metric: str, score_type: str, scaled: bool) -> None:
    pseudo_rating = Metric(image_metric(installed(), metric))
    assert (pseudo_rating.score_type, pseudo_rating.scaled, pseudo_rating.source) == (score_type, scaled, metric)
    noise = distort.find("WN", installed())
    scores = [pseudo_rating.score(photo(), degrade(photo(), noise, level).image, "WN") for level in even_levels(4)]
    assert scores == sorted(scores, reverse=score_type == "mos")
    low, high = pseudo_rating.range(scores)
    assert all(low <= score <= high for score in scores)
    assert (low, high) == (0 if scaled else 7, 100)


def test_scores_are_scaled_by_both_bounds() -> None:
    pseudo_rating = Metric(image_metric(installed(), "ssim"))
    inverted = images.Image(1 - photo().pixels, "inverted")
    value = FullReference(image_metric(installed(), "ssim")).measure(photo(), inverted)
    assert value < 0
    assert pseudo_rating.score(photo(), inverted, None) == pytest.approx(50 * (value + 1))


def calibrated(rated: RatedSet, *metrics: str) -> Calibrated:
    parts = [image_metric(installed(), metric) for metric in metrics]
    return Calibrated(parts, installed().part("mapper", "logistic4"), rated)


def test_a_calibrated_metric_says_what_people_would(opinions: RatedSet) -> None:
    pseudo_rating = calibrated(opinions, "psnr")
    assert (pseudo_rating.score_type, pseudo_rating.scaled, pseudo_rating.range([3.0])) == ("mos", True, (0, 100))
    assert pseudo_rating.source == "psnr on the scale of csv"
    for name in ("WN", "JPEG"):
        for severity in (0.2, 0.7):
            worse = degrade(photo(), distort.find(name, installed()), Level("x", "severity", severity))
            expected = truth(name, worse.psnr)
            assert pseudo_rating.score(photo(), worse.image, name) == pytest.approx(expected, abs=0.1)
    assert pseudo_rating.score(photo(), photo(), None) == 100


def test_a_type_without_ratings_takes_the_curve_of_all(opinions: RatedSet) -> None:
    pseudo_rating = calibrated(opinions, "psnr")
    worse = degrade(photo(), distort.find("WN", installed()), Level("x", "severity", 0.6))
    pooled = pseudo_rating.score(photo(), worse.image, "MB")
    low, high = sorted(truth(name, worse.psnr) for name in ("WN", "JPEG"))
    assert low < pooled < high


def test_several_calibrated_metrics_give_their_mean(opinions: RatedSet) -> None:
    worse = degrade(photo(), distort.find("JPEG", installed()), Level("x", "severity", 0.5)).image
    alone = [calibrated(opinions, metric).score(photo(), worse, "JPEG") for metric in ("psnr", "gmsd")]
    both = calibrated(opinions, "psnr", "gmsd")
    assert both.score(photo(), worse, "JPEG") == pytest.approx(sum(alone) / 2)
    assert both.source == "psnr + gmsd on the scale of csv"


def test_ratings_without_references_do_not_calibrate(opinions: RatedSet) -> None:
    nameless = tuple(attrs.evolve(item, reference=None) for item in opinions.images)
    bare = attrs.evolve(opinions, ratings=attrs.evolve(opinions.ratings, images=nameless))
    with pytest.raises(UsageError, match="0 rated images have their reference there; to calibrate takes 20"):
        calibrated(bare, "psnr")
