"""Where the machine is not a plain home: no home folder, no shared memory, no working folder, limits."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
import PIL.Image
import pytest
from making import veiqa

from veiqa_core import doctor, limits
from veiqa_core.cli import process
from veiqa_core.cli.files import refuse_store_target
from veiqa_core.cli.paths import PATH
from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.measuring import processes
from veiqa_core.measuring.executors import pool
from veiqa_core.store import default_path, open_default

SMALL = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
OPTIONS = (*SMALL, "--pri", "mean-blur", "--metric", "psnr", "--device", "cpu", "--format", "jsonl")
posix = pytest.mark.skipif(os.name != "posix", reason="homes are looked up so on POSIX only")


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "photo.png"
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 72, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without ``HOME`` and without an entry in the list of users, as containers have them."""

    def unknown(user: object) -> Any:
        raise KeyError(user)

    for name in ("HOME", "XDG_CACHE_HOME", "VEIQA_STORE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("pwd.getpwuid", "pwd.getpwnam"):
        monkeypatch.setattr(name, unknown)


@posix
def test_without_a_home_commands_go_on_without_a_store(photo: Path, no_home: None) -> None:
    with_none = veiqa("run", photo, *OPTIONS)
    assert with_none.exit_code == 0, with_none.stderr
    assert with_none.stderr.splitlines()[0] == (
        "warning: this user has no home folder for a store; name one with --store, or say --no-store; "
        "going on without it"
    )
    for options in (("--no-store",), ("--store", "s.sqlite")):
        done = veiqa("run", photo, *OPTIONS, "--output", "o.jsonl", *options)
        assert (done.exit_code, "warning" in done.stderr) == (0, False), done.stderr
    assert not Path("~").exists()
    for line in (veiqa("store", "info"), veiqa("store", "prune", "--all")):
        assert line.exit_code == 2
        assert "no home folder" in line.stderr


@posix
def test_without_a_home_the_doctor_says_what_run_says(no_home: None) -> None:
    (finding,) = doctor._store(None)
    assert finding.state == "warning"
    assert finding.text.startswith("this user has no home folder for a store")
    assert finding.text.endswith("commands go on without it")


@posix
def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VEIQA_STORE", "~/s.sqlite")
    assert default_path() == tmp_path / "home" / "s.sqlite"
    assert PATH.convert("~/s.sqlite", None, None) == tmp_path / "home" / "s.sqlite"
    assert PATH.convert("~$photo.png", None, None) == Path("~$photo.png")
    assert PATH.convert("a/~/b", None, None) == Path("a/~/b")
    with contextlib.closing(open_default()._file.connection):  # type: ignore[union-attr]
        assert not Path("~").exists()


@posix
def test_a_tilde_without_a_home_is_named(photo: Path, no_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="there is no such home folder"):
        PATH.convert("~/s.sqlite", click.Option(["--store"]), None)
    weights = veiqa("run", photo, "--extractor", "vgg16", "-p", "extractor.weights=~/w.safetensors", "--no-store")
    assert (weights.exit_code, "~/w.safetensors: there is no such home" in weights.stderr) == (2, True)
    monkeypatch.setenv("VEIQA_STORE", "~/s.sqlite")
    done = veiqa("run", photo, *OPTIONS)
    assert (done.exit_code, "VEIQA_STORE ~/s.sqlite: there is no such home" in done.stderr) == (2, True)
    (finding,) = (found for found in doctor.examine(installed()) if found.about == "store")
    assert (finding.state, finding.advice) == ("problem", None)
    refuse_store_target("--output", Path("o.csv"), None)
    assert list(Path().iterdir()) == [Path("photo.png")]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), ("Read-only", "/dev/shm")),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ("No space", "/dev/shm")),
        (ImportError("This platform lacks a functioning sem_open implementation"), ("sem_open", "semaphores")),
        (BlockingIOError(errno.EAGAIN, "try again"), ("try again", "take fewer")),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ("allocate", "take fewer")),
        (RuntimeError("can't start new thread"), ("new thread", "take fewer")),
    ],
)
def test_workers_that_cannot_be_begun_are_one_line(
    photo: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: tuple[str, ...]
) -> None:
    def fail(*given: object, **named: object) -> None:
        raise error

    monkeypatch.setattr(pool, "ProcessPoolExecutor", fail)
    done = veiqa("run", photo, *OPTIONS, "--no-store", "--workers", 2)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert "2 worker processes cannot be begun here" in line
    assert all(word in line for word in (*words, "or measure without workers"))


