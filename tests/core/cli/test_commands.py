"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import click
import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner
from making import veiqa

from veiqa_core import cli
from veiqa_core.cli import main
from veiqa_core.extension.kinds import KINDS
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice, Recipe, RecipeSet

FAST = (
    "--extractor",
    "timm",
    "-p",
    "extractor.model=test_resnet",
    "-p",
    "extractor.weights=random:0",
    "--device",
    "cpu",
)
FIELDS = {
    "image",
    "score",
    "interval",
    "scale",
    "distortion",
    "novelty",
    "size",
    "judged_size",
    "similarities",
    "methods",
    "flags",
    "error",
    "recipe",
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    y, x = np.mgrid[:80, :112]
    waves = 127 + 60 * np.sin(x / 5)[..., None] * np.cos(y[..., None] / np.array([4, 6, 8]))
    path = tmp_path / "a photo.png"
    PIL.Image.fromarray(waves.astype(np.uint8)).save(path)
    return path


def test_the_four_pris_are_used_and_shown_by_default(image: Path) -> None:
    done = veiqa("run", image, *FAST)
    assert done.exit_code == 0
    shown = [line.split("/")[0].strip() for line in done.stdout.splitlines()[1:5]]
    assert shown == ["mean-blur", "white-noise", "jpeg", "jpeg2000"]
    assert "Not yet a quality" in done.stdout


def test_json_holds_the_fields_and_null_for_what_is_not_available(image: Path, tmp_path: Path) -> None:
    done = veiqa("run", image, tmp_path / "absent.png", *FAST, "--format", "json", "--metric", "ssim")
    assert done.exit_code == 1
    first, second = json.loads(done.stdout)
    assert set(first) == set(second) == FIELDS
    assert first["score"] is None
    assert first["flags"] == ["uncalibrated"]
    assert first["error"] is None
    assert all(isinstance(value, float) for value in first["similarities"].values())
    assert second["error"] == f"{tmp_path / 'absent.png'}: no such file"
    assert set(second["similarities"].values()) == {None}


def test_all_formats_say_the_same(image: Path, tmp_path: Path) -> None:
    options = ("run", image, *FAST, "--pri", "jpeg", "--pri", "mean-blur", "--mapper", "identity")
    (row,) = json.loads(veiqa(*options, "--format", "json").stdout)
    (line,) = veiqa(*options, "--format", "jsonl").stdout.splitlines()
    assert json.loads(line) == row
    (record,) = csv.DictReader(io.StringIO(veiqa(*options, "--format", "csv").stdout))
    assert float(record["score"]) == row["score"]
    assert {key: float(record[key]) for key in row["similarities"]} == row["similarities"]
    assert record["error"] == ""
    veiqa(*options, "--format", "json", "--output", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == [row]


def test_an_empty_json_list_is_still_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    from veiqa_core.results.columns import Columns
    from veiqa_core.results.formats import FORMATS

    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), FORMATS["json"](stream, Columns(())):
        raise KeyboardInterrupt
    assert json.loads(stream.getvalue()) == []


def test_settings_go_to_every_component_that_has_them(image: Path) -> None:
    done = veiqa("run", image, *FAST, "--pri", "jpeg", "--pri", "mean-blur", "-p", "pri.quality=9", "--format", "json")
    keys = list(json.loads(done.stdout)[0]["similarities"])
    assert keys[0].startswith("jpeg(quality=9)/")
    assert keys[1].startswith("mean-blur/")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.png", *FAST, "--distortion", "GB"], "picks from a recipe set, and this is one recipe"),
        ([], "name images or folders, or - for a list on standard input, or --list FILE"),
        (["x.png", "--metric", "pnsr"], "unknown similarity metric 'pnsr'. Did you mean 'psnr'?"),
        (["x.png", "--explainer", "grad-cam"], "unknown explainer 'grad-cam'. Did you mean 'gradcam'?"),
        (
            ["x.png", "-p", "pri.sise=3"],
            "unknown parameter of the chosen pri 'sise'. Did you mean 'size'?",
        ),
        (["x.png", "-p", "prii.size=3"], "-p prii.size=3: unknown kind 'prii'. Did you mean 'pri'?"),
        (["x.png", "-p", "size=3"], "-p takes KIND.NAME=VALUE, such as pri.size=5, not 'size=3'"),
        (["x.png", "-p", "pri.size=4"], "pri mean-blur: size: must be odd"),
        (["x.png", "-p", "pri.size=big"], "pri mean-blur: size takes int, not 'big'"),
        (["x.png", "--extractor", "vgg16"], "vgg16"),
        (["x.png", "--extractor", "efficientnet-lite0", "-p", "extractor.weights=absent.pth"], "absent.pth"),
        (["x.png", "--recipe", "absent.toml"], "recipe 'absent.toml' cannot be read: No such file or directory"),
        (["x.png", "--recipe", "r.toml", "--metric", "psnr"], "--recipe already names every part"),
        (
            ["x.png", "--mapper", "logistic5"],
            "mapper logistic5 maps one similarity, and recipe 'ad-hoc' has 4",
        ),
        (["x.png", "--explainer", "occlusion", "--layer", "3"], "explainer occlusion explains the input itself"),
        (["x.png", *FAST, "--layer", "99"], "layer 99: test_resnet lists"),
        (["x.png", *FAST, "-p", "explainer.target=5000"], "target 5000: test_resnet has the classes 0 to 999"),
        (["x.png", "--format", "yaml"], "Invalid value for '--format'"),
        (["x.png", "--metrics", "psnr"], "No such option"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line_and_status_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.toml").write_text(recipe_files.dumps(recipes.ad_hoc()))
    done = veiqa("run", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert done.stdout == ""


def test_an_unexpected_error_is_one_line_too(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("something\nunforeseen")

    monkeypatch.setattr("veiqa_core.scorer.Scorer.score_many", fail)
    done = veiqa("run", image, *FAST)
    assert done.exit_code == 1
    assert done.stderr == "Error: RuntimeError: something unforeseen (VEIQA_STRICT=1 shows where)\n"
    monkeypatch.setenv("VEIQA_STRICT", "1")
    assert isinstance(veiqa("run", image, *FAST).exception, RuntimeError)


def test_ctrl_c_ends_any_command_with_the_status_that_shells_have_for_it(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("veiqa_core.cli.common.installed", interrupt)
    done = veiqa("compare", image, image)
    assert (done.exit_code, done.stderr) == (130, "\nstopped\n")


def test_a_recipe_file_and_a_recipe_set(image: Path, tmp_path: Path) -> None:
    branch = Branch(
        pri=Choice("mean-blur"), extractor=Choice("timm", {"model": "test_resnet", "weights": "random:0"}), layer=1
    )
    one = Recipe("mine", (branch,), Choice("identity"))
    (tmp_path / "one.toml").write_text(recipe_files.dumps(one))
    (tmp_path / "set.toml").write_text(recipe_files.dumps(RecipeSet("both", {"GB": one})))
    options = ("--device", "cpu", "--format", "json", "--recipe")
    (row,) = json.loads(veiqa("run", image, *options, tmp_path / "one.toml").stdout)
    assert row["recipe"].startswith("mine@")
    assert row["score"] == -next(iter(row["similarities"].values()))
    assert json.loads(veiqa("run", image, *options, tmp_path / "set.toml", "--distortion", "GB").stdout) == [row]
    refused = veiqa("run", image, *options, tmp_path / "set.toml")
    assert refused.exit_code == 2
    assert "recipe set 'both' needs the distortion type: one of GB" in refused.stderr


def test_results_never_overwrite_an_image_and_need_a_place(image: Path, tmp_path: Path) -> None:
    before = image.read_bytes()
    for output, message in (
        (image, "is one of the images"),
        (tmp_path / "no" / "x.json", "cannot be written: no such folder"),
    ):
        done = veiqa("run", image, *FAST, "--output", output)
        assert done.exit_code == 2
        assert message in done.stderr
    assert image.read_bytes() == before


def test_odd_names_break_neither_output_nor_pictures(image: Path, tmp_path: Path) -> None:
    names = ["price_$5_$6.png", "\u732b \n.png", "\udcff.png", "x" * 240 + ".png"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.write_bytes(image.read_bytes())
    out = tmp_path / "maps"
    command = ["run", *map(str, paths), *FAST, "--pri", "jpeg", "--vei", str(out), "--format", "json"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert [row["error"] for row in json.loads(done.stdout)] == [None] * 4
    assert len(list(out.iterdir())) == 4


def test_heat_maps_are_written_for_each_image_and_pri(image: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / image.name
    twin.write_bytes(image.read_bytes())
    out = tmp_path / "maps" / "here"
    done = veiqa("run", image, twin, *FAST, "--pri", "jpeg", "--pri", "mean-blur", "--vei", out)
    assert done.exit_code == 0
    pictures = sorted(out.iterdir())
    assert len(pictures) == 4
    for path in pictures:
        assert path.name.startswith(("a-photo.vei", "a-photo-2.vei"))
        with PIL.Image.open(path) as picture:
            assert picture.format == "PNG"
            assert len(np.unique(np.asarray(picture.convert("L")))) > 100


def test_components_show_names_parameters_defaults_and_source() -> None:
    done = veiqa("components", "show", "pri/mean-blur")
    assert done.exit_code == 0
    assert "size = 3  (int; at least 3" in done.stdout
    assert "Source: Ahmed et al." in done.stdout
    wrong = veiqa("components", "show", "prii/mean-blur")
    assert (wrong.exit_code, wrong.stderr.split(" Known")[0]) == (2, "Error: unknown kind 'prii'. Did you mean 'pri'?")
    assert veiqa("components", "nothing").exit_code == 2


def test_plugins_are_listed_and_checked() -> None:
    done = veiqa("plugins", "--check")
    assert done.exit_code == 0, done.output
    assert "All plugins and components load." in done.stdout
    rows = json.loads(veiqa("plugins", "--json").stdout)["plugins"]
    assert {row["entry"] for row in rows if row["dist"] == "veiqa"} == {
        "pri",
        "extractors",
        "explainers",
        "metrics",
        "methods",
        "mappers",
        "classifiers",
        "datasets",
        "recipes",
        "strategies",
        "controls",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("photo.jpg", "photo.jpg is no command. Did you mean 'veiqa run photo.jpg'?"),
        ("my photo.jpg", "my photo.jpg is no command. Did you mean 'veiqa run 'my photo.jpg''?"),
        ("photos/", "photos/ is no command. Did you mean 'veiqa run photos/'?"),
        ("score", "unknown command 'score'. Did you mean 'veiqa run'?"),
        ("train", "unknown command 'train'. Did you mean 'veiqa fit'?"),
    ],
)
def test_what_is_no_command_is_told_what_it_may_mean(given: str, message: str) -> None:
    done = veiqa(given)
    assert (done.exit_code, done.stderr) == (2, f"Error: {message}\n")


def test_pages_that_are_linked_are_there() -> None:
    root = Path(__file__).parents[3]
    for kind in KINDS.values():
        page, _, anchor = kind.page.partition("#")
        text = (root / page).read_text()
        titles = {line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
        assert not anchor or anchor in {re.sub(r"[^\w-]", "", title) for title in titles}, kind.page
    assert "  More: docs/components.md#similarity-metrics-metric\n" in veiqa("components", "show", "metric/psnr").stdout
    for page in ("docs/recipes.md", "docs/search.md#spaces"):
        assert (root / page.partition("#")[0]).is_file()
    assert "More: docs/components.md#methods-method" in veiqa("run", "a.png", "--method", "niqee").stderr
    assert "More: docs/recipes.md" in veiqa("run", "a.png", "--recipe", "fats").stderr


def test_help_lists_every_command_with_its_first_sentence() -> None:
    context = click.Context(main)
    for name, summary in cli._SUMMARIES.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(1000) == summary
        assert f"  {name} " in veiqa("--help").stdout
    for title, group in cli._GROUPS.items():
        listed = veiqa("--help").stdout.partition(f"{title}:\n")[2].partition("\n\n")[0].splitlines()
        assert [line.split()[0] for line in listed] == list(group)
    unknown = veiqa("runn")
    assert unknown.exit_code == 2
    assert unknown.stderr.startswith("Error: unknown command 'runn'. Did you mean 'run'? Known: ablate, audit, ")
