"""``veiqa store``: what it shows, checks and deletes."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from veiqa_core.cli import main
from veiqa_core.store import Store, Value

DAY = 86400


def veiqa(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["store", *(str(argument) for argument in arguments)])


def change(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of two images and three branches, two of one key, and the default one."""
    place = tmp_path / "mine.sqlite"
    monkeypatch.setenv("VEIQA_STORE", str(place))
    with Store(place) as store:
        store.label({"a": "mean-blur psnr", "b": "mean-blur psnr", "c": "jpeg ssim"})
        store.put("one", {"a": Value(1.0), "b": Value(2.0), "c": Value(3.0)})
        store.put("two", {"a": Value(1.0)})
    return place


def test_info_counts_and_shows_the_keys_with_the_most_values_first(path: Path) -> None:
    done = veiqa("info")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{path}: ")
    assert lines[1] == "2 images, 3 branches, 4 values"
    assert [line.split() for line in lines[-2:]] == [["3", "2", "mean-blur", "psnr"], ["1", "1", "jpeg", "ssim"]]


def test_info_as_json(path: Path) -> None:
    found = json.loads(veiqa("info", "--store", path, "--json").stdout)
    assert (found["path"], found["images"], found["branches"], found["values"]) == (str(path), 2, 3, 4)
    assert found["bytes"] == path.stat().st_size
    assert found["oldest"] <= found["newest"]
    assert found["keys"][0] == {"key": "mean-blur psnr", "branches": 2, "values": 3}


def test_info_shows_some_keys_or_all(path: Path) -> None:
    with Store(path) as store:
        store.label({f"x{number}": f"key {number}" for number in range(30)})
        store.put("one", {f"x{number}": Value(1.0) for number in range(31)})
    few, everything = veiqa("info").stdout, veiqa("info", "--all").stdout
    assert few.splitlines()[-1] == "and 13 more keys; --all shows all"
    assert "(no key)" in everything
    assert len(everything.splitlines()) == 4 + 33


def test_info_on_an_empty_store(tmp_path: Path) -> None:
    with Store(tmp_path / "empty.sqlite"):
        pass
    done = veiqa("info", "--store", tmp_path / "empty.sqlite")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:] == ["0 images, 0 branches, 0 values"]
    assert json.loads(veiqa("info", "--store", tmp_path / "empty.sqlite", "--json").stdout)["oldest"] is None


@pytest.mark.parametrize("arguments", [["info"], ["verify"], ["prune", "--all"]])
def test_a_missing_store_is_told_and_not_made(arguments: list[str], tmp_path: Path) -> None:
    missing = tmp_path / "missing.sqlite"
    done = veiqa(*arguments, "--store", missing)
    assert done.exit_code == 2
    assert done.stderr == f"Error: store {missing}: there is no such file; name another with --store\n"
    assert not list(tmp_path.iterdir())


def test_verify_finds_nothing_in_a_sound_store(path: Path) -> None:
    done = veiqa("verify")
    assert (done.exit_code, done.stdout) == (0, f"{path}: every value is what was written.\n")


def test_verify_removes_what_is_not_sound(path: Path) -> None:
    change(path, "UPDATE similarities SET value = value + 1 WHERE value = 3.0")
    change(path, "INSERT INTO similarities VALUES (99, 1, 1.0, NULL, 0)")
    change(path, "INSERT INTO similarities VALUES (1, 99, 1.0, NULL, 0)")
    done = veiqa("verify")
    assert done.exit_code == 1
    assert done.stdout == ("problem: 3 values are not what was written: removed, and made again when they are needed\n")
    assert veiqa("verify").exit_code == 0
    with Store(path) as store:
        assert store.get("one", ["a", "b", "c"]) == [Value(1.0), Value(2.0), None]


def test_verify_sets_a_malformed_file_aside(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 4096])
    done = veiqa("verify")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"problem: the file was malformed and is now {path}.damaged-1\n")
    assert "warning: " in done.stderr
    assert veiqa("verify").exit_code == 0


def test_verify_says_what_is_no_store(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("no database " * 100)
    done = veiqa("verify", "--store", text)
    assert done.exit_code == 2
    assert "file is not a database" in done.stderr
    assert text.read_text() == "no database " * 100


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        (["--branch", "ssim"], ["a", "b"]),
        (["--older-than", "10"], ["b", "c"]),
        (["--older-than", "10", "--branch", "ssim"], ["a", "b", "c"]),
        (["--older-than", "0.5", "--branch", "blur"], ["b", "c"]),
        (["--all"], []),
    ],
)
def test_prune_deletes_what_the_criteria_say(criteria: list[str], left: list[str], path: Path) -> None:
    change(path, f"UPDATE branches SET since = since - {20 * DAY} WHERE digest = 'a'")
    dry = veiqa("prune", *criteria, "--dry-run")
    with Store(path) as store:
        assert None not in store.get("one", ["a", "b", "c"])
    done = veiqa("prune", *criteria)
    assert done.exit_code == dry.exit_code == 0
    assert dry.stdout == done.stdout.replace("deleted", "would be deleted")
    with Store(path) as store:
        kept = store.get("one", ["a", "b", "c"])
    assert [branch for branch, value in zip("abc", kept, strict=True) if value is not None] == left
    assert json.loads(veiqa("info", "--json").stdout)["images"] == (0 if not left else 2 if "a" in left else 1)
    assert veiqa("verify").exit_code == 0


def test_prune_gives_space_back(path: Path) -> None:
    with Store(path) as store:
        store.put("large", {f"{number:064}": Value(float(number)) for number in range(2000)})
    before = path.stat().st_size
    assert "2,004 values of 2,003 branches deleted" in veiqa("prune", "--all").stdout
    assert path.stat().st_size < before / 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "say what to delete"), (["--all", "--branch", "x"], "exclude each other"), (["--branch", ""], "say what")],
)
def test_prune_wants_clear_criteria(arguments: list[str], said: str, path: Path) -> None:
    done = veiqa("prune", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert json.loads(veiqa("info", "--json").stdout)["values"] == 4
