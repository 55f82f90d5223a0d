"""Folders and tables of pairs compared with their originals."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner, Result
from making import photo

from veiqa_core.cli import main
from veiqa_core.errors import UsageError
from veiqa_core.full_reference import pairs
from veiqa_core.full_reference.comparison import Comparer

OPTIONS = ("--metric", "ssim", "--metric", "gmsd")


def compare(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


def save(path: str, seed: int, size: int = 48, **options: Any) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(photo(size, size, seed)).save(path, **options)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Originals in ``o``; in ``c`` two copies of ``a``, one of ``z/b``, and what does not fit."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("o/a.png", "o/z/b.png", "o/size.png", "o/broken.png", "o/left.png")):
        save(name, seed)
    save("c/a.png", 0)
    save("c/a.jpg", 0, quality=20)
    save("c/z/B.jpg", 1, quality=60)
    save("c/size.jpg", 2, 40)
    save("c/right.jpg", 9)
    Path("c/broken.jpg").write_bytes(b"no image")


def rows(done: Result) -> dict[str, dict[str, Any]]:
    return {row["copy"] or row["original"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_copies_find_their_originals_and_each_bad_pair_says_why(folders: None) -> None:
    done = compare("o", "c", *OPTIONS, "--format", "jsonl")
    assert done.exit_code == 1
    found = rows(done)
    assert {name: row["error"] for name, row in found.items() if row["error"]} == {
        "c/broken.jpg": "c/broken.jpg: not an image file that can be read",
        "c/right.jpg": "c/right.jpg: has no original in o",
        "c/size.jpg": "the images differ in size: o/size.png has 48x48 and c/size.jpg has 40x40 pixels",
        "o/left.png": "o/left.png: has no copy in c",
    }
    assert {name: row["original"] for name, row in found.items() if not row["error"]} == {
        "c/a.jpg": "o/a.png",
        "c/a.png": "o/a.png",
        "c/z/B.jpg": "o/z/b.png",
    }
    assert found["c/a.png"]["ssim"] == 1
    assert found["c/a.jpg"]["ssim"] < 1
    assert "ssim (higher is closer): mean" in done.stderr
    assert "failed: 4 of 7 pairs; the first: c/broken.jpg: not an image file" in done.stderr


def test_formats_say_the_same_and_workers_change_no_bit(folders: None) -> None:
    lines = list(rows(compare("o", "c", *OPTIONS, "--format", "jsonl")).values())
    assert json.loads(compare("o", "c", *OPTIONS, "--format", "json").stdout) == lines
    texts = list(csv.DictReader(compare("o", "c", *OPTIONS, "--format", "csv").stdout.splitlines()))
    assert texts == [{name: "" if value is None else str(value) for name, value in row.items()} for row in lines]
    with_workers = compare("o", "c", *OPTIONS, "--format", "jsonl", "--workers", 2)
    assert list(rows(with_workers).values()) == lines
    table = compare("o", "c", *OPTIONS).stdout
    assert "\n  error: o/left.png: has no copy in c\n" in table


def test_parquet_holds_the_same_and_is_gone_on_with(folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = list(rows(compare("o", "c", *OPTIONS, "--format", "jsonl")).values())
    command = ("o", "c", *OPTIONS, "--output", "out.parquet")
    compare(*command)
    table = parquet.read_table("out.parquet")
    assert table.to_pylist() == lines
    assert str(table.schema.field("width").type) == "int32"
    measure, compared = Comparer.__call__, []

    def stopping(self: Comparer, pair: pairs.Pair) -> Any:
        if len(compared) == 3:
            raise KeyboardInterrupt
        compared.append(pair.name)
        return measure(self, pair)

    with monkeypatch.context() as patch:
        patch.setattr(Comparer, "__call__", stopping)
        stopped = compare(*command)
    assert stopped.exit_code == 130
    assert "what was compared is in out.parquet; the same command with --resume goes on" in stopped.stderr
    assert parquet.read_table("out.parquet").num_rows == 3
    compare(*command, "--resume")
    assert parquet.read_table("out.parquet").equals(table)
    Path("out.parquet").write_bytes(b"PAR1")
    assert "out.parquet is no whole Parquet file" in compare(*command, "--resume").stderr
    assert "--format parquet writes a file" in compare("o", "c", *OPTIONS, "--format", "parquet").stderr


def test_one_name_of_several_originals_is_no_pair(folders: None) -> None:
    save("o/two.png", 1)
    save("o/two.bmp", 2)
    save("c/two.webp", 1)
    save("c/two.bmp", 1)
    found = rows(compare("o", "c", "--metric", "psnr", "--format", "jsonl"))
    assert found["c/two.bmp"]["original"] == "o/two.bmp"
    due = "c/two.webp: has several originals, two.bmp and two.png; say which by --pairs"
    assert found["c/two.webp"]["error"] == due


def test_a_table_says_what_belongs_together(folders: None) -> None:
    Path("pairs.csv").write_text("Copy;original\nz/B.jpg;a.png\na.jpg;absent.png\n")
    found = rows(compare("o", "c", "--pairs", "pairs.csv", "--metric", "psnr", "--format", "jsonl"))
    assert found["c/z/B.jpg"]["original"] == "o/a.png"
    assert found["c/a.jpg"]["error"] == "o/absent.png: no such file"
    Path("pairs.csv").write_text("original,copy\no/a.png,c/a.png\n")
    assert compare("--pairs", "pairs.csv", "--metric", "ssim", "--fail-under", "ssim=1").exit_code == 0
    Path("pairs.csv").write_text("original,copy\no/a.png,\n")
    done = compare("--pairs", "pairs.csv")
    assert (done.exit_code, done.stderr) == (2, "Error: --pairs pairs.csv, row 2: names no copy\n")


@pytest.mark.parametrize(("copies", "message"), [("o", "is the folder of the originals"), ("o/z", "one lies in the")])
def test_folders_that_are_one_are_refused(folders: None, copies: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list(pairs.by_name(Path("o"), Path(copies), pytest.fail, pytest.fail))


def test_the_gate_holds_each_pair_and_failures_win(folders: None) -> None:
    gate = ("--fail-under", "ssim=.999", "--fail-over", "gmsd=.5")
    done = compare("o/a.png", "c/a.jpg", *OPTIONS, *gate)
    assert (done.exit_code, done.stderr) == (3, "ssim below 0.999: 1 of 1 pairs; the first is c/a.jpg\n")
    assert compare("o/a.png", "c/a.png", *OPTIONS, *gate).exit_code == 0
    done = compare("o", "c", *OPTIONS, *gate)
    assert done.exit_code == 1
    assert "ssim below 0.999: 2 of 7 pairs; the first is c/a.jpg\n" in done.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_cut_off_anywhere_is_gone_on_with(folders: None, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = Path(f"out.{form}")
    command = ("o", "c", *OPTIONS, "--output", out)
    first = compare(*command)
    whole = out.read_bytes()
    compared: list[str] = []
    measure = Comparer.__call__

    def counting(self: Comparer, pair: pairs.Pair) -> Any:
        compared.append(pair.name)
        return measure(self, pair)

    monkeypatch.setattr(Comparer, "__call__", counting)
    for kept, again in ((len(whole), 0), (len(whole) - 1, 1), (20, 7)):
        out.write_bytes(whole[:kept])
        compared.clear()
        resumed = compare(*command, "--resume")
        assert (resumed.exit_code, resumed.stderr) == (1, first.stderr)
        assert out.read_bytes() == whole
        assert len(compared) == again
    for more, message in (
        (("--metric", "vsi"), "has other columns" if form == "csv" else "is no row"),
        (("--pairs", "pairs.csv"), "row 1 of"),
    ):
        Path("pairs.csv").write_text("original,copy\na.png,a.png\n")
        done = compare(*command, *more, "--resume")
        assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
        assert out.read_bytes() == whole


def test_an_interruption_leaves_what_was_compared(folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Comparer.__call__

    def stopping(self: Comparer, pair: pairs.Pair) -> Any:
        if pair.name == "c/right.jpg":
            raise KeyboardInterrupt
        return measure(self, pair)

    monkeypatch.setattr(Comparer, "__call__", stopping)
    done = compare("o", "c", *OPTIONS, "--output", "out.json", "--report", "out.html")
    assert (done.exit_code, done.stderr.strip()) == (130, "stopped; what was compared is in out.json")
    assert [row["copy"] for row in json.loads(Path("out.json").read_text())] == ["c/a.jpg", "c/a.png", "c/broken.jpg"]
    assert "Incomplete." in Path("out.html").read_text()


def test_the_page_holds_all_pairs_and_loads_nothing(folders: None) -> None:
    save("o/<b>.png", 5)
    save("c/<b>.png", 5)
    done = compare("o", "c", *OPTIONS, "--report", "r.html", "--fail-under", "ssim=.999")
    assert done.exit_code == 1
    page = Path("r.html").read_text()
    assert "&lt;b&gt;.png" in page
    assert "<b>.png" not in page
    assert page.count("beyond a limit</span>") == 2
    assert page.count("data:image/") >= 8
    assert "http" not in page.replace("http-equiv", "")
    assert "has no original in o" in page
    assert compare("o", "c", *OPTIONS, "--report", "r.html").exit_code == 1  # its own page is replaced
    Path("mine.html").write_text("mine")
    refused = compare("o", "c", *OPTIONS, "--report", "mine.html")
    assert (refused.exit_code, Path("mine.html").read_text()) == (2, "mine")


def test_names_cannot_steer_a_terminal(folders: None) -> None:
    save("o/\x1b]0;x\x07.png", 5)
    done = compare("o", "c", "--metric", "psnr")
    assert "\x1b" not in done.output
    assert "o/\\x1b]0;x\\x07.png: has no copy in c" in done.stdout


def test_equal_levels_give_the_values_of_the_python_functions(folders: None) -> None:
    import veiqa_metrics

    pair = [np.asarray(PIL.Image.open(name).convert("RGB")) for name in ("o/a.png", "c/a.jpg")]
    row = rows(compare("o/a.png", "c/a.jpg", *OPTIONS, "--format", "jsonl"))["c/a.jpg"]
    assert (row["ssim"], row["gmsd"]) == (veiqa_metrics.ssim(*pair), veiqa_metrics.gmsd(*pair))
