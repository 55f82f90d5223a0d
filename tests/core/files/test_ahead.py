"""What is at URLs is fetched before its turn, a few files at a time, and is what it would be without that."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from web import Web, serving

from veiqa_core.errors import UsageError
from veiqa_core.files import ahead as fetching
from veiqa_core.files import places
from veiqa_core.files.ahead import ahead, content
from veiqa_core.files.urls import PlaceError


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(places, "WAIT", 0.0)
    with serving() as web:
        web.files |= {f"/{number}": b"%d" % number for number in range(40)}
        yield web


def settled(web: Web) -> int:
    """How many files were asked for, once no more are."""
    count = -1
    while count != (count := sum(web.asked.values())):
        time.sleep(0.2)
    return count


def test_names_errors_and_tries_are_those_without(web: Web) -> None:
    web.failures |= {"/1": [503], "/2": [403], "/3": [500] * 9}
    names = [f"{web.url}/{number}" for number in (0, 1, 2, 3, 99, 0, 0)]
    found = []
    for name, own in zip(ahead(names), names, strict=True):
        assert name == own
        try:
            found.append(content(name).decode())
        except PlaceError as error:
            found.append(str(error))
    refused, failed = "the server answers 403 Forbidden", "the server answers 500 Internal Server Error"
    assert found == ["0", "1", refused, failed, "no such file", "0", "0"]
    assert {path: web.asked[path] for path in ("/1", "/2", "/3", "/99")} == {"/1": 2, "/2": 1, "/3": 3, "/99": 1}


def test_no_more_files_are_held_than_is_said(web: Web) -> None:
    names = [f"{web.url}/{number}" for number in range(40)]
    given = list(ahead(iter(names)))  # as an executor asks for many tasks at once
    assert settled(web) <= fetching.FILES
    for number, name in enumerate(given):
        assert content(name) == b"%d" % number
    assert set(web.asked.values()) == {1}
    watched = ahead(iter(names))
    first = next(watched)
    assert settled(web) - 40 <= fetching.FILES
    assert content(first) == b"0"
    assert content(first) == b"0", "fetched again, for it is not held"
    watched.close()  # type: ignore[attr-defined]


def test_a_large_file_is_fetched_at_its_turn(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST", 1)
    names = [f"{web.url}/{number}" for number in (8, 9, 10, 11)]
    assert [content(name) for name in ahead(names)] == [b"8", b"9", b"10", b"11"]
    assert web.asked["/8"] == 1
    assert web.asked["/10"] == 2


def test_a_file_of_several_names_is_fetched_once_and_takes_one_place(web: Web) -> None:
    many = [0] * 2 * fetching.FILES + list(range(fetching.FILES))
    names = ahead([f"{web.url}/{number}" for number in many])
    given = [next(names)]
    assert settled(web) == fetching.FILES, "as many as of names that differ"
    given += names
    assert [content(name) for name in given] == [b"%d" % number for number in many]
    assert set(web.asked.values()) == {1}
    assert content(given[0]) == b"0"
    assert web.asked["/0"] == 2, "fetched again, for it is not held"


def test_a_file_whose_turn_comes_before_a_thread_is_fetched_once(web: Web) -> None:
    names = [f"{web.url}/{number}" for number in (0, 1, 0, 2, 0, 3, 0, 4)]
    assert [content(name) for name in ahead(names)] == [b"%s" % name[-1].encode() for name in names]
    assert set(web.asked.values()) == {1}


def test_a_file_that_is_named_again_and_again_is_held(web: Web) -> None:
    numbers = [number for pair in range(1, 40) for number in (0, pair)]
    names = ahead(iter([f"{web.url}/{number}" for number in numbers]))
    first = next(names)
    settled(web)
    assert [content(first), *map(content, names)] == [b"%d" % number for number in numbers]
    assert web.asked["/0"] == 1


def test_more_names_of_one_file_than_can_be_held_are_not_asked_for(web: Web) -> None:
    asked = iter(range(5_000))
    next(ahead(f"{web.url}/0" for _ in asked))
    assert next(asked) < 100


def test_files_that_cannot_be_fetched_make_room_and_are_tried_again(web: Web) -> None:
    web.failures |= {f"/{number}": [403] for number in range(12)}
    names = ahead([f"{web.url}/{number}" for number in [*range(12), 11, 11, *range(12, 40)]])
    given = [next(names)]
    settled(web)
    caught = []
    for _ in range(12):
        with pytest.raises(PlaceError, match="403 Forbidden") as error:
            content(given.pop())
        caught.append(error.value)  # whose traceback keeps frames
        given.append(next(names))
        settled(web)
    assert web.asked["/11"] == 1
    assert sum(web.asked.values()) == 12 + fetching.FILES - 1
    given += [next(names), next(names)]
    assert [content(name) for name in given] == [b"11", b"11", b"12"]


def test_what_is_on_this_machine_is_asked_for_one_by_one() -> None:
    asked: list[object] = []

    def names() -> Iterator[object]:
        for name in ("a.png", Path("b.png"), "zip://c.png::p.zip", "file:///d.png", "memory://e.tif#2", b"f", "g.png"):
            asked.append(name)
            yield name

    before = threading.active_count()
    for count, name in enumerate(ahead(names()), 1):
        assert asked[-1] is name
        assert len(asked) == count
    assert threading.active_count() == before


def test_what_goes_wrong_early_is_raised_in_its_turn() -> None:
    fsspec.filesystem("memory").pipe_file("/ahead/a", b"a")

    def names() -> Iterator[str]:
        yield "memory://ahead/a"
        raise UsageError("no list")

    found = ahead(names())
    assert content(next(found)) == b"a"
    with pytest.raises(UsageError, match="no list"):
        next(found)


def test_a_file_that_never_ends_holds_up_nobody_who_leaves(web: Web) -> None:
    web.stalled |= {"/1", "/2", "/3", "/4", "/5"}
    names = ahead([f"{web.url}/{number}" for number in range(9)])
    assert content(next(names)) == b"0"
    names.close()  # type: ignore[attr-defined]
    working = [thread for thread in threading.enumerate() if thread.name.endswith("(_work)")]
    assert working
    assert all(thread.daemon for thread in working)


WAITS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background job is started without
from veiqa_core.files.ahead import ahead
names = ahead([f"{sys.argv[1]}/{number}" for number in range(9)])
print(next(names).content(), flush=True)
try:
    next(names).content()
except KeyboardInterrupt:
    names.close()
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal of POSIX")
def test_an_interruption_waits_for_no_file_that_is_being_fetched(web: Web) -> None:
    web.stalled |= {f"/{number}" for number in range(1, 9)}
    command = [sys.executable, "-c", WAITS, web.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "b'0'\n"
            assert settled(web) > 1, "it waits for those that never end"
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, out, error) == (0, "interrupted\n", "")
