"""``--view`` on the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import PIL.Image
import pytest
from making import photo, veiqa, write_set

from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Recipe

SMALL = Choice("timm", {"model": "test_resnet", "weights": "random:0"})
SPACE = """
pri = ["mean-blur"]
extractor = { name = "timm", model = "test_resnet", weights = "random:0", layer = ["layer1"] }
explainer = ["activation-norm"]
metric = ["psnr", "gmsd"]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "r.toml"
    branch = Branch(pri=Choice("mean-blur"), extractor=SMALL, layer=0)
    path.write_text(recipe_files.dumps(Recipe("r", (branch,), Choice("linear"), view=80)))
    return path


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.png"
    PIL.Image.fromarray(photo(90, 130)).save(path)
    return path


def run(*arguments: object) -> str:
    done = veiqa("run", *arguments, "--no-store", "--device", "cpu")
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_run_says_at_which_size_images_were_judged(recipe: Path, big: Path, tmp_path: Path) -> None:
    assert "  judged at  " in (table := run(big, "--recipe", recipe))
    assert "80x55 of 130x90" in table
    assert "judged at" not in run(big, "--recipe", recipe, "--view", "native")
    (row,) = csv.DictReader(
        io.StringIO(run(big, "--recipe", recipe, "--view", 64, "--format", "csv", "--columns", "size"))
    )
    assert [row[name] for name in ("width", "height", "judged_width", "judged_height")] == ["130", "90", "64", "44"]
    page, rows = tmp_path / "page.html", tmp_path / "rows.jsonl"
    run(big, "--recipe", recipe, "--report", page, "--output", rows)
    assert json.loads(rows.read_text())["judged_size"] == [80, 55]
    assert "130 × 90 pixels, judged at 80 × 55." in page.read_text()
    assert "larger images reduced to 80 pixels" in page.read_text()
    run(big, "--recipe", recipe, "--report", page, "--output", rows, "--resume")
    assert "130 × 90 pixels, judged at 80 × 55." in page.read_text()  # as the row says


def test_a_panorama_that_gets_too_narrow_is_said_to_be_judged_smaller(recipe: Path, tmp_path: Path) -> None:
    PIL.Image.fromarray(photo(40, 400)).save(tmp_path / "wide.png")
    done = veiqa("run", tmp_path / "wide.png", "--recipe", recipe, "--no-store", "--device", "cpu", "--format", "json")
    assert done.exit_code == 1
    (row,) = json.loads(done.stdout)
    assert "80x8 pixels are too few for test_resnet" in row["error"]
    assert row["error"].endswith("(judged at 80x8 of 400x40; with the view native all of it is seen)")
    assert run(tmp_path / "wide.png", "--recipe", recipe, "--view", "native")


def test_rows_with_another_view_are_not_gone_on_with(recipe: Path, big: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    run(big, "--recipe", recipe, "--output", rows)
    run(big, "--recipe", recipe, "--output", rows, "--resume")
    done = veiqa("run", big, "--recipe", recipe, "--output", rows, "--resume", "--view", "64")
    assert done.exit_code == 2
    assert "holds results of the recipe r@" in done.stderr


@pytest.mark.parametrize("view", ["12", "foo"])
def test_other_views_are_one_line(big: Path, tmp_path: Path, view: str) -> None:
    rated = ("csv", tmp_path)
    for command in (
        ("run", big),
        ("evaluate", *rated),
        ("fit", *rated, "--output", tmp_path / "o.toml"),
        ("search", *rated, "--space", "quick", "--output", tmp_path / "o"),
    ):
        done = veiqa(*command, "--view", view)
        assert done.exit_code == 2
        rule = "must be native, or a whole number of pixels from 32 to 65535"
        assert done.stderr == f"Error: --view: {rule}, not {view if view[-1].isdigit() else repr(view)}\n"


def test_ratings_are_met_under_the_view(recipe: Path, tmp_path: Path) -> None:
    rated = write_set(tmp_path / "rated", 4, 3, "WN", noise=15, blurs=2, step=25)
    fitted = tmp_path / "fitted.toml"
    options = ("--no-store", "--device", "cpu")
    assert veiqa("fit", "csv", rated, "--recipe", recipe, "--view", 48, "--output", fitted, *options).exit_code == 0
    made = recipe_files.load(fitted)
    assert isinstance(made, Recipe)
    assert made.fitted is not None
    assert (made.view, made.fitted.view) == (48, None)
    for view, noted in (
        ((), ["24 of 24 images were judged with their longer side reduced to 48 pixels"]),
        (
            ("--view", "native"),
            ["fitted with the view 48, evaluated with the view native"],
        ),
    ):
        done = veiqa("evaluate", "csv", rated, "--recipe", fitted, *view, "--format", "json", *options)
        assert done.exit_code == 0, done.output
        notes = json.loads(done.stdout)["notes"]
        assert [note for note in notes if "view" in note or "judged" in note] == noted


def test_a_search_writes_the_view_into_what_it_finds(tmp_path: Path) -> None:
    rated = write_set(tmp_path / "rated", 3, 2, "WN", noise=15, blurs=2, step=25)
    (tmp_path / "s.toml").write_text(SPACE)
    found = tmp_path / "found"
    arguments = ("csv", rated, "--space", tmp_path / "s.toml", "--folds", 3, "--output", found, "--device", "cpu")
    done = veiqa("search", *arguments, "--no-store", "--view", 48)
    assert done.exit_code == 0, done.output
    best = recipe_files.load(found / "best.toml")
    assert isinstance(best, Recipe)
    assert best.view == 48
    about = json.loads((found / "search.json").read_text())
    assert (about["view"], about["cost_size"]) == (48, [48, 43])
    assert "12 of 12 images were judged with their longer side reduced to 48 pixels" in about["notes"]
