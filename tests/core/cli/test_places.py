"""``veiqa run`` and others by URL: the rows, bits and refusals of files on disks, wherever images and results are."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import PIL.Image
import pytest
from making import photo, save, veiqa
from web import Web, serving

import veiqa_core
from veiqa_core import Scorer
from veiqa_core.explanations.drawing import thumbnail
from veiqa_core.files import places
from veiqa_core.images import read
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Choice
from veiqa_core.results import sent

TINY = ("--extractor", "tiny", "--mapper", "identity", "--pri", "jpeg")
OPTIONS = (*TINY, "--device", "cpu", "--threads", 1)
NAMES = ("a/1.png", "a/2.png", "b.png")

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate((*NAMES, ".hidden/x.png", "notes.txt")):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save(photo(64, 72 + 8 * number, number), path) if path.suffix == ".png" else path.write_text("no image")
    return tmp_path / "photos"


@pytest.fixture
def memory(folder: Path) -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    for path in folder.rglob("*"):
        if path.is_file():
            system.pipe_file(f"/photos/{path.relative_to(folder)}", path.read_bytes())
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def web(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(places, "WAIT", 0.0)
    with serving() as web:
        web.files |= {f"/{name}": (folder / name).read_bytes() for name in NAMES}
        yield web


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def run(*arguments: object, status: int = 0) -> list[dict[str, Any]]:
    done = veiqa("run", *arguments, *OPTIONS, "--format", "jsonl")
    assert done.exit_code == status, done.output
    return rows(done.stdout)


def without_names(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "image": None} for row in found]


def test_a_folder_anywhere_has_the_rows_and_bits_of_one_on_a_disk(
    folder: Path, memory: fsspec.AbstractFileSystem
) -> None:
    with zipfile.ZipFile("p.zip", "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    memory.pipe_file("/p.zip", Path("p.zip").read_bytes())
    local = run("photos", "--no-store")
    assert [row["image"] for row in local] == [f"photos/{name}" for name in NAMES]
    for root, end in (("memory://photos", ""), ("zip://", "::p.zip"), ("zip://", "::memory://p.zip")):
        found = run(f"{root}{end}", "--no-store")
        begin = root if root.endswith("/") else f"{root}/"
        assert [row["image"] for row in found] == [f"{begin}{name}{end}" for name in NAMES]
        assert without_names(found) == without_names(local)
    assert len(run("memory://photos/", "--exclude", "a", "--no-store")) == 1
    assert run("zip://a/::p.zip", "memory://photos/b.png", "--no-store")[2]["image"] == "memory://photos/b.png"


def test_the_same_bytes_have_the_same_place_in_the_store(
    memory: fsspec.AbstractFileSystem, computed: Counter[str]
) -> None:
    local = run("photos", "--store", "kept.sqlite")
    computed.clear()
    assert without_names(run("memory://photos", "--store", "kept.sqlite")) == without_names(local)
    assert computed == {}


def test_web_addresses_and_workers(web: Web) -> None:
    web.failures |= {"/b.png": [503, 0]}
    wanted = [f"{web.url}/{name}?key=secret-{number}" for number, name in enumerate((*NAMES, "absent.png"))]
    web.failures["/a/2.png"] = [403]
    found = run(*wanted, "--no-store", "--workers", 2, status=1)
    assert [row["image"] for row in found] == [f"{web.url}/{name}" for name in (*NAMES, "absent.png")]
    assert [row["error"] for row in found] == [
        None,
        f"{web.url}/a/2.png: the server answers 403 Forbidden",
        None,
        f"{web.url}/absent.png: no such file",
    ]
    assert web.asked == {
        "/a/1.png?key=secret-0": 1,
        "/a/2.png?key=secret-1": 1,
        "/b.png?key=secret-2": 3,
        "/absent.png?key=secret-3": 1,
    }
    local = run(*(f"photos/{name}" for name in NAMES), "--no-store")
    assert without_names([found[0], found[2]]) == without_names([local[0], local[2]])


def test_two_queries_of_one_address_are_two_images(web: Web, folder: Path) -> None:
    url = f"{web.url}/b.png"
    found = run(f"{url}?id=1", f"{url}?id=2", "--no-store", "--workers", 2)
    assert web.asked == {"/b.png?id=1": 1, "/b.png?id=2": 1}
    assert [row["image"] for row in found] == [url, url]


def small_pictures(page: str) -> list[str]:
    return re.findall(r"data:image/[^\"']+", Path(page).read_text())


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


def test_nothing_secret_is_shown_anywhere(web: Web) -> None:
    host = web.url.removeprefix("http://")
    wanted = [f"http://me:secret@{host}/{name}?key=secret" for name in ("b.png", "absent.png")]
    outputs = ("--format", "csv", "--output", "out.csv", "--report", "out.html")
    done = veiqa("run", *wanted, *OPTIONS, "--no-store", *outputs)
    assert done.exit_code == 1
    looked = veiqa("audit", *wanted, "--output", "audit.jsonl", "--report", "audit.html")
    again = veiqa("run", *wanted, *OPTIONS, "--no-store", *outputs[:-2], "--resume")
    texts = [Path(name).read_text("utf-8") for name in ("out.csv", "out.html", "audit.jsonl", "audit.html")]
    for text in (done.output, looked.output, again.output, *texts):
        assert "secret" not in text
        assert "me:" not in text.replace("name:", "").replace("scheme:", "").replace("time:", "").replace("frame:", "")
    assert all(f"{web.url}/b.png" in text or f"{host}/" in text or "b.png" in text for text in texts)
    assert Path("out.html").read_text("utf-8").count("<article") == 1, "its maps are made of what was fetched again"


def test_lists_of_urls(web: Web, memory: fsspec.AbstractFileSystem) -> None:
    Path("list.txt").write_text(f"{web.url}/b.png\nmemory://photos/b.png\nphotos/b.png\n")
    web.files["/list.txt"] = f"{web.url}/b.png\r\n{web.url}/a/1.png".encode()
    found = run("--list", "list.txt", "--list", f"{web.url}/list.txt?key=1", "--no-store")
    assert [row["image"] for row in found] == [
        *(f"{web.url}/b.png", "memory://photos/b.png", "photos/b.png"),
        *(f"{web.url}/b.png", f"{web.url}/a/1.png"),
    ]
    assert found[0]["score"] == found[1]["score"] == found[2]["score"]
    piped = veiqa("run", "-", *OPTIONS, "--no-store", "--format", "jsonl", stdin=f"{web.url}/b.png\n")
    assert rows(piped.stdout) == found[:1]


@pytest.mark.parametrize("entry", ["photos/b.png", "/etc/passwd", "memory://photos/b.png", "zip://b.png::p.zip"])
def test_a_list_from_elsewhere_reads_nothing_here(entry: str, web: Web, memory: fsspec.AbstractFileSystem) -> None:
    web.files["/list.txt"] = f"{web.url}/b.png\n{entry}\n".encode()
    done = veiqa("run", "--list", f"{web.url}/list.txt?key=secret", *OPTIONS, "--no-store", "--format", "jsonl")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--list {web.url}/list.txt: names '{entry}': a list at " in done.stderr
    assert web.asked == {"/list.txt?key=secret": 1}


def test_frames_of_a_url(memory: fsspec.AbstractFileSystem) -> None:
    frames = [PIL.Image.fromarray(photo(64, 72, seed)) for seed in (1, 2)]
    stream = io.BytesIO()
    frames[0].save(stream, "TIFF", save_all=True, append_images=frames[1:])
    memory.pipe_file("/pages.tif", stream.getvalue())
    found = run("memory://pages.tif", "--frames", "all", "--no-store")
    assert [row["image"] for row in found] == ["memory://pages.tif#1", "memory://pages.tif#2"]
    assert np.array_equal(read("memory://pages.tif#2").pixels, read(frames[1]).pixels)


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


def test_signed_addresses_that_were_signed_again_are_the_same_images(web: Web, computed: Counter[str]) -> None:
    for signature in ("old", "new"):
        wanted = [f"{web.url}/{name}?signature={signature}" for name in NAMES]
        done = veiqa("run", *wanted, *OPTIONS, "--no-store", "--output", "out.csv", "--resume")
        assert done.exit_code == 0
    assert sum(computed.values()) == len(NAMES)


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


def test_a_folder_without_images_or_access_is_one_line(memory: fsspec.AbstractFileSystem) -> None:
    for url, reason in (
        ("memory://absent/", "cannot be listed: no such file"),
        ("memory://photos/.hidden/", None),
        ("zip://::absent.zip", "there is no such archive"),
        ("s3n://bucket/folder", "none of the places that are known"),
    ):
        done = veiqa("run", url, *OPTIONS, "--no-store")
        if reason is None:
            assert done.exit_code == 0
            continue
        assert (done.exit_code, done.stdout) == (2, ""), url
        assert f"{url}: " in done.stderr
        assert reason in done.stderr


def test_pictures_that_veiqa_made_are_left_out_anywhere(memory: fsspec.AbstractFileSystem) -> None:
    assert veiqa("run", "photos/b.png", *OPTIONS, "--no-store", "--vei", "maps").exit_code == 0
    for path in Path("maps").iterdir():
        memory.pipe_file(f"/photos/{path.name}", path.read_bytes())
    done = veiqa("run", "memory://photos", *OPTIONS, "--no-store", "--format", "jsonl")
    assert [row["image"] for row in rows(done.stdout)] == [f"memory://photos/{name}" for name in NAMES]
    assert "is a picture that VEIQA made" in done.stderr


def test_pictures_of_a_url_have_its_name(memory: fsspec.AbstractFileSystem) -> None:
    for _ in range(2):
        done = veiqa("run", "memory://photos/b.png", *OPTIONS, "--no-store", "--vei", "maps")
        assert (done.exit_code, done.stderr) == (0, "")
        assert {path.name.partition(".")[0] for path in Path("maps").iterdir()} == {"b"}


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


def test_urls_in_python(memory: fsspec.AbstractFileSystem, folder: Path) -> None:
    scorer = Scorer(recipes.ad_hoc(extractor=Choice("tiny")), device="cpu")
    local, there = scorer.score(folder / "b.png"), scorer.score("memory://photos/b.png")
    assert there.values == local.values
    assert (there.image, there.path, there.url) == ("memory://photos/b.png", None, "memory://photos/b.png")
    found = list(scorer.score_many(["memory://photos/b.png", "memory://absent.png", Path("photos/b.png")]))
    assert [result.error for result in found] == [None, "memory://absent.png: no such file", None]
    assert found[0].values == found[2].values


def test_a_path_and_names_in_files_reach_no_place(web: Web, memory: fsspec.AbstractFileSystem, folder: Path) -> None:
    scorer = Scorer(recipes.ad_hoc(extractor=Choice("tiny")), device="cpu")
    (found,) = scorer.score_many([Path(f"{web.url}/b.png")])
    assert found.error is not None
    assert "no such file" in found.error
    Path("rated").mkdir()
    Path("rated/scores.csv").write_text(f"image,score,score_type\n{web.url}/b.png,3,mos\n")
    for arguments in (
        ("run", "photos", "--recipe", f"{web.url}/b.png"),
        ("evaluate", "live", f"{web.url}/"),
        ("evaluate", "csv", "rated", "--range", "0", "5"),
    ):
        done = veiqa(*arguments)
        assert done.exit_code == 2, done.output
        assert done.stderr.strip().count("\n") <= 3
    assert web.asked == {}
    assert {path.name for path in Path().iterdir()} == {"rated", "photos"}


@pytest.fixture
def pairs(memory: fsspec.AbstractFileSystem) -> fsspec.AbstractFileSystem:
    """Originals in ``o``, copies in ``c``: on the disk, in memory, and in an archive."""
    for seed, (original, copy) in enumerate((("a.png", "a.jpg"), ("z/b.png", "z/B.png"), ("left.png", "right.png"))):
        for name, worse in ((f"o/{original}", 0), (f"c/{copy}", 1)):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(photo(48, 48, seed) // (1 + worse)).save(name)
            memory.pipe_file(f"/{name}", Path(name).read_bytes())
    with zipfile.ZipFile("p.zip", "w") as archive:
        for name in (*Path("o").rglob("*.*"), *Path("c").rglob("*.*")):
            archive.write(name)
    return memory


def compared(*arguments: object, status: int = 0) -> list[dict[str, Any]]:
    done = veiqa("compare", *arguments, "--metric", "ssim", "--format", "jsonl")
    assert done.exit_code == status, done.output
    return rows(done.stdout)


def renamed(found: list[dict[str, Any]], begin: str, end: str = "") -> list[dict[str, Any]]:
    """Rows of folders on a disk as they are of those at a URL."""
    places = {name: f"{begin}{name}{end}" for row in found for name in (row["original"], row["copy"]) if name}
    places |= {"o": f"{begin}o{end}", "c": f"{begin}c{end}"}
    changed = []
    for row in found:
        error = row["error"] and " ".join(places.get(word.rstrip(":"), word) + ":" * word.endswith(":")
                                          for word in row["error"].split(" "))  # fmt: skip
        changed.append(row | {key: row[key] and places[row[key]] for key in ("original", "copy")} | {"error": error})
    return changed


def test_folders_of_pairs_anywhere_have_the_rows_of_those_on_a_disk(pairs: fsspec.AbstractFileSystem) -> None:
    local = compared("o", "c", status=1)
    assert [row["copy"] for row in local] == ["c/a.jpg", "c/right.png", "c/z/B.png", None]
    assert compared("memory://o", "memory://c", status=1) == renamed(local, "memory://")
    assert compared("zip://o::p.zip", "zip://c::p.zip", status=1) == renamed(local, "zip://", "::p.zip")
    mixed = compared("o", "memory://c/", status=1)
    assert [row["ssim"] for row in mixed] == [row["ssim"] for row in local]
    assert [row["ssim"] for row in compared("o/a.png", "memory://c/a.jpg")] == [local[0]["ssim"]]
    assert list(veiqa_core.compare("memory://o", "memory://c", metrics="ssim", note=print).rows) == renamed(
        local, "memory://"
    )


def test_a_place_is_asked_once_whether_it_is_a_folder(
    pairs: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    is_folder = places.is_folder

    def counted(url: str) -> bool:
        asked[url] += 1
        return is_folder(url)

    monkeypatch.setattr(places, "is_folder", counted)
    pairs.pipe_file("/pairs.csv", b"original,copy\na.png,a.jpg\n")
    for table in ((), ("--pairs", "memory://pairs.csv")):
        asked.clear()
        compared("memory://o", "memory://c", *table, status=0 if table else 1)
        assert asked == {"memory://o": 1, "memory://c": 1}


def test_tables_of_pairs_at_urls(pairs: fsspec.AbstractFileSystem, web: Web) -> None:
    for name in ("o/a.png", "c/a.jpg"):
        web.files[f"/{name}"] = Path(name).read_bytes()
    signed = [f"{web.url}/o/a.png?key=secret", f"{web.url}/c/a.jpg?key=secret"]
    Path("mixed.csv").write_text(f"original,copy\no/a.png,memory://c/a.jpg\n{','.join(signed)}\n")
    web.files["/pairs.csv"] = f"original,copy\n{','.join(signed)}\n".encode()
    pairs.pipe_file("/pairs.csv", b"original,copy\na.png,a.jpg\n")
    value = compared("o/a.png", "c/a.jpg")[0]["ssim"]
    options = ("--output", "out.jsonl", "--report", "out.html", "--metric", "ssim")
    done = veiqa("compare", "--pairs", "mixed.csv", *options)
    assert done.exit_code == 0, done.output
    found = rows(Path("out.jsonl").read_text())
    assert [(row["copy"], row["ssim"]) for row in found] == [("memory://c/a.jpg", value), (f"{web.url}/c/a.jpg", value)]
    page = Path("out.html").read_text()
    assert "secret" not in page + done.output
    assert page.count("data:image") >= 4, "a small picture of each"
    assert veiqa("compare", "--pairs", "mixed.csv", *options, "--resume").exit_code == 0
    assert compared("--pairs", f"{web.url}/pairs.csv?key=secret")[0]["ssim"] == value
    refused = veiqa("compare", "o", "c", "--pairs", "mixed.csv")
    assert refused.exit_code == 2
    assert (
        "row 2: names 'memory://c/a.jpg', a URL; name a path in the folder that was named, or no folders"
        in refused.stderr
    )
    assert compared("memory://o", "memory://c", "--pairs", "memory://pairs.csv")[0]["ssim"] == value


def test_of_two_copies_of_one_public_name_the_page_shows_neither(
    pairs: fsspec.AbstractFileSystem, web: Web, folder: Path
) -> None:
    """A row knows no more of an image than its public name: which of the two it was cannot be said."""
    for name, path in (("o.png", "o/a.png"), ("c.png?id=1", "o/a.png"), ("c.png?id=2", "c/a.jpg")):
        web.files[f"/{name}"] = Path(path).read_bytes()
    listed = [f"{web.url}/o.png,{web.url}/c.png?id={number}" for number in (1, 2)]
    values = []
    for number in (1, 2):
        Path("pairs.csv").write_text("\n".join(["original,copy", *listed[:number]]))
        done = compared("--pairs", "pairs.csv", "--report", "out.html")
        values.append([row["ssim"] for row in done])
        assert len(small_pictures("out.html")) == 2, "of one pair both, of two pairs the originals"
    assert values[1][0] == values[0][0] == 1 > values[1][1]


@pytest.mark.parametrize("entry", ["o/a.png", "/etc/passwd", "memory://o/a.png"])
def test_a_table_from_elsewhere_reads_nothing_here(entry: str, pairs: fsspec.AbstractFileSystem, web: Web) -> None:
    web.files["/pairs.csv"] = f"original,copy\n{entry},{web.url}/c.png\n".encode()
    done = veiqa("compare", "--pairs", f"{web.url}/pairs.csv?key=secret")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--pairs {web.url}/pairs.csv, row 2: names '{entry}': a list at " in done.stderr
    inside = veiqa("compare", "o", "c", "--pairs", f"{web.url}/pairs.csv")
    assert inside.exit_code == 2
    assert web.asked == {"/pairs.csv?key=secret": 1, "/pairs.csv": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("memory://o", "memory:///o"), "memory:///o: is the folder of the originals itself; name that of the copies"),
        (("memory://c/z", "memory://c"), "memory://c/z and memory://c: one lies in the other"),
        (("memory://o", "c/a.jpg"), "memory://o: is a folder, and the other is none"),
        (("memory://o", "absent"), "absent: no such folder"),
        (("memory://o/", "memory://empty/"), "memory://empty/: holds no images"),
        (("file:///o", "c"), "file:///o: file:// is none of the places that are known"),
        (("--pairs", "memory://absent.csv"), "--pairs memory://absent.csv: no such file"),
        (("memory://o", "memory://c", "--output", "memory://c/a.jpg"), "is one of the images, lists or other"),
    ],
)
def test_pairs_that_cannot_be_compared(
    arguments: tuple[str, ...], message: str, pairs: fsspec.AbstractFileSystem
) -> None:
    before = {name: pairs.cat_file(name) for name in pairs.find("/")}
    done = veiqa("compare", *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert {name: pairs.cat_file(name) for name in pairs.find("/")} == before


def test_ladders_of_photos_anywhere(memory: fsspec.AbstractFileSystem, web: Web) -> None:
    options = ("--distortion", "JPEG", "--levels", 2, *OPTIONS, "--no-store", "--format", "json")

    def climbed(*photos: str) -> list[dict[str, Any]]:
        done = veiqa("ladder", *photos, *options)
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)["scores"]
        return found

    local = climbed("photos")
    assert len(local) == 9
    found = climbed("memory://photos")
    assert [row["photo"] for row in found[::3]] == [f"memory://photos/{name}" for name in NAMES]
    assert [row["score"] for row in found] == [row["score"] for row in local]
    (one, *_) = climbed(f"{web.url}/b.png?key=secret")
    assert (one["photo"], one["score"]) == (f"{web.url}/b.png", local[6]["score"])
    done = veiqa("ladder", f"{web.url}/absent.png?key=secret", *options)
    assert done.exit_code == 1
    assert f"{web.url}/absent.png: no such file" in done.stderr
    assert "secret" not in done.output


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_fetched_ahead_changes_no_row(
    workers: int, web: Web, memory: fsspec.AbstractFileSystem, folder: Path
) -> None:
    web.failures |= {"/a/2.png": [503], "/c.png": [403]}
    web.files["/d.png"] = b"no image"
    names = [f"{web.url}/{name}?key=secret" for name in (*NAMES, "c.png", "d.png", "absent.png")]
    mixed = [
        "photos/b.png",
        *names[:4],
        "memory://photos/a/1.png",
        *names[4:],
        "photos/a/2.png",
        "memory://photos/b.png",
    ]
    Path("list.txt").write_text("\n".join(mixed))
    found = run("--list", "list.txt", "--no-store", "--workers", workers, status=1)
    assert web.asked[f"/{NAMES[1]}?key=secret"] == 2
    assert {count for path, count in web.asked.items() if NAMES[1] not in path} == {1}
    web.failures["/c.png"] = [403]
    single = [
        run(name, "--no-store", status=status) for name, status in zip(mixed, [0] * 4 + [1, 0, 1, 1, 0, 0], strict=True)
    ]
    assert found == [row for (row,) in single]
    assert "secret" not in json.dumps(found)
    results = list(Scorer("fast", device="cpu").score_many(mixed[1:3]))
    assert [(type(result.url), result.url) for result in results] == [(str, name) for name in mixed[1:3]]


def test_nothing_is_asked_for_ahead_of_a_pipe(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def piped(self: object, name: str) -> Iterator[str]:
        for number, one in enumerate(NAMES):
            seen.append(len(written))
            assert len(written) == number
            yield f"{web.url}/{one}"

    written: list[object] = []
    score_many = Scorer.score_many

    def watched(self: Scorer, *args: Any, **named: Any) -> Iterator[Any]:
        for result in score_many(self, *args, **named):
            yield result
            written.append(result)

    monkeypatch.setattr("veiqa_core.inputs.Inputs._list", piped)
    monkeypatch.setattr(Scorer, "score_many", watched)
    assert len(run("-", "--no-store")) == 3
    assert seen == [0, 1, 2]


def asked_for_by_the_first(web: Web, monkeypatch: pytest.MonkeyPatch, where: str, count: int) -> list[int]:
    """Fills a list with how often a function was called and, of the first time, how many files were asked for then.

    Args:
        where: the function, which waits a while for so many files.
    """
    module, _, name = where.rpartition(".")
    work, seen = getattr(importlib.import_module(module), name), list[int]()

    def slow(*given: Any) -> Any:
        deadline = time.monotonic() + (0 if seen else 20)
        while len(web.asked) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(len(web.asked))
        return work(*given)

    monkeypatch.setattr(where, slow)
    return seen


@pytest.mark.parametrize("originals_here", [True, False])
def test_what_compare_fetches_ahead_changes_no_row(
    originals_here: bool, web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = {}
    for number, name in enumerate(NAMES):
        save(photo(64, 72 + 8 * number, number) // 2, Path("worse.png"))
        worse[name] = web.files[f"/c/{name}"] = Path("worse.png").read_bytes()
    web.failures |= {"/c/a/2.png": [503], "/refused.png": [403]}
    web.files["/refused.png"] = worse["b.png"]
    begin = "photos" if originals_here else web.url
    listed = [(f"{begin}/{name}", f"{web.url}/c/{name}?key=secret") for name in NAMES]
    listed += [(f"{begin}/b.png", f"{web.url}/{name}?key=secret") for name in ("refused.png", "absent.png")]
    listed += [(f"{web.url}/absent.png", f"{web.url}/c/b.png?again"), ("photos/b.png", "photos/b.png")]
    Path("pairs.csv").write_text("".join(f"{one},{other}\n" for one, other in [("original", "copy"), *listed]))
    seen = asked_for_by_the_first(web, monkeypatch, "veiqa_core.full_reference.comparison.measured", 5)
    found = compared("--pairs", "pairs.csv", status=1)
    assert len(seen) == 4
    assert seen[0] >= 5, "while the first pair is compared, others are fetched"
    assert web.asked["/c/a/2.png?key=secret"] == 2
    assert {count for path, count in web.asked.items() if path not in ("/c/a/2.png?key=secret", "/b.png")} == {1}
    if not originals_here:
        web.failures["/refused.png"] = [403]
        assert compared("--pairs", "pairs.csv", "--workers", 2, status=1) == found
    web.failures["/refused.png"] = [403]
    alone = []
    for (one, other), status in zip(listed, [0, 0, 0, 1, 1, 1, 0], strict=True):
        alone += compared(one, other, status=status)
    assert found == alone
    assert "secret" not in json.dumps(found)


def test_what_audit_fetches_ahead_is_fetched_once(web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.failures |= {"/a/2.png": [503], "/refused.png": [403]}
    web.files |= {"/refused.png": b"", "/torn.png": b"no image"}
    urls = [f"{web.url}/{name}?key=secret" for name in (*NAMES, "refused.png", "torn.png", "absent.png")]
    wanted = ("audit", *urls, "photos/b.png", "--format", "jsonl")
    seen = asked_for_by_the_first(web, monkeypatch, "veiqa_core.auditing.look.levels", 6)
    done = veiqa(*wanted)
    assert done.exit_code == 0, done.output
    assert len(seen) == 4
    assert seen[0] == 6, "while the first image is looked at, others are fetched"
    assert web.asked.pop("/a/2.png?key=secret") == 2
    assert set(web.asked.values()) == {1}
    found = rows(done.stdout)
    local = rows(veiqa("audit", *(f"photos/{name}" for name in NAMES), "--format", "jsonl").stdout)
    own = ("width", "height", "format", "digest", "looks", "dark", "entropy", "suffix_fits", "error")
    assert [[row[key] for key in own] for row in found[:3]] == [[row[key] for key in own] for row in local]
    assert [row["error"] for row in found[3:]] == [
        f"{web.url}/refused.png: the server answers 403 Forbidden",
        f"{web.url}/torn.png: not an image file that can be read",
        f"{web.url}/absent.png: no such file",
        None,
    ]
    web.failures["/refused.png"] = [403]
    several = veiqa(*wanted, "--workers", 2)
    assert rows(several.stdout) == found
    assert web.asked[f"/{NAMES[0]}?key=secret"] == 2, "here, too, once"
    assert [type(image.url) for image in veiqa_core.audit(urls[:1]).images] == [str]
