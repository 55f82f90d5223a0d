"""Which columns tables have, with how many digits, and that rows of them are read back."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import attrs
import pytest

from veiqa_core.errors import UsageError
from veiqa_core.result import Result, score_digits
from veiqa_core.results import columns
from veiqa_core.results.columns import Columns
from veiqa_core.results.formats import FORMATS, is_results
from veiqa_core.results.lines import Rows

RESULT = Result(
    image="a, b.png",
    score=61.23456,
    similarities={"pri/net@layer/cam/ssim": 0.5, "jpeg(q=1, r=2)/net@layer/cam/ssim": None},
    flags=("has 2 tiles", "unlike"),
    error=None,
    recipe="r@1",
    interval=(50.004, 70.0),
    scale=(0, 100),
    distortion={"GB": 0.75, "JPEG": 0.25},
    novelty=0.5,
    size=(8, 6),
    judged_size=(4, 3),
    methods={"niqe": 3.5},
)
BRANCHES, METHODS = tuple(RESULT.similarities), tuple(RESULT.methods)


def written(names: tuple[str, ...], result: Result = RESULT, form: str = "csv") -> str:
    stream = io.StringIO()
    with FORMATS[form](stream, Columns(names, BRANCHES, METHODS)) as sink:
        sink.add(result)
    return stream.getvalue()


def test_the_default_is_short_and_has_measured_values_only_where_no_score_is_calibrated() -> None:
    short = columns.default(people=False, calibrated=True, values=100)
    assert Columns(short, BRANCHES, METHODS).header == [
        *("image", "score", "low", "high", "distortion", "probability", "novelty", "flags", "error", "recipe")
    ]
    assert not {"similarities", "methods"} & set(columns.default(people=True, calibrated=False, values=100))
    for people in (False, True):
        assert {"similarities", "methods"} <= set(columns.default(people, calibrated=False, values=8))


def test_columns_stand_in_the_order_in_which_they_are_named() -> None:
    names = columns.chosen("novelty, score,novelty")
    (record,) = csv.DictReader(io.StringIO(written(names)))
    assert list(record) == ["image", "novelty", "score", "error", "recipe"]
    assert columns.chosen("score,all") == columns.NAMES
    for text, unknown in (("scores", "'scores'"), ("score,", "''")):
        with pytest.raises(UsageError, match=f"unknown column {unknown}.*Known: all, distortion, .*size"):
            columns.chosen(text)


@pytest.mark.parametrize("names", [columns.NAMES, ("flags", "interval"), ("similarities",), ("score",)])
def test_a_row_is_read_back_and_its_file_is_known_again(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = tmp_path / "o.csv"
    path.write_text(written(names))
    assert is_results(path)
    (row,) = Rows(path, "csv", Columns(names, BRANCHES, METHODS))
    known: dict[str, Any] = {
        "image": RESULT.image,
        "score": RESULT.score if "score" in names else None,
        "interval": RESULT.interval if "interval" in names else None,
        "likely": ("GB", 0.75) if "distortion" in names else None,
        "novelty": RESULT.novelty if "novelty" in names else None,
        "flags": RESULT.flags if "flags" in names else (),
        "size": RESULT.size if "size" in names else None,
        "judged_size": RESULT.judged_size if "size" in names else None,
        "values": {
            **(RESULT.similarities if "similarities" in names else {}),
            **(RESULT.methods if "methods" in names else {}),
        },
        "error": None,
        "recipe": "r@1",
    }
    assert {name: getattr(row, name) for name in known} == known


def test_other_tables_of_images_are_no_results(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    for text in ("image,score,content\na.png,1,x\n", "image\na.png\n", "image,error\n", "recipe,error,image\n"):
        path.write_text(text)
        assert not is_results(path)


def test_rows_of_other_columns_are_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text(written(("score",)))
    with pytest.raises(UsageError, match=r"o\.csv has other columns; say the --columns that it was begun with, or"):
        list(Rows(path, "csv", Columns(("novelty",))))


@pytest.mark.parametrize(("scale", "digits"), [((0, 100), 1), ((9, 81), 1), ((1, 5), 2), ((0, 1), 3), ((0, 1e6), 0)])
def test_a_table_shows_a_thousandth_of_the_scale_and_csv_all_digits(scale: tuple[float, float], digits: int) -> None:
    assert score_digits(scale) == digits
    result = attrs.evolve(RESULT, scale=scale)
    shown = written(("score", "interval"), result, "table").splitlines()[1]
    assert f"  {61.23456:.{digits}f}   90 % interval {50.004:.{digits}f} to {70:.{digits}f}" in shown
    assert "61.23456,50.004,70.0" in written(("score", "interval"), result)


def test_a_table_shows_what_was_chosen_only() -> None:
    lines = written(("novelty", "size", "methods"), form="table").splitlines()
    assert [line.split("  ")[1] for line in lines[1:]] == ["novelty", "size", "judged at", "niqe"]
    assert written((), form="table") == "a, b.png\n"
