"""The shipped recipes for unknown distortions, as users get them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from making import veiqa

from veiqa_core import Scorer
from veiqa_core.datasets.distort import Level, degrade, find
from veiqa_core.devices import Device
from veiqa_core.extension.registry import installed
from veiqa_core.images import read
from veiqa_core.measuring.branches.engine import Engine
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Recipe
from veiqa_core.recipes.resolution import resolve

PHOTO = Path(__file__).parents[3] / "docs" / "images" / "chelsea.png"
NAMES = ("default", "fast")
KINDS = ["BLOCK", "CQ", "GB", "HFN", "IN", "JP2K", "JPEG", "PIXEL", "QN", "WN", "none", "other"]
COMMON = ("GB", "JP2K", "JPEG", "WN")


@pytest.fixture(scope="module", params=NAMES)
def scorer(request: pytest.FixtureRequest) -> Scorer:
    return Scorer(request.param, device="cpu")


@pytest.mark.parametrize(("name", "passes"), [("default", 3), ("fast", 2)])
def test_a_recipe_says_what_it_was_fitted_on_and_costs_what_it_says(name: str, passes: int) -> None:
    loaded = recipe_files.find(name, installed())
    assert isinstance(loaded, Recipe)
    assert loaded.name == name
    assert loaded.fitted is not None
    assert loaded.fitted.range == (0, 100)
    assert loaded.fitted.images > 1000
    assert len(loaded.fitted.seen_ids) > 100
    engine = Engine(resolve(loaded, installed()).branches, Device())
    assert len(engine.plan.passes) == passes
    assert sum(step.backward for step in engine.plan.passes) == 0


def test_the_unfitted_recipes_of_the_benchmarks_are_the_shipped_ones() -> None:
    for name in NAMES:
        unfitted = recipe_files.load(Path(__file__).parents[3] / "benchmarks" / "recipes" / f"{name}.toml")
        shipped = recipe_files.find(name, installed())
        assert isinstance(unfitted, Recipe)
        assert isinstance(shipped, Recipe)
        assert (unfitted.branches, unfitted.mapper, unfitted.classifier, unfitted.view) == (
            shipped.branches,
            shipped.mapper,
            shipped.classifier,
            shipped.view,
        )


def test_a_photo_scores_well_and_falls_with_every_distortion(scorer: Scorer) -> None:
    photo = read(PHOTO)
    whole = scorer.score(photo.pixels[0])
    assert whole.scale == (0, 100)
    assert whole.score is not None
    assert whole.interval is not None
    assert whole.interval[0] <= whole.score <= whole.interval[1]
    assert whole.flags == ()
    for name in ("gaussian-blur", "WN", "JPEG", "JP2K"):
        kind = find(name, installed())
        scores = [whole.score]
        for severity in (0.35, 0.6, 0.9):
            worse = degrade(photo, kind, Level("x", "severity", severity)).image
            result = scorer.score(worse.pixels[0])
            assert result.score is not None
            assert result.distortion is not None
            assert list(result.distortion) == KINDS
            assert sum(result.distortion.values()) == pytest.approx(1)
            scores.append(result.score)
            if severity == 0.6:
                single = {own: result.distortion[own] for own in COMMON}
                assert max(single, key=single.__getitem__) == kind.name
        assert scores == sorted(scores, reverse=True), (name, scores)
        assert scores[0] - scores[-1] > 30


def test_the_map_lies_where_the_photo_is_hurt() -> None:
    scorer = Scorer("default", device="cpu")
    photo = read(PHOTO)
    worse = degrade(photo, find("gaussian-blur", installed()), Level("x", "severity", 0.6)).image
    height, width = photo.pixels.shape[-2:]
    mixed = photo.pixels.clone()
    mixed[..., : height // 2, : width // 2] = worse.pixels[..., : height // 2, : width // 2]
    result = scorer.score(mixed[0], heatmaps=True)
    assert result.quality_map is not None
    quarters = [
        float(result.quality_map[down : down + height // 2, across : across + width // 2].mean())
        for down in (0, height // 2)
        for across in (0, width // 2)
    ]
    assert int(np.argmax(quarters)) == 0


def test_the_command_without_options_uses_the_default(tmp_path: Path) -> None:
    with PIL.Image.open(PHOTO) as image:
        image.convert("RGB").save(tmp_path / "cat.png")
    done = veiqa("run", tmp_path / "cat.png", "--device", "cpu", "--vei", tmp_path / "maps")
    assert done.exit_code == 0, done.output
    assert "score (0 worst, 100 best)" in done.stdout
    assert "90 % interval" in done.stdout
    assert "likely distortion" in done.stdout
    assert len(done.stdout.splitlines()) == 3  # not a line for each of 102 branches
    drawn = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert "cat.map.png" in drawn
    assert drawn[1:] == [f"cat.vei{number}.png" for number in range(1, 5)]
    plain = veiqa("run", tmp_path / "cat.png", "--device", "cpu", "--format", "json")
    (row,) = json.loads(plain.stdout)
    assert row["recipe"].startswith("default@")
    assert row["scale"] == [0, 100]
    table = veiqa("run", tmp_path / "cat.png", "--device", "cpu", "--format", "csv").stdout
    (line,) = csv.DictReader(io.StringIO(table))
    assert float(line["low"]) <= float(line["score"]) <= float(line["high"])
    assert line["distortion"] in KINDS
    assert float(line["probability"]) == max(row["distortion"].values())
