"""What ``--predictions`` and ``--report`` of ``veiqa evaluate`` write."""

from __future__ import annotations

import csv
import html.parser
import json
from pathlib import Path

import making
import numpy as np
import pytest
from making import veiqa
from scipy import stats

METHODS = ("--method", "blur-effect", "--method", "laplacian-variance")


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rated") / "set"
    return making.write_set(folder, 5, 3, "FF", noise=6, blurs=1, step=20)


def test_every_figure_can_be_computed_from_them(rated: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs veiqa[parquet]")
    out, arrow = tmp_path / "out.csv", tmp_path / "out.parquet"
    command = ("evaluate", "csv", rated, *METHODS, "--mapper", "logistic4", "--split", "loco", "--format", "json")
    done = veiqa(*command, "--predictions", out)
    assert done.exit_code == 0, done.output
    assert veiqa(*command, "--predictions", arrow).exit_code == 0
    (found,) = json.loads(done.stdout)["datasets"]
    rows = list(csv.DictReader(out.open()))
    assert len(rows) == 2 * 30
    for name, own in found["competitors"].items():
        mine = [row for row in rows if row["competitor"] == name]
        score, mapped, quality, low, high = (
            np.array([float(row[column]) for row in mine]) for column in ("score", "mapped", "quality", "low", "high")
        )
        overall = own["overall"]
        assert stats.spearmanr(score, quality).statistic == pytest.approx(overall["srocc"])
        assert stats.pearsonr(mapped, quality).statistic == pytest.approx(overall["plcc"])
        assert np.sqrt(np.mean((mapped - quality) ** 2)) == pytest.approx(overall["rmse"])
        assert ((low <= quality) & (quality <= high)).mean() == pytest.approx(overall["coverage90"])
        assert {row["fold"] for row in mine} == {"1", "2", "3", "4", "5"}
        for row in mine:
            assert float(row["rating"]) == pytest.approx(100 - float(row["quality"]))  # DMOS
            assert row["content"] == f"ref{row['image'].removeprefix('GB').removeprefix('FF')[0]}.png"
            assert row["image"].startswith(row["type"])
    table = parquet.read_table(arrow).to_pylist()
    as_text = [{key: "" if value is None else str(value) for key, value in row.items()} for row in table]
    assert as_text == rows


class _Page(html.parser.HTMLParser):
    """What a page would load, and how many pictures and charts it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.pictures = self.charts = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.loaded += [value for name, value in given.items() if name in ("src", "href") and value[:1] != "#"]
        self.pictures += tag == "img"
        self.charts += tag == "svg" and given.get("role") == "img"


def test_the_page_holds_all_it_shows(rated: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for _ in range(2):  # it may write over its own
        done = veiqa("evaluate", "csv", rated, *METHODS, "--report", page)
        assert done.exit_code == 0, done.output
    seen = _Page()
    text = page.read_text()
    seen.feed(text)
    assert all(value.startswith("data:image/") for value in seen.loaded)
    assert seen.pictures == 2 * 12
    assert seen.charts == 1 + 1 + 2 * 3  # SROCC; Bland and Altman; scatter, residuals and contents of each
    assert "are not told apart" in text or "ranks better than" in text
    assert "GB0-1.png" in text


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--predictions", "x.txt"), "--predictions x.txt: must end in .csv or .parquet"),
        (("--predictions", "nowhere/x.csv"), "--predictions nowhere/x.csv: cannot be written: no such folder"),
        (("--report", "-"), "--report -: needs a file of its own"),
        (("--report", "a.csv", "--predictions", "a.csv"), "--report a.csv: is where --predictions writes too"),
    ],
)
def test_files_that_cannot_be_are_refused_at_once(options: tuple[str, ...], problem: str, rated: Path) -> None:
    done = veiqa("evaluate", "csv", rated, *METHODS, *options)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert problem in done.stderr


def test_other_files_stay(rated: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("a,b\n1,2\n")
    for option in ("--predictions", "--report"):
        done = veiqa("evaluate", "csv", rated, *METHODS, option, mine)
        assert done.exit_code == 2
        assert "is there already" in done.stderr
        assert mine.read_text() == "a,b\n1,2\n"
