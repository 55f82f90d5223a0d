"""No text from elsewhere reaches a terminal as more than text, and programs still get it exactly."""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO, cast

import numpy as np
import PIL.Image
import pytest
import tomli_w
from click.testing import CliRunner

from veiqa_core.cli import main
from veiqa_core.cli.printing import line, say
from veiqa_core.errors import UsageError, one_line
from veiqa_core.extension.registry import installed
from veiqa_core.isolation.terminal import escaped_streams
from veiqa_core.measuring import processes, worker
from veiqa_core.result import Result
from veiqa_core.results.progress import bar
from veiqa_core.store import Store, Value
from veiqa_core.text import json_text, printable

pty = pytest.importorskip("pty", reason="a terminal of POSIX")
tty = pytest.importorskip("tty")
termios = pytest.importorskip("termios")

STEERS = "\x1b]0;t\x07\x1b[31m\x9b31m\b\x7f\u202e\u2066\u200b"
LINE = "\r\u2028\nscore 100"
EVIL = f"a{STEERS}{LINE}"
NAME = f"{EVIL}\udcff"  # a byte that is no UTF-8
TABLED = EVIL.replace("\r", "")  # which ends a line in a table
SHOWN = printable(EVIL)
FAST = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0", "--pri", "jpeg")
QUICK = (*FAST, "--no-store", "--device", "cpu")


def read_all(master: int) -> bytes:
    read = b""
    with contextlib.suppress(OSError):  # as Linux says that nobody writes any more
        while chunk := os.read(master, 65536):
            read += chunk
    return read


class Terminal:
    """A pseudo-terminal, and what has reached it."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)  # which adds no carriage returns; its width is 0, which leaves no room for a bar
        self.stream = cast(TextIO, open(slave, "w", 1, "utf-8"))  # noqa: SIM115, PTH123
        self._read: list[bytes] = []
        self._reader = threading.Thread(target=lambda: self._read.append(read_all(self._master)))
        self._reader.start()

    def __enter__(self) -> None:
        self._before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self.stream

    def __exit__(self, *error: object) -> None:
        sys.stdout, sys.stderr = self._before

    def text(self) -> str:
        """All of it; nothing can be written afterwards."""
        if not self.stream.closed:
            self.stream.close()
            self._reader.join()
            os.close(self._master)
        return self._read[0].decode()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal, in place of this process's streams within a block."""
    made = Terminal()
    yield made
    made.text()


def check(text: str, shown: str | None = SHOWN) -> None:
    """The text is harmless, and holds the name spelled out."""
    assert [char for char in text if not char.isprintable() and char not in "\n\t"] == []
    assert not any(line.startswith("score 100") for line in text.splitlines())
    if shown is not None:
        assert shown in text


def veiqa(terminal: Terminal, *arguments: object) -> str:
    """What a command shows on a terminal."""
    with terminal, contextlib.suppress(SystemExit):
        main([str(argument) for argument in arguments], prog_name="veiqa")
    return terminal.text()


