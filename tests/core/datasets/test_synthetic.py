"""Synthetic rated sets: the files that are made, again and on after a stop."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Generator
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import PIL.Image
import pytest
from synthesis import by, contents, made, table

from veiqa_core import images
from veiqa_core.datasets import distort, synthetic
from veiqa_core.datasets.distort import Drawn, degrade, even_levels, levels_at
from veiqa_core.datasets.rated_set import load
from veiqa_core.datasets.synthetic import Row, Skipped, SyntheticSet
from veiqa_core.errors import ImageError, UsageError
from veiqa_core.extension.registry import Registry, installed


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


def test_what_one_generator_cannot_do_leaves_the_others(photos: Path, tmp_path: Path, soft: Registry) -> None:
    wanted = SyntheticSet(
        photos,
        tmp_path / "out",
        distortions=["late", "cut", "WN"],
        levels=even_levels(4),
        pseudo_rating=by("psnr"),
        registry=soft,
    )
    results = list(wanted.make())
    late, cut = [item for item in results if isinstance(item, Skipped)][:2]
    assert (late.count, cut.count) == (1, 4)
    assert late.reason == f"{photos / 'cat.png'}: soft:late: pri 'late' (soft 1.0) failed: RuntimeError: too much"
    assert "gave (1, 3, 80, 95) for an image of (1, 3, 80, 96)" in cut.reason
    assert [row["distortion"] for row in table(tmp_path / "out/scores.csv")] == ([*["soft:late"] * 3, *["WN"] * 4]) * 2
    assert (tmp_path / "out/soft-late/cat-1.png").is_file()
    none = SyntheticSet(photos, tmp_path / "none", distortions=["cut"], pseudo_rating=by("psnr"), registry=soft)
    with pytest.raises(ImageError, match="no image could be made"):
        list(none.make())


def test_a_generator_of_another_distribution_is_found(photos: Path, tmp_path: Path, soft: Registry) -> None:
    levels = levels_at("severity", [0.5])
    out = tmp_path / "out"
    rows = made(SyntheticSet(photos, out, distortions=["DIM+WN"], levels=levels, registry=soft))
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
    distortions: list[str], message: str, photos: Path, tmp_path: Path, soft: Registry
) -> None:
    with pytest.raises(UsageError, match=message):
        SyntheticSet(photos, tmp_path / "out", distortions=distortions, registry=soft)
    assert not (tmp_path / "out").exists()


def test_the_same_distortion_twice_is_made_once(photos: Path, tmp_path: Path) -> None:
    assert SyntheticSet(photos, tmp_path / "out", distortions=["GB", "gaussian-blur"]).total == 2 * 5
    with pytest.raises(UsageError, match="two levels have the same label"):
        SyntheticSet(photos, tmp_path / "out", levels=[*even_levels(2), *levels_at("severity", [1])])


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
