"""``--keep-vei``: the maps are those of ``Scorer``, what is wrong or missing is made again, the cap holds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from click.testing import Result
from making import save, veiqa, waves

from veiqa_core import Recipe, Scorer, images
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice

SMALL = Choice("tiny")
COUNT = 12
SPACE = """
pri = ["mean-blur", { name = "white-noise", variance = [0.02, 0.2] }]
extractor = { name = "tiny", layer = ["1", "3"] }
explainer = ["gradcam", "saliency"]
metric = ["psnr"]
"""

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """Waves with noise at several levels, of different sizes."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "rated"
    folder.mkdir()
    rows = ["image,reference,distortion,score,score_type"]
    for number in range(COUNT):
        pristine = waves(rng, 64 + 2 * number)
        level = 1 + number % 3
        save(pristine + rng.normal(0, 15 * level, pristine.shape), folder / f"{number}.png")
        rows.append(f"{number}.png,ref{number // 3},WN,{25 * level + rng.uniform(-3, 3):.3f},dmos")
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    branches = [
        Branch(pri=Choice(pri), extractor=SMALL, explainer=Choice(explainer), metric=Choice("psnr"), layer=layer)
        for pri in ("mean-blur", "jpeg")
        for explainer, layer in (("gradcam", 1), ("saliency", None))
    ]
    path = tmp_path / "several.toml"
    path.write_text(recipe_files.dumps(Recipe("several", tuple(branches), Choice("ridge"))))
    return path


def evaluated(rated: Path, recipe: Path, *more: object) -> Result:
    done = veiqa(
        *("evaluate", "csv", rated, "--recipe", recipe, "--split", "kfold", "--folds", 2),
        *("--format", "json", "--device", "cpu", "--threads", 1, *more),
    )
    assert done.exit_code == 0, done.output
    return done


def searched(rated: Path, tmp_path: Path, output: str, *more: object) -> bytes:
    space = tmp_path / "space.toml"
    space.write_text(SPACE)
    done = veiqa(
        *("search", "csv", rated, "--space", space, "--output", tmp_path / output, "--folds", 2),
        *("--device", "cpu", "--threads", 1, *more),
    )
    assert done.exit_code == 0, done.output
    found = tmp_path / output / "results.csv"
    return found.read_bytes() if found.exists() else b""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def about(path: Path) -> dict[str, Any]:
    with safetensors.safe_open(path, "np") as file:
        return dict(json.loads(file.metadata()["veiqa"]))


def test_the_maps_are_those_of_the_scorer_bit_for_bit(rated: Path, recipe: Path, tmp_path: Path) -> None:
    plain = evaluated(rated, recipe, "--no-store")
    kept = evaluated(rated, recipe, "--no-store", "--keep-vei", tmp_path / "veis")
    assert kept.stdout == plain.stdout
    scorer = Scorer(recipe, device="cpu")
    for number in range(COUNT):
        image = images.read(rated / f"{number}.png")
        path = tmp_path / "veis" / f"{image.digest}.safetensors"
        veis = safetensors.numpy.load_file(path)
        heatmaps = scorer.score(rated / f"{number}.png", heatmaps=True).heatmaps
        expected = {item.title: item.pri_vei for item in heatmaps}
        expected |= {f"input/{item.title.partition('/')[2]}": item.input_vei for item in heatmaps}
        assert len(expected) == 6
        assert veis.keys() == expected.keys() == about(path)["veis"].keys()
        assert about(path)["image"] == f"{number}.png"
        for key, vei in veis.items():
            assert vei.dtype == np.float32
            assert vei.tobytes() == expected[key].contiguous().numpy().tobytes()
            assert vei.shape == tuple(expected[key].shape)


def test_maps_that_are_not_contiguous_are_kept_as_they_are(tmp_path: Path) -> None:
    from veiqa_core.measuring.vei_files import VeiFolder

    vei = np.arange(6, dtype=np.float32).reshape(2, 3).T
    VeiFolder(tmp_path, 10_000).put("image", "a.png", {"a": vei}, {"a": "digest"})
    assert np.array_equal(safetensors.numpy.load_file(tmp_path / "image.safetensors")["a"], vei)


