"""``veiqa ladder``: the table, every score, and what cannot be done."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from making import photo, save, veiqa, write_set

from veiqa_core import Scorer
from veiqa_core.measuring.meter import Meter

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
    done = veiqa("ladder", photos / "0.png", photos / "1.png", *KINDS, *FAST, "--no-store")
    assert done.exit_code == 1
    assert f"warning: {photos / '0.png'}: not an image file that can be read" in done.stderr
    assert "GB" in done.stdout


def test_what_was_scored_is_kept(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ("--store", tmp_path / "store.sqlite")
    first = veiqa("ladder", photos, *KINDS, *FAST, *store, "--format", "csv")
    assert first.exit_code == 0, first.output
    monkeypatch.setattr(Meter, "compute", lambda *given, **more: pytest.fail("measured again"))
    assert veiqa("ladder", photos, *KINDS, *FAST, *store, "--format", "csv").stdout == first.stdout


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


@pytest.mark.usefixtures("tiny")
def test_the_page_of_an_evaluation_shows_the_ladders_of_recipes_that_give_scores(photos: Path, tmp_path: Path) -> None:
    rated = write_set(tmp_path / "set", 5, 3, "FF", noise=6, blurs=1, step=20)
    parts = ("--extractor", "tiny", "--layer", 1, "--pri", "mean-blur", "--mapper", "logistic4", "--device", "cpu")
    assert veiqa("fit", "csv", rated, *parts, "--output", tmp_path / "one.toml").exit_code == 0
    (photos / "0.png").write_text("no image")
    page = tmp_path / "page.html"
    several = ("csv", rated, "--recipe", tmp_path / "one.toml", "--method", "blur-effect", "--device", "cpu")
    done = veiqa("evaluate", *several, "--report", page, "--ladder", photos / "0.png", "--ladder", photos / "1.png")
    assert done.exit_code == 1, done.output
    assert f"warning: {photos / '0.png'}: not an image file that can be read" in done.stderr
    assert "no ladders of blur-effect: " in done.stderr
    written = page.read_text()
    section = written[written.index("Photos made worse step by step") :]
    single = ("ladder", photos / "1.png", "--recipe", tmp_path / "one.toml", "--device", "cpu", "--format", "json")
    for kind in json.loads(veiqa(*single).stdout)["distortions"]:
        name = kind["distortion"] if kind["falls"] else f"{kind['distortion']} !"
        row = section[section.index(f'<th scope="row">{name}</th>') :].split("</tr>")[0]
        for score in kind["scores"]:
            assert f">{score:.1f}<".replace("-", "−") in row
    refused = veiqa("evaluate", *several, "--ladder", photos / "1.png")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--ladder is shown on the page: name one with --report" in refused.stderr
