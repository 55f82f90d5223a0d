"""Readers of public datasets, on small trees in the official form."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook
from scipy.io import savemat

from veiqa_core.api import DISTORTIONS, DatasetError
from veiqa_core.api import parameters as core_params
from veiqa_core.contracts import Dataset, RatedImage, Ratings
from veiqa_core.extension.kinds import KINDS
from veiqa_datasets.plugin import veiqa_datasets

COMPONENTS = {component.name: component for component in veiqa_datasets()}
PUBLIC = sorted(set(COMPONENTS) - {"csv"})
PARTS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}


def make(name: str, **given: Any) -> Dataset:
    component = COMPONENTS[name]
    module, factory = component.factory.split(":")
    made: Dataset = getattr(importlib.import_module(module), factory)(core_params.build(component.params, given, name))
    return made


def read(name: str, root: Path, **given: Any) -> Ratings:
    return make(name, **given).read(root)


def error(name: str, root: Path, **given: Any) -> str:
    with pytest.raises(DatasetError) as caught:
        read(name, root, **given)
    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text
    return text


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def cells(texts: list[str]) -> np.ndarray:
    """A MATLAB cell array of one row."""
    made = np.empty((1, len(texts)), dtype=object)
    made[0, :] = texts
    return made


# all


def test_the_records_hold_what_their_kind_asks_for() -> None:
    assert set(COMPONENTS) == {"live", "csiq", "siqad", "tid2013", "kadid10k", "koniq10k", "csv"}
    for name, component in COMPONENTS.items():
        assert KINDS["dataset"].traits_problem(component.traits) is None
        assert set(component.traits.get("distortions", ())) <= set(DISTORTIONS)
        assert isinstance(make(name), Dataset)


@pytest.mark.parametrize(
    ("name", "types", "each"),
    [("siqad", 7, 7), ("tid2013", 24, 5), ("kadid10k", 25, 5)],
)
def test_images_are_references_times_types_times_levels(name: str, types: int, each: int) -> None:
    traits = COMPONENTS[name].traits
    assert len(traits["distortions"]) == len(set(traits["distortions"])) == types
    assert traits["images"] == traits["references"] * types * each


@pytest.mark.parametrize("name", PUBLIC)
def test_another_folder_is_told_what_is_missing_and_where_it_can_be_had(name: str, tmp_path: Path) -> None:
    first = {
        "live": "refnames_all.mat",
        "csiq": "csiq.DMOS.xlsx",
        "siqad": "DMOS_SIQAD.mat",
        "tid2013": "mos_with_names.txt",
        "kadid10k": "dmos.csv",
        "koniq10k": "koniq10k_scores_and_distributions.csv",
    }[name]
    text = error(name, tmp_path)
    assert f"{tmp_path} has no {first}, which this dataset needs." in text
    assert text.endswith(f"can be had at {COMPONENTS[name].traits['home']}")


# LIVE


def live(root: Path, **changes: Any) -> None:
    """The .mat files: in each part the last images are copies of references, 203 in all."""
    count = sum(PARTS.values())
    copies = np.concatenate(
        [[0] * (size - some) + [1] * some for size, some in zip(PARTS.values(), (58, 58, 29, 29, 29), strict=True)]
    )
    realigned = {"dmos_new": np.linspace(-2.64, 111.77, count) * (1 - copies), "dmos_std": np.ones((1, count))}
    given = {
        "dmos_realigned.mat": {**realigned, "orgs": copies.astype(np.uint8)},
        "dmos.mat": {"dmos": np.linspace(1, 90, count) * (1 - copies), "orgs": copies.astype(float)},
        "refnames_all.mat": {"refnames_all": cells([f"scene{index % 29}.bmp" for index in range(count)])},
        **changes,
    }
    root.mkdir(exist_ok=True)
    for name, variables in given.items():
        if variables is not None:
            savemat(root / name, variables)


def test_live_reads_the_parts_in_the_order_of_its_arrays(tmp_path: Path) -> None:
    live(tmp_path)
    (tmp_path / "jp2k").mkdir()
    (tmp_path / "jp2k" / "info.txt").write_text("scene0.bmp img1.bmp 0.15 \nscene1.bmp img2.bmp 3.1\n\n")
    ratings = read("live", tmp_path)
    expected = {"JP2K": 169, "JPEG": 175, "WN": 145, "GB": 145, "FF": 145}
    assert Counter(item.distortion for item in ratings.images) == expected
    assert (ratings.score_type, ratings.range, len(ratings.images)) == ("dmos", (0, 100), 779)
    assert ratings.images[0] == RatedImage(
        image="jp2k/img1.bmp",
        score=-2.64,
        content="scene0",
        reference="refimgs/scene0.bmp",
        distortion="JP2K",
        level="0.15",
    )
    jpeg = next(item for item in ratings.images if item.image == "jpeg/img1.bmp")
    assert (jpeg.content, jpeg.level) == (f"scene{227 % 29}", None)
    assert ratings.images[-1].image == "fastfading/img145.bmp"


def test_live_takes_the_realigned_scores_as_they_are_or_the_older_ones(tmp_path: Path) -> None:
    live(tmp_path)
    realigned = read("live", tmp_path)
    assert min(item.score for item in realigned.images) < 0  # some leave the nominal scale
    assert realigned.range == (0, 100)
    assert read("live", tmp_path, scores="dmos").images[0].score == 1


def test_live_is_found_in_the_folder_above(tmp_path: Path) -> None:
    live(tmp_path / "databaserelease2")
    touch(tmp_path / "databaserelease2", "JP2K/IMG1.BMP", "refimgs/Scene0.bmp")
    first = read("live", tmp_path).images[0]
    assert (first.image, first.reference) == ("databaserelease2/JP2K/IMG1.BMP", "databaserelease2/refimgs/Scene0.bmp")
    assert first.content == "scene0"


def test_live_names_the_other_download_and_the_other_scores(tmp_path: Path) -> None:
    live(tmp_path, **{"dmos_realigned.mat": None})
    text = error("live", tmp_path)
    assert "has no dmos_realigned.mat" in text
    assert text.endswith("is a download of its own there, and -p dataset.scores=dmos does without it")
    assert len(read("live", tmp_path, scores="dmos").images) == 779


def test_live_refuses_files_that_are_not_the_release(tmp_path: Path) -> None:
    names = [f"scene{index}.bmp" for index in range(982)]
    orgs = np.zeros((1, 982))
    live(tmp_path, **{"dmos_realigned.mat": {"dmos_new": np.ones((1, 982)), "orgs": np.zeros((1, 779))}})
    assert "dmos_realigned.mat: orgs has 779 entries, the release 982" in error("live", tmp_path)
    live(tmp_path, **{"dmos_realigned.mat": {"dmos": np.ones((1, 982)), "orgs": orgs}})
    assert "dmos_realigned.mat holds no variable dmos_new" in error("live", tmp_path)
    live(tmp_path, **{"dmos_realigned.mat": {"dmos_new": np.full((1, 982), np.nan), "orgs": orgs}})
    assert "entry 1 of dmos_new is not a finite number" in error("live", tmp_path)
    live(tmp_path, **{"dmos_realigned.mat": {"dmos_new": cells(names), "orgs": orgs}})
    assert "dmos_new does not hold numbers" in error("live", tmp_path)
    live(tmp_path, **{"refnames_all.mat": {"refnames_all": cells([*names[:16], "", *names[17:]])}})
    assert "refnames_all.mat: entry 17 of refnames_all is not a text" in error("live", tmp_path)
    (tmp_path / "refnames_all.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    assert "refnames_all.mat is not a readable MATLAB file; fetch it again" in error("live", tmp_path)


# SIQAD


def test_siqad_reads_a_column_for_each_reference(tmp_path: Path) -> None:
    scores = np.add.outer(np.arange(49) / 100, np.arange(20))
    savemat(tmp_path / "DMOS_SIQAD.mat", {"DMOS": scores})
    touch(tmp_path, "references/cim2.BMP")
    ratings = read("siqad", tmp_path)
    assert (ratings.score_type, ratings.range, len(ratings.images)) == ("dmos", (0, 100), 980)
    assert ratings.images[49 + 7 * 2 + 3] == RatedImage(
        image="DistortedImages/cim2_3_4.bmp",
        score=1.17,
        content="cim2",
        reference="references/cim2.BMP",
        distortion="MB",
        level="4",
    )
    assert list(Counter(item.distortion for item in ratings.images).values()) == [140] * 7
    savemat(tmp_path / "DMOS_SIQAD.mat", {"DMOS": scores.ravel(order="F")})
    assert read("siqad", tmp_path) == ratings


def test_siqad_refuses_another_size(tmp_path: Path) -> None:
    savemat(tmp_path / "DMOS_SIQAD.mat", {"DMOS": np.ones((49, 19))})
    assert "DMOS_SIQAD.mat: DMOS has 931 entries, the release 980" in error("siqad", tmp_path)


# CSIQ


def csiq(root: Path, rows: list[list[Any]], sheet: str = "all_by_image", above: int = 3) -> None:
    """The workbook: blank rows and columns, the header, the rows."""
    book = Workbook()
    made = book.active
    assert made is not None
    made.title = sheet
    made["A1"] = "Image quality ratings by image"
    for number, row in enumerate([["image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"], *rows], above + 1):
        for column, value in enumerate(row, start=4):
            made.cell(number, column, value)
    book.save(root / "csiq.DMOS.xlsx")


@pytest.mark.parametrize("above", [1, 3])
def test_csiq_reads_the_sheet_wherever_its_header_stands(above: int, tmp_path: Path) -> None:
    rows = [
        [1600, 1, "noise", 1, 0.06, 0.062],
        [1600, 3, "jpeg 2000", 2.0, 0.06, 0.5],
        [],
        ["swarm", 5, "blur", 3, 0.1, 1],
        ["swarm", 2, "jpeg", 4, 0.1, 0.25],
        ["swarm", 4, "fnoise", 5, 0.1, 0],
        ["swarm", 6, "contrast", 1, 0.1, 0.1],
    ]
    csiq(tmp_path, rows, above=above)
    touch(tmp_path, "dst_imgs/BLUR/SWARM.BLUR.3.png")
    ratings = read("csiq", tmp_path)
    assert (ratings.score_type, ratings.range) == ("dmos", (0, 1))
    assert ratings.images[0] == RatedImage(
        image="dst_imgs/awgn/1600.AWGN.1.png",
        score=0.062,
        content="1600",
        reference="src_imgs/1600.png",
        distortion="WN",
        level="1",
    )
    assert [(item.image, item.distortion) for item in ratings.images[1:]] == [
        ("dst_imgs/jpeg2000/1600.jpeg2000.2.png", "JP2K"),
        ("dst_imgs/BLUR/SWARM.BLUR.3.png", "GB"),
        ("dst_imgs/jpeg/swarm.JPEG.4.png", "JPEG"),
        ("dst_imgs/fnoise/swarm.fnoise.5.png", "PN"),
        ("dst_imgs/contrast/swarm.contrast.1.png", "CC"),
    ]
    assert ratings.quality(ratings.images[0]) == pytest.approx(0.938)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (["a", 1, "noise", 1, 0, None], "row 5: column 'dmos' is empty"),
        (["a", 1, "noise", None, 0, 0.5], "row 5: column 'dst_lev' is empty"),
        (["a", 1, "noise", 1, 0, "#REF!"], "row 5: column 'dmos' holds '#REF!', which is not a number"),
        (["a", 1, "noise", 1, 0, 1.5], "row 5: column 'dmos' holds 1.5, outside 0 to 1; fetch the release's own file"),
        (["a", 1, "nois", 1, 0, 0.5], "row 5: unknown dst_type 'nois'. Did you mean 'noise'?"),
        (["../a", 1, "noise", 1, 0, 0.5], "row 5: image 'dst_imgs/awgn/../a.AWGN.1.png' is not a path within"),
    ],
)
def test_csiq_names_the_row_at_fault(row: list[Any], text: str, tmp_path: Path) -> None:
    csiq(tmp_path, [row])
    assert f"csiq.DMOS.xlsx, {text}" in error("csiq", tmp_path)


def test_csiq_refuses_workbooks_that_are_not_the_release(tmp_path: Path) -> None:
    csiq(tmp_path, [])
    assert "sheet 'all_by_image' names no image" in error("csiq", tmp_path)
    csiq(tmp_path, [["a", 1, "noise", 1, 0, 0.5]], sheet="Sheet1")
    assert "no row of sheet 'all_by_image' names the columns image, dst_type" in error("csiq", tmp_path)
    (tmp_path / "csiq.DMOS.xlsx").write_text("not a workbook")
    assert "csiq.DMOS.xlsx is not a readable workbook; fetch it again" in error("csiq", tmp_path)


# TID2013


def test_tid2013_finds_files_whatever_their_case(tmp_path: Path) -> None:
    listed = "5.51429 I01_01_1.bmp\r\n5.56757 i01_01_2.bmp\r\n3.5 I25_24_5.BMP\r\n\r\n"
    (tmp_path / "mos_with_names.txt").write_text(listed)
    touch(tmp_path, "distorted_images/i01_01_1.BMP", "reference_images/I01.BMP", "reference_images/i25.bmp")
    ratings = read("tid2013", tmp_path)
    assert (ratings.score_type, ratings.range) == ("mos", (0, 9))
    assert ratings.images[0] == RatedImage(
        image="distorted_images/i01_01_1.BMP",
        score=5.51429,
        content="I01",
        reference="reference_images/I01.BMP",
        distortion="WN",
        level="1",
    )
    assert ratings.images[1].content == "I01"
    assert ratings.images[2] == RatedImage(
        image="distorted_images/I25_24_5.BMP",
        score=3.5,
        content="I25",
        reference="reference_images/i25.bmp",
        distortion="SSR",
        level="5",
    )


def test_tid2013_maps_its_24_types(tmp_path: Path) -> None:
    (tmp_path / "mos_with_names.txt").write_text("".join(f"5 i01_{kind:02}_1.bmp\n" for kind in range(1, 25)))
    meanings = [DISTORTIONS[item.distortion or ""] for item in read("tid2013", tmp_path).images]
    assert meanings[6:9] == ["quantisation noise", "Gaussian blur", "denoised"]
    assert meanings[16:18] == ["contrast change", "change of colour saturation"]
    assert meanings[20:23] == [
        "lossy compression of a noisy image",
        "colour quantisation with dither",
        "chromatic aberration",
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("5.5", "row 2: '5.5' is not a score and a name such as i01_24_5.bmp"),
        ("5.5 i01_25_1.bmp", "row 2: '5.5 i01_25_1.bmp' is not a score and a name"),
        ("5.5 i01_01_1.bmp 3", "row 2: '5.5 i01_01_1.bmp 3' is not a score and a name"),
        ("x i01_01_1.bmp", "row 2: column 'mos' holds 'x', which is not a number"),
        ("9.5 i01_01_1.bmp", "row 2: column 'mos' holds 9.5, outside 0 to 9"),
    ],
)
def test_tid2013_names_the_row_at_fault(line: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "mos_with_names.txt").write_text(f"5 i01_01_1.bmp\n{line}\n")
    assert f"mos_with_names.txt, {text}" in error("tid2013", tmp_path)


def test_tid2013_refuses_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "mos_with_names.txt").write_text("\n")
    assert "mos_with_names.txt names no image" in error("tid2013", tmp_path)


# KADID-10k


def test_kadid10k_is_mos_though_its_column_says_dmos(tmp_path: Path) -> None:
    rows = "".join(f"I81_{kind:02}_05.png,I81.png,{1 + kind / 10},0.5\r\n" for kind in range(1, 26))
    (tmp_path / "dmos.csv").write_text(f"dist_img,ref_img,dmos,var\r\nI01_01_01.png,I01.png,4.57,0.496\r\n{rows}")
    ratings = read("kadid10k", tmp_path)
    assert (ratings.score_type, ratings.range) == ("mos", (1, 5))
    assert ratings.quality(ratings.images[0]) == 4.57
    assert ratings.images[0] == RatedImage(
        image="images/I01_01_01.png",
        score=4.57,
        content="I01",
        reference="images/I01.png",
        distortion="GB",
        level="1",
    )
    meanings = [DISTORTIONS[item.distortion or ""] for item in ratings.images[1:]]
    assert meanings[5] == "colour quantisation with dither"
    assert meanings[8:10] == ["JPEG2000 compression", "JPEG compression"]
    assert meanings[21:] == ["quantisation noise", "colour blocks", "over-sharpened", "contrast change"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("I01_26_01.png,I01.png,4,1", "row 2: column 'dist_img' holds 'I01_26_01.png', not a name such as"),
        ("I01_01_01.png,,4,1", "row 2: column 'ref_img' is empty"),
        ("I01_01_01.png,I01.png,,1", "row 2: column 'dmos' is empty"),
        ("I01_01_01.png,I01.png,57,1", "row 2: column 'dmos' holds 57, outside 1 to 5"),
        ("I01_01_01.png,../I01.png,4,1", "row 2: reference 'images/../I01.png' is not a path within"),
    ],
)
def test_kadid10k_names_the_row_at_fault(line: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "dmos.csv").write_text(f"dist_img,ref_img,dmos,var\n{line}\n")
    assert f"dmos.csv, {text}" in error("kadid10k", tmp_path)


# KonIQ-10k

KONIQ_SCORES = (
    '"image_name","c1","c2","c3","c4","c5","c_total","MOS","SD","MOS_zscore"\n'
    '"10004473376.jpg",0,0,25,73,7,105,3.82857142857143,0.527278,77.3836206896552\n'
    '"10007357496.jpg",0,3,45,47,1,96,3.47916666666667,0.580004,68.7285714285714\n'
)
KONIQ_SETS = (
    "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set\n"
    "10007357496.jpg,0.0,0.03125,0.46875,0.489583333333,0.0104166666667,96,68.7285714286,0.580003024795,test\n"
    "10004473376.jpg,0.0,0.0,0.238095238095,0.695238095238,0.0666666666667,105,77.3836206897,0.52727,training\n"
)


def koniq(root: Path, scores: str | None, sets: str | None) -> None:
    for name, text in {"scores_and_distributions": scores, "distributions_sets": sets}.items():
        if text is not None:
            (root / f"koniq10k_{name}.csv").write_text(text)


def test_koniq10k_takes_scores_from_one_table_and_the_split_from_the_other(tmp_path: Path) -> None:
    koniq(tmp_path, KONIQ_SCORES, KONIQ_SETS)
    ratings = read("koniq10k", tmp_path)
    assert (ratings.score_type, ratings.range) == ("mos", (0, 100))
    assert ratings.images == (
        RatedImage(image="1024x768/10004473376.jpg", score=77.3836206896552, split="training"),
        RatedImage(image="1024x768/10007357496.jpg", score=68.7285714285714, split="test"),
    )
    plain = read("koniq10k", tmp_path, scores="mos", folder="512x384")
    assert plain.range == (1, 5)
    assert plain.images[0] == RatedImage(image="512x384/10004473376.jpg", score=3.82857142857143, split="training")


def test_koniq10k_does_with_one_table(tmp_path: Path) -> None:
    koniq(tmp_path, None, KONIQ_SETS)
    assert [item.score for item in read("koniq10k", tmp_path).images] == [68.7285714286, 77.3836206897]
    assert "has no koniq10k_scores_and_distributions.csv" in error("koniq10k", tmp_path, scores="mos")
    (tmp_path / "koniq10k_distributions_sets.csv").unlink()
    koniq(tmp_path, KONIQ_SCORES, None)
    assert [item.split for item in read("koniq10k", tmp_path).images] == [None, None]


def test_koniq10k_refuses_the_other_scale(tmp_path: Path) -> None:
    koniq(tmp_path, KONIQ_SCORES.replace("3.47916666666667", "68.7"), None)
    assert "row 3: column 'mos' holds 68.7, outside 1 to 5" in error("koniq10k", tmp_path, scores="mos")
    koniq(tmp_path, KONIQ_SCORES.replace("MOS_zscore", "zscore"), None)
    assert "row 1: no column 'mos_zscore'; it names 'image_name', 'c1'" in error("koniq10k", tmp_path)


# the page on datasets

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PUBLIC)
def test_the_page_shows_each_dataset_as_its_record_does(name: str) -> None:
    traits = COMPONENTS[name].traits
    assert f"]({traits['home']})" in PAGE
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| [`{name}`](#{name}) |"))
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    counts = [str(traits["images"]), str(traits.get("references", "none")), str(len(traits["distortions"]) or "none")]
    assert cells[1:4] == counts
    low, high = traits["range"]
    assert cells[4].startswith(f"{traits['score_type'].upper()}, {low:g} to {high:g}")
    assert cells[5] == {"mos": "higher", "dmos": "lower"}[traits["score_type"]]


def test_the_page_lists_the_canonical_names_and_where_they_occur() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.partition("| name | meaning | in |")[2].splitlines()[2:]]
    assert {row[0].strip("`"): row[1].strip("| ") for row in rows} == dict(DISTORTIONS)
    for row in rows:
        name, places = row[0].strip("`"), row[2] if len(row) > 2 else ""
        named = {place.split()[0] for place in places.split(", ") if place}
        assert named == {other for other in PUBLIC if name in COMPONENTS[other].traits["distortions"]}


def test_the_table_on_the_page_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "originals").mkdir()
    (tmp_path / "originals" / "harbour.png").touch()
    (tmp_path / "scores.csv").write_text(PAGE.partition("```csv\n")[2].partition("```")[0], encoding="utf-8")
    ratings = read("csv", tmp_path)
    assert [item.distortion for item in ratings.images] == ["GB", "GB", "WN"]
    assert ratings.images[2].image == "noise/street, night.png"
    assert ratings.remarks == ()
