"""Methods from the command line: run, evaluate, fit, search, ladder and the pages, alone and beside branches."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import making
import pytest
from making import photo, save, veiqa

from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Choice, Recipe
from veiqa_core.remarks import TOO_SMALL
from veiqa_core.scorer import NO_MAP

METHOD = ("--method", "laplacian-variance")
MIXED = """
[[branch]]
pri = "mean-blur"
extractor = "tiny"

[[method]]
name = "laplacian-variance"
"""
SPACE = """
pri = ["mean-blur", "jpeg"]
extractor = "tiny"
explainer = "activation-norm"
metric = "psnr"

[[method]]
name = "laplacian-variance"
"""


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    return making.write_set(tmp_path / "rated", 5, 3, "FF", noise=6, blurs=1, step=20)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        save(photo(48, 60, seed), folder / f"{seed}.png")
    return folder


@pytest.fixture
def mixed(tmp_path: Path, tiny: None) -> Path:
    path = tmp_path / "mixed.toml"
    path.write_text(MIXED)
    return path


def done(*arguments: object, status: int = 0) -> str:
    result = veiqa(*arguments)
    assert result.exit_code == status, result.output
    return result.stdout if status == 0 else result.stderr.strip().splitlines()[-1]


def test_a_table_of_values_claims_no_quality(photos: Path) -> None:
    lines = done("run", photos, *METHOD).splitlines()
    assert [line.split()[0] for line in lines[1::2]] == ["laplacian-variance"] * 2
    assert lines[-1] == (
        "Not yet a quality: these are what methods give, on scales of their own; a score needs a fitted mapper in the "
        "recipe."
    )
    assert "similarities" not in "".join(lines)


def test_rows_hold_methods_in_every_format_and_are_resumed(photos: Path, mixed: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in done("run", photos, "--recipe", mixed, "--format", "jsonl").splitlines()]
    for form in ("csv", "jsonl", "parquet"):
        output = tmp_path / f"out.{form}"
        done("run", photos / "0.png", "--recipe", mixed, "--output", output)
        done("run", photos / "0.png", photos / "1.png", "--recipe", mixed, "--output", output, "--resume")
        if form == "jsonl":
            assert [json.loads(line)["methods"] for line in output.read_text().splitlines()] == [
                row["methods"] for row in rows
            ]
        if form == "csv":
            written = list(csv.DictReader(output.read_text().splitlines()))
            for row, due in zip(written, rows, strict=True):
                assert {key: float(row[key]) for key in due["methods"]} == due["methods"]
                assert {key: float(row[key]) for key in due["similarities"]} == due["similarities"]


def test_a_method_has_no_map(photos: Path, mixed: Path, tmp_path: Path) -> None:
    reported = done("run", photos, *METHOD, "--vei", tmp_path / "maps", status=2)
    assert reported == "Error: --vei draws what networks see, and a method has no map: leave it out, or add a branch"
    done("run", photos, "--recipe", mixed, "--vei", tmp_path / "maps")
    assert len(list((tmp_path / "maps").iterdir())) == 2


def test_a_page_shows_methods(photos: Path, mixed: Path, tmp_path: Path) -> None:
    for name, chosen in (("alone", METHOD), ("mixed", ("--recipe", mixed))):
        page = tmp_path / f"{name}.html"
        done("run", photos, *chosen, "--report", page, "--output", tmp_path / f"{name}.csv")
        text = page.read_text()
        assert "laplacian-variance" in text
        assert "What the methods give, each on a scale of its own." in text
        assert ("similarities between the explanations" in text) == (name == "mixed")


def test_the_recipe_of_a_method_gives_a_score_and_the_method_says_so(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    save(photo(120, 140, 1), path)
    for name, outputs in (("brisque", 36), ("niqe", 1)):
        values = veiqa("run", path, "--method", name, "--format", "json")
        hint = f"--method {name} gives what {name} measures; for a score of 0 to 100 say --recipe {name}"
        assert hint in values.stderr
        (measured,) = json.loads(values.stdout)
        assert measured["score"] is None
        scored = veiqa("run", path, "--recipe", name, "--format", "json")
        assert hint not in scored.stderr
        (row,) = json.loads(scored.stdout)
        assert row["methods"] == measured["methods"]
        assert len(row["methods"]) == outputs
        assert 0 <= row["interval"][0] <= row["score"] <= row["interval"][1] <= 100
        assert row["scale"] == [0, 100]
    assert "--recipe" not in veiqa("run", path, *METHOD).stderr  # no recipe is shipped of this one
    assert "--recipe niqe" not in veiqa("run", path, "--method", "niqe", "--mapper", "identity").stderr


def test_a_method_excludes_a_recipe_and_joins_branches_that_are_named(photos: Path, tiny: None) -> None:
    reported = done("run", photos, "--recipe", "fast", *METHOD, status=2)
    assert reported.startswith("Error: --recipe already names every part: change one with --set")
    text = done("run", photos, "--pri", "jpeg", "--extractor", "tiny", *METHOD, "--format", "jsonl")
    row = json.loads(text.splitlines()[0])
    assert (len(row["similarities"]), list(row["methods"])) == (1, ["laplacian-variance"])


def test_a_method_is_evaluated_and_fitted(rated: Path, tmp_path: Path) -> None:
    figures = json.loads(done("evaluate", "csv", rated, *METHOD, "--format", "json"))
    assert any(note.startswith("no mapper is fitted: ranked by the method's value, the") for note in figures["notes"])
    output = tmp_path / "sharp.toml"
    done("fit", "csv", rated, *METHOD, "--mapper", "logistic4", "--output", output)
    fitted = recipe_files.load(output)
    assert isinstance(fitted, Recipe)
    assert (fitted.branches, fitted.methods) == ((), (Choice("laplacian-variance"),))
    assert fitted.fitted is not None
    row = json.loads(done("run", rated / "GB0-1.png", "--recipe", output, "--format", "jsonl"))
    assert row["score"] is not None
    assert row["flags"] == [TOO_SMALL]
    reported = done("evaluate", "csv", rated, *METHOD, "--keep-vei", tmp_path / "veis", status=2)
    assert reported == "Error: --keep-vei keeps what networks see, and a method has no map: leave it out"


def test_branches_and_methods_are_fitted_together(rated: Path, mixed: Path, tmp_path: Path) -> None:
    output = tmp_path / "both.toml"
    mixed.write_text('mapper = "ridge"\n' + MIXED)
    done("fit", "csv", rated, "--recipe", mixed, "--output", output, "--workers", 2)
    page = tmp_path / "page.html"
    done("run", rated / "GB0-1.png", "--recipe", output, "--report", page, "--output", tmp_path / "out.jsonl")
    (row,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert NO_MAP in row["flags"]
    assert "They have no map of where quality is lost" in page.read_text()


def test_a_space_tries_methods_beside_branches_and_alone(rated: Path, tmp_path: Path, tiny: None) -> None:
    for name, text in (("both", SPACE), ("alone", '[[method]]\nname = "laplacian-variance"\n')):
        space, out = tmp_path / f"{name}.toml", tmp_path / name
        space.write_text(text)
        assert ("methods" in done("search", "csv", rated, "--space", space, "--plan")) is True
        done("search", "csv", rated, "--space", space, "--output", out, "--branches", 2)
        rows = list(csv.DictReader((out / "results.csv").read_text().splitlines()))
        assert [row["method"] for row in rows if row["key"] == "laplacian-variance"] == ["laplacian-variance"]
        assert len(rows) == (3 if name == "both" else 1)
        assert b"laplacian-variance" in (out / "report.html").read_bytes()
        best = recipe_files.load(out / "best.toml")
        assert isinstance(best, Recipe)
        scored = veiqa("run", rated / "GB0-1.png", "--recipe", out / "best.toml")
        assert scored.exit_code == 0, scored.output
    controls = json.loads((tmp_path / "alone" / "search.json").read_text())["winners"]["all"]["controls"]
    assert {control["reason"] for control in controls} == {
        "a method has neither PRI nor network that could be left out"
    }


def test_a_space_without_a_kind_of_branch_is_refused(rated: Path, tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    space.write_text('pri = "jpeg"\n[[method]]\nname = "laplacian-variance"\n')
    reported = done("search", "csv", rated, "--space", space, "--plan", status=2)
    assert reported == f"Error: {space}: extractor: name one component or more"


def test_a_fitted_method_climbs_a_ladder(rated: Path, tmp_path: Path) -> None:
    done("fit", "csv", rated, *METHOD, "--mapper", "logistic4", "--output", tmp_path / "sharp.toml")
    text = done("ladder", rated / "ref0.png", "--recipe", tmp_path / "sharp.toml", "--distortion", "gaussian-blur")
    assert text.splitlines()[1].startswith("GB ")
