"""``veiqa run`` with workers: the same rows in the same order, whoever measures and whatever fails on the way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from making import veiqa

from veiqa_core import Scorer
from veiqa_core.errors import UsageError
from veiqa_core.measuring.executors import executor as executors
from veiqa_core.measuring.executors.pool import ProcessPool
from veiqa_core.measuring.meter import Meter
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Choice

TINY = ("--extractor", "tiny", "--mapper", "identity", "--pri", "jpeg")
OPTIONS = (*TINY, "--device", "cpu", "--threads", 1, "--format", "jsonl")


pytestmark = pytest.mark.usefixtures("tiny")


def write(path: Path, seed: int, height: int = 64) -> Path:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :72]
    waves = 127 + 80 * np.sin(x / rng.uniform(2, 5))[..., None] * np.cos(y[..., None] / rng.uniform(2, 6, 3))
    PIL.Image.fromarray(np.clip(waves + rng.normal(0, 10, waves.shape), 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Images of several sizes, one of them twice and once more under another name, and some that fail."""
    monkeypatch.chdir(tmp_path)
    good = [write(Path(f"{number}.png"), number, 64 + 40 * (number % 3)) for number in range(9)]
    (tmp_path / "torn.png").write_bytes(good[0].read_bytes()[:300])
    (tmp_path / "twin.png").write_bytes(good[1].read_bytes())
    small = write(tmp_path / "small.png", 0, 8)  # with its whole path
    odd = Path(os.fsdecode(b"odd-\xff.png"))
    try:
        odd.write_bytes(good[3].read_bytes())
    except OSError:  # not on this file system
        odd = good[3]
    bad = [Path("torn.png"), Path("absent.png"), small]
    return [bad[0], *good[:4], Path("twin.png"), bad[1], good[2], *good[4:], bad[2], odd]


def test_what_processes_measure_has_readable_keys_in_the_store(paths: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "new.sqlite"
    assert veiqa("run", paths[1], *OPTIONS, "--store", store, "--workers", 2).exit_code == 0
    with sqlite3.connect(store) as connection:
        ((key,),) = connection.execute("SELECT key FROM branches").fetchall()
    assert key is not None
    assert key.startswith("jpeg/tiny:tiny@3/")


def test_processes_give_the_same_rows_in_the_same_order(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = veiqa("run", *paths, *OPTIONS, "--no-store")
    assert alone.exit_code == 1
    assert len(alone.stdout.splitlines()) == len(paths)
    assert alone.stdout.count('"error": null') == len(paths) - 3
    monkeypatch.setattr(executors, "_ROUND", 3)  # several rounds, the last one not full
    report = tmp_path / "report.html"
    reporting = ("--report", report, "--report-details", 2)
    two = veiqa("run", *paths, *OPTIONS, "--no-store", "--workers", 2, *reporting)
    assert (two.exit_code, two.stdout, two.stderr) == (1, alone.stdout, alone.stderr)
    assert report.read_text("utf-8").count("<article") == 2, "this process makes the heat maps of the worst"
    store = ("--store", tmp_path / "some.sqlite")
    assert veiqa("run", *paths[2:9:3], *OPTIONS, *store).exit_code == 0
    some_known = veiqa("run", *paths, *OPTIONS, *store, "--workers", 2)
    assert some_known.stdout == alone.stdout
    monkeypatch.setattr("veiqa_core.measuring.branches.engine.Engine.measure", None)
    assert veiqa("run", *paths[1:6], *OPTIONS, *store).stdout == "".join(alone.stdout.splitlines(True)[1:6])


def test_an_image_is_decoded_once(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is gone by the time a worker measures it."""
    wanted = paths[1:5]
    alone = veiqa("run", *wanted, *OPTIONS, "--no-store")
    read = executors.read

    def read_and_remove(path: Path, name: str, view: int | None) -> Any:
        image = read(path, name, view)
        path.unlink()
        return image

    monkeypatch.setattr(executors, "read", read_and_remove)
    assert veiqa("run", *wanted, *OPTIONS, "--no-store", "--workers", 2).stdout == alone.stdout


def test_a_worker_that_is_killed_loses_no_row(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    alone = veiqa("run", *paths, *OPTIONS, "--no-store")
    keep = Meter.keep
    kept: list[str] = []

    def keeping(self: Meter, image: str, measured: Any) -> None:
        keep(self, image, measured)
        kept.append(image)
        if len(kept) == 3:
            os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    monkeypatch.setattr(Meter, "keep", keeping)
    killed = veiqa("run", *paths, *OPTIONS, "--no-store", "--workers", 2)
    assert killed.stdout == alone.stdout
    assert len(kept) > 3


def test_a_dask_cluster_gives_the_same_rows(paths: list[Path]) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    alone = veiqa("run", *paths, *OPTIONS, "--no-store")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, protocol="tcp"
    ) as cluster:
        there = veiqa("run", *paths, *OPTIONS, "--no-store", "--dask", cluster.scheduler_address)
    assert (there.exit_code, there.stdout) == (1, alone.stdout)


def test_arrays_among_files_are_scored_in_their_place(paths: list[Path]) -> None:
    recipe = recipes.ad_hoc(extractor=Choice("tiny"))
    scorer = Scorer(recipe, device="cpu")
    array = np.asarray(PIL.Image.open(paths[1]))
    sources = [paths[1], array, paths[2], paths[3], array]
    with ProcessPool(scorer.meter, Path(), 2) as executor:
        shared = list(scorer.score_many(sources, executor=executor))
    assert shared == list(scorer.score_many(sources))
    assert [result.image for result in shared] == ["0.png", "image 1", "1.png", "2.png", "image 4"]


def test_rows_come_as_they_are_done_and_nothing_is_held(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_ROUND", 2)
    recipe = recipes.ad_hoc(extractor=Choice("tiny"))
    scorer = Scorer(recipe, device="cpu")
    drawn: list[Path] = []

    def drawing() -> Any:
        for path in paths:
            drawn.append(path)
            yield path

    with executors.InProcess(scorer.meter, Path()) as executor:
        for done, _ in enumerate(scorer.score_many(drawing(), executor=executor), 1):
            assert len(drawn) <= done + 3
            assert len(executor._about) <= 2


def test_what_excludes_each_other_is_said(paths: list[Path], tmp_path: Path) -> None:
    for who in (("--workers", 2), ("--dask", "tcp://127.0.0.1:9")):
        done = veiqa("run", *paths, *OPTIONS, *who, "--vei", tmp_path / "maps")
        assert done.exit_code == 2
        assert "--vei draws what this process measures: leave out --workers and --dask" in done.stderr
        assert not (tmp_path / "maps").exists()
    done = veiqa("run", *paths, *OPTIONS, "--workers", 2, "--dask", "x")
    assert (done.exit_code, "exclude each other" in done.stderr) == (2, True)


def test_workers_do_not_go_on_once_threads_changed(paths: list[Path]) -> None:
    """What they measure would be kept as if it were measured with the new number."""
    recipe = recipes.ad_hoc(extractor=Choice("tiny"))
    before = torch.get_num_threads()
    with ProcessPool(Scorer(recipe, device="cpu").meter, Path(), 2) as executor:
        try:
            torch.set_num_threads(before + 1)
            with pytest.raises(UsageError, match="threads or precision changed while workers measure"):
                list(executor.run([executors.Task(str(paths[1]), (0,))]))
        finally:
            torch.set_num_threads(before)
