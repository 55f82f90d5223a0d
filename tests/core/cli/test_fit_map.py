"""``veiqa fit-map``: the recipe that it writes, and what cannot be done."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from making import photo, save, veiqa

from veiqa_core import Scorer
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Provenance, Recipe

pytestmark = pytest.mark.usefixtures("tiny")
FITTED = Recipe(
    "one",
    (Branch(pri=Choice("mean-blur"), extractor=Choice("tiny"), layer=1),),
    Choice("linear"),
    {"coefficients": [50.0, -0.5]},
    Provenance("made", 9, (0, 100), ()),
)
OPTIONS = ("--distortion", "WN", "--draws", 3, "--device", "cpu")


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for number in range(2):
        save(photo(96, 120, number), Path("photos") / f"{number}.png")
    Path("one.toml").write_text(recipe_files.dumps(FITTED))
    return tmp_path


def test_the_recipe_gets_a_local_mapper_and_keeps_the_rest(there: Path) -> None:
    done = veiqa("fit-map", "photos", "--recipe", "one.toml", *OPTIONS, "--output", "mapped.toml")
    assert done.exit_code == 0, done.output
    assert "mapped.toml: mapped, the map of one fitted to 2 photos" in done.stderr
    made = recipe_files.load("mapped.toml")
    assert isinstance(made, Recipe)
    assert made.local is not None
    assert made.local.mapper == Choice("veiqa:ridge", {"strength": 0.1})
    assert attrs.evolve(made, local=None, name="one") == FITTED
    before, after = (Scorer(recipe, device="cpu").score("photos/0.png").score for recipe in ("one.toml", "mapped.toml"))
    assert before == after


def test_a_photo_that_fails_is_named_and_the_others_are_used(there: Path) -> None:
    Path("photos/0.png").write_text("no image")
    photos = ("photos/0.png", "photos/1.png")
    done = veiqa("fit-map", *photos, "--recipe", "one.toml", *OPTIONS, "--output", "mapped.toml")
    assert done.exit_code == 1
    assert "warning: photos/0.png: not an image file that can be read" in done.stderr
    assert "fitted to 1 photos" in done.stderr


@pytest.mark.parametrize(
    ("more", "reported"),
    [
        (("--recipe", "one.toml", "--output", "photos/0.png"), "photos/0.png"),
        (("--recipe", "one.toml", "--output", "one.toml"), "one.toml"),
        (("--recipe", "best-by-type", "--output", "x.toml"), "is a recipe set: fit the map of each"),
        (("--recipe", "one.toml", "--output", "x.toml", "--local-mapper", "rdge"), "Did you mean 'ridge'"),
        (("--recipe", "one.toml", "--output", "x.toml", "--local-mapper", "identity"), "cannot be fitted to 1"),
        (("--recipe", "one.toml", "--output", "x.toml", "--distortion", "WNN"), "unknown distortion 'WNN'"),
        (("--extractor", "tiny", "--layer", 1, "--output", "x.toml"), "is not fitted to ratings"),
        (("absent.png", "--recipe", "one.toml", "--output", "x.toml"), "absent.png: no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(there: Path, more: tuple[object, ...], reported: str) -> None:
    done = veiqa("fit-map", "photos", "--draws", 1, "--device", "cpu", *more)
    assert done.exit_code == 2, done.output
    assert reported in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not Path("x.toml").exists()


def test_no_photo_at_all_is_one_line(there: Path) -> None:
    Path("photos/0.png").write_text("no image")
    done = veiqa("fit-map", "photos/0.png", "--recipe", "one.toml", *OPTIONS, "--output", "x.toml")
    assert done.exit_code == 1
    warned, failed = done.stderr.splitlines()[-2:]
    assert warned.startswith("warning: photos/0.png: not an image file that can be read")
    assert failed == "Error: no photo could be used"
    assert not Path("x.toml").exists()
