"""Real third-party distributions beside the built-ins: one good, one broken, one clashing, one of the future."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import PIL.Image
import PIL.ImageFilter
import pytest
from click.testing import CliRunner, Result

from veiqa_core.cli import main

INSTALLED = {name for name in os.environ.get("VEIQA_TEST_THIRD_PARTY", "").split(",") if name}
"""The distributions of tests/plugins that are installed, as nox says it."""
pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs distributions of tests/plugins: nox -s third_party")


def needs(*dists: str) -> pytest.MarkDecorator:
    """For a test of what certain distributions do."""
    return pytest.mark.skipif(not INSTALLED.issuperset(dists), reason=f"is about {', '.join(dists)}")


PHOTO = Path(__file__).resolve().parents[2] / "docs" / "images" / "chelsea.png"
BROKEN = (
    "plugin veiqa-broken 1.0 (entry point 'main'): cannot be imported: "
    "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"
)
FUTURE = "plugin veiqa-future 1.0 (entry point 'main'): is written for plugin API 3.0; this VEIQA offers 2.1"
LEFT_OUT = {"veiqa-broken": BROKEN, "veiqa-future": FUTURE}
CLASH = "similarity metric 'psnr' is offered by veiqa 0.1.0 and veiqa-clash 1.0: say 'veiqa:psnr' or 'veiqa-clash:psnr'"


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, which finds the plugins anew and warns of them."""
    command = [sys.executable, "-c", "from veiqa_core.cli import main; main()", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def veiqa(*arguments: str) -> Result:
    """A command in this process, which has imported torch."""
    return CliRunner().invoke(main, arguments)


def similarities(*arguments: str) -> dict[str, float]:
    done = veiqa("run", str(PHOTO), "--device", "cpu", "--format", "json", *arguments)
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout)[0]["similarities"])


def left_out() -> list[str]:
    return [LEFT_OUT[dist] for dist in sorted(INSTALLED & set(LEFT_OUT))]


def test_plugins_lists_all_and_says_what_was_left_out() -> None:
    listed = json.loads(process("plugins", "--json").stdout)
    states = {row["dist"]: row["registered"] for row in listed["plugins"]}
    assert states == {"veiqa": True} | {dist: dist not in LEFT_OUT for dist in INSTALLED}
    assert listed["problems"] == left_out()


def test_check_tells_all_and_fails() -> None:
    done = process("plugins", "--check")
    problems = [line.removeprefix("problem: ") for line in done.stdout.splitlines() if line.startswith("problem: ")]
    assert problems == [*left_out(), *[CLASH] * ("veiqa-clash" in INSTALLED)]
    assert done.returncode == (1 if problems else 0)


def test_bad_plugins_cost_one_warning_line_each_and_nothing_else() -> None:
    done = process("run", str(PHOTO), "--pri", "mean-blur", "--metric", "ssim", "--device", "cpu")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        f"warning: {problem}; the rest works, 'veiqa plugins --check' lists all" for problem in left_out()
    ]
    assert "mean-blur/efficientnet-lite0@bn2/gradcam/ssim" in done.stdout


@needs("veiqa-clash")
def test_a_clash_is_an_error_only_for_the_bare_name() -> None:
    bare = veiqa("run", str(PHOTO), "--metric", "psnr")
    assert (bare.exit_code, bare.stderr.splitlines()[-1]) == (2, f"Error: {CLASH}")
    ours = similarities("--pri", "mean-blur", "--metric", "veiqa:psnr")
    assert ours == similarities("--pri", "mean-blur")
    theirs = similarities("--pri", "mean-blur", "--metric", "veiqa-clash:psnr")
    assert list(theirs) == ["mean-blur/efficientnet-lite0@bn2/gradcam/veiqa-clash:psnr"]
    assert theirs != ours


@needs("veiqa-sample")
def test_third_party_components_of_all_five_kinds_work_together() -> None:
    done = veiqa(
        *("run", str(PHOTO), "--device", "cpu", "--format", "json", "--pri", "low-contrast", "--extractor", "edges"),
        *("--explainer", "gradient-norm", "--metric", "mae", "--mapper", "median", "-p", "pri.factor=0.25"),
    )
    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)
    ((key, value),) = row["similarities"].items()
    assert key == (
        "veiqa-sample:low-contrast(factor=0.25)/veiqa-sample:edges@act/veiqa-sample:gradient-norm/veiqa-sample:mae"
    )
    assert row["score"] == value  # the error is negated on the way in, and once more by the mapper


