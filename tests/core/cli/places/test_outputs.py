"""Results, pages and pictures at URLs are those on a disk, and what stands there is safe."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from at_urls import NAMES, OPTIONS, run, small_pictures
from making import veiqa
from web import Web

from veiqa_core import Scorer
from veiqa_core.explanations.drawing import thumbnail
from veiqa_core.results import sent

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
def test_results_at_a_url_are_those_on_a_disk(form: str, memory: fsspec.AbstractFileSystem) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    for output in (f"out.{form}", f"memory://results/out.{form}"):
        done = veiqa("run", "photos", *OPTIONS, "--no-store", "--output", output)
        assert (done.exit_code, done.output) == (0, "")
    assert memory.cat_file(f"/results/out.{form}") == Path(f"out.{form}").read_bytes()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_going_on_with_results_at_a_url(form: str, memory: fsspec.AbstractFileSystem, computed: Counter[str]) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    output = f"memory://results/out.{form}"
    wanted = [f"memory://photos/{name}" for name in NAMES]
    command = (*OPTIONS, "--no-store", "--output", output, "--resume")
    assert veiqa("run", *wanted[:2], *command).exit_code == 0, "there is nothing to go on with yet"
    begun = memory.cat_file(f"/results/out.{form}")
    computed.clear()
    assert veiqa("run", *wanted, *command).exit_code == 0
    assert computed == {wanted[2]: 1}
    assert veiqa("run", *wanted, *OPTIONS, "--no-store", "--output", f"memory://results/whole.{form}").exit_code == 0
    assert memory.cat_file(f"/results/out.{form}") == memory.cat_file(f"/results/whole.{form}")
    if form != "parquet":
        assert memory.cat_file(f"/results/out.{form}").startswith(begun)
    other = veiqa("run", "memory://photos/b.png", *command)
    assert other.exit_code == 2
    assert f"row 1 of {output} is memory://photos/a/1.png, and image 1 is memory://photos/b.png" in other.stderr
    assert memory.cat_file(f"/results/out.{form}") == memory.cat_file(f"/results/whole.{form}")


def test_a_page_at_a_url(memory: fsspec.AbstractFileSystem) -> None:
    for report in ("out.html", "memory://results/out.html"):
        done = veiqa("run", "memory://photos/b.png", *OPTIONS, "--no-store", "--report", report)
        assert done.exit_code == 0, done.output
    page = memory.cat_file("/results/out.html").decode()
    assert "<article" in page
    assert "memory://photos" in page
    done = veiqa(
        "audit", "memory://photos", "--output", "memory://results/a.csv", "--report", "memory://results/a.html"
    )
    assert done.exit_code == 0, done.output
    table = list(csv.DictReader(io.StringIO(memory.cat_file("/results/a.csv").decode())))
    assert [row["image"] for row in table] == [f"memory://photos/{name}" for name in NAMES]
    assert {row["format"] for row in table} == {"PNG"}
    assert b"<!DOCTYPE html>" in memory.cat_file("/results/a.html")


def test_what_is_read_is_never_written_over(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/photos/list.txt", b"memory://photos/b.png\n")
    memory.pipe_file("/photos/odd.csv", memory.cat_file("/photos/b.png"))
    before = {name: memory.cat_file(name) for name in memory.find("/")}
    for arguments, reason in (
        (("memory://photos/b.png", "--output", "memory://photos/b.png"), "is one of the files that are read"),
        (("memory://photos", "--output", "memory:///photos/a/1.png"), "is one of the images"),
        (("memory://photos", "--output", "memory://photos/notes.txt"), "is not a file of results that VEIQA wrote"),
        (("memory://photos", "--report", "memory://photos/notes.txt"), "is not a report that VEIQA wrote"),
        (("memory://photos/odd.csv", "--output", "memory:///photos/odd.csv"), "is one of the files that are read"),
        (("photos", "--output", "memory://photos/odd.csv"), "is one of the images"),
        (("photos", "--output", "memory://photos/odd.csv", "--resume"), "is one of the images"),
        (("--list", "memory://photos/list.txt", "--output", "memory://photos/list.txt"), "is one of the files"),
        (("photos", "--output", "memory://new.png"), "has the name of an image"),
        (("photos", "--output", "memory://x.csv", "--report", "memory:///x.csv"), "is where --output writes too"),
        (("photos", "--output", "https://127.0.0.1:9/x.csv"), "a web address is only read"),
        (("photos", "--output", "zip://x.csv::p.zip"), "an archive is only read"),
        (("photos", "--output", "file:///x.csv"), "none of the places that are known"),
        (("photos", "--vei", "https://127.0.0.1:9/maps"), "cannot be written to: a web address is only read"),
        (("photos", "--store", "memory://kept"), "is a URL, which is not taken here"),
    ):
        store = () if "--store" in arguments else ("--no-store",)
        done = veiqa("run", *arguments, *OPTIONS, *store)
        assert done.exit_code == 2, (arguments, done.output)
        assert reason in done.stderr, (arguments, done.stderr)
        assert done.stderr.count("\n") <= 4, done.stderr
    assert {name: memory.cat_file(name) for name in memory.find("/")} == before
    assert {path.name for path in Path().iterdir()} == {"photos"}


def test_what_was_scored_is_sent_from_time_to_time(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent, "PERIOD", 0.0)
    monkeypatch.setattr(sent, "_SHARE", 0)
    seen: list[int] = []
    score_many = Scorer.score_many

    def watched(self: Scorer, *args: Any, **named: Any) -> Iterator[Any]:
        for result in score_many(self, *args, **named):
            seen.append(memory.cat_file("/out.jsonl").count(b"\n"))
            yield result

    monkeypatch.setattr(Scorer, "score_many", watched)
    assert veiqa("run", "photos", *OPTIONS, "--no-store", "--output", "memory://out.jsonl").exit_code == 0
    assert seen == [0, 1, 2]


def test_an_interruption_sends_what_was_scored(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_many = Scorer.score_many

    def interrupted(self: Scorer, *args: Any, **named: Any) -> Iterator[Any]:
        yield next(score_many(self, *args, **named))
        raise KeyboardInterrupt

    command = ("run", "photos", *OPTIONS, "--no-store", "--output", "memory://out.csv", "--report", "memory://out.html")
    with monkeypatch.context() as patched:
        patched.setattr(Scorer, "score_many", interrupted)
        done = veiqa(*command)
    assert done.exit_code == 130
    assert "what was scored is in memory://out.csv; the same command with --resume goes on" in done.stderr
    assert memory.cat_file("/out.csv").count(b"\n") == 2
    assert b"ended before its end" in memory.cat_file("/out.html")
    assert veiqa(*command, "--resume").exit_code == 0
    assert memory.cat_file("/out.csv").count(b"\n") == 4


def test_what_cannot_be_sent_is_kept_and_named(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_file = type(memory).put_file
    times: list[int] = []

    def failing(self: Any, *args: Any, **named: Any) -> None:
        times.append(1)
        if len(times) > 1:
            raise PermissionError("no secret")
        put_file(self, *args, **named)

    monkeypatch.setattr(type(memory), "put_file", failing)
    done = veiqa("run", "photos", *OPTIONS, "--no-store", "--output", "memory://out.csv")
    assert done.exit_code == 1
    assert "--output" not in done.stdout
    assert "memory://out.csv: cannot be written: access is denied; see the credentials" in done.stderr
    copy = Path(done.stderr.partition("is in ")[2].partition(", which stays")[0])
    assert copy.read_text().count("\n") == 4
    times[:] = [1]
    begun = veiqa("run", "photos", *OPTIONS, "--no-store", "--output", "memory://other.csv")
    assert begun.exit_code == 2, "before anything is scored"
    assert "--output memory://other.csv: cannot be written: access is denied" in begun.stderr


def test_pictures_of_a_url_have_its_name(memory: fsspec.AbstractFileSystem) -> None:
    for _ in range(2):
        done = veiqa("run", "memory://photos/b.png", *OPTIONS, "--no-store", "--vei", "maps")
        assert (done.exit_code, done.stderr) == (0, "")
        assert {path.name.partition(".")[0] for path in Path("maps").iterdir()} == {"b"}


def test_two_queries_of_one_address_have_pictures_of_their_own(
    web: Web, memory: fsspec.AbstractFileSystem, folder: Path
) -> None:
    web.files["/b.png?id=2"] = (folder / "a/1.png").read_bytes()
    urls = [f"{web.url}/b.png?id={number}" for number in (1, 2)]
    drawn = []
    for number, url in enumerate(urls):
        run(url, "--no-store", "--vei", f"alone{number}")
        (alone,) = Path(f"alone{number}").iterdir()
        assert alone.name == "b.vei1.png"
        drawn.append(alone.read_bytes())
    due = dict(zip(("b.vei1.png", "b-2.vei1.png"), drawn, strict=True))
    for _ in range(2):  # the second run takes the place of its own pictures
        run(*urls, "--no-store", "--vei", "maps")
        assert {path.name: path.read_bytes() for path in Path("maps").iterdir()} == due
        run(*urls, "--no-store", "--vei", "memory://maps")
        assert {Path(name).name: memory.cat_file(name) for name in memory.ls("/maps", detail=False)} == due
    thumbnails = [thumbnail(folder / name) for name in ("b.png", "a/1.png")]
    run(*urls, "--no-store", "--report", "out.html", "--report-details", 1)  # not at once: both are fetched again
    assert {made.data for made in thumbnails if made is not None} <= set(small_pictures("out.html"))
    assert len(set(thumbnails)) == 2


def test_pictures_at_a_url_are_those_of_a_folder(memory: fsspec.AbstractFileSystem) -> None:
    assert veiqa("run", "photos", *OPTIONS, "--no-store", "--vei", "maps").exit_code == 0
    due = {path.name: path.read_bytes() for path in Path("maps").iterdir()}
    for _ in range(2):  # the second run takes the place of its own pictures
        done = veiqa("run", "photos", *OPTIONS, "--no-store", "--vei", "memory://results/maps")
        assert (done.exit_code, done.stderr) == (0, "")
        there = {Path(name).name: memory.cat_file(name) for name in memory.ls("/results/maps", detail=False)}
        assert there == due


def test_pictures_at_a_url_replace_nothing_else(memory: fsspec.AbstractFileSystem) -> None:
    assert veiqa("run", "photos/b.png", *OPTIONS, "--no-store", "--vei", "memory://maps").exit_code == 0
    names = sorted(Path(name).name for name in memory.ls("/maps", detail=False))
    memory.pipe_file(f"/maps/{names[0]}", b"notes of mine")
    done = veiqa("run", "photos/b.png", *OPTIONS, "--no-store", "--vei", "memory://maps")
    assert done.exit_code == 0
    assert f"memory://maps/{names[0]} is there already, and is kept" in done.stderr
    assert memory.cat_file(f"/maps/{names[0]}") == b"notes of mine"
    assert len(memory.ls("/maps", detail=False)) == len(names) + 1
