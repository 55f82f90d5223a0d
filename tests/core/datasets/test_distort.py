"""Synthetic rated sets: severities, PSNR, the files that are made, and the command that makes them."""

from __future__ import annotations

import csv
import functools
import itertools
import math
from collections.abc import Generator
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import attrs
import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner, Result
from making import with_plugin

from veiqa_core import images
from veiqa_core.cli import _Group
from veiqa_core.cli.commands.datasets_make import make
from veiqa_core.datasets import distort, synthetic
from veiqa_core.datasets.distort import Drawn, Level, degrade, even_levels, levels_at
from veiqa_core.datasets.pseudo_ratings import Calibrated, Metric
from veiqa_core.datasets.rated_set import RatedSet, load
from veiqa_core.datasets.synthetic import Row, Skipped, SyntheticSet
from veiqa_core.errors import ImageError, UsageError
from veiqa_core.extension.registry import Registry, installed
from veiqa_core.full_reference import FullReference, image_metric

PHOTOS = Path(__file__).parents[3] / "docs" / "images"
TYPES = synthetic.DEFAULT_DISTORTIONS

_PLUGIN = """
from veiqa_core.api import Component, hookimpl, param, params

@params
class Amount:
    amount: float = param(default=0.5, help="How much is lost.", gt=0, le=1)

def pri(name, factory="soft:Dim", strength=("amount", 0.1, 0.8), **traits):
    return Component(name=name, summary="S.", factory=factory, params=Amount, traits={"strength": strength, **traits})

@hookimpl
def veiqa_pri_generators():
    yield pri("dim", distortion="DIM")
    yield pri("no-type")
    yield pri("smear", distortion="GB")
    yield pri("dim+dim")
    yield pri("refimgs")
    yield pri("too-far", strength=("amount", 0.1, 8))
    yield pri("misnamed", strength=("amuont", 0.1, 0.8))
    yield pri("cut", factory="soft:Cut")
    yield pri("late", factory="soft:Late")

class Dim:
    def __init__(self, params): self.keep = 1 - params.amount
    def generate(self, images, seeds): return images.mul_(self.keep)

class Cut(Dim):
    def generate(self, images, seeds): return images[..., 1:]

class Late(Dim):
    def generate(self, images, seeds):
        if self.keep < 0.5: raise RuntimeError("too much")
        return images
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Everything installed, and the distribution ``soft`` with generators of its own."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    return with_plugin("soft", _PLUGIN, folder, monkeypatch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A colour photo, and a grey one in a folder."""
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    with PIL.Image.open(PHOTOS / "chelsea.png") as photo:
        photo.crop((120, 60, 216, 140)).save(folder / "cat.png")
    with PIL.Image.open(PHOTOS / "coffee.png") as photo:
        photo.crop((200, 100, 290, 190)).convert("L").save(folder / "inner" / "cup.jpg", quality=95)
    return folder


def photo(name: str = "chelsea.png") -> images.Image:
    return images.read(PHOTOS / name)


def by(metric: str) -> Metric:
    return Metric(image_metric(installed(), metric))


def made(wanted: SyntheticSet) -> list[Row]:
    results = list(wanted.make())
    assert not [item for item in results if isinstance(item, Skipped)]
    return [item for item in results if isinstance(item, Row)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


# distortions by name


@pytest.mark.parametrize(
    ("name", "canonical", "generators"),
    [
        ("WN", "WN", ["white-noise"]),
        ("jpeg", "JPEG", ["jpeg"]),
        ("veiqa:gaussian-blur", "GB", ["gaussian-blur"]),
        ("gaussian-blur+WN+JP2K", "GB+WN+JP2K", ["gaussian-blur", "white-noise", "jpeg2000"]),
        ("DIM", "DIM", ["dim"]),
        ("soft:smear", "GB", ["smear"]),
        ("no-type", "soft:no-type", ["no-type"]),
        ("dim+dim", "soft:dim+dim", ["dim+dim"]),
    ],
)
def test_a_distortion_is_a_type_a_generator_or_a_mixture(
    name: str, canonical: str, generators: list[str], registry: Registry
) -> None:
    found = distort.find(name, registry)
    assert (found.name, [step.name for step in found.steps]) == (canonical, generators)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("GB", "several PRI generators make distortion 'GB': say 'gaussian-blur' or 'soft:smear'"),
        ("WN+GB", "several PRI generators make distortion 'GB'"),
        ("JP3K", "unknown distortion 'JP3K'. Did you mean 'JP2K'?"),
        ("gausian-blur", "unknown distortion 'gausian-blur'. Did you mean 'gaussian-blur'?"),
        ("WN+", "unknown distortion ''"),
        ("mean-blur", r"pri 'mean-blur' \(veiqa .*\) has no trait 'strength'"),
    ],
)
def test_names_that_mean_nothing_or_too_much(name: str, message: str, registry: Registry) -> None:
    with pytest.raises(UsageError, match=message):
        distort.find(name, registry)


