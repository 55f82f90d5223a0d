"""Ablations on made-up tables, where it is known which part says something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import making
import numpy as np
import pytest
from making import veiqa
from scipy import stats

from veiqa_core.contracts import RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import UsageError
from veiqa_core.evaluation.ablation import WHOLE, Ablation, ablate, single, variants
from veiqa_core.evaluation.measured import MeasuredSet
from veiqa_core.evaluation.splits import Protocol
from veiqa_core.extension.registry import installed
from veiqa_core.measuring.quantity import of_recipe
from veiqa_core.measuring.table import Measurements
from veiqa_core.recipes.recipe import Branch, Choice, Recipe, RecipeSet
from veiqa_core.recipes.resolution import resolve_all

PRIS, METRICS = ("mean-blur", "jpeg"), ("psnr", "nae")
BRANCHES = tuple(Branch(pri=Choice(pri), metric=Choice(metric), layer="blocks.1") for pri in PRIS for metric in METRICS)
COUNT, EACH = 96, 8


def measured(given: Recipe) -> MeasuredSet:
    """Branches of mean-blur follow quality, those of jpeg and all methods are noise."""
    rng = np.random.default_rng(3)
    recipes = resolve_all(given, installed())
    quantities = of_recipe(recipes.recipes[None])
    quality = rng.uniform(0, 100, COUNT)
    values = np.stack(
        [
            -quality / 100 + rng.normal(0, 0.1, COUNT) if "mean-blur" in q.key else rng.normal(size=COUNT)
            for q in quantities
        ],
        axis=1,
    )
    names = tuple(f"{i}.png" for i in range(COUNT))
    table = Measurements(
        names=names,
        quality=quality,
        quantities=tuple(quantities),
        contents=tuple(f"scene{i // EACH}" for i in range(COUNT)),
        digests=[f"digest{i}" for i in range(COUNT)],
        values=values,
    )
    images = tuple(RatedImage(image=name, score=50.0) for name in names)
    rated = RatedSet("made", "made", Path("made"), Ratings(images=images, score_type="mos", range=(0, 100)))
    return MeasuredSet(rated, recipes, table, {}, {}, 0, {})


def run(given: Recipe, *kinds: Any, protocol: Protocol | None = None) -> Ablation:
    own = measured(given)
    return ablate(own, variants(single(own.recipes), kinds), protocol or Protocol("loco"))


MIXED = Recipe("mixed", BRANCHES, Choice("ridge"), methods=(Choice("blur-effect"),))


def test_what_says_something_is_missed_and_what_does_not_is_not() -> None:
    done = run(MIXED)
    parts = {part.name: part for part in done.parts}
    assert list(parts) == [
        WHOLE,
        *("without pri mean-blur", "pri mean-blur alone", "without pri jpeg", "pri jpeg alone"),
        *("without metric psnr", "metric psnr alone", "without metric nae", "metric nae alone"),
        "without method blur-effect",
    ]
    missed = parts["without pri mean-blur"]
    assert missed.interval is not None
    assert missed.interval[1] < -0.5
    useless = parts["without pri jpeg"]
    assert useless.interval is not None
    assert useless.interval[0] <= 0.02
    assert abs(useless.difference or 1) < 0.05
    assert (parts[WHOLE].difference, parts[WHOLE].saved) == (None, 0)
    assert {name: (part.values, part.passes, part.saved) for name, part in parts.items()} == {
        WHOLE: (5, 3, 0),
        "without pri mean-blur": (3, 2, 1),
        "pri mean-blur alone": (3, 2, 1),
        "without pri jpeg": (3, 2, 1),
        "pri jpeg alone": (3, 2, 1),
        "without metric psnr": (3, 3, 0),
        "metric psnr alone": (3, 3, 0),
        "without metric nae": (3, 3, 0),
        "metric nae alone": (3, 3, 0),
        "without method blur-effect": (4, 3, 0),
    }


def test_a_part_is_refitted_by_hand() -> None:
    own = measured(MIXED)
    done = ablate(own, variants(single(own.recipes), ("method",)), Protocol("loco"))
    table = own.table
    predicted = np.empty(COUNT)
    for content in set(table.contents):
        out = np.array([each == content for each in table.contents])
        mapper = installed().part("mapper", "ridge").create()
        mapper.fit(
            table.values[~out, :4], table.quality[~out], [c for c, o in zip(table.contents, out, strict=True) if not o]
        )
        predicted[out] = mapper.predict(table.values[out, :4]).score.clip(0, 100)
    assert len(done.parts) == 2
    assert done.parts[1].srocc == pytest.approx(stats.spearmanr(predicted, table.quality).statistic)
    assert done.parts[1].difference == (done.parts[1].srocc or 0) - (done.parts[0].srocc or 0)


def test_what_cannot_be_taken_apart_is_refused() -> None:
    one = Recipe("one", BRANCHES[:1], Choice("ridge"))
    recipes = resolve_all(one, installed())
    with pytest.raises(UsageError, match="recipe 'one' has one value only: there is nothing to leave out"):
        variants(single(recipes))
    with pytest.raises(UsageError, match="--drop layer: recipe 'mixed' has no second layer"):
        variants(single(resolve_all(MIXED, installed())), ("layer",))
    with pytest.raises(UsageError, match="has a recipe for each type: name one recipe"):
        single(resolve_all(RecipeSet("both", {"GB": one, "WN": one}), installed()))
    with pytest.raises(UsageError, match="recipe 'mixed' has no mapper to fit"):
        single(resolve_all(attrs.evolve(MIXED, mapper=None), installed()))
    for kind in ("frozen", "repeated"):
        protocol: Any = Protocol(kind)
        with pytest.raises(UsageError, match="parts are refitted, and each image tested once"):
            run(MIXED, protocol=protocol)


def test_the_command_writes_every_format_and_a_page(tmp_path: Path) -> None:
    rated = making.write_set(tmp_path / "rated", 5, 3, "FF", noise=6, blurs=1, step=20)
    recipe, page = tmp_path / "two.toml", tmp_path / "page.html"
    recipe.write_text('mapper = "ridge"\n[[method]]\nname = "blur-effect"\n[[method]]\nname = "laplacian-variance"\n')
    for form in ("table", "json", "csv", "md", "latex"):
        out = tmp_path / f"out.{form}"
        for _ in range(2):  # what it wrote, it may write over
            done = veiqa(
                "ablate", "csv", rated, "--recipe", recipe, "--format", form, "--output", out, "--report", page
            )
            assert done.exit_code == 0, done.output
        assert "without method blur-effect" in out.read_text()
    found = json.loads((tmp_path / "out.json").read_text())
    assert [part["name"] for part in found["parts"]] == [
        *(WHOLE, "without method blur-effect", "method blur-effect alone"),
        *("without method laplacian-variance", "method laplacian-variance alone"),
    ]
    by_name = {part["name"]: part for part in found["parts"]}
    assert by_name["without method blur-effect"]["srocc"] == by_name["method laplacian-variance alone"]["srocc"]
    text = page.read_text()
    assert "default-src &#39;none&#39;" in text
    assert text.count("<svg") == 1
    for options, problem in (
        (("--recipe", recipe, "--drop", "pri"), "--drop pri: recipe 'two' has no second pri"),
        (("--recipe", "nothing"), "unknown recipe 'nothing'"),
        (("--recipe", recipe, "--report", tmp_path / "none" / "x.html"), "cannot be written: no such folder"),
    ):
        done = veiqa("ablate", "csv", rated, *options)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert problem in done.stderr


def test_remarks_say_why_figures_are_missing() -> None:
    done = ablate(own := measured(MIXED), variants(single(own.recipes), ("method",)), Protocol("loco"))
    assert done.remarks == ()
    unfitted = attrs.evolve(done.parts[1], srocc=None, difference=None, interval=None, problem="no such value")
    few = attrs.evolve(done, parts=(done.parts[0], unfitted), contents=4)
    assert few.remarks == (
        "no intervals from fewer than 5 contents",
        f"{unfitted.name}: cannot be refitted: no such value",
        "another mapper may take what is left, such as ridge: --set mapper=ridge",
    )