def test_what_the_store_knows_is_measured_again_only_where_its_vei_lacks(
    rated: Path, recipe: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    plain = evaluated(rated, recipe)
    computed.clear()
    veis = ("--keep-vei", tmp_path / "veis")
    assert evaluated(rated, recipe, *veis).stdout == plain.stdout
    assert len(computed) == COUNT
    kept = contents(tmp_path / "veis")
    assert len(kept) == COUNT
    computed.clear()
    assert evaluated(rated, recipe, *veis).stdout == plain.stdout
    assert not computed
    next((tmp_path / "veis").iterdir()).unlink()
    assert evaluated(rated, recipe, *veis).stdout == plain.stdout
    assert len(computed) == 1
    assert contents(tmp_path / "veis") == kept


def other_digest(path: Path) -> None:
    """As another version of some component would have made it."""
    veis, reported = safetensors.numpy.load_file(path), about(path)
    key = next(iter(veis))
    veis[key] = np.zeros((2, 2), dtype=np.float32)
    reported["veis"][key]["digest"] = "of another version"
    safetensors.numpy.save_file(veis, path, {"veiqa": json.dumps(reported)})


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def a_text(path: Path) -> None:
    path.write_text("something else")


def foreign(path: Path) -> None:
    safetensors.numpy.save_file({"weight": np.ones(3)}, path)


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("harm", [other_digest, torn, flipped])
def test_stale_and_damaged_files_are_made_again(
    harm: Callable[[Path], None], rated: Path, recipe: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    veis = ("--keep-vei", tmp_path / "veis")
    evaluated(rated, recipe, *veis)
    kept = contents(tmp_path / "veis")
    harm(next((tmp_path / "veis").iterdir()))
    assert contents(tmp_path / "veis") != kept
    computed.clear()
    evaluated(rated, recipe, *veis)
    assert len(computed) == 1
    assert contents(tmp_path / "veis") == kept


@pytest.mark.parametrize("harm", [a_text, foreign, a_folder])
def test_what_is_no_file_of_veis_is_kept_and_named_before_anything_runs(
    harm: Callable[[Path], None], rated: Path, recipe: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    path = tmp_path / "veis" / f"{images.read(rated / '0.png').digest}.safetensors"
    path.parent.mkdir()
    harm(path)
    before = path.is_file() and path.read_bytes()
    done = veiqa("evaluate", "csv", rated, "--recipe", recipe, "--keep-vei", path.parent)
    assert (done.exit_code, len(computed)) == (2, 0)
    assert done.stderr == f"Error: {path}: is no file of VEIs; name another folder with --keep-vei, or move it away\n"
    assert (path.is_file() and path.read_bytes()) == before


def test_another_environment_makes_them_again(rated: Path, recipe: Path, tmp_path: Path) -> None:
    veis = ("--keep-vei", tmp_path / "veis")
    evaluated(rated, recipe, *veis)
    before = {path.name: about(path) for path in (tmp_path / "veis").iterdir()}
    evaluated(rated, recipe, *veis, "--threads", 2)
    for path in (tmp_path / "veis").iterdir():
        now = about(path)["veis"]
        assert now.keys() == before[path.name]["veis"].keys()
        assert all(item["digest"] != before[path.name]["veis"][key]["digest"] for key, item in now.items())


def test_the_cap_holds_and_is_said(rated: Path, recipe: Path, tmp_path: Path, computed: Counter[str]) -> None:
    plain = evaluated(rated, recipe, "--no-store")
    computed.clear()
    veis = ("--keep-vei", tmp_path / "veis", "--keep-vei-cap", "0.5MB")
    full = evaluated(rated, recipe, *veis)
    assert full.stdout == plain.stdout
    kept = contents(tmp_path / "veis")
    assert 0 < len(kept) < COUNT
    size = sum(map(len, kept.values()))
    assert size <= 500_000 < size + 2 * max(map(len, kept.values()))
    assert f"images without all their VEIs: {COUNT - len(kept)};" in full.stderr
    assert len(full.stderr.strip().splitlines()) == 1
    computed.clear()
    again = evaluated(rated, recipe, *veis)
    assert again.stderr == full.stderr
    assert len(computed) <= 1  # the image that shows that the folder is full
    assert contents(tmp_path / "veis") == kept
    computed.clear()
    assert evaluated(rated, recipe, *veis[:2], "--keep-vei-cap", "1 GiB").stderr == ""
    assert len(computed) == COUNT - len(kept)
    assert len(contents(tmp_path / "veis")) == COUNT


def test_processes_and_shards_keep_the_same_files(rated: Path, recipe: Path, tmp_path: Path) -> None:
    alone = searched(rated, tmp_path, "1", "--store", tmp_path / "1.sqlite", "--keep-vei", tmp_path / "veis")
    kept = contents(tmp_path / "veis")
    candidates = {key for path in (tmp_path / "veis").iterdir() for key in about(path)["veis"]}
    assert len(kept) == COUNT
    assert len(candidates) == (1 + 3) * (2 + 1)  # the input and three PRIs; Grad-CAM at two layers, and saliency
    assert searched(rated, tmp_path, "plain", "--store", tmp_path / "plain.sqlite") == alone
    two = ("--store", tmp_path / "2.sqlite", "--workers", 2, "--keep-vei", tmp_path / "two")
    assert searched(rated, tmp_path, "2", *two) == alone
    assert contents(tmp_path / "two") == kept
    for number in (1, 2):
        searched(rated, tmp_path, "sharded", "--shard", f"{number}/2", "--keep-vei", tmp_path / "sharded-veis")
    assert contents(tmp_path / "sharded-veis") == kept


def test_a_dask_cluster_keeps_the_same_files(rated: Path, recipe: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    evaluated(rated, recipe, "--keep-vei", tmp_path / "veis")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, protocol="tcp"
    ) as cluster:
        evaluated(rated, recipe, "--keep-vei", tmp_path / "dask", "--dask", cluster.scheduler_address)
    assert contents(tmp_path / "dask") == contents(tmp_path / "veis")


def test_a_search_adds_to_what_an_evaluation_kept(rated: Path, recipe: Path, tmp_path: Path) -> None:
    evaluated(rated, recipe, "--keep-vei", tmp_path / "veis")
    before = {path.name: set(about(path)["veis"]) for path in (tmp_path / "veis").iterdir()}
    searched(rated, tmp_path, "out", "--keep-vei", tmp_path / "veis")
    assert all(about(tmp_path / "veis" / name)["veis"].keys() > keys for name, keys in before.items())


def test_a_killed_run_goes_on_and_ends_with_the_same_files(rated: Path, recipe: Path, tmp_path: Path) -> None:
    evaluated(rated, recipe, "--no-store", "--keep-vei", tmp_path / "whole")
    folder = tmp_path / "killed"
    more = ("--store", tmp_path / "killed.sqlite", "--keep-vei", folder)
    command = [sys.executable, "-c", "from veiqa_core.cli import main; main()", "evaluate", "csv", rated]
    command += ["--recipe", recipe, "--device", "cpu", "--threads", "1", *more]
    started = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.safetensors"))) < 4 and time.monotonic() < deadline and started.poll() is None:
        time.sleep(0.002)
    os.kill(started.pid, signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    assert 4 <= len(list(folder.glob("*.safetensors"))) < COUNT
    evaluated(rated, recipe, *more)
    whole = contents(tmp_path / "whole")
    assert {name: content for name, content in contents(folder).items() if name in whole} == whole


def test_fit_keeps_them_too_and_a_torn_image_has_none(rated: Path, recipe: Path, tmp_path: Path) -> None:
    (rated / "3.png").write_bytes(b"no image")
    done = veiqa(
        *("fit", "csv", rated, "--recipe", recipe, "--output", tmp_path / "fitted.toml"),
        *("--keep-vei", tmp_path / "veis"),
    )
    assert done.exit_code == 1, done.output
    assert len(contents(tmp_path / "veis")) == COUNT - 1


def test_what_cannot_be_done_is_said_in_one_line_before_anything_runs(
    rated: Path, recipe: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    def refused(*more: object) -> str:
        done = veiqa("evaluate", "csv", rated, "--recipe", recipe, *more)
        assert done.exit_code == 2, done.output
        assert not computed
        return done.stderr

    assert "is the dataset's folder; name another" in refused("--keep-vei", rated)
    other = shutil.copytree(rated, tmp_path / "other")
    assert "is the dataset's folder" in refused("--keep-vei", other, "--train", "csv", other)
    assert "is a file" in refused("--keep-vei", recipe)
    assert "cannot be made: Not a directory" in refused("--keep-vei", recipe / "below")
    assert "--keep-vei-cap goes with --keep-vei DIR" in refused("--keep-vei-cap", "1GB")
    for size in ("5", "GB", "-1GB", "1 XB"):
        assert "is no size such as 500MB or 10GiB" in refused("--keep-vei", tmp_path / "v", "--keep-vei-cap", size)
    if os.geteuid() != 0:
        (tmp_path / "locked").mkdir(mode=0o500)
        assert "Permission denied" in refused("--keep-vei", tmp_path / "locked")