# severities


def test_severity_goes_from_mildest_to_strongest_by_equal_factors() -> None:
    blur = distort.find("GB", installed())
    assert [blur.at(severity)[0].params.sigma for severity in (0, 1)] == [0.4, 15.0]
    assert blur.at(0.5)[0].params.sigma == pytest.approx(math.sqrt(0.4 * 15), rel=1e-5)
    quality = distort.find("JPEG", installed()).at(0.5)[0].params.quality
    assert (quality, type(quality)) == (round(math.sqrt(95 * 2)), int)


@pytest.mark.parametrize("name", [*TYPES, "GB+WN", "JPEG+JP2K"])
def test_higher_severity_takes_a_photo_further_away(name: str) -> None:
    found = distort.find(name, installed())
    distances = [degrade(photo(), found, level).psnr for level in even_levels(5)]
    assert all(mild > strong + 1 for mild, strong in itertools.pairwise(distances))


def test_a_mixture_applies_its_parts_in_order() -> None:
    level = Level("x", "severity", 0.5)
    both = degrade(photo(), distort.find("GB+JPEG", installed()), level)
    blurred = degrade(photo(), distort.find("GB", installed()), level)
    again = degrade(blurred.image, distort.find("JPEG", installed()), level)
    assert torch.equal(both.image.pixels, again.image.pixels)
    assert both.made_by == f"{blurred.made_by} + {again.made_by}" == "gaussian-blur(sigma=2.44949) + jpeg(quality=14)"


def test_noise_follows_photo_level_type_and_seed_and_nothing_else() -> None:
    noise = distort.find("WN", installed())

    def drawn(seed: int = 0, label: str = "1", name: str = "WN", picture: str = "chelsea.png") -> torch.Tensor:
        level = Level(label, "severity", 0.3)
        image = photo(picture)
        result = degrade(image, distort.Distortion(name, noise.steps), level, seed)
        return (result.image.pixels - image.pixels)[..., :100, :100]

    assert torch.equal(drawn(), drawn())
    others = (drawn(seed=1), drawn(label="2"), drawn(name="WN+"), drawn(picture="coffee.png"))
    assert not any(torch.equal(drawn(), other) for other in others)
    twice = degrade(photo(), distort.find("WN+WN", installed()), Level("1", "severity", 0.3)).psnr
    once = degrade(photo(), noise, Level("1", "severity", 0.3)).psnr
    assert once - twice == pytest.approx(10 * math.log10(2), abs=0.2)  # independent: the variances add up


@pytest.mark.parametrize(
    ("measure", "value"),
    [("severity", -0.1), ("severity", 1.5), ("severity", math.nan), ("psnr", 0), ("psnr", math.inf)],
)
def test_levels_out_of_range_are_refused(measure: distort.Measure, value: float) -> None:
    with pytest.raises(UsageError, match=r"between 0 \(mildest\) and 1|not a positive number of dB"):
        levels_at(measure, [value])


def test_levels_are_labelled_and_not_repeated() -> None:
    assert [level.label for level in levels_at("psnr", [30, 27.5, 30.0])] == ["30", "27.5"]
    assert [(level.label, level.value) for level in even_levels(3)] == [("1", 0), ("2", 0.5), ("3", 1)]
    with pytest.raises(UsageError, match="at least 2 are needed, not 1"):
        even_levels(1)


# PSNR


@pytest.mark.parametrize("picture", ["chelsea.png", "coffee.png"])
@pytest.mark.parametrize("name", ["GB", "WN", "JP2K", "GB+WN", "GB+JP2K"])
def test_a_psnr_in_the_range_is_met(name: str, picture: str) -> None:
    image, found = photo(picture), distort.find(name, installed())
    for level in levels_at("psnr", [33, 26]):
        result = degrade(image, found, level)
        assert abs(result.psnr - level.value) <= distort.TOLERANCE
        error = np.square(255.0 * (result.image.pixels.numpy() - image.pixels.numpy())).mean()
        assert result.psnr == pytest.approx(10 * math.log10(255**2 / error), abs=1e-3)


