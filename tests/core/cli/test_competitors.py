"""``veiqa evaluate`` with several recipes, methods and datasets."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import making
import pytest
from making import veiqa

from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Recipe

pytestmark = pytest.mark.usefixtures("tiny")
METHODS = ("--method", "blur-effect", "--method", "laplacian-variance")


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rated") / "set"
    return making.write_set(folder, 5, 3, "FF", noise=6, blurs=1, step=20)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "one.toml"
    branch = Branch(pri=Choice("mean-blur"), extractor=Choice("tiny"), layer=1)
    path.write_text(recipe_files.dumps(Recipe("one", (branch,), Choice("logistic4"))))
    return path


def figures(*arguments: object) -> dict[str, Any]:
    done = veiqa("evaluate", *arguments, "--format", "json", "--device", "cpu")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_a_recipe_and_methods_are_competitors_with_the_figures_that_each_has_alone(rated: Path, one: Path) -> None:
    together = figures("csv", rated, "--recipe", one, *METHODS)
    (found,) = together["datasets"]
    assert list(found["competitors"]) == ["one", "blur-effect", "laplacian-variance"]
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == [
        ("one", "blur-effect"),
        ("one", "laplacian-variance"),
        ("blur-effect", "laplacian-variance"),
    ]
    assert {pair["n"] for pair in found["pairs"]} == {30}
    alone = {"one": ("--recipe", one), "blur-effect": METHODS[:2]}
    for name, options in alone.items():
        assert found["competitors"][name]["overall"] == figures("csv", rated, *options)["overall"]


def test_every_format_shows_every_competitor_and_dataset(rated: Path, tmp_path: Path) -> None:
    other = making.write_set(tmp_path / "other", 5, 2, "FF", noise=9, blurs=1, step=20, seed=4)
    several = ("csv", rated, *METHODS, "--also", "csv", other)
    shown = {}
    for form in ("table", "md", "latex", "csv", "json"):
        out = tmp_path / f"out.{form}"
        for _ in range(2):  # what it wrote, it may write over
            done = veiqa("evaluate", *several, "--format", form, "--output", out)
            assert done.exit_code == 0, done.output
        shown[form] = out.read_text()
    found = json.loads(shown["json"])
    assert [one["competitors"]["blur-effect"]["n"] for one in found["datasets"]] == [30, 20]
    mean = found["mean_weighted_by_images"]["blur-effect"]["srocc"]
    for form in ("table", "md", "latex"):
        assert f"{mean:z.3f}".lstrip("-") in shown[form]
    rows = list(csv.DictReader(io.StringIO(shown["csv"])))
    assert len([row for row in rows if row["versus"]]) == 2
    (pair,) = found["datasets"][0]["pairs"]
    row = next(row for row in rows if row["versus"])
    assert float(row["srocc"]) == pair["srocc"]["difference"]
    assert float(row["srocc_p_holm"]) == pair["srocc"]["p_holm"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--recipe", "fast", "--recipe", "fast"), "two competitors are called 'fast'"),
        ((*METHODS[:2], *METHODS[:2]), "two competitors are called 'blur-effect'"),
        (("--recipe", "fats", "--recipe", "fast"), "unknown recipe 'fats'"),
        (("--recipe", "fast", "--recipe", "default", "--mapper", "ridge"), "--mapper goes with --method"),
        (("--recipe", "fast", *METHODS, "--pri", "jpeg"), "build one recipe: leave them out beside several"),
        ((*METHODS, "--also", "csv", "nowhere"), "nowhere: no such folder"),
        ((*METHODS, "--also", "live", ".", "--split-file", "x.csv"), "--split-file lists the images of one dataset"),
    ],
)
def test_what_does_not_go_together_is_one_line(options: tuple[str, ...], problem: str, rated: Path) -> None:
    done = veiqa("evaluate", "csv", rated, *options)
    assert done.exit_code == 2
    assert problem in done.stderr
    assert "Traceback" not in done.output


def test_a_method_that_is_broken_and_contents_that_are_not_named_are_one_line(
    rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import veiqa_methods.sharpness

    def broken(self: object, images: object) -> object:
        raise RuntimeError("worn out")

    monkeypatch.setattr(veiqa_methods.sharpness.LaplacianVariance, "measure", broken)
    done = veiqa("evaluate", "csv", rated, *METHODS, "--no-store")
    assert (done.exit_code, done.stdout) == (2, "")
    line = done.stderr.splitlines()[-1]
    assert "no image could be measured; the first: " in line
    assert "laplacian-variance" in line
    assert "worn out" in line
    nameless = tmp_path / "nameless"
    nameless.mkdir()
    lines = ["image,score,score_type", "GB0-1.png,20,dmos", "GB0-2.png,40,dmos", "GB0-3.png,60,dmos"]
    (nameless / "scores.csv").write_text("\n".join(lines) + "\n")
    for name in ("GB0-1.png", "GB0-2.png", "GB0-3.png"):
        (nameless / name).write_bytes((rated / name).read_bytes())
    for command in ("evaluate", "ablate"):
        done = veiqa(command, "csv", nameless, "--recipe", "fast", "--split", "loco")
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert "keeps contents apart, and csv names no reference for GB0-1.png" in done.stderr