@needs("veiqa-sample")
@pytest.mark.parametrize("explainer", ["gradcam", "gradcam++", "hirescam", "cam", "saliency", "guided-backprop"])
def test_a_third_party_network_is_explained_by_the_built_ins(explainer: str) -> None:
    assert similarities("--pri", "mean-blur", "--extractor", "edges", "--explainer", explainer, "--metric", "mae")


def rated_views(folder: Path) -> Path:
    """Three views of a photo at four blurs, with scores in their names."""
    folder.mkdir()
    with PIL.Image.open(PHOTO) as photo:
        small = photo.convert("RGB").resize((96, 64))
    for content in range(3):
        view = small.rotate(90 * content, expand=True)
        for step in range(1, 5):
            view.filter(PIL.ImageFilter.GaussianBlur(step)).save(folder / f"view{content}_{100 - 20 * step}.png")
    return folder


@needs("veiqa-sample")
def test_a_third_party_dataset_is_evaluated_with_a_third_party_recipe(tmp_path: Path) -> None:
    folder = rated_views(tmp_path / "views")
    listed = veiqa("datasets").stdout
    assert "veiqa-sample:scored-names" in listed
    assert "veiqa-sample:edges-mae" in veiqa("recipes").stdout
    options = ("scored-names", str(folder), "--recipe", "edges-mae", "--device", "cpu")
    done = veiqa("evaluate", *options, "--split", "loco", "--format", "json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["n"], found["overall"]["contents"], found["overall"]["fit"]) == (12, 3, "held-out")
    fitted = tmp_path / "fitted.toml"
    assert veiqa("fit", *options, "--output", str(fitted)).exit_code == 0
    (row,) = json.loads(veiqa("run", str(PHOTO), "--recipe", str(fitted), "--format", "json").stdout)
    assert isinstance(row["score"], float)
    assert list(row["distortion"]) == ["GB", "none"]
    assert sum(row["distortion"].values()) == pytest.approx(1)


@needs("veiqa-sample")
def test_a_third_party_space_is_searched_with_a_third_party_strategy_and_control(tmp_path: Path) -> None:
    folder = rated_views(tmp_path / "views")
    assert "veiqa-sample:edges" in veiqa("spaces").stdout
    options = ("scored-names", str(folder), "--space", "edges", "--strategy", "first", "--device", "cpu")
    done = process("search", *options, "--budget", "5", "--workers", "2", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "search.json").read_text())
    assert found["strategy"] == "veiqa-sample:first"
    names = [control["name"] for control in found["winners"]["all"]["controls"]]
    assert sorted(names) == ["pixels", "random-network", "vei-mean", "veiqa-sample:vei-maximum"]
    (edges,) = (c for c in found["winners"]["all"]["controls"] if c["name"] == "random-network")
    assert "weights" in edges["reason"]  # this network takes none
    rows = (tmp_path / "out" / "results.csv").read_text().splitlines()
    assert sum("low-contrast" in row for row in rows) > 5
    (row,) = json.loads(
        veiqa("run", str(PHOTO), "--recipe", str(tmp_path / "out" / "best.toml"), "--format=json").stdout
    )
    assert isinstance(row["score"], float)


@needs("veiqa-sample")
def test_third_party_metrics_compare_images_and_are_verified() -> None:
    done = veiqa("compare", str(PHOTO), str(PHOTO), "--metric", "mae", "--format", "json")
    (row,) = json.loads(done.stdout)
    assert row["veiqa-sample:mae"] == 0.0
    checked = process("verify", "metric/mae", "--format", "json")
    assert checked.returncode == 0, checked.stderr
    assert [row["passed"] for row in json.loads(checked.stdout)] == [True]


@needs("veiqa-broken", "veiqa-sample")
def test_the_allow_list_keeps_the_others_out() -> None:
    done = process("plugins", "--check", VEIQA_PLUGINS="veiqa,veiqa_sample")
    assert done.returncode == 0, done.stdout
    assert "veiqa-broken" not in done.stdout
