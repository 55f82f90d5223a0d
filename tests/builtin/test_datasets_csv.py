"""The dataset csv: what people write by hand, with a spreadsheet or with a program."""

from __future__ import annotations

import csv
import io
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.api import DISTORTIONS, DatasetError, name_key
from veiqa_core.contracts import RatedImage, Ratings
from veiqa_datasets.distortions import canonical
from veiqa_datasets.plugin import CsvParams
from veiqa_datasets.scores import ScoresCsv

FULL = (
    "image,reference,distortion,level,score,score_type,split,score_source\n"
    "blur/a.png,refs/a.png,Gaussian blur,1,30.5,dmos,train,vsi\n"
    "noise/b.png,b,awgn,,41,DMOS,,vsi\n"
)


def read(root: Path, text: str | bytes, scale: tuple[float, float] = (0.0, 100.0)) -> Ratings:
    (root / "scores.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return ScoresCsv(CsvParams(range=scale)).read(root)


def error(root: Path, text: str | bytes) -> str:
    with pytest.raises(DatasetError) as caught:
        read(root, text)
    message = str(caught.value)
    assert message.startswith("csv: ")
    assert "\n" not in message
    return message.removeprefix("csv: ")


def test_every_column_arrives_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "a.png").touch()
    ratings = read(tmp_path, FULL)
    assert ratings == Ratings(
        images=(
            RatedImage(
                image="blur/a.png",
                score=30.5,
                content="refs/a.png",
                reference="refs/a.png",
                distortion="GB",
                level="1",
                split="train",
            ),
            RatedImage(image="noise/b.png", score=41, content="b", distortion="WN"),
        ),
        score_type="dmos",
        range=(0, 100),
        pseudo_rating="vsi",
    )


def test_image_and_score_are_enough(tmp_path: Path) -> None:
    ratings = read(tmp_path, "image,score\na.png,1\n", scale=(1, 5))
    assert ratings.images == (RatedImage(image="a.png", score=1),)
    assert (ratings.score_type, ratings.range, ratings.pseudo_rating) == ("mos", (1, 5), None)
    assert ratings.remarks == ("scores.csv names no score_type; mos was assumed: higher is better.",)


@pytest.mark.parametrize(
    "text",
    [
        "image;score\na.png;50\n",
        ";\nimage;score\n;\na.png;50\n",
        "\ufeffimage,score\r\na.png,50\r\n",
        "image,score\ra.png,50\r",
        "\n\nimage,score\n\n , \na.png,50\n\n",
        " Image , SCORE \n a.png , 50 \n",
        'image, score\n"a.png", "50"\n',
        "image,score\na.png,50,,\n",
        'score,notes,image\n50,"good, I\'d say",a.png',
        "image,score,split\na.png,50\n",
        "image,score\n.\\a.png,5e1\n",
        "sep=;\nimage;score\na.png;50\n",
        '\ufeff"sep=,"\r\nimage,score\r\na.png,50\r\n',
        "SEP=|\nimage|score\na.png|50\n",
        "sep=;;;\nimage;score;;\na.png;50;;\n;;;\n",
        "sep=\t\nimage\tscore\na.png\t50\n",
        "image\tscore\r\na.png\t50\r\n\t\r\n",
        "\ufeffimage;score;\ra.png;50;\r;;\r",
    ],
)
def test_forms_that_mean_the_same(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text).images == (RatedImage(image="a.png", score=50),)


