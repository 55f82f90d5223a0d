"""Lists, tables and results as Windows, old Macs, spreadsheets and other file systems leave them."""

from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from veiqa_core.contracts.ratings import RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import ImageError, TableError, UsageError
from veiqa_core.evaluation.splits import Protocol, prepared
from veiqa_core.files.names import Spelling, name_key, on_disk, same_name
from veiqa_core.files.tables import read_table
from veiqa_core.files.values import is_number, is_range, parse_number, parse_whole
from veiqa_core.images import frames, read
from veiqa_core.inputs import Inputs, listed
from veiqa_core.results.columns import Columns
from veiqa_core.results.lines import Rows
from veiqa_core.results.resume import Resumption

FORMS: list[Any] = [("NFC", "NFD"), ("NFD", "NFC")]
NAME = "Übung/Größe é.png"


def photo(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.arange(768, dtype=np.uint8).reshape(16, 16, 3)).save(path)
    return path


# numbers


@pytest.mark.parametrize("text", ["0", "-1.5", "+2", ".5", "5.", "1e3", "1E-3", "007"])
def test_numbers(text: str) -> None:
    assert parse_number(text) == float(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "9_0",
        "nan",
        "inf",
        "-Infinity",
        "９",
        "٣",
        "0x1",
        "1e",
        "e1",
        ".",
        "1,5",
        "1e400",
        "--1",
        "1\0",
    ],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        parse_number(text)
    with pytest.raises(ValueError, match="number"):
        parse_whole(text)


@pytest.mark.parametrize("text", ["1.0", "1e3", "9" * 19, "9" * 5000])
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        parse_whole(text)


def test_values_that_are_numbers_and_ranges() -> None:
    assert all(map(is_number, (0, -1, 1.5, 10**300)))
    assert not any(map(is_number, (True, "1", None, float("nan"), float("inf"), 10**400, [1])))
    assert all(map(is_range, ([0, 1], (0.5, 1e300))))
    assert not any(map(is_range, ([1, 0], [1, 1], [0], [0, 1, 2], "ab", [False, True], [0, float("inf")], None)))


# tables


@pytest.mark.parametrize(
    "text",
    [
        "image,split\na.png,test\n",
        "image;split\r\na.png;test\r\n",
        "image\tsplit\ra.png\ttest\r",
        "\ufeffsep=;\r\nimage;split\r\na.png;test\r\n",
        "\n\nSep=\t\nimage\tsplit\n\n\na.png\ttest\n\t\n\n",
        '"sep=,",\nimage,split,,\n"a.png","test",,\n,,,\n',
        " Split , Image ,\n test , a.png ,\n",
    ],
)
def test_forms_of_one_table(text: str) -> None:
    (row,) = read_table(text, ("image", "split"))
    assert dict(row.cells) == {"image": "a.png", "split": "test"}


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        ("", 1, "no column 'image', 'split'; it names nothing"),
        ("sep=;\n", 1, "no column 'image', 'split'; it names nothing"),
        ("sep=,\nimage;split\na;b\n", 2, "no column 'image', 'split'; it names 'image;split'"),
        ("image,split,Image\na,b,c\n", 1, "column 'image' appears twice; keep one"),
        ("image,split\n", None, "names no image; each row below the first is to hold one"),
        ("sep=;\nimage;split\na;b;c\n", 3, "3 cells for 2 columns; put a name that holds ';' in double quotes"),
        ("image\tsplit\na\tb\tc\n", 2, "3 cells for 2 columns; put a name that holds a tab in double quotes"),
        (
            "image,split\n1,5,x\n",
            2,
            "3 cells for 2 columns; put a name that holds ',' in double quotes, and write deci",
        ),
        ('image,split\n"a,b\n', 2, "unexpected end of data; check its quotes"),
    ],
)
def test_a_malformed_table_is_refused_with_its_row(text: str, row: int | None, problem: str) -> None:
    with pytest.raises(TableError) as caught:
        read_table(text, ("image", "split"))
    assert (caught.value.row, str(caught.value)[: len(problem)]) == (row, problem)


# names


def test_names_that_are_one() -> None:
    nfc, nfd = (unicodedata.normalize(form, NAME) for form in ("NFC", "NFD"))
    assert nfc != nfd
    assert same_name(nfc, nfd)
    assert name_key(nfc) == name_key(nfd.upper())
    assert not same_name(nfc, nfc.upper())


@pytest.mark.parametrize(("asked", "disk"), FORMS)
def test_files_are_found_in_either_unicode_normalisation(tmp_path: Path, asked: Any, disk: Any) -> None:
    path = photo(tmp_path / unicodedata.normalize(disk, NAME))
    wanted = tmp_path / unicodedata.normalize(asked, NAME)
    assert not wanted.exists(), "this file system takes both for one"
    assert on_disk(wanted) == path
    assert (read(wanted).size, read(wanted).name) == ((16, 16), str(wanted))
    assert frames(wanted) == 1
    assert Spelling(tmp_path).of(unicodedata.normalize(asked, NAME.upper())) == unicodedata.normalize(disk, NAME)
    ratings = Ratings(
        images=(RatedImage(image=unicodedata.normalize(asked, NAME), score=1),), score_type="mos", range=(0, 1)
    )
    assert ratings.missing_files(tmp_path) == []


