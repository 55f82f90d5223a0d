"""``veiqa search`` of spaces that hold methods of several values beside branches."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from making import save, veiqa, waves

from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Recipe

SPACE = """
pri = "mean-blur"
extractor = { name = "tiny", layer = ["1", "3"] }
explainer = "activation-norm"
metric = "psnr"
method = ["brisque", "niqe"]
"""
KEYS = [*(f"mean-blur/tiny:tiny@{layer}/activation-norm/psnr" for layer in (1, 3)), "brisque", "niqe"]
SIDE = 208
FILES = ("best.toml", "cheapest.toml", "report.html", "results.csv", "search.json")


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """Four contents, five levels of noise, with DMOS by level."""
    folder, rng = tmp_path / "rated", np.random.default_rng(0)
    folder.mkdir()
    rows = ["image,reference,distortion,level,score,score_type"]
    for content in range(4):
        pristine = np.tile(waves(rng, SIDE), (1, 3, 1))
        for level in range(5):
            name = f"WN{content}-{level}.png"
            save(pristine + rng.normal(0, 2 + 6 * level, pristine.shape), folder / name)
            rows.append(f"{name},ref{content}.png,WN,{level},{20 * level + rng.uniform(-3, 3):.3f},dmos")
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def space(tmp_path: Path, tiny: None) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SPACE)
    return path


def searched(rated: Path, space: Path, output: Path, *more: object) -> dict[str, bytes]:
    done = veiqa(
        *("search", "csv", rated, "--space", space, "--output", output, "--device", "cpu", "--threads", 1),
        *("--branches", 2, *more),
    )
    assert done.exit_code == 0, done.output
    return {name: (output / name).read_bytes() for name in FILES}


def test_the_best_combination_is_a_recipe_that_scores(
    rated: Path, space: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    plan = veiqa("search", "csv", rated, "--space", space, "--plan").output
    assert "4 combinations, 20 images" in plan
    (methods,) = (line.split() for line in plan.splitlines() if line.split()[:1] == ["methods"])
    assert methods[1:] == ["2", "40"]
    store = ("--store", tmp_path / "s.sqlite")
    files = searched(rated, space, tmp_path / "out", *store)
    rows = {row["key"]: row for row in csv.DictReader(files["results.csv"].decode().splitlines())}
    assert list(rows) == KEYS
    assert rows["brisque"]["method"] == "brisque"
    assert rows["brisque"]["operations"] == "0"
    assert {row["failed"] for row in rows.values()} == {"0"}
    assert float(rows["brisque"]["srocc"]) > 0.7
    best = recipe_files.load(tmp_path / "out" / "best.toml")
    assert isinstance(best, Recipe)
    assert best.fitted is not None
    assert best.fitted.images == 20
    names = ("run", rated / "WN0-0.png", rated / "WN0-4.png", "--recipe", tmp_path / "out" / "best.toml")
    good, bad = (json.loads(line)["score"] for line in veiqa(*names, "--format", "jsonl").stdout.splitlines())
    assert 100 >= good > bad + 30 > 30
    evaluated = veiqa("evaluate", "csv", rated, "--recipe", tmp_path / "out" / "best.toml", "--format=json", *store)
    assert evaluated.exit_code == 0, evaluated.output
    computed.clear()
    assert searched(rated, space, tmp_path / "again", *store) == files
    assert not computed  # all values are kept


def test_a_method_of_several_values_wins_where_it_is_alone(rated: Path, tmp_path: Path) -> None:
    space = tmp_path / "methods.toml"
    space.write_text('method = ["brisque"]')
    files = searched(rated, space, tmp_path / "out")
    winner = json.loads(files["search.json"])["winners"]["all"]
    assert winner["chosen"] == ["brisque"]
    assert [control["figure"] for control in winner["controls"]] == [None] * 3
    assert "neither PRI nor network" in winner["controls"][0]["reason"]
    best = recipe_files.load(tmp_path / "out" / "best.toml")
    assert isinstance(best, Recipe)
    assert [method.name for method in best.methods] == ["veiqa:brisque"]
    assert best.mapper is not None
    assert best.mapper.name == "veiqa:ridge"
    assert b"predictions of contents left out of a fit" in files["report.html"]


def test_shards_end_with_the_same_bytes(rated: Path, space: Path, tmp_path: Path, computed: Counter[str]) -> None:
    alone = searched(rated, space, tmp_path / "alone", "--no-store")
    for number in (1, 2):
        done = veiqa(
            *("search", "csv", rated, "--space", space, "--output", tmp_path / "sharded", "--threads", 1),
            *("--device", "cpu", "--branches", 2, "--shard", f"{number}/2"),
        )
        assert done.exit_code == 0, done.output
    computed.clear()
    merged = searched(rated, space, tmp_path / "sharded", "--store", tmp_path / "m.sqlite", "--merge")
    assert merged == alone
    assert set(computed.values()) <= {1, 2}  # the controls; no candidate is measured again


def test_a_mapper_of_one_value_is_refused_before_anything_is_measured(
    rated: Path, space: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    space.write_text(SPACE + '[mapper]\nmany = "logistic4"\n')
    done = veiqa("search", "csv", rated, "--space", space, "--output", tmp_path / "out")
    assert done.exit_code == 2
    assert "search space 'mine': mapper.many: logistic4 maps one value" in done.stderr
    assert not computed
