"""The store: values come back bit for bit, damage and strangers are reported, writers do not lose each other's rows."""

from __future__ import annotations

import contextlib
import math
import os
import random
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from veiqa_core.errors import UsageError
from veiqa_core.store import Store, Value, default_path, file, upkeep

BRANCHES = [f"{number:064x}" for number in range(40)]
IMAGES = [f"image {number}" for number in range(40)]


def content(image: str) -> dict[str, Value]:
    chance = random.Random(image)
    return {branch: Value(chance.gauss(0, 1), ("a remark ß",) * chance.choice((0, 0, 0, 1, 2))) for branch in BRANCHES}


TRUTH = {image: content(image) for image in IMAGES}


def fill(path: Path, images: Mapping[str, Mapping[str, Value]] = TRUTH) -> None:
    with Store(path) as store:
        for image, values in images.items():
            store.put(image, values)


def count_right(store: Store) -> int:
    """How many of the values are known; each known one must be the right one."""
    known = 0
    for image, values in TRUTH.items():
        for found, right in zip(store.get(image, BRANCHES), values.values(), strict=True):
            assert found is None or found == right
            known += found is not None
    return known


@pytest.fixture(scope="module")
def sound() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        fill(path)
        return path.read_bytes()


@given(st.floats(allow_nan=False), st.lists(st.text(), max_size=3))
@example(-0.0, [])
def test_a_value_comes_back_bit_for_bit(similarity: float, flags: list[str]) -> None:
    with Store(Path(":memory:")) as store:
        store.put("image", {"branch": Value(similarity, tuple(flags))})
        (value,) = store.get("image", ["branch"])
    assert value == Value(similarity, tuple(flags))
    assert math.copysign(1, value.similarity) == math.copysign(1, similarity)


def test_what_cannot_be_kept_is_left_out() -> None:
    with Store(Path(":memory:")) as store:
        store.put("image", {"a": Value(math.nan), "b": Value(1.0)})
        store.put("image", {})
        assert store.get("image", ["a", "b"]) == [None, Value(1.0)]


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
    before = other.read_bytes()
    with pytest.raises(UsageError, match="other.sqlite: is a database, but not VEIQA's; name another with --store"):
        Store(other)
    assert other.read_bytes() == before
    for layout, application in ((1, 0), (3, int.from_bytes(b"VEIQ"))):
        path_of_layout = tmp_path / f"layout-{layout}.sqlite"
        connection = sqlite3.connect(path_of_layout)
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {layout}")
        connection.close()
        with pytest.raises(
            UsageError, match=f"has layout {layout}, and this VEIQA knows 2; delete it, or name another"
        ):
            Store(path_of_layout)
    assert not list(tmp_path.glob("*damaged*"))
    with pytest.raises(UsageError, match="name another with --store, or say --no-store"):
        Store(path / "below-a-file.sqlite")


def test_the_environment_names_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VEIQA_STORE", str(tmp_path / "mine.sqlite"))
    assert default_path() == tmp_path / "mine.sqlite"
    monkeypatch.delenv("VEIQA_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if os.name == "posix" and sys.platform != "darwin":
        assert default_path() == tmp_path / "veiqa" / "store.sqlite"


def overwritten(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(100, len(data))
    data[start : start + 200] = chance.randbytes(len(data[start : start + 200]))


def scattered(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 300)):
        data[chance.randrange(100, len(data))] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(512, len(data)) :]


