"""Stores that cannot be used: the one in the cache is done without, one that is named is an error; no row is lost."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from making import veiqa

from veiqa_core import doctor, store
from veiqa_core.errors import StoreError, UsageError
from veiqa_core.store import Store, Value, open_default, upkeep

SMALL = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
OPTIONS = (*SMALL, "--pri", "mean-blur", "--metric", "psnr", "--device", "cpu", "--format", "jsonl")

Spoil = Callable[[Path], AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    for home in (store, upkeep):
        monkeypatch.setattr(home, "SHORT_PATIENCE", 0.05)


@pytest.fixture
def in_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the store in the cache is, which nothing names."""
    place = tmp_path / "cache" / "veiqa" / "store.sqlite"
    place.parent.mkdir(parents=True)
    monkeypatch.delenv("VEIQA_STORE")
    monkeypatch.setattr(store, "_in_cache", lambda: place)
    return place


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def lock_beside(path: Path) -> AbstractContextManager[None]:
    """As on a file system where nothing can be locked, or by another program."""
    return locked(path.with_name(f"{path.name}.lock"))


@contextlib.contextmanager
def newer(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA application_id = {int.from_bytes(b'VEIQ')}")
        other.execute("PRAGMA user_version = 99")
    yield


@contextlib.contextmanager
def no_database(path: Path) -> Iterator[None]:
    path.write_bytes(b"something else, and longer than a header is" * 9)
    yield


@contextlib.contextmanager
def folder(path: Path) -> Iterator[None]:
    path.mkdir()
    yield


@contextlib.contextmanager
def file_for_folder(path: Path) -> Iterator[None]:
    path.parent.rmdir()
    path.parent.write_text("")
    yield


@contextlib.contextmanager
def pipe(path: Path) -> Iterator[None]:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(path)
    yield


SPOILT = [locked, lock_beside, newer, no_database, folder, file_for_folder, pipe]


@pytest.mark.parametrize("spoil", SPOILT)
def test_the_store_in_the_cache_is_done_without(
    spoil: Spoil, in_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with spoil(in_cache):
        assert open_default() is None
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"warning: store {in_cache}: ")
        assert line.endswith("; going on without it")
        (finding,) = doctor._store(None)
        said = line.removeprefix("warning: ").removesuffix("; going on without it")
        assert (finding.state, finding.text) == ("warning", f"{said}; commands go on without it")


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("by_variable", [True, False])
def test_a_named_store_is_an_error(
    spoil: Spoil, by_variable: bool, in_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_variable:
        monkeypatch.setenv("VEIQA_STORE", str(in_cache))
    with spoil(in_cache):
        with pytest.raises(UsageError) as caught:
            open_default() if by_variable else Store(in_cache)
        (finding,) = doctor._store(None if by_variable else in_cache)
        assert (finding.state, finding.text) == ("problem", f"{caught.value}; commands that are to use it end")


def fill_up(opened: Store) -> None:
    """Let its file grow no more, as on a full disk."""
    (pages,) = opened._file.connection.execute("PRAGMA page_count").fetchone()
    opened._file.connection.execute(f"PRAGMA max_page_count = {pages}")


def many(of: int) -> dict[str, Value]:
    return {f"branch {number}": Value(float(number), ("a remark" * 9,)) for number in range(of)}


def test_a_store_in_the_cache_that_fails_midway_is_left_once(
    in_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = open_default()
    assert opened is not None
    with opened:
        opened.put("one", many(1))
        fill_up(opened)
        for image in ("two", "three"):
            opened.put(image, many(999))
            assert opened.get(image, ["branch 0"]) == [None]
        opened.label({"branch 0": "key"})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: store {in_cache}: database or disk is full; ")
    with Store(in_cache) as again:
        assert again.get("one", ["branch 0"]) == [many(1)["branch 0"]]


@pytest.mark.parametrize("optional", [True, False])
def test_a_lock_that_another_takes_midway(optional: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s.sqlite"
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(Store(path, optional=optional))
        stack.enter_context(contextlib.suppress(StoreError))
        with locked(path):
            opened.put("one", many(1))
            if optional:
                assert opened.get("one", ["branch 0"]) == [None]
            else:
                with pytest.raises(StoreError, match="is locked by another program, or lies where files cannot"):
                    opened.get("one", ["branch 0"])
        if not optional:
            opened._failure = None  # said above
    assert len(capsys.readouterr().err.splitlines()) == optional


def test_a_named_store_that_fails_at_the_last_put_says_so_at_the_end(tmp_path: Path) -> None:
    opened = Store(tmp_path / "s.sqlite")
    fill_up(opened)
    opened.put("one", many(999))
    with pytest.raises(StoreError, match="database or disk is full; name another with --store"):
        opened.__exit__(None, None, None)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    names = [f"{number}.png" for number in range(4)]
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 255, (64, 72, 3), np.uint8)
        PIL.Image.fromarray(pixels).save(name)
    return names


@pytest.fixture
def full_after_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full once something of one image is kept."""
    put, kept = Store._put, []

    def putting(self: Store, connection: sqlite3.Connection, image: str, values: dict[str, Value]) -> None:
        if kept:
            raise sqlite3.OperationalError("database or disk is full")
        kept.append(image)
        put(self, connection, image, values)

    monkeypatch.setattr(Store, "_put", putting)


def test_a_run_goes_on_where_the_cache_fills_its_disk(photos: list[str], in_cache: Path, full_after_one: None) -> None:
    done = veiqa("run", *photos, *OPTIONS)
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 4)
    assert done.stderr.count("warning: store ") == 1
    assert "database or disk is full" in done.stderr


def test_a_run_with_a_named_store_ends_with_every_row_that_was_measured(
    photos: list[str], full_after_one: None
) -> None:
    done = veiqa("run", *photos, *OPTIONS, "--store", "s.sqlite", "--output", "o.jsonl")
    assert done.exit_code == 1
    assert len(Path("o.jsonl").read_text().splitlines()) == 2, "also that of the image that could not be kept"
    assert done.stderr.splitlines()[-1].startswith("Error: store ")
    assert veiqa("run", *photos, *OPTIONS, "--no-store", "--output", "o.jsonl", "--resume").exit_code == 0
    assert len(Path("o.jsonl").read_text().splitlines()) == 4
