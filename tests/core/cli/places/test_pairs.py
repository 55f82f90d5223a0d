"""``veiqa compare`` by URL: the rows and refusals of folders, tables and files on disks."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import fsspec
import PIL.Image
import pytest
from at_urls import compared, rows, small_pictures
from making import photo, veiqa
from web import Web

import veiqa_core
from veiqa_core.files import places

pytestmark = pytest.mark.usefixtures("tiny")


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