def test_a_whole_parameter_comes_as_close_as_it_can() -> None:
    found = distort.find("JPEG", installed())
    result = degrade(photo(), found, Level("30", "psnr", 30))
    generator = installed().get("pri", "jpeg").load()
    params = installed().get("pri", "jpeg").component.params
    decoded = [generator(params(quality=quality)).generate(photo().pixels, [0]) for quality in range(2, 96)]
    reached = [distort.psnr(photo(), images.Image(pixels, "x")) for pixels in decoded]
    assert result.psnr == pytest.approx(min(reached, key=lambda value: abs(value - 30)))


@pytest.mark.parametrize(("target", "end"), [(70, 0), (5, 1)])
def test_a_psnr_out_of_reach_gives_the_end(target: float, end: float) -> None:
    found = distort.find("GB", installed())
    result = degrade(photo(), found, Level("x", "psnr", target))
    assert torch.equal(result.image.pixels, degrade(photo(), found, Level("x", "severity", end)).image.pixels)


def test_psnr_of_equal_images_is_infinite() -> None:
    assert distort.psnr(photo(), photo()) == math.inf


# sets


def test_a_set_has_its_files_tables_and_marks(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    wanted = SyntheticSet(photos, out, distortions=["GB", "WN+JPEG"], levels=even_levels(3))
    rows = made(wanted)
    assert len(rows) == wanted.total == 12
    kinds = {"gb": "GB", "wn+jpeg": "WN+JPEG"}
    names = [f"{kind}/{name}-{n}.png" for name in ("cat", "inner-cup") for kind in kinds for n in (1, 2, 3)]
    references = ["refimgs/cat.png", "refimgs/inner-cup.png"]
    assert set(contents(out)) == {*names, *references, "scores.csv", "details.csv"}
    scores, details = table(out / "scores.csv"), table(out / "details.csv")
    assert tuple(scores[0]) == synthetic.COLUMNS
    assert [row["image"] for row in scores] == [row["image"] for row in details] == names
    assert {(row["score_type"], row["score_source"]) for row in scores} == {("mos", "vsi")}
    assert all(row["distortion"] == kinds[row["image"].split("/")[0]] for row in scores)
    assert all(row["level"] == row["image"][-5] for row in scores)
    assert all(0 <= float(row["score"]) <= 100 for row in scores)
    for row, detail in zip(scores, details, strict=True):
        reference, image = (images.read(out / row[column]) for column in ("reference", "image"))
        assert float(detail["psnr"]) == pytest.approx(distort.psnr(reference, image), abs=1e-3)
    for path, stored in zip(("cat.png", "inner/cup.jpg"), references, strict=True):
        assert images.read(out / stored).digest == images.read(photos / path).digest


def test_the_same_photos_and_options_give_the_same_bytes(photos: Path, tmp_path: Path) -> None:
    levels = (*even_levels(2), *levels_at("psnr", [28]))
    for name in ("one", "two"):
        made(SyntheticSet(photos, tmp_path / name, levels=levels))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    made(SyntheticSet(photos, tmp_path / "other", levels=levels, seed=1))
    for file, same in (("gb/cat-1.png", True), ("jpeg/cat-28.png", True), ("wn/cat-1.png", False)):
        one, other = (images.read(tmp_path / name / file).digest for name in ("one", "other"))
        assert (one == other) is same


@pytest.mark.parametrize("stop", [0, 1, 3, 7])
def test_a_stopped_run_goes_on_to_the_same_bytes(
    stop: int, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    of_photos = functools.partial(SyntheticSet, photos, distortions=["WN", "JPEG"], levels=levels_at("psnr", [24, 31]))
    made(of_photos(whole))
    run = cast(Generator[Row | Skipped], of_photos(out).make())
    list(itertools.islice(run, stop))
    run.close()
    assert not (out / "scores.csv").exists()
    degrading = Mock(wraps=degrade)
    monkeypatch.setattr(synthetic, "degrade", degrading)
    made(of_photos(out, resume=True))
    assert contents(out) == contents(whole)
    assert degrading.call_count == 8 - stop


def test_lost_files_are_made_again_and_foreign_ones_never_overwritten(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    of_photos = functools.partial(SyntheticSet, photos, out, distortions=["WN"], levels=even_levels(2))
    made(of_photos())
    before = contents(out)
    for lost in ("scores.csv", "refimgs/cat.png", "wn/cat-2.png"):
        (out / lost).unlink()
    made(of_photos(resume=True))
    assert contents(out) == before
    with pytest.raises(UsageError, match=r"wn/cat-1.png: is not what this run would make"):
        made(of_photos(seed=1, resume=True))
    (out / "wn/cat-1.png").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"wn/cat-1.png: is not what this run would make"):
        made(of_photos(resume=True))
    assert (out / "wn/cat-1.png").read_bytes() == b"mine"


def test_names_are_flat_unlike_and_fit_for_file_systems(photos: Path, tmp_path: Path) -> None:
    source = photos / "cat.png"
    names = ["a/b.png", "a-b.png", "A-B.PNG", "x?*\n.png", "\udcff.png", "猫.png", "y" * 240 + ".png", ".hidden.png"]
    for name in names:
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(source.read_bytes())
    (photos / "notes.txt").write_text("no photo")
    out = tmp_path / "out"
    rows = made(SyntheticSet(photos, out, distortions=["JPEG"], levels=even_levels(2), pseudo_rating=by("psnr")))
    files = [Path(row.image).name for row in rows]
    assert len(rows) == len({file.casefold() for file in files}) == 2 * (2 + 7)
    assert {"a-b-1.png", "a-b-2-1.png", "cat-1.png", "inner-cup-1.png", "猫-1.png"} <= {file.lower() for file in files}
    assert all(len(file.encode()) < 255 for file in files)
    assert all((out / row["image"]).is_file() for row in table(out / "scores.csv"))


def test_unreadable_and_small_photos_are_skipped_with_a_line(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes((photos / "inner/cup.jpg").read_bytes()[:300])
    PIL.Image.new("RGB", (8, 90)).save(photos / "narrow.png")
    wanted = SyntheticSet(
        photos, tmp_path / "out", distortions=["GB", "WN"], levels=even_levels(3), pseudo_rating=by("ssim")
    )
    results = list(wanted.make())
    broken, narrow = [item for item in results if isinstance(item, Skipped)]
    assert broken.reason.startswith(f"{photos / 'broken.jpg'}: is truncated")
    assert narrow.reason == f"{photos / 'narrow.png'}: 8x90 pixels are too few for ssim, which needs at least 11 a side"
    assert (broken.count, narrow.count, len(results), wanted.total) == (6, 6, 14, 24)
    assert len(table(tmp_path / "out/scores.csv")) == 12


def test_what_one_generator_cannot_do_leaves_the_others(photos: Path, tmp_path: Path, registry: Registry) -> None:
    wanted = SyntheticSet(
        photos,
        tmp_path / "out",
        distortions=["late", "cut", "WN"],
        levels=even_levels(4),
        pseudo_rating=by("psnr"),
        registry=registry,
    )
    results = list(wanted.make())
    late, cut = [item for item in results if isinstance(item, Skipped)][:2]
    assert (late.count, cut.count) == (1, 4)
    assert late.reason == f"{photos / 'cat.png'}: soft:late: pri 'late' (soft 1.0) failed: RuntimeError: too much"
    assert "gave (1, 3, 80, 95) for an image of (1, 3, 80, 96)" in cut.reason
    assert [row["distortion"] for row in table(tmp_path / "out/scores.csv")] == ([*["soft:late"] * 3, *["WN"] * 4]) * 2
    assert (tmp_path / "out/soft-late/cat-1.png").is_file()
    none = SyntheticSet(photos, tmp_path / "none", distortions=["cut"], pseudo_rating=by("psnr"), registry=registry)
    with pytest.raises(ImageError, match="no image could be made"):
        list(none.make())


def test_a_generator_of_another_distribution_is_found(photos: Path, tmp_path: Path, registry: Registry) -> None:
    levels = levels_at("severity", [0.5])
    out = tmp_path / "out"
    rows = made(SyntheticSet(photos, out, distortions=["DIM+WN"], levels=levels, registry=registry))
    assert rows[0].made_by == "soft:dim(amount=0.282843) + white-noise(variance=0.00707107)"
    assert rows[0].image == "dim+wn/cat-0.5.png"


@pytest.mark.parametrize(
    ("distortions", "message"),
    [
        (["too-far"], "pri soft:too-far: amount: must be at most 1, not 8.0"),
        (["misnamed"], "pri soft:misnamed: unknown parameter 'amuont'. Did you mean 'amount'?"),
        (["gaussian-blur", "soft:smear"], "images of GB would share the folder 'gb'; make a set of each"),
    ],
)
def test_distortions_that_cannot_work_are_refused_at_once(
    distortions: list[str], message: str, photos: Path, tmp_path: Path, registry: Registry
) -> None:
    with pytest.raises(UsageError, match=message):
        SyntheticSet(photos, tmp_path / "out", distortions=distortions, registry=registry)
    assert not (tmp_path / "out").exists()


def test_the_same_distortion_twice_is_made_once(photos: Path, tmp_path: Path) -> None:
    assert SyntheticSet(photos, tmp_path / "out", distortions=["GB", "gaussian-blur"]).total == 2 * 5
    with pytest.raises(UsageError, match="two levels have the same label"):
        SyntheticSet(photos, tmp_path / "out", levels=[*even_levels(2), *levels_at("severity", [1])])


# scores


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


@pytest.fixture
def opinions(photos: Path, tmp_path: Path) -> RatedSet:
    """Ratings that follow PSNR along a curve for each type, of images whose references are there."""
    folder = tmp_path / "opinions"
    rows = made(
        SyntheticSet(photos, folder, distortions=["WN", "JPEG"], levels=even_levels(12), pseudo_rating=by("psnr"))
    )
    lines = ["image,reference,distortion,score,score_type"]
    for row in rows:
        quality = truth(row.distortion, row.psnr)
        lines.append(f"{row.image},{row.reference},{row.distortion},{100 - quality},dmos")
    (folder / "scores.csv").write_text("\n".join(lines))
    return load(installed().part("dataset", "csv"), folder)


def truth(distortion: str, value: float) -> float:
    centre = {"WN": 20, "JPEG": 28}[distortion]
    return 5 + 90 / (1 + math.exp(-(value - centre) / 3))


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


# drawn severities and photos as they are


def test_drawn_severities_cover_the_range_and_differ_from_photo_to_photo() -> None:
    blur, noise = (distort.find(name, installed()) for name in ("gaussian-blur", "WN"))
    drawn = Drawn(4).of(photo(), blur, 0)
    assert [level.label for level in drawn] == ["1", "2", "3", "4"]
    assert all(number / 4 <= level.value <= (number + 1) / 4 for number, level in enumerate(drawn))
    assert drawn == Drawn(4).of(photo(), blur, 0)
    others = [Drawn(4).of(photo("coffee.png"), blur, 0), Drawn(4).of(photo(), noise, 0), Drawn(4).of(photo(), blur, 1)]
    assert all(other != drawn for other in others)


def test_a_set_of_drawn_severities_and_photos(photos: Path, tmp_path: Path) -> None:
    wanted = SyntheticSet(photos, tmp_path / "out", distortions=["JPEG"], levels=Drawn(3), pristine=True)
    rows = made(wanted)
    assert len(rows) == wanted.total == 8
    whole = [row for row in rows if row.distortion == synthetic.PRISTINE]
    assert [(row.image, row.reference, row.score) for row in whole] == [
        (f"refimgs/{name}.png", f"refimgs/{name}.png", pytest.approx(100)) for name in ("cat", "inner-cup")
    ]
    rated = load(installed().part("dataset", "csv"), tmp_path / "out")
    assert {item.distortion for item in rated.images} == {"JPEG", "none"}
    assert len(set(rated.contents.values())) == 2
    again = SyntheticSet(photos, tmp_path / "out", distortions=["JPEG"], levels=Drawn(3), pristine=True, resume=True)
    before = contents(tmp_path / "out")
    assert made(again) == rows
    assert contents(tmp_path / "out") == before


# the command


def run(*arguments: object) -> Result:
    return CliRunner().invoke(_Group(name="datasets", commands=[make]), ["make", *map(str, arguments)])


def test_the_command_makes_a_set_and_says_how_to_use_it(photos: Path, tmp_path: Path) -> None:
    done = run(photos, tmp_path / "my out", "--distortion", "GB", "--distortion", "WN+JPEG", "--levels", 3)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Made 12 images of 2 photos" in done.stdout
    assert "vsi stands in for people's scores" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(f"veiqa evaluate csv '{tmp_path / 'my out'}'")


def test_the_command_calibrates(photos: Path, opinions: RatedSet, tmp_path: Path) -> None:
    options = ("--draw", 2, "--pristine", "--metric", "psnr", "--metric", "gmsd", "--calibrate", "csv", opinions.root)
    done = run(photos, tmp_path / "out", "--distortion", "WN", *options)
    assert done.exit_code == 0, done.output
    assert "psnr + gmsd on the scale of csv stands in for people's scores" in done.stdout
    rows = table(tmp_path / "out" / "scores.csv")
    assert {row["score_type"] for row in rows} == {"mos"}
    assert sorted(float(row["score"]) for row in rows)[-2:] == [100, 100]


def test_the_command_says_which_psnr_was_out_of_reach_and_which_range_to_read_by(photos: Path, tmp_path: Path) -> None:
    done = run(photos, tmp_path / "out", "--distortion", "GB", "--psnr", 30, "--psnr", 90, "--metric", "psnr")
    assert done.exit_code == 0
    (note,) = done.stderr.splitlines()
    assert note.startswith("note: GB at 90 dB: the closest on 2 of 2 is ")
    assert done.stdout.rstrip().endswith("--range 29 100")


def test_the_command_goes_on_past_a_broken_photo_with_status_1(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_text("no picture")
    done = run(photos, tmp_path / "out", "--distortion", "JPEG", "--severity", 0.5, "--metric", "psnr")
    assert done.exit_code == 1
    assert done.stderr == f"warning: {photos / 'broken.png'}: not an image file that can be read\n"
    assert "Made 2 images of 2 photos" in done.stdout


def test_the_command_never_writes_into_a_folder_with_something_else(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--distortion", "JPEG", "--levels", 2, "--metric", "psnr")
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for resume, message in (([], "is not empty; name another"), (["--resume"], "and holds no set to resume")):
        done = run(photos, out, *options, *resume)
        assert (done.exit_code, list(contents(out))) == (2, ["mine.txt"])
        assert message in done.stderr
    assert run(photos, photos / "out", *options).stderr == (
        f"Error: {photos / 'out'}: lies in the folder of the photos; name another\n"
    )
    assert run(photos, out / "mine.txt", *options).stderr.endswith("is a file, not a folder\n")
    assert run(photos, tmp_path / "new", *options, "--resume").exit_code == 0
    assert run(photos, tmp_path / "new", *options).exit_code == 2
    assert run(photos, tmp_path / "new", *options, "--resume").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--distortion", "GBB"], "unknown distortion 'GBB'. Did you mean 'GB'?"),
        (["--metric", "vis"], "unknown similarity metric 'vis'. Did you mean 'vsi'?"),
        (["--levels", "3", "--psnr", "30"], "--levels, --severity, --psnr and --draw exclude each other"),
        (["--severity", "0.1", "--psnr", "30"], "--levels, --severity, --psnr and --draw exclude each other"),
        (["--levels", "1"], "at least 2 are needed, not 1"),
        (["--draw", "2", "--levels", "3"], "--levels, --severity, --psnr and --draw exclude each other"),
        (["--draw", "0"], "at least 1 is needed, not 0"),
        (["--metric", "vsi", "--metric", "gmsd"], "give one --metric, or --calibrate DATASET PATH"),
        (["--calibrate", "csv", "absent"], "absent: no such folder"),
        (["--severity", "2"], "severity 2 is not between 0 (mildest) and 1 (strongest)"),
        (["--psnr", "-3"], "PSNR -3 is not a positive number of dB"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line_and_status_2(
    arguments: list[str], message: str, photos: Path, tmp_path: Path
) -> None:
    done = run(photos, tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_folders_without_photos_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, message in (("empty", "holds no photos that can be read"), ("absent", "no such folder")):
        done = run(tmp_path / folder, tmp_path / "out")
        assert (done.exit_code, done.stderr) == (2, f"Error: {tmp_path / folder}: {message}\n")


def test_a_folder_that_cannot_be_written_is_one_line(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(photos, tmp_path / "file" / "out", "--metric", "psnr")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