def test_how_workers_ended_is_said() -> None:
    assert "want of memory" in processes.ending([-signal.SIGKILL, -signal.SIGTERM])
    assert processes.ending([-signal.SIGSEGV, -signal.SIGTERM]).startswith("crashed by SIGSEGV")
    assert processes.ending([7, -signal.SIGTERM]).startswith("status 7")
    processes.check_start([-signal.SIGKILL])  # may be chance, and is tried again
    with pytest.raises(UsageError, match=r"end with status 1 while they run .*__main__"):
        processes.check_start([1, -signal.SIGTERM])


SCRIPT = """
from pathlib import Path
from veiqa_core import Scorer
from veiqa_core.recipes import recipe
from veiqa_core.errors import UsageError
from veiqa_core.measuring.executors.pool import ProcessPool
network = recipe.Choice("timm", {"model": "test_resnet", "weights": "random:0"})
scorer = Scorer(recipe.ad_hoc(extractor=network), device="cpu")
try:
    with ProcessPool(scorer.meter, Path(), 1) as executor:
        print(list(scorer.score_many(["photo.png"], executor=executor)))
except UsageError as error:
    print(error)
"""


def test_a_program_without_a_main_guard_is_told_so_at_the_first_failure(photo: Path) -> None:
    Path("program.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    assert line.startswith("worker processes run ")
    assert "program.py anew, which begins workers itself: put what it does below if __name__ ==" in line
    assert done.stderr == ""


def test_a_program_on_standard_input_is_told_so(photo: Path) -> None:
    done = subprocess.run([sys.executable, "-"], input=SCRIPT, capture_output=True, text=True, check=True)
    assert "<stdin> is no file" in done.stdout
    assert "save it as a file" in done.stdout
    assert done.stderr == ""


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a command finds the process: torch is not loaded, and nothing says how idle threads wait."""
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    for name in process.WAITING:
        monkeypatch.delenv(name, raising=False)


def test_commands_let_idle_threads_sleep(unloaded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with process.prepared():
        assert os.environ["OMP_WAIT_POLICY"] == "passive"
    assert "OMP_WAIT_POLICY" not in os.environ
    for name in process.WAITING:
        monkeypatch.setenv(name, "1")
        with process.prepared():
            assert os.environ.get("OMP_WAIT_POLICY") in (None, "1")
        monkeypatch.delenv(name)
    assert logging.getLogger("matplotlib").level == logging.ERROR


def test_a_process_that_has_torch_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch  # noqa: F401

    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with process.prepared():
        assert "OMP_WAIT_POLICY" not in os.environ


BITS = """
import json, torch, numpy as np
from veiqa_core import Scorer
from veiqa_core.recipes import recipe
torch.set_num_threads(2)
network = recipe.Choice("timm", {"model": "test_resnet", "weights": "random:0"})
scorer = Scorer(recipe.ad_hoc(extractor=network), device="cpu")
image = np.random.default_rng(0).integers(0, 255, (96, 120, 3), np.uint8)
print(json.dumps([scorer.score(image).similarities, scorer.meter.digests()]))
"""


def test_how_threads_wait_moves_no_bit_and_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_policy(**given: str) -> Any:
        environment = {name: value for name, value in os.environ.items() if name not in process.WAITING} | given
        run = subprocess.run([sys.executable, "-c", BITS], env=environment, capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    assert with_policy(OMP_WAIT_POLICY="passive") == with_policy(GOMP_SPINCOUNT="100")


@posix
def test_a_working_folder_that_is_gone_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    done = veiqa("recipes")
    assert done.exit_code == 2
    assert done.stderr == "Error: the working folder cannot be used: No such file or directory; change to another\n"


def test_no_place_for_temporary_files_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "absent")])
    done = veiqa("recipes")
    assert done.exit_code == 2
    assert done.stderr == "Error: no folder for temporary files can be written; set TMPDIR to one that can\n"


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        ({}, 4, None),
        ({"cpu.max": "max 100000", "memory.max": "max"}, 4, None),
        ({"cpu.max": "150000 100000", "memory.max": "1073741824"}, 1.5, 2**30),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 4, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5, None),
        ({"cpu.max": "100 0", "memory.max": "?"}, 4, None),
    ],
)
def test_limits_of_containers_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cores: float, memory: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr(limits, "_GROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda of: range(4), raising=False)
    assert (limits.cores(), limits.memory()) == (cores, memory)