def zeroed(data: bytearray, chance: random.Random) -> None:
    page = chance.randrange(1, len(data) // 4096) * 4096
    data[page : page + 4096] = bytes(4096)


@pytest.mark.parametrize("harm", [overwritten, scattered, cut, zeroed])
@pytest.mark.parametrize("seed", range(15))
def test_damage_never_gives_a_wrong_value_and_heals(
    harm: Callable[[bytearray, random.Random], None], seed: int, sound: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "store.sqlite"
    data = bytearray(sound)
    harm(data, random.Random(seed))
    path.write_bytes(data)
    with Store(path) as store:
        count_right(store)
        for image, values in TRUTH.items():
            store.put(image, values)
        assert count_right(store) == len(IMAGES) * len(BRANCHES)
    with Store(path) as store:
        assert count_right(store) == len(IMAGES) * len(BRANCHES)


def test_a_changed_row_counts_as_not_known_until_it_is_put_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store(path) as store:
        store.put("image", {"a": Value(0.5, ("flag",)), "b": Value(0.25)})
        for change in ("value = value + 1", "value = 'x'", "flags = '[]'", "checksum = checksum + 1", "flags = x'ff'"):
            with contextlib.closing(sqlite3.connect(path)) as other, other:
                other.execute(f"UPDATE similarities SET {change} WHERE flags IS NOT NULL")
            assert store.get("image", ["a", "b"]) == [None, Value(0.25)]
            store.put("image", {"a": Value(0.5, ("flag",))})
            assert store.get("image", ["a", "b"]) == [Value(0.5, ("flag",)), Value(0.25)]
        assert not store.aside


def test_a_malformed_file_is_set_aside_and_what_is_sound_is_saved(
    sound: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "store.sqlite"
    for number in (1, 2):
        path.write_bytes(sound[: len(sound) * 3 // 4])
        with Store(path) as store:
            known = count_right(store)
        (line,) = capsys.readouterr().err.splitlines()
        assert line == (
            f"warning: store {path}: was damaged and is now {path}.damaged-{number}; "
            f"{known} sound values of it were taken into a new file"
        )
        assert 0 < known < len(IMAGES) * len(BRANCHES)
        assert path.with_name(f"store.sqlite.damaged-{number}").is_file()


def test_who_has_a_file_open_that_another_sets_aside_follows(sound: bytes, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(sound)
    with Store(path) as one, Store(path) as other:
        assert count_right(one) == count_right(other) == len(IMAGES) * len(BRANCHES)
        one.quarantine()
        other.put("new", {"a": Value(1.0)})
        assert one.get("new", ["a"]) == [Value(1.0)]
        assert count_right(other) == len(IMAGES) * len(BRANCHES)
        assert not other.aside
    with Store(path) as store:
        assert store.get("new", ["a"]) == [Value(1.0)]
    assert len(list(tmp_path.glob("*.damaged-?"))) == 1


def test_several_processes_meet_one_damaged_file(sound: bytes, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(sound[: len(sound) // 2])
    code = (
        "import sys; from pathlib import Path; from veiqa_core.store import Store, Value\n"
        "with Store(Path(sys.argv[1])) as store:\n"
        "    for number in range(50): store.put(f'{sys.argv[2]}{number}', {'a': Value(float(number))})"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), who], stderr=subprocess.PIPE, text=True)
        for who in "wxyz"
    ]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert sum(text.count("was damaged") for text in said) == 1
    with Store(path) as store:
        assert all(store.get(f"{who}{n}", ["a"]) == [Value(float(n))] for who in "wxyz" for n in range(50))
        assert count_right(store) > 0
    assert len(list(tmp_path.glob("*.damaged-?"))) == 1


def test_a_removed_file_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store(path) as store:
        store.put("image", {"a": Value(1.0)})
        path.unlink()
        assert store.get("image", ["a"]) == [None]
        store.put("image", {"a": Value(1.0)})
        assert store.get("image", ["a"]) == [Value(1.0)]


def test_absorbing_takes_sound_values_and_keeps_what_is_there(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours.sqlite", tmp_path / "other.sqlite"
    with Store(other) as store:
        store.label({"a": "key of a"})
        store.put("image", {"a": Value(1.0), "b": Value(2.0, ("flag",))})
        store.put("more", {"a": Value(3.0), "c": Value(4.0)})
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE similarities SET value = 5.0 WHERE value = 4.0")
    before = other.read_bytes()
    with Store(ours) as store:
        store.put("image", {"b": Value(-2.0)})
        assert store.absorb(other) == 2
        assert store.absorb(other) == 0
        assert store.absorb(ours) == 0
        assert store.get("image", ["a", "b"]) == [Value(1.0), Value(-2.0)]
        assert store.get("more", ["a", "c"]) == [Value(3.0), None]
        keys = store.work(lambda connection: dict(connection.execute("SELECT digest, key FROM branches")))
        assert keys["a"] == "key of a"
        assert keys["b"] is None
    assert other.read_bytes() == before


def test_absorbing_what_is_no_store_names_it(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("no database " * 100)
    sqlite3.connect(tmp_path / "empty.sqlite").close()
    with Store(tmp_path / "ours.sqlite") as store:
        for name in ("text", "absent", "empty"):
            with pytest.raises(UsageError, match=f"{name}.sqlite: "):
                store.absorb(tmp_path / f"{name}.sqlite")
    assert not (tmp_path / "absent.sqlite").exists()


def test_a_branch_that_another_process_took_out_gets_a_new_number(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store(path) as one, Store(path) as other:
        one.put("image", {"a": Value(1.0), "b": Value(2.0)})
        assert other.get("image", ["a", "b"]) == [Value(1.0), Value(2.0)]
        upkeep.prune(one, lambda branch: True)
        one.put("image", {"c": Value(3.0), "d": Value(4.0)})
        assert other.get("image", ["a", "b"]) == [None, None]
        other.put("image", {"b": Value(2.0)})
        assert one.get("image", ["a", "b", "c", "d"]) == [None, Value(2.0), Value(3.0), Value(4.0)]


def test_a_failed_put_keeps_nothing_and_the_store_goes_on(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        bad = Value(1.0, (b"no text",))  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            store.put("image", {"a": Value(1.0), "b": bad})
        assert store.get("image", ["a"]) == [None]
        store.put("image", {"a": Value(1.0)})
        assert store.get("image", ["a"]) == [Value(1.0)]


READER = """
import os, sys
from pathlib import Path
from veiqa_core.store import Store, Value
from veiqa_core.errors import UsageError
if os.geteuid() == 0:
    os.setuid(65534)  # permissions do not bind the superuser
try:
    with Store(Path(sys.argv[1])) as store:
        print(store.get("image", ["a", "b"]))
        for name in "bc":
            store.put("image", {name: Value(2.0)})
        store.label({"a": "key"})
        print(store.get("image", ["a", "b"]), store.writable)
        store.absorb(Path(sys.argv[1]))
except UsageError as error:
    print("error:", error)
"""


@contextlib.contextmanager
def open_to_all() -> Iterator[Path]:
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
@pytest.mark.parametrize("lock", [True, False])
def test_what_cannot_be_written_is_still_read(folder_mode: int, lock: bool) -> None:
    with open_to_all() as folder:
        path = folder / "store.sqlite"
        fill(path, {"image": {"a": Value(1.0)}})
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        if not lock:
            (folder / "store.sqlite.lock").unlink()
        folder.chmod(folder_mode)
        done = subprocess.run([sys.executable, "-c", READER, path], capture_output=True, text=True, check=False)
        reported, after, refused = done.stdout.splitlines()
        assert reported == "[Value(similarity=1.0, flags=()), None]"
        assert after == f"{reported} False"
        assert refused.startswith("error: store ")
        (line,) = done.stderr.splitlines()
        assert line.endswith("store.sqlite: cannot be written; values in it are used, new ones are not kept")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_cannot_be_written_and_is_damaged_is_told(sound: bytes) -> None:
    with open_to_all() as folder:
        path = folder / "store.sqlite"
        path.write_bytes(sound[: len(sound) // 2])
        path.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run([sys.executable, "-c", READER, path], capture_output=True, text=True, check=False)
        assert done.stdout.startswith(f"error: store {path}: database disk image is malformed; name another")
        assert done.stderr == ""


def test_damage_met_while_reading_only_counts_as_nothing_known(
    sound: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "store.sqlite"
    data = bytearray(sound)
    for page in range(2 * 4096, len(data) - 4096, 4096):
        data[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(data)

    def refuse(path: Path) -> sqlite3.Connection:
        raise PermissionError

    connect = file._connect
    monkeypatch.setattr(
        file, "_connect", lambda path, *given: connect(path, *given) if path == file.MEMORY else refuse(path)
    )
    with Store(path) as store:
        assert count_right(store) == 0
        store.put("image", {"a": Value(1.0)})
        assert store.get("image", ["a"]) == [None]
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("is damaged and cannot be written; nothing in it is used any more")
    assert second.endswith("new ones are not kept")
    assert path.read_bytes() == data
