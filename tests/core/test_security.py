"""What SECURITY.md promises: data run no code, names lead nowhere, and nothing asks the network."""

from __future__ import annotations

import ast
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner

import veiqa_core
from veiqa_core.api import WeightsError
from veiqa_core.cli import main
from veiqa_extractors.weights import WeightsFile

SOURCES = [Path(veiqa_core.__file__).parent, Path(sys.modules["veiqa_extractors"].__file__ or "").parent.parent]
FAST = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0", "--pri", "jpeg")

_GUARD = """
import os, sys

def guard(event, arguments):
    asked = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    far = event in ("socket.connect", "socket.sendto", "socket.bind") and not isinstance(arguments[1], (str, bytes))
    if asked or far:
        with open(os.environ["ASKED"], "a") as told:
            told.write(f"{event} {arguments[1:] if far else arguments}\\n")
        raise OSError("the network is closed")

sys.addaudithook(guard)
"""


class Evil:
    """Makes a folder when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("name", ["weights.pth", "weights.pt", "weights.bin", "weights.safetensors"])
@pytest.mark.parametrize("zipped", [True, False])
def test_weights_that_carry_code_are_refused_and_do_not_run_it(tmp_path: Path, name: str, zipped: bool) -> None:
    mark, path = tmp_path / "mark", tmp_path / name
    if zipped:
        torch.save({"weight": torch.zeros(3), "more": Evil(mark)}, path)
    else:
        path.write_bytes(pickle.dumps(Evil(mark), protocol=2))
    with pytest.raises(WeightsError, match=name):
        WeightsFile.read(path).state_dict()
    assert not mark.exists()
    if not zipped:
        pickle.loads(path.read_bytes())
        assert mark.exists()  # so it would have


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for folder in SOURCES:
        for path in folder.rglob("*.py"):
            if any(part.startswith("veiqa_") for part in path.relative_to(folder.parent).parts):
                yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_no_source_loads_what_can_run_or_opens_connections() -> None:
    """Names that have no place here; plugins' checks start this Python again, and nothing else is started."""
    network = {"socket", "urllib.request", "http.client", "requests", "ftplib", "smtplib", "aiohttp", "httpx", "fsspec"}
    loaders = {"marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "tarfile", "zipfile"}
    calls = {"eval", "exec", "pickle.load", "pickle.loads", "pickle.Unpickler", "os.system", "os.popen"}
    found = []
    for path, tree in modules():
        refused = loaders | network
        if path.match("veiqa_core/service/server.py"):  # the one module that listens
            refused -= {"socket"}
        named = {f'"{name}"' for name in ("aiohttp", "fsspec") if f'"{name}"' in path.read_text(encoding="utf-8")}
        if path.match("veiqa_core/files/places.py"):  # the one module that fetches
            assert len(named) == 2
        elif not path.match("veiqa_core/doctor.py"):
            found += [f"{path}: names {name}" for name in named]
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [item.name for item in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [f"{path}: imports {name}" for name in names if name in refused]
            if isinstance(node, ast.Call):
                called, given = ast.unparse(node.func), ast.unparse(node)
                unsafe = called == "torch.load" and "weights_only=True" not in given
                if called in calls or unsafe or "allow_pickle=True" in given or "shell=True" in given:
                    found.append(f"{path}:{node.lineno}: {given}")
    assert sum(1 for _ in modules()) > 100
    assert found == []


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/b", "..", "a\0b", "a b", "~", "-x", ""])
def test_a_new_plugin_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    into = tmp_path / "into"
    into.mkdir()
    done = CliRunner().invoke(main, ["plugin", "new", "--into", str(into), "--kind", "metric", "--", name])
    assert done.exit_code == 2
    assert [*into.iterdir()] == []
    assert [*tmp_path.iterdir()] == [into]


def test_a_name_cannot_steer_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "red\x1b[31m\nscore 100\u202e.png"
    path.write_bytes(b"no picture")
    done = CliRunner().invoke(main, ["run", str(path), *FAST, "--no-store", "--device", "cpu"])
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert r"red\x1b[31m\nscore 100\u202e.png" in done.stdout.splitlines()[0]


def guarded(tmp_path: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Python without a network, its child processes likewise; and what was asked of it."""
    (tmp_path / "sitecustomize.py").write_text(_GUARD)
    asked = tmp_path / "asked"
    asked.touch()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "ASKED": str(asked)}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, cwd=tmp_path)
    return done, asked.read_text()


def test_nothing_asks_the_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c", "d"):
        PIL.Image.fromarray(rng.integers(0, 256, (72, 80, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "scores.csv").write_text("image,score,content\na.png,1,x\nb.png,2,y\nc.png,3,z\nd.png,4,w\n")
    fast = [*FAST, "--device", "cpu"]
    commands = [
        ["components"],
        ["recipes"],
        ["plugins"],
        ["run", "a.png", *fast, "--workers", "2", "--threads", "1"],
        ["compare", "a.png", "b.png", "--metric", "psnr"],
        ["datasets", "check", "csv", ".", "--range", "0", "5"],
        ["store", "info"],  # which the run has made
    ]
    (tmp_path / "commands.py").write_text(
        "from click.testing import CliRunner\nfrom veiqa_core.cli import main\n"
        f"if __name__ == '__main__':\n    for command in {commands!r}:\n"
        "        done = CliRunner().invoke(main, command)\n"
        "        if done.exit_code:\n            print(command, done.output)\n"
    )
    done, asked = guarded(tmp_path, "commands.py")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert asked == ""


def test_the_guard_sees_what_it_is_for(tmp_path: Path) -> None:
    done, asked = guarded(tmp_path, "-c", "import socket; socket.create_connection(('192.0.2.1', 9), 1)")
    assert done.returncode != 0
    assert "192.0.2.1" in asked
