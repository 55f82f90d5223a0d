"""Full-reference comparison, in Python and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner, Result
from making import with_plugin

import veiqa_metrics
from veiqa_core import images
from veiqa_core.cli import main
from veiqa_core.extension.registry import Registry
from veiqa_core.full_reference import compare, exact_pixels
from veiqa_core.recipes.recipe import Choice

BUILT_IN = ["ad", "fsim", "fsimc", "gmsd", "nae", "ncc", "psnr", "ssim", "vsi"]

_ODD = """
import torch
from veiqa_core.api import Component, hookimpl

MAPS = {"similar": "high", "bounds": (None, None), "identity": "max", "symmetric": True}
IMAGES = {**MAPS, "image": "rgb"}

@hookimpl
def veiqa_similarity_metrics():
    yield Component(name="channels", summary="S.", factory="odd:Channels", traits=IMAGES)
    yield Component(name="not-a-number", summary="S.", factory="odd:NotANumber", traits=IMAGES)
    yield Component(name="raises", summary="S.", factory="odd:Raises", traits=IMAGES)
    yield Component(name="unbuilt", summary="S.", factory="odd:Absent", traits=IMAGES)
    yield Component(name="psnr", summary="S.", factory="odd:Channels", traits=IMAGES)
    yield Component(name="only-maps", summary="S.", factory="odd:Channels", traits=MAPS)

class Channels:
    def __init__(self, params): pass
    def compare_images(self, a, b): return torch.tensor([float(a.shape[1])])

class NotANumber(Channels):
    def compare_images(self, a, b): return (a - b).sum((1, 2, 3)) * float("nan")