def site(folder: Path, name: str, code: str, entry: str = "main", version: str = "1.0") -> None:
    """A distribution with one plugin of one module."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[veiqa]\n{entry} = {name}\n")
    (folder / f"{name}.py").write_text(code)
    importlib.invalidate_caches()
    installed.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where plugins lie, and a photo."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("VEIQA_PLUGINS", raising=False)
    installed.cache_clear()
    pixels = np.random.default_rng(0).integers(0, 256, (64, 72, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(tmp_path / "photo.png")
    yield tmp_path
    installed.cache_clear()


def foreign_store(folder: Path) -> Path:
    path = folder / "foreign.sqlite"
    with Store(path) as store:
        store.label({"a": "key"})
        store.put("one", {"a": Value(1.0)})
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE branches SET key = ?", (EVIL,))
    return path


def table(folder: Path) -> Path:
    """A dataset whose names and types are odd."""
    made = folder / "rated"
    made.mkdir()
    (made / f"{TABLED}.png").write_bytes(b"no picture")
    with (made / "scores.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["image", "score", "distortion"], [f"{TABLED}.png", 3, TABLED]])
    return made


def junk(folder: Path) -> Path:
    path = folder / f"{NAME}.png"
    path.write_bytes(b"no picture")
    return path


def recipe(folder: Path, **more: object) -> Path:
    path = folder / f"{EVIL}.toml"
    path.write_text(tomli_w.dumps({"name": "r", **more}))
    return path


COMMANDS: dict[str, Callable[[Path], tuple[object, ...]]] = {
    "an image's name": lambda at: ("run", junk(at), *QUICK),
    "an image's name in CSV": lambda at: ("run", junk(at), *QUICK, "--format", "csv"),
    "an image that is compared": lambda at: ("compare", junk(at), at / "photo.png"),
    "a gate's worst": lambda at: ("run", junk(at), *QUICK, "--vei", at / "photo.png" / EVIL),
    "--recipe": lambda at: ("run", at / "photo.png", "--recipe", at / f"{EVIL}.toml"),
    "--recipe, a name": lambda at: ("run", at / "photo.png", "--recipe", EVIL),
    "a recipe's field": lambda at: ("run", at / "photo.png", "--recipe", recipe(at, **{EVIL: 1})),
    "a recipe's syntax": lambda at: ("run", at / "photo.png", "--recipe", junk(at)),
    "a recipe's component": lambda at: (
        "run",
        at / "photo.png",
        "--recipe",
        recipe(at, branch=[{"pri": EVIL, "explainer": EVIL, "extractor": EVIL, "metric": EVIL}]),
    ),
    "--list": lambda at: ("run", "--list", at / EVIL, *QUICK),
    "--output": lambda at: ("run", at / "photo.png", *QUICK, "--output", at / EVIL / "o.csv"),
    "--report": lambda at: ("run", at / "photo.png", *QUICK, "--report", at / EVIL / "o.html"),
    "--store": lambda at: ("store", "info", "--store", at / EVIL),
    "--space": lambda at: ("search", "csv", at, "--space", at / f"{EVIL}.toml", "--output", at / "o"),
    "-p": lambda at: ("run", at / "photo.png", *FAST, "-p", f"{EVIL}=1"),
    "--metric": lambda at: ("run", at / "photo.png", "--metric", EVIL),
    "--device": lambda at: ("run", at / "photo.png", *FAST, "--device", EVIL),
    "a choice": lambda at: ("run", at / "photo.png", "--format", EVIL),
    "a number": lambda at: ("run", at / "photo.png", "--fail-under", EVIL),
    "an option": lambda at: ("run", f"--{EVIL}"),
    "an option of all": lambda at: (f"--{EVIL}",),
    "an argument": lambda at: ("compare", at / "photo.png", at / "photo.png", EVIL),
    "a command": lambda at: (EVIL,),
    "a command of a group": lambda at: ("store", EVIL),
    "a component": lambda at: ("components", "show", EVIL),
    "a kind": lambda at: ("components", EVIL),
    "a distribution": lambda at: ("plugins", "--check", "--deep", "--dist", EVIL),
    "a store's keys": lambda at: ("store", "info", "--store", foreign_store(at)),
    "a store's keys that go": lambda at: ("store", "prune", "--store", foreign_store(at), "--all", "--dry-run"),
    "a dataset's rows": lambda at: ("datasets", "check", "csv", table(at), "--range", 0, 5),
    "a dataset's folder": lambda at: ("evaluate", "csv", at / EVIL, "--recipe", "fast"),
    "a dataset's types": lambda at: ("evaluate", "csv", table(at), "--distortion", "other", "--range", "0", "5"),
    "a new plugin": lambda at: ("plugin", "new", EVIL, "--kind", "pri"),
    "a new plugin's place": lambda at: ("plugin", "new", "mine", "--kind", "pri", "--into", at / EVIL),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_a_name_cannot_steer_a_terminal(folder: Path, terminal: Terminal, what: str) -> None:
    check(
        veiqa(terminal, *COMMANDS[what](folder)),
        printable(TABLED if "dataset" in what and "folder" not in what else EVIL),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        lambda at: ("run", junk(at), *QUICK, "--format", "json"),
        lambda at: ("run", junk(at), *QUICK, "--format", "jsonl"),
        lambda at: ("store", "info", "--json", "--store", foreign_store(at)),
        lambda at: ("datasets", "check", "csv", table(at), "--range", 0, 5, "--json"),
    ],
)
def test_json_on_a_terminal_is_harmless_and_has_the_exact_name(
    folder: Path, terminal: Terminal, arguments: Callable[[Path], tuple[object, ...]]
) -> None:
    text = veiqa(terminal, *arguments(folder))
    check(text, None)
    value = json.loads("\n".join(text.splitlines()[: -1 if "failed: " in text else None]))
    found = str(value)
    assert any(repr(text)[1:-1] in found for text in (EVIL, TABLED))


def test_csv_is_exact_where_no_terminal_shows_it(folder: Path) -> None:
    done = CliRunner().invoke(main, ["run", str(junk(folder)), *QUICK, "--format", "csv"])
    text = done.stdout_bytes.decode(errors="surrogateescape")
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert dict(zip(header, row, strict=True))["image"] == str(folder / f"{NAME}.png")


PLUGIN = f"""
import logging, sys, warnings
from veiqa_core.api import Component, hookimpl
TEXT = {EVIL!r}

