"""The store: values come back bit for bit, damage and strangers are told, writers do not lose each other's rows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.errors import UsageError
from veiqa_core.store import Store, Value, default_path


@given(st.floats(allow_nan=False, allow_infinity=False), st.lists(st.text(), max_size=3))
def test_a_value_comes_back_bit_for_bit(similarity: float, flags: list[str]) -> None:
    with Store(Path(":memory:")) as store:
        store.put("image", {"branch": Value(similarity, tuple(flags))})
        (value,) = store.get("image", ["branch"])
    assert value == Value(similarity, tuple(flags))


def test_what_is_not_known_is_none_and_rows_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "store.sqlite"
    with Store(path) as store:
        store.put("image", {"a": Value(1.5), "b": Value(-2.0, ("flag",))})
    with Store(path) as store:
        assert store.get("image", ["b", "c", "a"]) == [Value(-2.0, ("flag",)), None, Value(1.5)]
        assert store.get("other", ["a"]) == [None]


def test_a_killed_process_loses_nothing_that_was_put(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    code = (
        "import os, sys; from pathlib import Path; from veiqa_core.store import Store, Value\n"
        "store = Store(Path(sys.argv[1])); store.put('image', {'a': Value(0.1)}); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    with Store(path) as store:
        assert store.get("image", ["a"]) == [Value(0.1)]


def test_two_processes_write_into_one_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    code = (
        "import sys; from pathlib import Path; from veiqa_core.store import Store, Value\n"
        "with Store(Path(sys.argv[1])) as store:\n"
        "    for number in range(200): store.put(f'{sys.argv[2]}{number}', {'a': Value(float(number))})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), who]) for who in "xy"]
    assert [process.wait() for process in running] == [0, 0]
    with Store(path) as store:
        assert all(store.get(f"{who}{n}", ["a"]) == [Value(float(n))] for who in "xy" for n in range(200))


def test_many_open_one_new_store_at_once(tmp_path: Path) -> None:
    """Turning the write-ahead log on fails at once when another does it at the same moment."""
    for number in range(50):
        path = tmp_path / f"{number}.sqlite"
        barrier = threading.Barrier(8)

        def write(name: str, path: Path = path, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            with Store(path) as store:
                store.put(name, {"a": Value(1.0)})

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, "abcdefgh"))
        with Store(path) as store:
            assert all(store.get(name, ["a"]) == [Value(1.0)] for name in "abcdefgh")


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"this is not a database, though it is long enough to look like one" * 20)
    with pytest.raises(UsageError, match=r"store.sqlite: file is not a database; name another with --store, or say"):
        Store(path)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(UsageError, match="has layout 7, and this VEIQA knows 1"):
        Store(other)
    with pytest.raises(UsageError, match="name another with --store, or say --no-store"):
        Store(path / "below-a-file.sqlite")


def test_the_environment_names_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VEIQA_STORE", str(tmp_path / "mine.sqlite"))
    assert default_path() == tmp_path / "mine.sqlite"
    monkeypatch.delenv("VEIQA_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if os.name == "posix" and sys.platform != "darwin":
        assert default_path() == tmp_path / "veiqa" / "store.sqlite"
