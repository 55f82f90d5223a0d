"""A shell in which ``veiqa`` is this process: importing torch takes longer than most commands of a page.

Bash runs the lines as they stand. The programs ``veiqa`` and ``pip`` that it finds hand their arguments to the process
of the tests through a socket. ``pip install FOLDER`` links the folder's package and metadata into a folder of
``PYTHONPATH``, as the tests of ``veiqa plugin new`` do; that pip itself installs plugins is what ``nox -s examples``
checks.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from click.testing import CliRunner

from veiqa_core.cli import main
from veiqa_core.extension import registry

_CLIENT = """#!{python} -IS
import json, os, socket, sys
given = "" if sys.stdin.isatty() else sys.stdin.read()
asked = {{"program": os.path.basename(sys.argv[0]), "arguments": sys.argv[1:], "folder": os.getcwd(), "input": given}}
with socket.socket(socket.AF_UNIX) as channel:
    channel.connect({address!r})
    channel.sendall(json.dumps(asked).encode() + b"\\n")
    answer = json.loads(channel.makefile("rb").readline())
sys.stdout.write(answer["stdout"])
sys.stderr.write(answer["stderr"])
sys.exit(answer["status"])
"""
_PATIENCE = 1800  # seconds, after which a block counts as hung


@attrs.frozen
class TaskResult:
    """What came of a script."""

    status: int
    stdout: str
    stderr: str


class Shell:
    """Runs scripts.

    Args:
        folder: for the programs and the socket.
        site: where ``pip install`` puts plugins.
    """

    def __init__(self, folder: Path, site: Path) -> None:
        self._site = site
        self._programs = folder / "bin"
        self._programs.mkdir(parents=True)
        address = folder / "socket"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(address))
        self._listener.listen()
        self._listener.settimeout(0.05)
        for name in ("veiqa", "pip"):
            program = self._programs / name
            program.write_text(_CLIENT.format(python=sys.executable, address=str(address)))
            program.chmod(0o755)

    def close(self) -> None:
        """Let the socket go."""
        self._listener.close()

    def run(self, script: str, folder: Path) -> TaskResult:
        """Run a script in a folder; it stops at the first command that fails."""
        path = os.pathsep.join([str(self._programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        with (folder / ".stdout").open("w+") as out, (folder / ".stderr").open("w+") as err:
            process = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail", "-c", script],
                cwd=folder,
                env={**os.environ, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            try:
                self._serve(process)
            finally:
                process.kill()
                process.wait()
            out.seek(0)
            err.seek(0)
            return TaskResult(process.returncode, out.read(), err.read())

    def _serve(self, process: subprocess.Popen[bytes]) -> None:
        began = time.monotonic()
        while process.poll() is None and time.monotonic() - began < _PATIENCE:
            try:
                channel, _ = self._listener.accept()
            except TimeoutError:
                continue
            with channel, channel.makefile("rb") as lines:
                channel.setblocking(True)
                asked = json.loads(lines.readline())
                done = self._answer(**asked)
                answer = {"status": done.status, "stdout": done.stdout, "stderr": done.stderr}
                channel.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, program: str, arguments: list[str], folder: str, input: str) -> TaskResult:
        before = Path.cwd()
        os.chdir(folder)
        try:
            if program == "pip":
                return self._install(arguments, Path(folder))
            done = CliRunner().invoke(main, arguments, input=input, prog_name="veiqa")
            return TaskResult(done.exit_code, done.stdout, done.stderr)
        finally:
            os.chdir(before)

    def _install(self, arguments: list[str], folder: Path) -> TaskResult:
        folders = [argument for argument in arguments[1:] if argument != "-e"]
        source = folder / re.sub(r"\[.*\]\Z", "", "".join(folders))
        if arguments[:1] != ["install"] or len(folders) != 1 or not (source / "pyproject.toml").is_file():
            return TaskResult(
                2, "", f"pip {' '.join(arguments)}: only a plugin's folder is installed here; mark the block"
            )
        install(source, self._site)
        return TaskResult(0, "", "")


def install(source: Path, site: Path) -> None:
    """Put the packages and the metadata of a distribution's folder where Python finds them."""
    given = tomllib.loads((source / "pyproject.toml").read_text())
    name = given["project"]["name"]
    for package in source.glob("*/__init__.py"):
        link = site / package.parent.name
        link.unlink(missing_ok=True)
        link.symlink_to(package.parent.resolve())
    info = site / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    entries = given["project"]["entry-points"]["veiqa"]
    (info / "entry_points.txt").write_text(
        "[veiqa]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
    )
    importlib.invalidate_caches()
    registry.installed.cache_clear()


@contextmanager
def found_by_python(site: Path) -> Iterator[None]:
    """Have this process, and those that it begins, find the plugins in a folder, and forget them in the end."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), before]))
    sys.path.insert(0, str(site))
    try:
        yield
    finally:
        sys.path.remove(str(site))
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
        registry.installed.cache_clear()
        packages = {item.name for item in site.iterdir()}
        for name in [name for name in sys.modules if name.split(".")[0] in packages]:
            del sys.modules[name]