@pytest.mark.parametrize(("table", "disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_are_found_in_either_unicode_normalisation(tmp_path: Path, table: Any, disk: Any) -> None:
    on_disk, ref = (unicodedata.normalize(disk, name) for name in ("Fotos/Öl.png", "Größe.png"))
    for name in (on_disk, ref):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    rows = unicodedata.normalize(table, "fotos\\öl.PNG,größe.png,50")
    (item,) = read(tmp_path, f"image,reference,score\n{rows}\n").images
    assert item == RatedImage(image=on_disk, score=50, content=ref, reference=ref)


def test_of_two_files_that_differ_in_case_only_the_one_named_counts(tmp_path: Path) -> None:
    for name in ("a.png", "A.png"):
        (tmp_path / name).touch()
    images = read(tmp_path, "image,score\nA.png,1\na.png,2\na.PNG,3\n").images
    assert [item.image for item in images] == ["A.png", "a.png", "a.PNG"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("9_0", "is not a number"),
        ("nan", "is not a number"),
        ("Infinity", "is not a number"),
        ("９０", "is not a number"),
        ("٣", "is not a number"),
        ("0x1f", "is not a number"),
        ("1e999", "is too large a number"),
        ("3,5", "is not a number; write decimals with a point"),
        ("1.234,5", "is not a number; write decimals with a point"),
        ("50 %", "is not a number"),
    ],
)
def test_what_is_no_number_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DatasetError) as caught:
        read(tmp_path, f"image;score\na.png;{text}\n")
    assert str(caught.value).endswith(f"scores.csv, row 2: column 'score' holds {text!r}, which {problem}")


def test_names_are_spelled_as_on_the_disk(tmp_path: Path) -> None:
    for name in ("IMG/A.png", "Ref.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (item,) = read(tmp_path, "image,reference,score\nimg\\a.PNG,ref.png,50\n").images
    assert item == RatedImage(image="IMG/A.png", score=50, content="Ref.png", reference="Ref.png")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "scores.csv, row 1: no column 'image', 'score'; it names nothing"),
        ("image,score\n", "scores.csv names no image; each row below the first is to hold one"),
        ("image,mos\na,1\n", "scores.csv, row 1: no column 'score'; it names 'image', 'mos'"),
        ("image;mos;x\na;1;\n", "scores.csv, row 1: no column 'score'; it names 'image', 'mos', 'x'"),
        ("image|score\na|1\n", "scores.csv, row 1: no column 'image', 'score'; it names 'image|score'"),
        ("image,score,Score\na,1,1\n", "scores.csv, row 1: column 'score' appears twice; keep one"),
        (
            "image,score\na, b.png,1\n",
            "scores.csv, row 2: 3 cells for 2 columns; put a name that holds ',' in double quotes, and write "
            "decimals with a point",
        ),
        ('image,score\n"a.png,1\n', "scores.csv, row 2: unexpected end of data; check its quotes"),
        (f"image,score\n{'x' * 200_000},1\n", None),
        ("image,score\n,1\n", "scores.csv, row 2: column 'image' is empty"),
        ("image,score\n\na.png,\n", "scores.csv, row 3: column 'score' is empty"),
        ("image,score\na.png,good\n", "scores.csv, row 2: column 'score' holds 'good', which is not a number"),
        ("image,score\na.png,nan\n", "scores.csv, row 2: column 'score' holds 'nan', which is not a number"),
        (
            "image;score\na.png;3,5\n",
            "scores.csv, row 2: column 'score' holds '3,5', which is not a number; write decimals with a point",
        ),
        (
            "image,score,score_type\na.png,1,jod\n",
            "scores.csv, row 2: column 'score_type' holds 'jod'; write mos or dmos",
        ),
        (
            "image,score,score_type\na.png,1,mos\nb.png,1,dmos\n",
            "scores.csv, row 3: column 'score_type' holds 'dmos' where row 2 has 'mos'; "
            "split the table, one value to a table",
        ),
        (
            "image,score,score_type\na.png,1,mos\nb.png,1,\n",
            "scores.csv, row 3: column 'score_type' holds '' where row 2 has 'mos'; "
            "split the table, one value to a table",
        ),
        (
            "image,score,score_source\na.png,1,\nb.png,1,vsi\n",
            "scores.csv, row 3: column 'score_source' holds 'vsi' where row 2 has ''; "
            "split the table, one value to a table",
        ),
        (
            "image,score\na.png,1\n\nb.png,1\n./a.png,2\n",
            "scores.csv, row 5: column 'image' holds 'a.png' as row 2 does; keep one of them",
        ),
        ("image,score\n../a.png,1\n", "scores.csv, row 2: image '../a.png' is not a path within the dataset's folder"),
        ("image,score\n/a.png,1\n", "scores.csv, row 2: image '/a.png' is not a path within the dataset's folder"),
        ("image,score\na\0.png,1\n", None),
        (
            "image,score\n\xe9.png,1\n".encode("latin-1"),
            "scores.csv is not UTF-8 text (see its byte 13); save it as UTF-8",
        ),
        ("image,score\na.png,1\n".encode("utf-16"), "scores.csv is UTF-16 text; save it as UTF-8"),
    ],
)
def test_errors_name_row_column_and_what_to_do(text: str | bytes, message: str | None, tmp_path: Path) -> None:
    found = error(tmp_path, text)
    assert found == message or (message is None and found.startswith("scores.csv, row 2: "))