def test_a_file_that_is_there_counts_as_it_is_named(tmp_path: Path) -> None:
    both = [tmp_path / unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD")]
    for path in both:
        path.write_bytes(b"")
    assert [on_disk(path) for path in both] == both
    assert [Spelling(tmp_path).of(path.name) for path in both] == [path.name for path in both]
    assert on_disk(tmp_path / "ü.png") == tmp_path / "ü.png"
    with pytest.raises(ImageError, match="no such file"):
        read(tmp_path / "ü.png")


@pytest.mark.parametrize(("table", "disk"), FORMS)
def test_a_split_file_names_images_as_other_systems_do(tmp_path: Path, table: Any, disk: Any) -> None:
    names = [unicodedata.normalize(disk, name) for name in ("Ü/a.png", "Ü/B.png", "c.png")]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    images = tuple(RatedImage(image=name, score=1) for name in names[:2])
    rated = RatedSet("csv", "csv", tmp_path, Ratings(images=images, score_type="mos", range=(0, 1)))
    text = unicodedata.normalize(
        table, "sep=;\r\nimage;split;\r\nÜ\\a.PNG;test;\r\n.\\ü\\b.png;Train;\r\nC.png;test;\r\n"
    )
    (tmp_path / "split.csv").write_text(text, encoding="utf-8-sig", newline="")
    made = prepared(Protocol(kind="list", folds=2, repeats=1, seed=0, file=tmp_path / "split.csv"), rated)
    assert [item.split for item in made.images] == ["test", "train"]


# lists


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_list_ends_its_lines_as_any_system_does(end: str) -> None:
    text = "\ufeff" + end.join(["a.png", "", "b c.png", " d.png"])
    assert list(listed(io.BytesIO(text.encode()))) == ["a.png", "b c.png", " d.png"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_in_utf_16_is_refused_in_one_line(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    (tmp_path / "list.txt").write_bytes(f"{mark}a.png\n".encode(encoding))
    with pytest.raises(UsageError, match=r"--list .*list.txt: is UTF-16 text; save it as UTF-8$"):
        list(Inputs((), (str(tmp_path / "list.txt"),)).names())


def test_a_list_without_lines_ends(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"a" * 300_000)
    with pytest.raises(UsageError, match="holds a path of more than 65,536 bytes; it is no list of files"):
        list(Inputs((), (str(tmp_path / "list.txt"),)).names())


def test_a_list_from_windows_finds_files_in_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "photos" / "a.png")
    photo(tmp_path / unicodedata.normalize("NFD", "photos/é.png"))
    (tmp_path / "odd\\name.png").touch()
    (tmp_path / "list.txt").write_text(
        "photos\\a.png\r\nphotos\\é.png\r\nodd\\name.png\r\nnot\\there.png\r\n", newline=""
    )
    assert list(Inputs((), ("list.txt",)).names()) == [
        "photos/a.png",
        "photos/é.png",
        "odd\\name.png",
        "not\\there.png",
    ]


# results that are gone on with

ROW: dict[str, Any] = {
    "image": "a.png",
    "score": 50.0,
    "interval": [40.0, 60.0],
    "scale": [0, 100],
    "distortion": {"GB": 0.5, "none": 0.5},
    "novelty": 0.5,
    "size": [8, 6],
    "judged_size": [8, 6],
    "similarities": {"k": 1.0},
    "methods": {},
    "flags": [],
    "error": None,
    "recipe": "r",
}


COLUMNS = Columns(("score", "similarities"), similarities=("k",))


def rows(path: Path, form: str) -> list[Any]:
    return list(Rows(path, form, COLUMNS))


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({**ROW, "score": "50"}),
        json.dumps({**ROW, "score": True}),
        json.dumps({**ROW, "score": float("nan")}),
        json.dumps({**ROW, "interval": [1]}),
        json.dumps({**ROW, "similarities": {"k": [1]}}),
        json.dumps({**ROW, "novelty": "0.5"}),
        json.dumps({**ROW, "size": [8]}),
        json.dumps({**ROW, "judged_size": ["8", "6"]}),
        json.dumps({**ROW, "image": 3}),
        json.dumps({**ROW, "flags": [1]}),
        json.dumps(ROW).replace("50.0", "1" + "0" * 5000),
        json.dumps(ROW).replace("50.0", "[" * 100_000),
        "\ufeff" + json.dumps(ROW),
        "[]",
    ],
    ids=range(14),
)
def test_a_line_that_is_no_result_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "o.jsonl"
    path.write_text(f"{json.dumps(ROW)}\r\n{line}\n", newline="")
    with pytest.raises(UsageError, match="--resume: row 2 of .* is no result; mend it, or name another --output"):
        rows(path, "jsonl")


@pytest.mark.parametrize("cell", ["9_0", "nan", "９０", " 90", "9,0"])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "o.csv"
    path.write_text(f'{",".join(COLUMNS.header)}\na.png,"{cell}",1,,r\nb.png,1,1,,r\n')
    with pytest.raises(UsageError, match="--resume: row 2 of .* is no result"):
        rows(path, "csv")


def test_results_that_a_spreadsheet_saved_are_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("\ufeff" + ",".join(COLUMNS.header) + "\r\n", newline="")
    with pytest.raises(UsageError, match="begins with a byte-order mark; save it without one"):
        rows(path, "csv")


@pytest.mark.parametrize(("own", "written"), FORMS)
def test_a_row_is_of_an_image_in_either_unicode_normalisation(tmp_path: Path, own: Any, written: Any) -> None:
    path = tmp_path / "o.jsonl"
    path.write_text(json.dumps({**ROW, "image": unicodedata.normalize(written, NAME)}) + "\n")
    resumption = Resumption(path, "r", retry=False, lossy=False)
    skipped: list[Any] = []
    names = iter([unicodedata.normalize(own, NAME), "b.png"])
    assert list(resumption.remaining(names, rows(path, "jsonl"), skipped.append)) == ["b.png"]
    assert len(skipped) == 1