@hookimpl
def veiqa_similarity_metrics():
    traits = {{"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True}}
    yield Component(name="odd", summary=TEXT[:-12], reference=TEXT, factory="odd:Metric", traits=traits)

class Metric:
    def __init__(self, params): pass
    def compare(self, x, y):
        print(TEXT[:-12])
        warnings.warn(TEXT[:-12])
        logging.getLogger("odd").warning(TEXT[:-12])
        sys.stderr.write(TEXT[:-12])
        raise RuntimeError(TEXT)
"""


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("run", "photo.png", *QUICK, "--metric", "odd"), printable(f"a{STEERS} score 100")),
        (("components", "show", "metric/odd"), printable(f"a{STEERS}")),
        (("components", "metric"), printable(f"a{STEERS}")),
    ],
)
def test_a_plugin_texts_are_shown_as_texts(
    folder: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], shown: str
) -> None:
    """Also what it prints, logs and warns of, and its exceptions."""
    monkeypatch.chdir(folder)
    site(folder, "odd", PLUGIN)
    check(veiqa(terminal, *arguments), shown)


def test_a_distribution_metadata_and_its_error_at_import(folder: Path, terminal: Terminal) -> None:
    colour = "\x1b[31m\x9b2J\u202e"
    site(folder, "odd", f"raise ImportError({EVIL!r})", f"m{colour}", f"1{colour}")
    check(veiqa(terminal, "plugins"), printable(f"m{colour}"))


def test_a_traceback_that_was_asked_for(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError(EVIL)

    monkeypatch.setenv("VEIQA_STRICT", "1")
    monkeypatch.setattr("veiqa_core.cli.common.installed", fail)
    monkeypatch.setattr(sys, "excepthook", None)
    with terminal:
        try:
            main(["components"])
        except RuntimeError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    text = terminal.text()
    assert text.startswith("Traceback")
    assert [char for char in text if not char.isprintable() and char not in "\n\t"] == []
    assert printable(STEERS) in text


def test_a_bar_and_the_lines_above_it(terminal: Terminal) -> None:
    termios.tcsetwinsize(terminal.stream, (24, 300))
    with terminal, escaped_streams(), bar(f"doing {EVIL}", 2) as shown:
        shown.advance()
        say(EVIL)
        shown.advance()
    text = terminal.text()
    check(text.replace("\r", "\n"))
    assert "2/2" in text  # it is a bar, and moves
    assert "\r" in text


def test_what_libraries_print_in_a_command(terminal: Terminal) -> None:
    with terminal, escaped_streams():
        logging.lastResort.emit(logging.makeLogRecord({"msg": f"a{STEERS}"}))  # type: ignore[union-attr]
        print(f"a{STEERS}")
        sys.stdout.writelines([f"a{STEERS}"])
        line(EVIL)
    text = terminal.text()
    check(text)
    assert text.count(printable(f"a{STEERS}")) == 4


def test_a_real_command_has_its_own_descriptors(folder: Path) -> None:
    """Where standard output is moved within the process."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    site(folder, "odd", PLUGIN)
    environment = {**os.environ, "PYTHONPATH": str(folder), "VEIQA_STRICT": "0"}
    arguments = ["run", str(folder / "photo.png"), *QUICK, "--metric", "odd"]
    program = "from veiqa_core.cli import main; main()"
    begun = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment
    )
    os.close(slave)
    text = read_all(master).decode()
    assert begun.wait() == 1
    os.close(master)
    check(text.replace("\r", "\n"), printable(f"a{STEERS} score 100"))  # the bar returns its carriage
    assert text.count(printable(f"a{STEERS}")) > 2


class Unstarted:
    def start(self) -> None:
        """Nothing: this process goes on."""


def test_a_worker_streams_escape_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.StringIO())
    monkeypatch.setattr(processes.signal, "signal", lambda *arguments: None)
    monkeypatch.setattr(processes.threading, "Thread", lambda **arguments: Unstarted())
    monkeypatch.setattr(worker, "_JOBS", [])
    worker.begin(cast(worker.Job, None), threading.Event())
    for stream in (sys.stdout, sys.stderr):
        stream.write(STEERS)
        assert stream.getvalue() == printable(STEERS)  # type: ignore[attr-defined]


def test_an_encoding_without_the_characters_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    with escaped_streams():
        line("ä–\udcff")
        say("ä")
    stream.flush()
    assert stream.buffer.getvalue() == b"\\xe4\\u2013\\udcff\n\\xe4\n"  # type: ignore[attr-defined]


def test_an_error_is_one_harmless_line_wherever_it_is_shown() -> None:
    assert str(UsageError(f"{EVIL}: not there")) == f"{SHOWN}: not there"
    assert one_line(UsageError("two  spaces")) == "two  spaces"  # names may have them
    assert one_line(RuntimeError(EVIL)) == f"RuntimeError: {printable(f'a{STEERS} score 100')}"


@pytest.mark.parametrize("text", ["plain", "naïve – 写真 🙂", "a\u3000b\xa0c", ""])
def test_what_can_be_seen_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert json.loads(json_text(text)) == text
    assert text in json_text(text)


def test_json_holds_the_exact_text() -> None:
    odd = "".join(map(chr, [*range(0xA0), 0x200D, 0x202E, 0x2066, 0xFEFF, 0xDCFF, 0xE0001]))
    text = json_text({odd: [odd]}, indent=2)
    assert json.loads(text) == {odd: [odd]}
    assert printable(text, "\n") == text


def test_a_page_shows_no_text_that_steers() -> None:
    shown = Result(f"{EVIL}<b>", None, {}, (), None, "r")._repr_html_()
    assert printable(shown, "\n") == shown
    assert "score 100&lt;b&gt;" in shown
