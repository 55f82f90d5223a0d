"""``veiqa search`` from the command line, on a tiny rated set and small networks."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import veiqa, write_set

from veiqa_core.devices import Device
from veiqa_core.measuring.executors.executor import InProcess
from veiqa_core.measuring.meter import Meter
from veiqa_core.measuring.runtimes import eager
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Recipe, RecipeSet
from veiqa_core.store import Store

CONTENTS, LEVELS = 5, 3
FILES = ("best.toml", "cheapest.toml", "report.html", "results.csv", "search.json")

SPACE = """
pri = ["mean-blur", { name = "white-noise", variance = [0.02, 0.2] }]
extractor = { name = "timm", model = "test_resnet", weights = "random:0", layer = ["layer1", "layer4"] }
explainer = ["gradcam", "activation-norm"]
metric = ["psnr", "gmsd"]
"""

LIGHT = """
pri = ["mean-blur", { name = "white-noise", variance = [0.02, 0.2] }]
extractor = { name = "tiny", layer = ["1", "3"] }
explainer = ["gradcam", "activation-norm"]
metric = ["psnr", "gmsd"]
"""
"""For many processes: its network is imported at once."""

PAPER_SHAPE = """
pri = ["mean-blur", "white-noise", "jpeg", "jpeg2000"]
extractor = [
    { name = "timm", model = ["test_resnet", "test_efficientnet", "test_byobnet"], weights = "random:0" },
]
explainer = ["gradcam", "gradcam++", { name = "occlusion", window = 32, stride = 32 }]
metric = ["psnr", "ssim", "gmsd", "fsim", "vsi", "ncc", "nae"]
"""


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    return write_set(tmp_path / "rated", CONTENTS, LEVELS, "WN", noise=15, blurs=2, step=25)


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SPACE)
    return path


@pytest.fixture
def light(tmp_path: Path, tiny: None) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(LIGHT)
    return path


def searched(rated: Path, space: Path, output: Path, *more: object, status: int = 0) -> dict[str, bytes]:
    done = veiqa("search", "csv", rated, "--space", space, "--output", output, "--device", "cpu", *more)
    assert done.exit_code == status, done.output
    return {name: (output / name).read_bytes() for name in FILES}


def refused(*arguments: object) -> str:
    done = veiqa("search", *arguments)
    assert done.exit_code == 2, done.output
    assert len(done.stderr.strip().splitlines()) <= 4  # click's usage lines for its own errors, else one line
    return done.stderr


def test_a_search_writes_recipes_a_table_and_a_report(rated: Path, space: Path, tmp_path: Path) -> None:
    files = searched(rated, space, tmp_path / "out")
    best = recipe_files.load(tmp_path / "out" / "best.toml")
    assert isinstance(best, Recipe)
    assert best.chosen is not None
    assert best.chosen.images == 30
    rows = list(csv.DictReader(files["results.csv"].decode().splitlines()))
    assert len(rows) == 3 * 2 * 2 * 2
    reported = json.loads(files["search.json"])
    winner = reported["winners"]["all"]
    by_key = {row["key"]: row for row in rows}
    assert max(float(row["srocc"]) for row in rows) == winner["figure"] == float(by_key[winner["chosen"][0]]["srocc"])
    low, high = winner["interval95"]
    assert low <= winner["figure"] <= high
    assert [control["name"] for control in winner["controls"]] == ["pixels", "random-network", "vei-mean"]
    assert winner["controls"][1]["reason"] is not None  # the network is random already
    assert reported["held_out"]["n"] == 30
    assert reported["held_out"]["fit"] == "held-out"
    assert len(reported["folds_chosen"]) == 5
    assert b"<html" in files["report.html"]
    scored = veiqa("run", rated / "GB0-1.png", rated / "GB0-3.png", "--recipe", tmp_path / "out" / "best.toml")
    assert scored.exit_code == 0, scored.output
    reported = json.loads(
        veiqa("evaluate", "csv", rated, "--recipe", tmp_path / "out" / "best.toml", "--format=json").output
    )
    assert any("the branches were chosen on contents of 30 of these images" in note for note in reported["notes"])


def test_each_type_has_its_own_recipe(rated: Path, space: Path, tmp_path: Path) -> None:
    files = searched(rated, space, tmp_path / "out", "--per-distortion", "--objective", "plcc")
    best = recipe_files.load(tmp_path / "out" / "best.toml")
    assert isinstance(best, RecipeSet)
    assert set(best.recipes) == {"GB", "WN"}
    reported = json.loads(files["search.json"])
    assert set(reported["held_out_by_type"]) == {"GB", "WN"}
    assert reported["held_out"]["n"] == 30
    assert files["results.csv"].decode().splitlines()[0].split(",")[-4:-2] == ["plcc GB", "plcc WN"]


def test_further_branches_cost_no_further_pass(
    rated: Path, space: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    searched(rated, space, tmp_path / "one")
    before = computed.copy()
    searched(rated, space, tmp_path / "three", "--branches", 3)
    controls = computed - before  # only the winner's controls are measured, and they are known too
    assert not controls
    best = recipe_files.load(tmp_path / "three" / "best.toml")
    assert isinstance(best, Recipe)
    assert 1 <= len(best.branches) <= 3


def test_the_paper_s_shape_takes_fifteen_passes_and_sweeps_an_image(
    rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()

    def count(name: str, owner: Any, method: str) -> None:
        original = getattr(owner, method)

        def counting(*arguments: Any, **named: Any) -> Any:
            counts[name] += 1
            return original(*arguments, **named)

        monkeypatch.setattr(owner, method, counting)

    from veiqa_explainers.occlusion import Occlusion

    count("images", Meter, "compute")
    space = tmp_path / "paper.toml"
    space.write_text(PAPER_SHAPE)
    file = rated / "scores.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:4]) + "\n")  # three images of one content
    plan = veiqa("search", "csv", rated, "--space", space, "--plan").output
    assert "252 combinations, 3 images" in plan
    from veiqa_core.measuring.branches.passes import Passes

    Passes.try_out, tried = (lambda self, step: None), Passes.try_out  # type: ignore[method-assign]
    try:
        monkeypatch.setattr("veiqa_core.searching.search.controls.control", _no_controls)
        monkeypatch.setattr(
            "veiqa_core.searching.search.costs.operations", lambda meter, image: np.zeros(len(meter.quantities))
        )
        count("forward", eager.TorchPass, "_forward")
        count("backward", eager.TorchPass, "_backward")
        count("sweep", Occlusion, "explain")
        searched(rated, space, tmp_path / "out")
    finally:
        Passes.try_out = tried  # type: ignore[method-assign]
    assert counts["images"] == 3
    assert {name: counts[name] / 3 for name in ("forward", "backward", "sweep")} == {
        "forward": 15,
        "backward": 15,
        "sweep": 15,
    }
    for what in ("forward passes", "backward passes", "occlusion"):
        (line,) = (line for line in plan.splitlines() if what in line)
        assert line.split()[-2:] == ["15", "45"]


def _no_controls(winners: Any, trials: Any, context: Any) -> Any:
    return {key: [] for key in winners}


def test_a_killed_search_goes_on_and_ends_with_the_same_bytes(
    rated: Path, light: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    whole = searched(rated, light, tmp_path / "whole", "--store", tmp_path / "whole.sqlite", "--threads", 1)
    alone = computed.copy()
    store = tmp_path / "killed.sqlite"
    command = [sys.executable, "-c", "from veiqa_core.cli import main; main()", "search", "csv", str(rated)]
    command += ["--space", str(light), "--output", str(tmp_path / "killed"), "--store", str(store)]
    command += ["--device", "cpu", "--threads", "1"]
    finished: set[str] = set()
    for _ in range(3):
        started = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        goal = len(finished) + 5
        deadline = time.monotonic() + 900  # against hanging only
        while len(finished) < goal and time.monotonic() < deadline and started.poll() is None:
            finished = _finished(store)
            time.sleep(0.005)
        os.kill(started.pid, signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL
        now = _finished(store)
        assert finished <= now  # nothing that was finished is lost
        finished = now
    assert 15 <= len(finished) < 30
    computed.clear()
    killed = searched(rated, light, tmp_path / "killed", "--store", store, "--threads", 1)
    assert killed == whole
    candidates_measured = 30 - len(finished)
    assert sum(computed.values()) - candidates_measured == sum(alone.values()) - 30  # beside them, the controls alone
    computed.clear()
    assert searched(rated, light, tmp_path / "again", "--store", store, "--threads", 1) == whole
    assert not computed


def _finished(store: Path) -> set[str]:
    """The images that the store knows."""
    if not store.exists():
        return set()
    import sqlite3

    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=60)
    try:
        return {digest for (digest,) in connection.execute("SELECT digest FROM images")}
    except sqlite3.OperationalError:  # not made yet
        return set()
    finally:
        connection.close()


def test_processes_shards_and_one_process_end_with_the_same_bytes(
    rated: Path, light: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    alone = searched(rated, light, tmp_path / "alone", "--store", tmp_path / "1.sqlite", "--threads", 1)
    two = searched(rated, light, tmp_path / "two", "--store", tmp_path / "2.sqlite", "--threads", 1, "--workers", 2)
    assert two == alone
    for number in (1, 2, 3):
        done = veiqa(
            *("search", "csv", rated, "--space", light, "--output", tmp_path / "sharded", "--threads", 1),
            *("--device", "cpu", "--shard", f"{number}/3"),
        )
        assert done.exit_code == 0, done.output
        assert not (tmp_path / "sharded" / "best.toml").exists()
    computed.clear()
    merged = searched(rated, light, tmp_path / "sharded", "--store", tmp_path / "3.sqlite", "--threads", 1, "--merge")
    assert merged == alone
    assert set(computed.values()) <= {1, 2}  # the controls; no candidate is measured again


def test_a_worker_that_is_killed_loses_nothing(
    rated: Path, light: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = searched(rated, light, tmp_path / "alone", "--store", tmp_path / "1.sqlite", "--threads", 1)
    keep = Meter.keep
    kept: list[str] = []

    def keeping(self: Meter, image: str, measured: Any) -> None:
        keep(self, image, measured)
        kept.append(image)
        if len(kept) == 6:
            os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    monkeypatch.setattr(Meter, "keep", keeping)
    killed = searched(
        rated, light, tmp_path / "killed", "--store", tmp_path / "2.sqlite", "--threads", 1, "--workers", 2
    )
    assert killed == alone
    assert len(kept) > 6


def test_workers_leave_when_the_search_is_killed(rated: Path, light: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from veiqa_core.cli import main; main()", "search", "csv", str(rated)]
    command += ["--space", str(light), "--output", str(tmp_path / "out"), "--store", str(tmp_path / "s.sqlite")]
    command += ["--workers", "2", "--threads", "1"]
    started = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 900  # against hanging only
    while not _finished(tmp_path / "s.sqlite") and time.monotonic() < deadline:
        time.sleep(0.02)
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    if not children.exists():
        pytest.skip("needs Linux's list of a process's children")
    workers = [int(pid) for pid in children.read_text().split()]
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    assert not any(_alive(pid) for pid in workers)


@pytest.mark.parametrize("measuring", [True, False], ids=["measuring", "starting"])
def test_ctrl_c_with_workers_ends_at_once_and_says_that_it_goes_on(
    rated: Path, light: Path, tmp_path: Path, measuring: bool
) -> None:
    code = (
        "import signal; from veiqa_core.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a background job is started without
        "main()"
    )
    command = [sys.executable, "-c", code, "search", "csv", str(rated)]
    command += ["--space", str(light), "--output", str(tmp_path / "out"), "--store", str(tmp_path / "s.sqlite")]
    command += ["--workers", "2", "--threads", "1"]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 900  # against hanging only
    if measuring:
        while len(_finished(tmp_path / "s.sqlite")) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
    else:
        children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
        if not children.exists():
            pytest.skip("needs Linux's list of a process's children")
        while len(children.read_text().split()) < 2 and time.monotonic() < deadline:  # the tracker, the first worker
            time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does: to every process
    _, reported = started.communicate(timeout=120)
    assert started.returncode == 130, reported
    assert "stopped; what was measured is kept, and the same command goes on from there" in reported
    assert "Traceback" not in reported


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_component_that_raises_fails_its_combinations_alone(
    rated: Path, tmp_path: Path, faulty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veiqa_core.cli.commands.search.registry", lambda: faulty)
    space = tmp_path / "faulty.toml"
    space.write_text(
        SPACE.replace('"activation-norm"]', '"faulty:raises"]').replace('"gmsd"]', '"gmsd", "faulty:not-a-number"]')
    )
    files = searched(rated, space, tmp_path / "out")
    rows = list(csv.DictReader(files["results.csv"].decode().splitlines()))
    failed = {row["key"]: row for row in rows if row["failed"] != "0"}
    assert len(rows) == 36
    assert len(failed) == 24
    assert all("raises" in key or "not-a-number" in key for key in failed)
    assert all(not row["srocc"] for row in failed.values())
    assert any("explainer 'raises' (faulty 1.0) failed: RuntimeError: out of luck" in r["failure"] for r in rows)
    reported = json.loads(files["search.json"])
    assert set(reported["failed"]) == set(failed)


def test_a_branch_that_cannot_work_is_refused_alone(rated: Path, tmp_path: Path) -> None:
    space = tmp_path / "cam.toml"
    space.write_text(SPACE.replace('"activation-norm"]', '"cam"]'))  # which needs the last layer
    done = veiqa("search", "csv", rated, "--space", space, "--output", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "6 candidates cannot work; the first: explainer 'cam' explains the layer before the head" in done.output
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text().splitlines()))
    assert len(rows) == 24
    assert sum(bool(row["failure"]) for row in rows) == 6
    assert all("@layer1/cam" in row["key"] for row in rows if row["failure"])


def test_an_image_that_is_torn_is_named_and_left_out(rated: Path, space: Path, tmp_path: Path) -> None:
    (rated / "GB0-1.png").write_bytes((rated / "GB0-1.png").read_bytes()[:200])
    done = veiqa("search", "csv", rated, "--space", space, "--output", tmp_path / "out", "--no-store")
    assert done.exit_code == 1, done.output
    assert "warning: GB0-1.png: is truncated" in done.stderr
    assert json.loads((tmp_path / "out" / "search.json").read_text())["winners"]["all"]["images"] == 29


def test_what_cannot_be_done_is_said_in_one_line(rated: Path, space: Path, tmp_path: Path) -> None:
    base = ("csv", rated, "--space", space)
    out = ("--output", tmp_path / "out")
    assert "say where to write with --output DIR, or --plan" in refused(*base)
    assert "unknown search space 'quik'. Did you mean 'quick'" in refused("csv", rated, "--space", "quik", *out)
    assert "needs --budget N" in refused(*base, *out, "--strategy", "random")
    assert "leave out --budget" in refused(*base, *out, "--budget", 3)
    assert "unknown search strategy 'exhausting'" in refused(*base, *out, "--strategy", "exhausting")
    assert "--shard takes I/N, such as 2/8, not '3'" in refused(*base, *out, "--shard", "3")
    assert "I from 1 to N, not 3/2" in refused(*base, *out, "--shard", "3/2")
    assert "--shard keeps its values in DIR" in refused(*base, *out, "--shard", "1/2", "--merge")
    assert "leave out --no-store" in refused(*base, *out, "--merge", "--no-store")
    assert "holds no shards; --shard I/N makes them" in refused(*base, *out, "--merge")
    assert "--workers and --dask exclude each other" in refused(*base, *out, "--workers", 2, "--dask", "x")
    assert "goes by figures of all images" in refused(*base, *out, "--shard", "1/2", "--strategy", "halving")
    assert "is the dataset's folder" in refused(*base, "--output", rated)
    assert "no such folder" in refused("csv", tmp_path / "absent", "--space", space, *out)
    assert "-p metric.sigmaa: unknown parameter" in refused(*base, *out, "-p", "metric.sigmaa=2")
    (tmp_path / "taken" / "best.toml").mkdir(parents=True)
    assert "best.toml is a folder there" in refused(*base, "--output", tmp_path / "taken")
    kept = tmp_path / "kept" / "results.csv"
    assert f"{kept}: is a store of similarities" in refused(*base, "--output", kept.parent, "--store", kept)
    assert "weights of vgg16" in refused("csv", rated, "--space", "paper", *out)
    (tmp_path / "out" / "shard-1-of-2.sqlite").write_bytes(b"")
    assert "lacks shard 2; run what is missing first" in refused(*base, *out, "--merge")


@pytest.mark.parametrize("more", [("--strategy", "random", "--budget", 5), ("--strategy", "halving")])
def test_other_strategies_measure_less_and_end_alike_every_time(
    rated: Path, space: Path, tmp_path: Path, more: tuple[object, ...]
) -> None:
    first = searched(rated, space, tmp_path / "first", *more)
    assert searched(rated, space, tmp_path / "second", "--store", tmp_path / "fresh.sqlite", *more) == first
    measured = [r for r in csv.DictReader(first["results.csv"].decode().splitlines()) if r["srocc"]]
    assert 1 <= len(measured) < 24


def test_optuna_searches_and_ends_alike_every_time(rated: Path, space: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="optuna is an extra")
    more = ("--strategy", "optuna", "--budget", 6)
    first = searched(rated, space, tmp_path / "first", *more)
    assert searched(rated, space, tmp_path / "first", *more) == first  # beside its own journal
    assert any((tmp_path / "first" / "strategy").rglob("*"))


@pytest.mark.parametrize("kill", [False, True], ids=["whole", "killed"])
def test_a_dask_cluster_ends_with_the_same_bytes(
    rated: Path, light: Path, tmp_path: Path, kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an extra")
    alone = searched(rated, light, tmp_path / "alone", "--store", tmp_path / "1.sqlite", "--threads", 1)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, protocol="tcp"
    ) as cluster:
        keep = Meter.keep
        kept: list[str] = []

        def keeping(self: Meter, image: str, measured: Any) -> None:
            keep(self, image, measured)
            kept.append(image)
            if kill and len(kept) == 4:
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

        monkeypatch.setattr(Meter, "keep", keeping)
        address = cluster.scheduler_address
        there = searched(
            rated, light, tmp_path / "dask", "--store", tmp_path / "2.sqlite", "--threads", 1, "--dask", address
        )
    assert there == alone
    assert len(kept) >= 30


def test_a_cluster_that_does_not_answer_is_said(rated: Path, space: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is an extra")
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        problem = refused(
            "csv", rated, "--space", space, "--output", tmp_path / "o", "--dask", "tcp://127.0.0.1:9", "--no-store"
        )
    assert "--dask tcp://127.0.0.1:9: no cluster answers there" in problem


def test_run_and_evaluate_take_what_the_search_measured(
    rated: Path, space: Path, tmp_path: Path, computed: Counter[str]
) -> None:
    store = ("--store", tmp_path / "store.sqlite")
    searched(rated, space, tmp_path / "out", *store)
    computed.clear()
    done = veiqa("evaluate", "csv", rated, "--recipe", tmp_path / "out" / "best.toml", *store)
    assert done.exit_code == 0, done.output
    assert not computed
    scored = veiqa("run", rated / "GB0-1.png", "--recipe", tmp_path / "out" / "best.toml", *store)
    assert scored.exit_code == 0, scored.output
    assert not computed
    fresh = veiqa("run", rated / "GB0-1.png", "--recipe", tmp_path / "out" / "best.toml", "--no-store")
    assert fresh.output == scored.output
    assert sum(computed.values()) == 1


def test_measuring_elsewhere_gives_every_order_an_answer(rated: Path, tmp_path: Path, tiny: None) -> None:
    """A torn image and a good one, by processes: each is answered, in any order."""
    from veiqa_core.extension.registry import installed
    from veiqa_core.measuring.executors.executor import Task
    from veiqa_core.measuring.executors.pool import ProcessPool
    from veiqa_core.measuring.quantity import Similarity
    from veiqa_core.recipes.recipe import Branch, Choice
    from veiqa_core.recipes.resolution import resolve_branch

    branch = resolve_branch(Branch(pri=Choice("jpeg"), extractor=Choice("tiny")), installed())
    meter = Meter([Similarity(branch)], Device())
    (rated / "torn.png").write_bytes(b"no image")
    names = ["GB0-1.png", "torn.png", "WN1-1.png"]
    with ProcessPool(meter, rated, 2) as executor:
        done = {item.name: item for item in executor.run(Task(name, (0,)) for name in names)}
    assert set(done) == set(names)
    assert done["torn.png"].error is not None
    with InProcess(meter, rated) as executor:
        alone = {item.name: item for item in executor.run(Task(name, (0,)) for name in names)}
    for name in ("GB0-1.png", "WN1-1.png"):
        assert done[name].measured[0].similarity == alone[name].measured[0].similarity
        assert done[name].digest == alone[name].digest
    with Store(tmp_path / "s.sqlite") as store:
        kept = Meter([Similarity(branch)], Device(), store)
        with ProcessPool(kept, rated, 2) as executor:
            list(executor.run(Task(name, (0,)) for name in names))
        digest = done["WN1-1.png"].digest
        assert digest is not None
        assert kept.known(digest, [0])[0].similarity == done["WN1-1.png"].measured[0].similarity


def test_another_precision_is_told_and_recorded(rated: Path, tmp_path: Path) -> None:
    space = tmp_path / "small.toml"
    network = '{ name = "timm", model = "test_resnet", weights = "random:0", layer = ["layer1", "layer4"] }'
    space.write_text(f'pri = "mean-blur"\nextractor = {network}\nexplainer = "activation-norm"\nmetric = "psnr"\n')
    options = ("--output", tmp_path / "out", "--device", "cpu", "--precision", "bfloat16")
    done = veiqa("search", "csv", rated, "--space", space, *options)
    assert done.exit_code == 0, done.output
    assert "note: computed in bfloat16" in done.stdout
    best = recipe_files.load(tmp_path / "out" / "best.toml")
    assert isinstance(best, Recipe)
    assert best.fitted is not None
    assert best.fitted.precision == "bfloat16"
