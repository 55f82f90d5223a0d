"""What commands read at URLs and in archives: the rows, bits and refusals of files on disks."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import PIL.Image
import pytest
from at_urls import NAMES, OPTIONS, rows, run
from making import photo, veiqa
from web import Web

from veiqa_core import Scorer
from veiqa_core.images import read
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Choice

pytestmark = pytest.mark.usefixtures("tiny")


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


def test_signed_addresses_that_were_signed_again_are_the_same_images(web: Web, computed: Counter[str]) -> None:
    for signature in ("old", "new"):
        wanted = [f"{web.url}/{name}?signature={signature}" for name in NAMES]
        done = veiqa("run", *wanted, *OPTIONS, "--no-store", "--output", "out.csv", "--resume")
        assert done.exit_code == 0
    assert sum(computed.values()) == len(NAMES)


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
