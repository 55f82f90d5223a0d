"""``veiqa serve``: how it begins and ends, and what it says where it cannot begin."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from making import veiqa
from serving import PATIENT, Reply, Served, encoded

from veiqa_core.cli.options.service import ServiceOptions

WAITS = 77


def refused(*arguments: object) -> str:
    done = veiqa("serve", *arguments)
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert "Traceback" not in done.output
    return lines[-1]


def test_what_cannot_be_served_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert refused("--port", port) == (
            f"Error: --port {port}: another program listens there; name another one, or 0 for any that is free"
        )
    assert "unknown recipe 'fsat'. Did you mean 'fast'?" in refused("--recipe", "fsat")
    assert refused("--host", "192.0.2.1", "--port", 0).startswith("Error: --host '192.0.2.1': cannot be bound: ")
    assert refused("--host", "no such host").startswith("Error: --host 'no such host': ")
    assert "0<=x<=65535" in refused("--port", 70000)
    assert "x>0" in refused("--timeout", 0)
    (tmp_path / "r.toml").write_text(
        PATIENT.replace("psnr", "psnrr").replace("tiny", "efficientnet-lite0").partition("[[method")[0]
    )
    assert "Did you mean 'psnr'?" in refused("--recipe", tmp_path / "r.toml", "--port", 0)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "uvicorn" else found(name, *more)
    )
    assert refused() == "Error: serving needs uvicorn: pip install 'veiqa[serve]'"


def test_the_default_is_reached_from_this_machine_alone() -> None:
    defaults: Any = {parameter.name: parameter.default for parameter in command().params}
    given = {name: defaults[name] for name in ("host", "port", "queue", "timeout", "max_bytes", "threads")}
    assert ServiceOptions(**given, allow_host=()).address.local
    assert defaults["host"] == "127.0.0.1"


def command() -> Any:
    from veiqa_core.cli.commands.serve import serve

    return serve


@contextlib.contextmanager
def begun(recipe: Path) -> Iterator[tuple[subprocess.Popen[str], Served]]:
    """The command in a process of its own."""
    options = ("--recipe", str(recipe), "--port", "0", "--threads", "1", "--device", "cpu")
    command = [sys.executable, "-c", "from veiqa_core.cli import main; main()", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = re.fullmatch(
                r"patient@\w+ on http://127.0.0.1:(\d+)/ \(Ctrl-C ends it\)\n", process.stdout.readline()
            )
            assert address is not None
            yield process, Served(int(address[1]), [])
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are not sent here")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_has_begun_is_answered_before_the_end(tmp_path: Path, gate: Path, number: signal.Signals) -> None:
    (tmp_path / "patient.toml").write_text(PATIENT)
    gate.unlink(missing_ok=True)
    replies: list[Reply] = []
    with begun(tmp_path / "patient.toml") as (process, server):
        asking = threading.Thread(target=lambda: replies.append(server.score(encoded(WAITS))))
        asking.start()
        server.wait_for("veiqa_scoring", 1)
        process.send_signal(number)
        with contextlib.suppress(ConnectionError):
            while True:
                server.ask("GET", "/health")
        gate.touch()
        asking.join()
        out, err = process.communicate()
    assert [reply.status for reply in replies] == [200]
    assert (process.returncode, out) == (0, "ended\n")
    assert err == "note: the recipe has no mapper: answers hold similarities and no score\n"