def test_a_reference_outside_the_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.touch()
    root = tmp_path / "set"
    root.mkdir()
    for name in (str(outside), "../outside.png"):
        assert "is not a path within the dataset's folder" in error(root, f"image,reference,score\na.png,{name},1\n")


def test_a_long_reference_is_a_mere_name(tmp_path: Path) -> None:
    (item,) = read(tmp_path, f"image,reference,score\na.png,{'x' * 5000},1\n").images
    assert (item.content, item.reference) == ("x" * 5000, None)


def test_a_missing_table_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        ScoresCsv(CsvParams()).read(tmp_path)
    assert str(caught.value) == (
        f"csv: {tmp_path} has no scores.csv, which this dataset needs. It is a table of your own: its first row names "
        "at least the columns image and score (see docs/datasets.md)"
    )


def test_the_range_runs_upwards() -> None:
    with pytest.raises(ValueError, match="range: must be the lowest and then the highest possible score"):
        CsvParams(range=(100.0, 0.0))


# properties

NAMES = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="\\/\ufeff"), min_size=1, max_size=12
).filter(lambda name: name.strip(".") == name)
TEXTS = st.one_of(st.just(""), NAMES)
SCORES = st.floats(0, 100)


@given(
    rows=st.lists(st.tuples(NAMES, TEXTS, TEXTS, SCORES), min_size=1, max_size=8, unique_by=lambda row: row[0]),
    delimiter=st.sampled_from(",;"),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    score_type=st.sampled_from(["mos", "dmos"]),
)
def test_what_a_program_writes_is_read_back(
    rows: list[tuple[str, str, str, float]], delimiter: str, end: str, mark: str, quoting: int, score_type: str
) -> None:
    buffer = io.StringIO()
    table = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    table.writerow(["image", "reference", "level", "score", "score_type"])
    table.writerows([*row, score_type] for row in rows)
    with tempfile.TemporaryDirectory() as root:
        ratings = read(Path(root), mark + buffer.getvalue())
    found = [(item.image, item.content or "", item.level or "", item.score) for item in ratings.images]
    assert found == [(image, name_key(scene), level, score) for image, scene, level, score in rows]
    assert ratings.score_type == score_type


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_one_line(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as root:
        try:
            read(Path(root), b"image,score\n" + content)
        except DatasetError as caught:
            message = str(caught)
        else:
            message = ""
    assert "\n" not in message


@given(st.sampled_from(sorted(DISTORTIONS)), st.booleans())
def test_canonical_names_and_their_meanings_are_known_in_any_case(name: str, upper: bool) -> None:
    for text in (name, DISTORTIONS[name]):
        assert canonical(text.upper() if upper else text.lower()) == name


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("gblur", "GB"),
        ("blur", "GB"),
        ("Gaussian_Blur", "GB"),
        ("AWGN", "WN"),
        ("white noise", "WN"),
        ("jpg", "JPEG"),
        ("jpeg2000", "JP2K"),
        ("JPEG 2000", "JP2K"),
        ("fastfading", "FF"),
        ("fnoise", "PN"),
        ("contrast", "CC"),
        ("rain", "rain"),
        ("", ""),
    ],
)
def test_aliases(alias: str, name: str) -> None:
    assert canonical(alias) == name


def test_a_reference_that_looks_like_a_file_and_is_none_is_told(tmp_path: Path) -> None:
    ratings = read(tmp_path, "image,score,reference,score_type\na.png,1,Habour.png,mos\nb.png,1,harbour,mos\n")
    assert [item.content for item in ratings.images] == ["habour.png", "harbour"]
    (remark,) = ratings.remarks
    assert remark == "1 references are no files of the folder and are taken for names, such as 'habour.png'."
