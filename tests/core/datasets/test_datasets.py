"""A third-party dataset: registered like the others, checked by the core, its contents known by their pixels."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from veiqa_core.contracts import RatedImage, Ratings
from veiqa_core.datasets.rated_set import load
from veiqa_core.errors import DatasetError, UsageError
from veiqa_core.extension.discovery import Found, find
from veiqa_core.extension.registry import Registry, installed

PLUGIN = """
from veiqa_core.api import Component, Resource, hookimpl
from veiqa_core.contracts import RatedImage, Ratings

VEIQA_API = (2, 0)
TRAITS = {"home": "https://example.org/ours", "score_type": "mos", "range": (1, 5), "images": 3, "references": 2}

@hookimpl
def veiqa_datasets():
    yield Component(name="ours", summary="S.", factory="ours:Ours", traits=TRAITS)
    yield Component(name="raises", summary="S.", factory="ours:Raises", traits=TRAITS)
    yield Component(name="nothing", summary="S.", factory="ours:Nothing", traits=TRAITS)

@hookimpl
def veiqa_recipes():
    yield Resource(name="theirs", summary="S.", package="ours_data", file="theirs.toml")
    yield Resource(name="lost", summary="S.", package="ours_data", file="lost.toml")

class Ours:
    def __init__(self, params): pass
    def read(self, root):
        images = tuple(
            RatedImage(image=f"{n}.png", score=n, content=f"scene{n}", reference=f"ref{n}.png", distortion="GB")
            for n in (1, 2)
        )
        return Ratings(images=images, score_type="mos", range=(1, 5))

class Raises:
    def __init__(self, params): pass
    def read(self, root): raise RuntimeError("out of luck")

class Nothing:
    def __init__(self, params): pass
    def read(self, root): return []
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    site = tmp_path / "site"
    (site / "ours_data").mkdir(parents=True)
    (site / "ours.py").write_text(PLUGIN)
    (site / "ours_data" / "__init__.py").touch()
    (site / "ours_data" / "theirs.toml").write_text('[[branch]]\npri = "mean-blur"\n')
    monkeypatch.syspath_prepend(site)
    for name in ("ours", "ours_data"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Registry([*find(), Found("ours", "main", "1.0", "ours")])


def write(folder: Path, name: str, level: int) -> None:
    folder.mkdir(exist_ok=True)
    PIL.Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(folder / name)


def test_an_incomplete_folder_says_what_is_missing_and_where_it_can_be_had(registry: Registry, tmp_path: Path) -> None:
    part = registry.part("dataset", "ours")
    write(tmp_path / "data", "1.png", 1)
    with pytest.raises(DatasetError) as reported:
        load(part, tmp_path / "data")
    home = "ours:ours: https://example.org/ours"
    assert str(reported.value) == f"{tmp_path / 'data'}: 1 of 2 rated images are missing: 2.png; {home}"
    write(tmp_path / "data", "2.png", 2)
    assert load(part, tmp_path / "data").remarks == (
        "2 images; the release has 3",
        "2 references are missing: ref1.png, ref2.png",
    )


def test_contents_are_known_by_the_pixels_of_their_reference(registry: Registry, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name, level in (("1.png", 1), ("2.png", 2), ("ref1.png", 9), ("ref2.png", 9)):
        write(data, name, level)
    rated = load(registry.part("dataset", "ours"), data)
    assert rated.content_of(rated.images[0]) == rated.content_of(rated.images[1])  # two names, one picture
    assert str(rated.content_of(rated.images[0])).startswith("sha256:")
    (data / "ref2.png").write_bytes(b"broken")
    again = load(registry.part("dataset", "ours"), data)
    assert again.content_of(again.images[1]) == "ours:ours:scene2"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", "dataset 'raises' (ours 1.0) failed: RuntimeError: out of luck"),
        ("nothing", "dataset 'nothing' (ours 1.0) gives list where Ratings are due"),
    ],
)
def test_a_reader_that_fails_is_named(name: str, message: str, registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as reported:
        load(registry.part("dataset", name), tmp_path)
    assert str(reported.value) == message


def test_third_parties_ship_recipes_too(registry: Registry) -> None:
    from veiqa_core.recipes.files import find as find_recipe

    assert find_recipe("ours:theirs", registry) == find_recipe("theirs", registry)
    with pytest.raises(UsageError, match="recipe 'lost' .ours 1.0.: ours_data/lost.toml cannot be read"):
        find_recipe("lost", registry)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.png", "a/../../x.png", "", "a\0b"])
def test_no_file_leaves_the_folder(name: str) -> None:
    with pytest.raises(ValueError, match="not a path within the dataset's folder"):
        RatedImage(image=name, score=1.0)
    with pytest.raises(ValueError, match="not a path within the dataset's folder"):
        RatedImage(image="a.png", reference=name, score=1.0)


def test_dmos_is_flipped_about_the_declared_maximum() -> None:
    image = RatedImage(image="a.png", score=0.25)
    assert Ratings(images=(image,), score_type="dmos", range=(0, 1)).quality(image) == 0.75
    assert Ratings(images=(image,), score_type="mos", range=(0, 1)).quality(image) == 0.25
    with pytest.raises(ValueError, match="not a finite number"):
        RatedImage(image="a.png", score=float("nan"))


def test_scores_on_a_small_part_of_the_range_are_remarked_on(tmp_path: Path) -> None:
    def remarks(scores: list[float], **given: object) -> tuple[str, ...]:
        rows = [f"{i}.png,{score}" for i, score in enumerate(scores)]
        for i in range(len(scores)):
            write(tmp_path, f"{i}.png", i)
        (tmp_path / "scores.csv").write_text("\n".join(["image,score", *rows]))
        found = load(installed().part("dataset", "csv", given), tmp_path).remarks
        return tuple(remark for remark in found if "span" in remark)

    assert remarks([0.1, 0.6, 1.0]) == ("scores span 0.9 % of the declared range 0 to 100: --range?",)
    assert remarks([1, 3.5, 5]) == ("scores span 4 % of the declared range 0 to 100: --range?",)
    assert remarks([1, 3.5, 5], range=[1, 5]) == ()
    assert remarks([20, 90]) == remarks([7, 7]) == remarks([7]) == ()


def test_an_image_is_rated_once() -> None:
    images = tuple(RatedImage(image=name, score=1.0) for name in ("a.png", "b.png", "a.png"))
    with pytest.raises(ValueError, match=r"image 'a.png' is rated twice"):
        Ratings(images=images, score_type="mos", range=(0, 1))
