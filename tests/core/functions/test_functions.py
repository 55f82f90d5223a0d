"""The functions of Python give what the commands give, and say what cannot be done in one line."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import making
import numpy as np
import PIL.Image
import pytest
from making import veiqa

import veiqa_core
from veiqa_core.errors import UsageError, VeiqaError
from veiqa_core.evaluation.comparison import Study
from veiqa_core.functions.hearing import VeiqaWarning
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.store import Store

pytestmark = pytest.mark.usefixtures("tiny")

ONE = Recipe("one", (Branch(pri=Choice("mean-blur"), extractor=Choice("tiny"), layer=1),), Choice("logistic4"))
CPU = ("--device", "cpu")


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return making.write_set(tmp_path_factory.mktemp("rated") / "set", 5, 3, "FF", noise=6, blurs=1, step=20)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(recipe_files.dumps(ONE))
    return path


def printed(*arguments: object) -> Any:
    done = veiqa(*arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_evaluate_gives_what_the_command_gives(rated: Path, one: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ("evaluate", "csv", rated, "--recipe", one, "--method", "blur-effect", *CPU)
    seen: list[tuple[str, int, int]] = []
    expected = printed(*command, "--split", "kfold", "--folds", 2)
    capfd.readouterr()
    study = veiqa_core.evaluate(
        "csv",
        str(rated),
        recipes=[one],
        methods="blur-effect",
        split="kfold",
        folds=2,
        device="cpu",
        progress=lambda *given: seen.append(given),
        store=False,
    )
    assert study.to_dict() == expected
    assert seen[0] == ("measuring csv", 0, 30)
    assert ("measuring csv", 30, 30) in seen
    assert seen[-1] == ("evaluating csv", 2, 2)  # which samples follow where there is one split
    assert capfd.readouterr() == ("", "")
    seen.clear()
    veiqa_core.evaluate(
        "csv", rated, recipes=one, methods="blur-effect", device="cpu", progress=lambda *given: seen.append(given)
    )
    assert seen[-1] == ("comparing on csv", 2000, 2000)
    single = veiqa_core.evaluate("csv", rated, recipes=ONE, device="cpu")
    assert single.to_dict() == printed(*command[:3], "--recipe", one, *CPU)


def test_options_that_change_a_recipe_do_so_here(rated: Path, one: Path) -> None:
    command = ("evaluate", "csv", rated, "--recipe", one, *CPU, "--view", 48)
    expected = printed(*command, "--set", "metric=ssim", "--distortion", "FF", "--range", 0, 200, "--seed", 3)
    found = veiqa_core.evaluate(
        "csv",
        rated,
        recipes=one,
        overrides={"metric": "ssim"},
        view=48,
        distortions=["FF"],
        score_range=(0, 200),
        seed=3,
        device="cpu",
    )
    assert found.to_dict() == expected
    built = veiqa_core.evaluate(
        "csv", rated, pris="mean-blur", extractor="tiny", layer=1, settings={"pri.size": 5}, device="cpu", store=None
    )
    parts = ("--pri", "mean-blur", "--extractor", "tiny", "--layer", 1, "-p", "pri.size=5")
    assert built.to_dict() == printed("evaluate", "csv", rated, *parts, *CPU)


def test_fit_gives_the_recipe_that_the_command_writes(rated: Path, one: Path, tmp_path: Path) -> None:
    out = tmp_path / "fitted.toml"
    done = veiqa("fit", "csv", rated, "--recipe", one, "--output", out, *CPU)
    assert done.exit_code == 0, done.output
    made = veiqa_core.fit("csv", rated, recipe=one, name="fitted", device="cpu")
    assert made.text == out.read_text()
    made.save(tmp_path / "saved.toml")
    assert (tmp_path / "saved.toml").read_bytes() == out.read_bytes()
    assert made.to_dict()["name"] == "fitted"
    assert any("fitted to 5 contents only" in remark for remark in made.remarks)
    assert veiqa_core.fit("csv", rated, recipe=ONE, device="cpu").recipe.name == "one-fitted"
    image = next(rated.rglob("*.png"))
    scorer = veiqa_core.Scorer(made.recipe, device="cpu")
    assert scorer.score(image).score == veiqa_core.Scorer(out, device="cpu").score(image).score


def test_ablate_gives_what_the_command_gives(rated: Path, tmp_path: Path) -> None:
    branches = tuple(
        Branch(pri=Choice(name), extractor=Choice("tiny"), layer=1) for name in ("mean-blur", "white-noise")
    )
    path = tmp_path / "two.toml"
    path.write_text(recipe_files.dumps(Recipe("two", branches, Choice("ridge"))))
    command = ("ablate", "csv", rated, "--recipe", path, "--drop", "pri", "--split", "kfold", "--folds", 2, *CPU)
    made = veiqa_core.ablate("csv", rated, recipe=path, drop="pri", split="kfold", folds=2, device="cpu")
    assert made.to_dict() == printed(*command)
    rows = list(csv.DictReader(io.StringIO(veiqa(*command, "--format", "csv").stdout)))
    assert [list(row) for row in made.rows()] == [list(row) for row in rows]


def test_search_gives_what_the_command_writes(rated: Path, tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    space.write_text(
        'pri = ["mean-blur"]\nextractor = { name = "tiny", layer = ["1", "3"] }\n'
        'explainer = ["activation-norm"]\nmetric = ["psnr"]\n'
    )
    options = ("--space", space, "--folds", 2, "--seed", 1, *CPU)
    done = veiqa("search", "csv", rated, *options, "--output", tmp_path / "out")
    assert done.exit_code == 0, done.output
    made = veiqa_core.search("csv", rated, space=space, folds=2, seed=1, device="cpu", output=tmp_path / "own")
    for name in ("best.toml", "cheapest.toml", "results.csv", "search.json", "report.html"):
        assert (tmp_path / "own" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert made.to_dict() == json.loads((tmp_path / "out" / "search.json").read_text())
    unwritten = veiqa_core.search("csv", rated, space=space, folds=2, seed=1, device="cpu", store=False)
    assert unwritten.to_dict() == made.to_dict()
    assert recipe_files.dumps(unwritten.best) == (tmp_path / "out" / "best.toml").read_text()
    with pytest.raises(UsageError, match="holds another search"):
        veiqa_core.search("csv", rated, space=space, folds=2, seed=2, device="cpu", output=tmp_path / "own")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Originals in ``o``, copies in ``c``."""
    monkeypatch.chdir(tmp_path)
    for folder in ("o", "c"):
        Path(folder).mkdir()
        for seed in range(3):
            pixels = np.random.default_rng(seed).integers(0, 256, (40, 48, 3), dtype=np.uint8)
            PIL.Image.fromarray(pixels // (1 if folder == "o" else 2 + seed)).save(f"{folder}/{seed}.png")
    PIL.Image.new("RGB", (40, 40)).save("o/left.png")
    return tmp_path


def test_compare_gives_what_the_command_gives(pictures: Path) -> None:
    done = veiqa("compare", "o", "c", "--metric", "psnr", "--metric", "ssim", "--format", "json")
    made = veiqa_core.compare("o", "c", metrics=["psnr", "ssim"])
    found = made.to_dict()
    assert found["pairs"] == json.loads(done.stdout)
    assert found["metrics"]["psnr"]["worst"]["pair"] == "c/2.png"
    assert found["metrics"]["psnr"]["pairs"] == 3
    one = veiqa_core.compare("o/0.png", "c/0.png", metrics="ssim", settings={"metric.downsample": True})
    asked = veiqa(
        "compare", "o/0.png", "c/0.png", "--metric", "ssim", "-p", "metric.downsample=true", "--format", "json"
    )
    assert list(one.rows) == json.loads(asked.stdout)


def test_audit_gives_what_the_command_gives(pictures: Path) -> None:
    made = veiqa_core.audit(["o", "c"], limits={"dark": 0.9}, exclude="left.png")
    done = veiqa("audit", "o", "c", "--limit", "dark=0.9", "--exclude", "left.png", "--format", "json")
    assert made.to_dict()["images"] == json.loads(done.stdout)
    assert made.to_dict()["found"]["dark"] == made.counts["dark"] >= 3
    scored = veiqa_core.audit("o/0.png", recipe="fast", store=False).to_dict()["images"]
    assert scored == json.loads(veiqa("audit", "o/0.png", "--recipe", "fast", "--format", "json").stdout)


def test_rated_images_are_those_of_the_dataset(rated: Path) -> None:
    found = list(veiqa_core.rated_images("csv", rated))
    rows = {row["image"]: row for row in csv.DictReader((rated / "scores.csv").read_text().splitlines())}
    assert [one.name for one in found] == list(rows)
    for one in found:
        assert one.rating == float(rows[one.name]["score"])
        assert one.type == rows[one.name]["distortion"]
        assert one.path == rated / one.name
    assert found[0].rating + found[0].quality == found[1].rating + found[1].quality  # DMOS, turned round
    with PIL.Image.open(found[0].path) as image:
        expected = np.asarray(image.convert("RGB"), dtype=np.float32).transpose(2, 0, 1) / 255
    assert np.array_equal(found[0].pixels().numpy(), expected)
    assert max(found[0].pixels(view=32).shape) == 32
    assert {one.type for one in veiqa_core.rated_images("csv", rated, distortions="FF")} == {"FF"}
    with pytest.raises(VeiqaError, match="no such folder"):
        veiqa_core.rated_images("csv", rated / "absent")  # at once


def test_a_store_is_used_as_it_is_given(rated: Path, tmp_path: Path) -> None:
    asked = {"recipes": ONE, "device": "cpu"}
    first = veiqa_core.evaluate("csv", rated, **asked, store=tmp_path / "mine.sqlite").to_dict()
    assert (tmp_path / "mine.sqlite").is_file()
    with Store(tmp_path / "mine.sqlite") as store:
        assert veiqa_core.evaluate("csv", rated, **asked, store=store).to_dict() == first


def test_remarks_are_warnings_unless_somebody_takes_them(rated: Path) -> None:
    fitted = veiqa_core.fit("csv", rated, recipe=ONE, device="cpu").recipe
    asked: dict[str, Any] = {"recipes": fitted, "overrides": ["metric=ssim"], "device": "cpu"}
    with pytest.warns(VeiqaWarning, match="its mapper no longer fits"):
        veiqa_core.evaluate("csv", rated, **asked)
    said: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        veiqa_core.evaluate("csv", rated, **asked, note=said.append)
    assert any("its mapper no longer fits" in line for line in said)


def evaluate(**given: Any) -> Callable[[Path], object]:
    return lambda rated: veiqa_core.evaluate(given.pop("dataset", "csv"), given.pop("path", rated), **given)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (evaluate(dataset="cvs"), "unknown dataset 'cvs'. Did you mean 'csv'?"),
        (evaluate(dataset=7), "dataset must be the name of a reader, such as csv, not 7"),
        (evaluate(path=7), "path must be a path, not 7"),
        (evaluate(recipes="fats"), "unknown recipe 'fats'. Did you mean 'fast'?"),
        (evaluate(recipes=[3]), "recipes must be the name or file of a recipe, or a Recipe, not 3"),
        (evaluate(recipes=[ONE, ONE]), "two competitors are called 'one'"),
        (evaluate(methods=[3]), "methods must be names, not 3"),
        (evaluate(metric=3), "metric must be a name, not 3"),
        (evaluate(layer=1.5), "layer must be a name or an index, not 1.5"),
        (evaluate(view=3), "view: must be native, or a whole number of pixels from 32 to 65535, not 3"),
        (evaluate(split="locoo"), "split: unknown name 'locoo'. Did you mean 'loco'?"),
        (evaluate(folds=3), "--folds goes with --split kfold or lodo: say that, or leave it out"),
        (evaluate(split="kfold", folds=True), "folds must be a whole number of at least 2, not True"),
        (evaluate(train=["csv"]), "train must be a list of (dataset, path), not ['csv']"),
        (evaluate(score_range=(1, 2, 3)), "score_range must be (low, high), not (1, 2, 3)"),
        (evaluate(recipes=ONE, overrides={"metirc": 1}), "unknown field 'metirc'. Did you mean 'metric'?"),
        (evaluate(recipes="fast", settings={"pri.sizee": 1}), "--recipe already names every part"),
        (evaluate(recipes=ONE, store=3), "store must be a Store, a path, True or False, not 3"),
        (evaluate(recipes=ONE, workers=0), "workers must be a whole number of at least 1, not 0"),
        (evaluate(recipes=ONE, workers=2, dask="a:1"), "--workers and --dask exclude each other"),
        (evaluate(recipes=ONE, keep_vei_cap="2GB"), "--keep-vei-cap goes with --keep-vei DIR"),
        (evaluate(recipes=ONE, keep_vei="v", keep_vei_cap="much"), "keep_vei_cap: 'much' is no size such as 500MB"),
        (evaluate(recipes=ONE, device="cup"), "device 'cup' is not there"),
        (lambda rated: veiqa_core.ablate("csv", rated, drop="prii"), "drop: unknown name 'prii'. Did you mean 'pri'?"),
        (lambda rated: veiqa_core.fit("csv", rated, methods="niqe"), "recipe 'ad-hoc' has no mapper to fit"),
        (lambda rated: veiqa_core.search("csv", rated, space="papre"), "Did you mean 'paper'?"),
        (
            lambda rated: veiqa_core.search("csv", rated, space="paper", objective="scc"),
            "objective: unknown name 'scc'.",
        ),
        (lambda rated: veiqa_core.search("csv", rated, space="paper", folds=1), "folds must be a whole number of at"),
        (lambda rated: veiqa_core.compare(rated), "name an original and a copy, or a folder of each"),
        (lambda rated: veiqa_core.compare(rated, 3), "copy must be a path, not 3"),
        (lambda rated: veiqa_core.audit(rated / "absent"), "absent: no such file or folder"),
        (lambda rated: veiqa_core.audit(rated, frames="last"), "frames must be 'first', 'all' or a number from 1 on"),
        (lambda rated: veiqa_core.audit(rated, limits={"drak": 1}), "--limit unknown limit 'drak'"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(call: Callable[[Path], object], message: str, rated: Path) -> None:
    with pytest.raises(VeiqaError) as caught:
        call(rated)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make modules impossible to import, whatever is installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        monkeypatch.delitem(sys.modules, name)
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def test_without_a_library_of_tables_that_is_said(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = veiqa_core.compare("o", "c", metrics="psnr")
    hide(monkeypatch, "pandas", "polars")
    with pytest.raises(UsageError, match=r"neither is installed: pip install 'veiqa\[pandas\]'"):
        made.to_frame()


class _Table:
    """As much of a table of pandas or polars as is asked for."""

    def __init__(self, data: dict[str, list[Any]], strict: bool = True) -> None:
        self.data, self.strict = data, strict


@pytest.mark.parametrize(("there", "absent"), [("pandas", ()), ("polars", ("pandas",))])
def test_tables_are_made_by_what_is_installed(
    there: str, absent: tuple[str, ...], rated: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, *absent)
    module = type(sys)(there)
    module.DataFrame = _Table  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, there, module)
    study = veiqa_core.evaluate("csv", rated, methods=["blur-effect", "laplacian-variance"], device="cpu")
    frames = {what: study.to_frame(what).data for what in ("figures", "differences", "predictions")}
    assert frames["figures"]["competitor"] == [*["blur-effect"] * 3, *["laplacian-variance"] * 3]
    assert frames["figures"]["type"] == ["FF", "GB", "overall"] * 2
    overall = study.to_dict()["datasets"][0]["competitors"]["laplacian-variance"]["overall"]
    assert frames["figures"]["srocc"][-1] == overall["srocc"]
    assert frames["differences"]["versus"] == ["laplacian-variance"]
    assert len(frames["predictions"]["image"]) == 60
    with pytest.raises(UsageError, match="unknown table 'figure'. Did you mean 'figures'?"):
        study.to_frame("figure")
    assert list(veiqa_core.audit("c").to_frame().data["image"]) == ["c/0.png", "c/1.png", "c/2.png"]
    fitted = veiqa_core.fit("csv", rated, recipe=ONE, device="cpu")
    frame = fitted.to_frame().data
    assert list(frame) == [
        "dataset",
        "image",
        "content",
        "type",
        "quality",
        *(quantity.key for quantity in fitted.measured[0].table.quantities),
    ]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_are_those_of_the_libraries(library: str, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(library)
    if library == "polars":
        hide(monkeypatch, "pandas")
    made = veiqa_core.compare("o", "c", metrics="psnr")
    frame = made.to_frame()
    assert type(frame).__module__.startswith(library)
    assert list(frame.columns) == ["original", "copy", "width", "height", "psnr", "error"]
    assert len(frame) == 4
    audited = veiqa_core.audit("c").to_frame()
    assert len(audited) == 3


@pytest.mark.parametrize(
    ("command", "function", "other"),
    [
        ("evaluate", "evaluate", {"form", "output", "predictions", "report", "no_store"}),
        ("ablate", "ablate", {"form", "output", "report", "no_store"}),
        ("fit", "fit", {"output", "force", "no_store"}),
        ("search", "search", {"plan", "shard", "merge", "no_store"}),
        ("compare", "compare", {"output", "format_named", "report", "resume", "quiet", "fail_under", "fail_over"}),
        (
            "audit",
            "audit",
            {"output", "format_named", "report", "resume", "quiet", "fail_on", "no_store", "lists", "null"},
        ),
    ],
)
def test_functions_take_what_commands_take(command: str, function: str, other: set[str]) -> None:
    import click

    from veiqa_core.cli import main

    found = main.get_command(click.Context(main), command)
    assert found is not None
    own = {"space_name": "space", "limits_given": "limits"}
    options = {own.get(str(param.name), str(param.name)) for param in found.params} - other
    taken = set(inspect.signature(getattr(veiqa_core, function)).parameters)
    assert options - {"help"} <= taken
    more = taken - options
    assert more <= {"registry", "progress", "note", "novelty", "name"}


FUNCTIONS = ("ablate", "audit", "compare", "evaluate", "fit", "rated_images", "search")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_and_docstrings_show_every_keyword(name: str) -> None:
    function = getattr(veiqa_core, name)
    group = get_type_hints(function.__wrapped__, localns={"Study": Study})["given"]
    declared = get_type_hints(get_args(group)[0])
    signature = inspect.signature(function)
    assert set(declared) <= set(signature.parameters)
    assert not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values())
    for parameter in signature.parameters.values():
        assert parameter.annotation is not parameter.empty
        assert re.search(rf"^    (\w+, )*{parameter.name}(, \w+)*: \S", function.__doc__, re.MULTILINE)
    documented = re.findall(r"^    (\w+): ", function.__doc__, re.MULTILINE)
    assert len(documented) == len(set(documented))


def test_defaults_are_those_of_the_commands() -> None:
    import click

    from veiqa_core.cli import main

    for name in ("ablate", "audit", "evaluate", "fit", "search"):
        command = main.get_command(click.Context(main), name)
        assert command is not None
        defaults = {param.name: param.get_default(click.Context(command)) for param in command.params}
        for parameter in inspect.signature(getattr(veiqa_core, name)).parameters.values():
            if isinstance(parameter.default, str | int) and parameter.name in defaults and parameter.name != "store":
                assert defaults[parameter.name] == parameter.default, (name, parameter.name)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("evaluate", {"splt": "loco"}, "evaluate(): unknown keyword argument 'splt'. Did you mean 'split'? Known: "),
        (
            "search",
            {"space": "paper", "bugdet": 3},
            "search(): unknown keyword argument 'bugdet'. Did you mean 'budget'",
        ),
        (
            "rated_images",
            {"distortion": "GB"},
            "Did you mean 'distortions'? Known: dataset, distortions, path, registry",
        ),
    ],
)
def test_an_unknown_keyword_is_one_clear_line(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(veiqa_core, name)("csv", "absent", **given)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("evaluate", {"registry": "all"}, "registry must be a Registry, not 'all'"),
        ("evaluate", {"store": "s3://bucket/store"}, "is a URL, which is not taken here"),
        ("search", {"space": "paper", "strategy": None}, "strategy must be a text, not None"),
    ],
)
def test_an_argument_of_another_kind_is_one_clear_line(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        getattr(veiqa_core, name)("csv", "absent", **given)
    assert message in str(caught.value)


def test_warnings_point_at_the_line_that_called(rated: Path, tmp_path: Path) -> None:
    fitted = veiqa_core.fit("csv", rated, recipe=ONE, device="cpu", note=lambda text: None).recipe
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        line = 1 + (sys._getframe().f_lineno)
        veiqa_core.evaluate("csv", rated, recipes=fitted, overrides=["metric=ssim"], device="cpu")
        capped = {"keep_vei": tmp_path / "veis", "keep_vei_cap": 1}  # said when the folder of VEIs is closed
        veiqa_core.evaluate("csv", rated, recipes=ONE, device="cpu", store=False, **capped)
    own = [one for one in seen if issubclass(one.category, VeiqaWarning)]
    assert {(one.filename, one.lineno) for one in own} == {(__file__, line), (__file__, line + 2)}
    assert any("reached its cap" in str(one.message) for one in own)
