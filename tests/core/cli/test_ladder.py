"""``veiqa ladder``: the table, every score, and what cannot be done."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from making import photo, save, veiqa

from veiqa_core import Scorer

KINDS = ("--distortion", "GB", "--distortion", "darken", "--levels", 2)
FAST = ("--recipe", "fast", "--device", "cpu")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for number in range(2):
        save(photo(64, 72, number), tmp_path / "photos" / f"{number}.png")
    return tmp_path / "photos"


def test_every_score_is_the_scorers(photos: Path) -> None:
    done = veiqa("ladder", photos, *KINDS, *FAST, "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert len(found["scores"]) == 2 * 2 * 3
    assert [kind["distortion"] for kind in found["distortions"]] == ["GB", "DARK"]
    for row in found["scores"][::3]:
        assert row["severity"] is None
        assert row["score"] == Scorer("fast", device="cpu").score(row["photo"]).score
    rows = list(csv.DictReader(veiqa("ladder", photos, *KINDS, *FAST, "--format", "csv").stdout.splitlines()))
    assert [float(row["score"]) for row in rows] == [row["score"] for row in found["scores"]]
    table = veiqa("ladder", photos, *KINDS, *FAST).stdout.splitlines()
    assert table[0].split()[:4] == ["distortion", "photo", "1", "2"]
    means = [sum(row["score"] for row in found["scores"][place::6]) / 2 for place in range(3)]
    assert table[1].split()[:4] == ["GB", *(f"{mean:.1f}" for mean in means)]


def test_a_photo_that_cannot_be_read_is_named_and_the_others_are_shown(photos: Path) -> None:
    (photos / "0.png").write_text("no image")
    done = veiqa("ladder", photos / "0.png", photos / "1.png", *KINDS, *FAST)
    assert done.exit_code == 1
    assert f"warning: {photos / '0.png'}: not an image file that can be read" in done.stderr
    assert "GB" in done.stdout


@pytest.mark.parametrize(
    ("more", "reported"),
    [
        (("--distortion", "GBX"), "unknown distortion 'GBX'"),
        (("--levels", 1), "at least 2 are needed, not 1"),
        (("--recipe", "fats"), "Did you mean 'fast'"),
        (("--pri", "jpeg", "--extractor", "efficientnet-lite0-quality"), "gives similarities and no score"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(photos: Path, more: tuple[object, ...], reported: str) -> None:
    done = veiqa("ladder", photos, *more)
    assert done.exit_code == 2
    assert reported in done.stderr
    assert "Traceback" not in done.output