class Raises(Channels):
    def compare_images(self, a, b): raise RuntimeError("out of\\nluck")
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Everything installed, and the metrics of the distribution ``odd``."""
    found = with_plugin("odd", _ODD, tmp_path, monkeypatch)
    monkeypatch.setattr("veiqa_core.cli.common.installed", lambda: found)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``a`` and ``b`` in colour, ``grey`` and ``grey-b``, and ``small``."""
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (60, 70, 3), dtype=np.uint8)
    pictures = {
        "a": colour,
        "b": colour // 2 + 60,
        "grey": colour[..., 0],
        "grey-b": np.repeat(colour[..., :1] // 2, 3, axis=2),
        "small": colour[:20, :30],
    }
    for name, pixels in pictures.items():
        PIL.Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    return tmp_path


def veiqa_compare(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


def values(done: Result) -> dict[str, Any]:
    (row,) = json.loads(done.stdout)
    return {name: value for name, value in row.items() if name not in ("original", "copy", "width", "height", "error")}


def read(path: Path) -> Any:
    return np.asarray(PIL.Image.open(path))


def test_without_metric_all_that_take_images_are_reported_by_the_functions_values(folder: Path) -> None:
    done = veiqa_compare(folder / "a.png", folder / "b.png", "--format", "json")
    assert done.exit_code == 0
    pair = read(folder / "a.png"), read(folder / "b.png")
    ours = {name: value for name, value in values(done).items() if ":" not in name}  # others may be installed
    assert 0 <= ours.pop("pss") < 1  # it is no function of veiqa_metrics
    assert ours == {name: getattr(veiqa_metrics, name)(*pair) for name in BUILT_IN}


def test_a_table_says_which_way_is_closer(folder: Path) -> None:
    options = ("--metric", "psnr", "--metric", "gmsd", "--metric", "ncc")
    done = veiqa_compare(folder / "a.png", folder / "b.png", *options)
    assert done.exit_code == 0
    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()[1:]]
    meanings = {"psnr": "higher is closer", "gmsd": "lower is closer", "ncc": "1 for identical images"}
    assert {name: meaning for name, _, meaning in rows} == meanings
    pair = read(folder / "a.png"), read(folder / "b.png")
    for name, value, _ in rows:
        assert float(value) == pytest.approx(getattr(veiqa_metrics, name)(*pair), rel=1e-5)


def test_the_first_image_is_the_reference(folder: Path) -> None:
    options = ("--metric", "nae", "--format", "json")
    there = veiqa_compare(folder / "a.png", folder / "b.png", *options)
    back = veiqa_compare(folder / "b.png", folder / "a.png", *options)
    pair = read(folder / "a.png"), read(folder / "b.png")
    assert values(there) == {"nae": veiqa_metrics.nae(*pair)}
    assert values(back) == {"nae": veiqa_metrics.nae(*reversed(pair))}


def test_settings_are_part_of_the_metrics_name(folder: Path) -> None:
    options = ("--metric", "ssim", "--metric", "psnr", "-p", "metric.sigma=0.9", "--format", "json")
    done = veiqa_compare(folder / "a.png", folder / "b.png", *options)
    pair = read(folder / "a.png"), read(folder / "b.png")
    assert values(done) == {"ssim(sigma=0.9)": veiqa_metrics.ssim(*pair, sigma=0.9), "psnr": veiqa_metrics.psnr(*pair)}


def test_two_grey_images_are_one_channel_and_one_alone_is_rgb(folder: Path, registry: Registry) -> None:
    def channels(first: str, second: str) -> float | None:
        (outcome,) = compare(folder / first, folder / second, [Choice("channels")], registry)
        return outcome.value

    assert channels("grey.png", "grey-b.png") == 1
    assert channels("grey.png", "a.png") == channels("a.png", "grey.png") == channels("a.png", "b.png") == 3


def test_levels_are_exact_fractions_again() -> None:
    for dtype in (np.uint8, np.uint16):
        levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(16, -1)
        pixels = exact_pixels(images.read(levels))
        assert pixels.dtype == torch.float64
        assert np.array_equal(pixels[0, 1].numpy(), levels / np.iinfo(dtype).max)


def test_other_floats_stay_as_they_are() -> None:
    given = np.random.default_rng(1).random((5, 6)).astype(np.float32)
    assert np.array_equal(exact_pixels(images.read(given))[0, 0].numpy(), given.astype(np.float64))


def test_a_sixteen_bit_pair_is_not_rounded_to_eight(tmp_path: Path) -> None:
    pair = [np.random.default_rng(seed).integers(0, 65536, (20, 24), dtype=np.uint16) for seed in (2, 3)]
    for name, pixels in zip("xy", pair, strict=True):
        PIL.Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    done = veiqa_compare(tmp_path / "x.png", tmp_path / "y.png", "--metric", "ssim", "--format", "json")
    assert values(done) == {"ssim": veiqa_metrics.ssim(*pair)}


def test_a_failing_metric_is_null_and_the_others_are_reported(folder: Path, registry: Registry) -> None:
    named = [f"--metric={name}" for name in ("not-a-number", "veiqa:psnr", "raises", "ssim")]
    done = veiqa_compare(folder / "a.png", folder / "b.png", *named, "--format", "json")
    assert done.exit_code == 1
    pair = read(folder / "a.png"), read(folder / "b.png")
    assert values(done) == {
        "odd:not-a-number": None,
        "psnr": veiqa_metrics.psnr(*pair),
        "odd:raises": None,
        "ssim": veiqa_metrics.ssim(*pair),
    }
    nan, raised = json.loads(done.stdout)[0]["error"].split("; ")
    assert nan == "metric 'not-a-number' (odd 1.0) failed: ValueError: gave nan"
    assert raised == "metric 'raises' (odd 1.0) failed: RuntimeError: out of luck"
    assert done.stderr.startswith("failed: 1 of 1 pairs; metric 'not-a-number'")


def test_a_metric_that_cannot_be_built_is_one_line(folder: Path, registry: Registry) -> None:
    done = veiqa_compare(folder / "a.png", folder / "b.png", "--metric", "unbuilt", "--metric", "ssim")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: metric 'unbuilt' (odd 1.0) cannot be loaded from odd:Absent")


def test_without_metric_those_of_other_distributions_are_there_too(folder: Path, registry: Registry) -> None:
    done = veiqa_compare(folder / "a.png", folder / "b.png", "--format", "json")
    (row,) = json.loads(done.stdout)
    others = {name for name in row if name.startswith("odd:")}
    assert others == {"odd:channels", "odd:not-a-number", "odd:psnr", "odd:raises"}
    assert {name for name in others if row[name] is None} == {"odd:not-a-number", "odd:raises"}
    assert "metric 'unbuilt' (odd 1.0) cannot be loaded" in done.stderr


def test_an_image_below_a_metrics_smallest_size_is_that_metrics_failure(folder: Path) -> None:
    options = ("--metric", "fsim", "--metric", "ssim", "--format", "json")
    done = veiqa_compare(folder / "small.png", folder / "small.png", *options)
    assert done.exit_code == 1
    assert values(done) == {"fsim": None, "ssim": 1.0}
    due = f"{folder / 'small.png'}: 30x20 pixels are too few for fsim, which needs at least 48 a side"
    assert json.loads(done.stdout)[0]["error"] == due


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["a.png", "small.png"], 1, "the images differ in size: a.png has 70x60 and small.png has 30x20 pixels"),
        (["a.png", "absent.png"], 1, "absent.png: no such file"),
        (["notes.txt", "a.png"], 1, "notes.txt: not an image file that can be read"),
        (["a.png", "b.png", "--metric", "smim"], 2, "unknown similarity metric 'smim'. Did you mean 'ssim'?"),
        (
            ["a.png", "b.png", "--metric", "only-maps"],
            2,
            "metric 'only-maps' (odd 1.0) does not compare ordinary images. Those that do: ad, odd:channels, fsim,",
        ),
        (["a.png", "b.png", "--metric", "psnr"], 2, "say 'veiqa:psnr' or 'odd:psnr'"),
        (["a.png", "b.png", "--metric", "ssim", "-p", "metric.windw=3"], 2, "'windw'. Did you mean 'window'?"),
        (["a.png", "b.png", "--metric", "ssim", "-p", "metric.window=8"], 2, "metric ssim: window: must be odd"),
        (["a.png", "b.png", "--metric", "ssim", "-p", "pri.size=5"], 2, "-p pri.size"),
        (["a.png"], 2, "name an original and a copy, or a folder of each, or pairs in a table by --pairs FILE"),
        ([".", "a.png"], 2, ".: is a folder, and the other is none; name two images or two folders"),
        ([".", "absent"], 2, "absent: no such folder"),
        (["a.png", "b.png", "--fail-under", "ssim"], 2, "--fail-under takes METRIC=VALUE, such as ssim=0.95; 'ssim'"),
        (["a.png", "b.png", "--fail-under", "ssim=9_0"], 2, "'ssim=9_0' is not a number"),
        (
            ["a.png", "b.png", "--metric", "gmsd", "--fail-under", "gmsd=.1"],
            2,
            "lower is closer; say --fail-over gmsd=0.1",
        ),
        (["a.png", "b.png", "--metric", "gmsd", "--fail-over", "gsmd=.1"], 2, "'gsmd'. Did you mean 'gmsd'?"),
        (
            ["a.png", "b.png", "--resume"],
            2,
            "--resume goes on with a file in jsonl, csv or parquet: name it",
        ),
        (["a.png", "b.png", "--output", "absent/o.csv"], 2, "--output absent/o.csv: cannot be written: no such folder"),
        (["a.png", "b.png", "--output", "notes.txt"], 2, "is not a file of this command that VEIQA wrote"),
        (["--pairs", "absent.csv"], 2, "--pairs absent.csv: cannot be read: No such file"),
        (["--pairs", "notes.txt"], 2, "--pairs notes.txt, row 1: no column 'original', 'copy'"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    arguments: list[str],
    status: int,
    message: str,
    folder: Path,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "notes.txt").write_text("no image")
    done = veiqa_compare(*arguments)
    assert done.exit_code == status
    assert message in done.stderr
    assert (done.stdout == "") == (status == 2)
    assert "Traceback" not in done.output
