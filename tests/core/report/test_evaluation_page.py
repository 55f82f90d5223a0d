"""Pages of evaluations: p values as tables word them, and the maps of the worst images."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import attrs
import making
import pytest

import veiqa_core
from veiqa_core.devices import Device
from veiqa_core.evaluation.comparison import Study
from veiqa_core.page.rendering import load
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.report.evaluation import page
from veiqa_core.report.evaluation.maps import Maps

pytestmark = pytest.mark.usefixtures("tiny")
ONE = Recipe("one", (Branch(pri=Choice("mean-blur"), extractor=Choice("tiny"), layer=1),), Choice("logistic4"))


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return making.write_set(tmp_path_factory.mktemp("rated") / "set", 5, 3, "FF", noise=6, blurs=1, step=20)


def shown(study: Study, device: Device | None) -> str:
    return "".join(page(study, device))


def test_the_worst_images_have_the_map_of_a_mapper_that_did_not_see_their_content(rated: Path) -> None:
    study = veiqa_core.evaluate("csv", rated, recipes=ONE, split="loco", device="cpu", store=False)
    assert study.single is not None
    text = shown(study, Device())
    worst = text.partition("Furthest from their ratings")[2]
    assert worst.count("Quality map. ") == len(re.findall(r'type="range"', worst)) == 12
    assert len(set(re.findall(r'id="(map-[0-9-]+)"', worst))) == 12
    assert "fitted without the image’s content" in worst
    assert "Quality map. " not in shown(study, None)


def test_the_map_does_not_depend_on_ratings_of_the_image_s_content(rated: Path, tmp_path: Path) -> None:
    first, *rest = veiqa_core.rated_images("csv", rated)
    same = {first.name, *(one.name for one in rest if one.content == first.content)}
    assert 1 < len(same) < len(rest)
    made = []
    for change in (0, 30):
        copy = tmp_path / str(change)
        shutil.copytree(rated, copy)
        table = list(csv.DictReader((copy / "scores.csv").read_text().splitlines()))
        for row in table:
            row["score"] = str(float(row["score"]) + change * (row["image"] in same))
        with (copy / "scores.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
        study = veiqa_core.evaluate(
            "csv", copy, recipes=ONE, split="loco", score_range=(0, 200), device="cpu", store=False
        )
        assert study.single is not None
        found = Maps(study.single, Device()).of(first.name)
        assert found is not None
        made.append(found[0])
    assert made[0].equal(made[1])


def test_a_mapper_that_finds_values_by_name_is_refitted_for_maps_too(rated: Path) -> None:
    mapper = Choice("trend-svr", {"trend": ["*/psnr*"]})
    recipe = Recipe("two", (*ONE.branches, attrs.evolve(ONE.branches[0], metric=Choice("nae"))), mapper)
    study = veiqa_core.evaluate("csv", rated, recipes=recipe, split="loco", device="cpu", store=False)
    assert study.single is not None
    assert Maps(study.single, Device()).of(next(veiqa_core.rated_images("csv", rated)).name) is not None


def test_where_nothing_is_calibrated_there_is_no_map(rated: Path) -> None:
    study = veiqa_core.evaluate("csv", rated, recipes=ONE, methods="blur-effect", device="cpu", store=False)
    text = shown(study, Device())
    assert text.count("Furthest from their ratings") == 2
    assert "Quality map. " not in text


def test_a_fitted_recipe_has_its_own_map(rated: Path) -> None:
    fitted = veiqa_core.fit("csv", rated, recipe=ONE, device="cpu", store=False).recipe
    study = veiqa_core.evaluate("csv", rated, recipes=fitted, device="cpu", store=False)
    assert study.single is not None
    image = next(veiqa_core.rated_images("csv", rated))
    found = Maps(study.single, Device()).of(image.name)
    assert found is not None
    expected = veiqa_core.Scorer(fitted, device="cpu").score(image.path, heatmaps=True)
    assert expected.quality_map is not None
    assert expected.scale is not None
    assert found[0].equal(expected.quality_map)
    assert found[1] == expected.scale[1] - expected.scale[0]


def test_small_p_values_are_worded_as_in_tables() -> None:
    p_value = load("report/evaluation/templates/differences.html.jinja").environment.filters["p_value"]
    assert [p_value(0.0004), p_value(0.001), p_value(0.25)] == ["< 0.001", "0.001", "0.250"]
    assert "not available" in p_value(None)
