"""``veiqa evaluate``, ``fit``, ``datasets`` and ``recipes`` from the command line, on a tiny rated set."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import making
import PIL.Image
import pytest
from making import veiqa

from veiqa_core.extension.registry import installed
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Recipe, RecipeSet
from veiqa_core.recipes.resolution import resolve_all
from veiqa_core.remarks import TOO_SMALL

BRANCH = Branch(pri=Choice("mean-blur"), extractor=Choice("tiny"), layer=1)
pytestmark = pytest.mark.usefixtures("tiny")
CONTENTS, LEVELS = 4, 4
FORMATS = ("table", "json", "csv", "md")


def write_set(folder: Path, contents: int = CONTENTS, seed: int = 0) -> Path:
    return making.write_set(folder, contents, LEVELS, "FF", noise=6, blurs=1, step=20, seed=seed)


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    return write_set(tmp_path / "rated")


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(recipe_files.dumps(Recipe("one", (BRANCH,), Choice("logistic4"))))
    return path


@pytest.fixture
def by_type(tmp_path: Path) -> Path:
    path = tmp_path / "by-type.toml"
    path.write_text(recipe_files.dumps(RecipeSet("by-type", {"GB": Recipe("gb", (BRANCH,), Choice("logistic4"))})))
    return path


def figures(*arguments: object) -> dict[str, Any]:
    done = veiqa("evaluate", *arguments, "--format", "json", "--device", "cpu")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_a_recipe_set_is_used_by_type_and_what_it_has_no_recipe_for_is_counted(rated: Path, by_type: Path) -> None:
    found = figures("csv", rated, "--recipe", by_type)
    assert found["n"] == CONTENTS * LEVELS
    assert found["skipped"] == {"FF": CONTENTS * LEVELS}
    assert set(found["by_distortion"]) == {"GB"}
    assert found["recipe"].startswith("by-type@")
    assert found["protocol"] == {"split": "frozen", "refits": False}
    assert found["overall"]["mapping"] == "logistic5"
    assert found["versions"]["components"]["pri/mean-blur"].startswith("veiqa:mean-blur 1 ")
    assert found["dataset"]["score_type"] == "dmos"


def test_higher_is_better_whatever_the_dataset_says(rated: Path, one: Path) -> None:
    down = figures("csv", rated, "--recipe", one)["overall"]["srocc"]
    table = rated / "scores.csv"
    table.write_text(table.read_text().replace(",dmos", ",mos"))
    assert figures("csv", rated, "--recipe", one)["overall"]["srocc"] == pytest.approx(-down)


@pytest.mark.parametrize("split", [("loco",), ("kfold", "--folds", "2"), ("repeated", "--repeats", "3")])
def test_protocols_that_refit_say_so(split: tuple[str, ...], rated: Path, one: Path) -> None:
    found = figures("csv", rated, "--recipe", one, "--split", *split)
    assert found["protocol"]["refits"] is True
    assert found["overall"]["fit"] == "held-out"
    assert found["overall"]["mapping"] == "none"
    assert isinstance(found["overall"]["plcc"], float)


def test_all_formats_show_the_same(one: Path, tmp_path: Path) -> None:
    rated = write_set(tmp_path / "rated", contents=5)
    found = figures("csv", rated, "--recipe", one)
    shown = {form: veiqa("evaluate", "csv", rated, "--recipe", one, "--format", form).stdout for form in FORMATS}
    rows = {row["type"]: row for row in csv.DictReader(io.StringIO(shown["csv"]))}
    assert float(rows["overall"]["srocc"]) == found["overall"]["srocc"]
    assert float(rows["GB"]["plcc_high"]) == found["by_distortion"]["GB"]["interval95"]["plcc"][1]
    for form in ("table", "md"):
        assert f"{found['overall']['srocc']:.3f}" in shown[form]
        assert "logistic5, in-sample" in shown[form]
    assert "| overall |" in shown["md"]
    out = tmp_path / "out.json"
    assert veiqa("evaluate", "csv", rated, "--recipe", one, "--format", "json", "--output", out).stdout == ""
    assert json.loads(out.read_text()) == found


def test_the_same_figures_with_a_store_without_and_again(rated: Path, one: Path, tmp_path: Path) -> None:
    store = tmp_path / "mine.sqlite"
    first = figures("csv", rated, "--recipe", one, "--store", store)
    assert store.is_file()
    assert figures("csv", rated, "--recipe", one, "--store", store) == first
    assert figures("csv", rated, "--recipe", one, "--no-store") == first


def test_what_is_in_the_store_is_not_computed_again(
    rated: Path, one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = figures("csv", rated, "--recipe", one)

    def fail(*arguments: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("veiqa_core.measuring.branches.engine.Engine.measure", fail)
    assert figures("csv", rated, "--recipe", one) == first


def test_a_killed_run_goes_on_where_it_was(rated: Path, one: Path, tmp_path: Path) -> None:
    """The engine is made slow and the process killed; the second run computes the rest only."""
    store = tmp_path / "killed.sqlite"
    code = (
        "import sys, time; from veiqa_core.measuring.branches.engine import Engine; measure = Engine.measure\n"
        "def slow(self, image, *how):\n"
        "    print('measured', flush=True); time.sleep(0.05); return measure(self, image, *how)\n"
        "Engine.measure = slow\nfrom veiqa_core.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "evaluate", "csv", str(rated), "--recipe", str(one), "--store", str(store)]
    command += ["--format", "json", "--device", "cpu"]
    whole = figures("csv", rated, "--recipe", one, "--no-store")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(5):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count = done.stdout.count("measured\n")
    total = 2 * CONTENTS * LEVELS
    assert total - 6 <= count <= total - 4
    assert json.loads(done.stdout.replace("measured\n", "")) == whole


@pytest.mark.parametrize(("request_to_end", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_that_nothing_is_lost(
    rated: Path, one: Path, request_to_end: signal.Signals, status: int
) -> None:
    code = (
        "import signal, sys, time; from veiqa_core.measuring.branches.engine import Engine\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a background job is started without
        "def wait(self, image, *how):\n"
        "    print('ready', flush=True); time.sleep(60)\n"
        "Engine.measure = wait\nfrom veiqa_core.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "evaluate", "csv", str(rated), "--recipe", str(one), "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(request_to_end)
    _, reported = process.communicate()
    assert process.returncode == status, reported
    assert "what was measured is kept, and the same command goes on from there" in reported
    assert "Traceback" not in reported


def test_a_broken_image_is_told_and_the_others_count(rated: Path, one: Path) -> None:
    (rated / "GB1-2.png").write_bytes(b"not an image")
    done = veiqa("evaluate", "csv", rated, "--recipe", one, "--format", "json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["n"] == 2 * CONTENTS * LEVELS - 1
    assert found["failed"] == {"GB1-2.png": "GB1-2.png: not an image file that can be read"}
    assert "warning: GB1-2.png: not an image file" in done.stderr


def test_fit_writes_a_recipe_that_scores_and_knows_its_contents(rated: Path, one: Path, tmp_path: Path) -> None:
    out = tmp_path / "fitted.toml"
    done = veiqa("fit", "csv", rated, "--recipe", one, "--output", out)
    assert done.exit_code == 0, done.output
    assert f"{out}: fitted, one fitted to 32 images of csv" in done.stderr
    (row,) = json.loads(veiqa("run", rated / "ref0.png", "--recipe", out, "--format", "json").stdout)
    assert row["flags"] == [TOO_SMALL]
    assert row["score"] is not None
    assert figures("csv", rated, "--recipe", out)["overall"]["fit"] == "in-sample"
    elsewhere = write_set(tmp_path / "elsewhere", seed=9)
    assert figures("csv", elsewhere, "--recipe", out)["overall"]["fit"] == "perhaps in-sample for 32 of 32 images"
    table = elsewhere / "scores.csv"
    table.write_text(table.read_text().replace("ref", "other"))
    for picture in elsewhere.glob("ref*.png"):
        picture.rename(picture.with_name(picture.name.replace("ref", "other")))
    held_out = "held-out as far as names and looks show"
    assert figures("csv", elsewhere, "--recipe", out)["overall"]["fit"] == held_out
    refused = veiqa("fit", "csv", rated, "--recipe", one, "--output", out)
    assert (refused.exit_code, "is there already" in refused.stderr) == (2, True)
    assert veiqa("fit", "csv", rated, "--recipe", one, "--output", out, "--force").exit_code == 0


def test_fit_on_one_set_and_test_on_another(rated: Path, one: Path, tmp_path: Path) -> None:
    other = write_set(tmp_path / "other", contents=6, seed=4)
    found = figures("csv", rated, "--recipe", one, "--train", "csv", other)
    assert found["protocol"]["train"][0]["n"] == 6 * 2 * LEVELS
    assert found["overall"]["fit"] == "perhaps in-sample for 32 of 32 images"  # by the names of the references
    assert "32 images show a content named like one that was fitted on" in found["notes"]
    leak = veiqa("evaluate", "csv", rated, "--recipe", one, "--train", "csv", rated)
    assert leak.exit_code == 2
    assert "the split has one scene or picture on both sides" in leak.stderr


def test_fit_and_evaluate_with_further_sets(rated: Path, one: Path, tmp_path: Path) -> None:
    others = [write_set(tmp_path / f"other{seed}", contents=3, seed=seed) for seed in (1, 2)]
    also = [part for other in others for part in ("--also", "csv", other)]
    done = veiqa("fit", "csv", rated, "--recipe", one, *also, "--output", tmp_path / "fitted.toml", "--device", "cpu")
    assert done.exit_code == 0, done.output
    assert "fitted to 32 images of csv and 24 images of csv and 24 images of csv" in done.stderr
    fitted = recipe_files.load(tmp_path / "fitted.toml")
    assert isinstance(fitted, Recipe)
    assert fitted.fitted is not None
    assert (fitted.fitted.dataset, fitted.fitted.images) == ("csv + csv + csv", 80)
    train = [part for other in others for part in ("--train", "csv", other)]
    found = figures("csv", rated, "--recipe", one, "--split", "loco", *train)
    assert (found["n"], found["overall"]["fit"]) == (32, "perhaps in-sample for 24 of 32 images")
    assert [one["n"] for one in found["protocol"]["train"]] == [24, 24]
    reported = veiqa("evaluate", "csv", rated, "--recipe", one, "--split", "loco", *train, "--device", "cpu").stdout
    assert reported.count("train:    csv in ") == 2


def test_parts_may_be_named_in_place_of_a_recipe(rated: Path) -> None:
    parts = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
    found = figures("csv", rated, *parts, "--pri", "mean-blur", "--mapper", "logistic5", "--split", "loco")
    assert found["recipe"].startswith("ad-hoc@")
    assert found["overall"]["mapping"] == "none"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["csvv", "."], "unknown dataset 'csvv'. Did you mean 'csv'?"),
        (["csv", "absent"], "absent: no such folder; csv: "),
        (["csv", "one.toml"], "one.toml: is a file, not a folder"),
        (["csv", "."], "scores.csv"),
        (["live", "rated"], "refnames_all.mat"),
        (["live", "rated", "--range", "0", "1"], "--range: dataset live declares its own range"),
        (["csv", "rated", "--range", "5", "1"], "range"),
        (["csv", "rated", "--distortion", "WN"], "holds no images of type 'WN'; its types: FF, GB"),
        (["csv", "rated", "-p", "dataset.rnge=[0,1]"], "unknown parameter of the chosen dataset 'rnge'"),
        (["csv", "rated", "--recipe", "one.toml", "-p", "pri.size=5"], "--recipe already names every part"),
        (["csv", "rated", "--recipe", "papier"], "unknown recipe 'papier'. Did you mean 'paper'?"),
        (["csv", "rated", "--recipe", "papier"], "a recipe of your own is named by its file, NAME.toml"),
        (["csv", "rated", "--recipe", "paper-vgg16", "--distortion", "GB"], "vgg16"),
        (["csv", "rated", "--recipe", "one.toml", "--split", "loo"], "Invalid value for '--split'"),
        (["csv", "rated", "--recipe", "one.toml", "--split", "list"], "this dataset brings no list of its own"),
        (["csv", "rated", "--recipe", "one.toml", "--split", "loco", "--split-file", "x"], "goes with --split list"),
        (
            ["csv", "rated", "--recipe", "one.toml", "--split", "frozen", "--train", "csv", "rated"],
            "leave out one of them",
        ),
        (["csv", "rated", "--train", "csv", "rated", "--split-file", "x"], "--split-file x: cannot be read"),
        (["csv", "rated", "--recipe", "one.toml", "--output", "rated/scores.csv"], "is a file of the dataset"),
        (["csv", "rated", "--recipe", "one.toml", "--split", "kfold", "--folds", "9"], "needs at least 9 contents"),
        (["csv", "gb", "--recipe", "one.toml", "--split", "lodo", "--folds", "4"], "names fewer than two"),
        (["csv", "rated", "--recipe", "one.toml", "--folds", "3"], "--folds goes with --split kfold or lodo"),
        (["csv", "rated", "--split", "kfold", "--repeats", "3"], "--repeats goes with --split repeated"),
        (["csv", "rated", "--recipe", "one.toml", "--output", "no/x.json"], "no such folder"),
        (["csv", "rated", "--recipe", "one.toml", "--store", "x", "--no-store"], "exclude each other"),
        (["csv", "rated", "--recipe", "one.toml", "--store", "one.toml"], "file is not a database"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line_and_status_2(
    arguments: list[str], message: str, rated: Path, one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    of_one_type(rated, Path("gb"))
    done = veiqa("evaluate", *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert done.stdout == ""


def of_one_type(rated: Path, folder: Path) -> None:
    """A dataset with the images of one type alone."""
    shutil.copytree(rated, folder)
    rows = (folder / "scores.csv").read_text().splitlines()
    (folder / "scores.csv").write_text("\n".join([rows[0], *(row for row in rows[1:] if "GB" in row)]))


def test_missing_images_are_counted_and_named(rated: Path, one: Path) -> None:
    for name in ("GB0-1.png", "GB0-2.png", "FF3-1.png", "FF3-2.png"):
        (rated / name).unlink()
    done = veiqa("evaluate", "csv", rated, "--recipe", one)
    assert done.exit_code == 2
    assert "4 of 32 rated images are missing: GB0-1.png, GB0-2.png, FF3-1.png and 1 more; csv: " in done.stderr


def test_datasets_are_listed_and_checked(rated: Path) -> None:
    listed = veiqa("datasets").stdout
    assert "tid2013" in listed
    assert "3000 images, 25 references, MOS from 0 to 9" in listed
    rows = {row["name"]: row for row in json.loads(veiqa("datasets", "--json").stdout)}
    assert rows["live"]["images"] == 779
    done = veiqa("datasets", "check", "csv", rated)
    assert done.exit_code == 0, done.output
    assert "csv: 32 images, 4 contents, DMOS from 0 to 100" in done.stdout
    assert "types: FF 16, GB 16" in done.stdout


def test_check_finds_damage_duplicates_and_shared_splits(rated: Path) -> None:
    (rated / "GB0-1.png").write_bytes(b"")
    (rated / "FF1-1.png").write_bytes((rated / "GB1-1.png").read_bytes())
    (rated / "ref3.png").write_bytes(b"x")
    table = (rated / "scores.csv").read_text().splitlines()
    marked = [f"{row},{'split' if i == 0 else 'train' if 'GB' in row else 'test'}" for i, row in enumerate(table)]
    (rated / "scores.csv").write_text("\n".join(marked))
    done = veiqa("datasets", "check", "csv", rated, "--json")
    assert done.exit_code == 1
    problems = json.loads(done.stdout)["problems"]
    assert problems[0].startswith("GB0-1.png: ")
    assert problems[1].startswith("reference ref3.png: ")
    assert problems[2] == "the same pixels: GB1-1.png, FF1-1.png"
    assert problems[3] == "content 'ref0.png' is in several splits: test, train"
    assert problems[-1] == "the same pixels are in several splits (test, train): GB1-1.png"


def test_shipped_recipes_are_listed_shown_and_all_resolve() -> None:
    listed = {row["name"] for row in json.loads(veiqa("recipes", "--json").stdout)}
    names = {name for name in listed if name.startswith("paper")}
    assert names >= {"paper", "paper-native", "paper-vgg16", "paper-darknet19", "paper-inception-resnet-v2"}
    assert "paper-vgg16" in veiqa("recipes").stdout
    sizes = {"paper": 224, "paper-native": None, "paper-vgg16": 224, "paper-darknet19": 256}
    for name in names:
        loaded = recipe_files.loads(veiqa("recipes", "show", name).stdout, name, name)
        assert loaded == recipe_files.find(name, installed())
        assert isinstance(loaded, RecipeSet)
        resolved = resolve_all(loaded, installed())
        pris = {kind: recipe.branches[0].pri.key for kind, recipe in resolved.recipes.items()}
        assert pris == {"GB": "mean-blur", "WN": "white-noise", "JPEG": "jpeg", "JP2K": "jpeg"}
        for recipe in resolved.recipes.values():
            (branch,) = recipe.branches
            assert recipe.mapper is not None
            assert (branch.explainer.key, branch.metric.key, recipe.mapper.key) == ("gradcam", "psnr", "logistic5")
            assert branch.layer is None
            assert branch.extractor.params.resize == sizes.get(name, 299)
    for name in listed - names:
        kind = RecipeSet if name == "best-by-type" else Recipe
        assert isinstance(recipe_files.find(name, installed()), kind)
    wrong = veiqa("recipes", "show", "papre")
    assert (wrong.exit_code, "Did you mean 'paper'?" in wrong.stderr) == (2, True)


def test_a_shipped_recipe_runs_by_name(rated: Path) -> None:
    done = veiqa("run", rated / "ref0.png", "--recipe", "paper", "--distortion", "JP2K", "--format", "json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)
    assert list(row["similarities"]) == ["jpeg/efficientnet-lite0(resize=224)@bn2/gradcam/psnr"]
    assert os.environ["VEIQA_STORE"]


def test_fit_to_standard_output_is_a_recipe_and_nothing_else(rated: Path) -> None:
    parts = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
    ridge = ("--pri", "jpeg", "--mapper", "ridge", "-p", "mapper.strength=none")
    done = veiqa("fit", "csv", rated, *parts, *ridge, "--output", "-")
    assert done.exit_code == 0, done.output
    fitted = recipe_files.loads(done.stdout, "stdout", "stdout")
    assert isinstance(fitted, Recipe)
    assert fitted.fitted is not None
    assert (fitted.fitted.images, fitted.fitted.range) == (32, (0.0, 100.0))
    assert set(fitted.state) >= {"coefficients", "strength", "reach"}
    assert fitted.name == "ad-hoc-fitted"


def test_a_fitted_recipe_is_named_after_its_file_and_says_what_it_was_fitted_from(
    rated: Path, one: Path, by_type: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.toml"
    done = veiqa("fit", "csv", rated, "--recipe", one, "--output", out, "--device", "cpu")
    assert done.exit_code == 0, done.output
    few = f"note: mine: fitted to {CONTENTS} contents only: fewer than 10 say little of others"
    assert few in done.stderr
    fitted = recipe_files.load(out)
    assert isinstance(fitted, Recipe)
    assert (fitted.name, fitted.fitted and fitted.fitted.contents) == ("mine", CONTENTS)
    assert fitted.based_on == resolve_all(recipe_files.load(one), installed()).label
    assert recipe_files.loads(recipe_files.dumps(fitted), "x", "x") == fitted
    assert veiqa("fit", "csv", rated, "--recipe", by_type, "--output", out, "--force").exit_code == 0
    typed = recipe_files.load(out)
    assert isinstance(typed, RecipeSet)
    assert (typed.name, typed.recipes["GB"].name) == ("mine", "mine-GB")
    assert str(typed.based_on).startswith("by-type@")


def test_ratings_that_are_all_the_same_are_refused_before_anything_is_measured(
    rated: Path, one: Path, tmp_path: Path
) -> None:
    table = rated / "scores.csv"
    rows = [row.split(",") for row in table.read_text().splitlines()]
    table.write_text("\n".join(",".join([*row[:4], row[4] if i == 0 else "40", row[5]]) for i, row in enumerate(rows)))
    done = veiqa("fit", "csv", rated, "--recipe", one, "--output", tmp_path / "x.toml", "--device", "cpu")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "recipe 'one': all 32 ratings are the same (60): there is nothing to fit" in done.stderr
    assert not (tmp_path / "x.toml").exists()
    found = figures("csv", rated, "--recipe", one)
    assert found["overall"]["missing"]["srocc"] == "all ratings are the same"
    reported = [note for note in found["notes"] if "all ratings are the same" in note]
    assert reported == ["FF, GB, overall: no PLCC, SROCC, KROCC, RMSE: all ratings are the same"]
    assert "the 32 scores take one value only, 40" in found["notes"]


def test_crops_of_what_was_fitted_on_are_not_called_held_out(rated: Path, one: Path, tmp_path: Path) -> None:
    out = tmp_path / "fitted.toml"
    assert veiqa("fit", "csv", rated, "--recipe", one, "--output", out, "--device", "cpu").exit_code == 0
    for picture in rated.glob("*.png"):
        with PIL.Image.open(picture) as opened:
            opened.crop((5, 3, 60, 50)).save(picture)
    found = figures("csv", rated, "--recipe", out)
    assert found["overall"]["fit"] == "perhaps in-sample for 32 of 32 images"
    assert found["by_distortion"]["GB"]["fit"] == "perhaps in-sample for 16 of 16 images"


def test_a_folder_named_like_a_recipe_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper").mkdir()
    assert recipe_files.find("paper", installed()).name == "paper"


def test_what_cannot_work_is_said_before_anything_is_measured(
    rated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*arguments: Any) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr("veiqa_core.evaluation.measured.measure", fail)
    table = (rated / "scores.csv").read_text().splitlines()
    without = "\n".join(",".join([row.split(",")[0], *row.split(",")[2:]]) for row in table)
    (rated / "scores.csv").write_text(without)
    for split in ("loco", "list"):
        assert veiqa("evaluate", "csv", rated, "--split", split).exit_code == 2
    assert veiqa("evaluate", "csv", rated, "--split-file", tmp_path / "absent.csv").exit_code == 2
    done = veiqa("fit", "csv", rated, "--metric", "psnr", "--output", tmp_path / "x.toml")
    assert (done.exit_code, "has no mapper to fit" in done.stderr) == (2, True)
