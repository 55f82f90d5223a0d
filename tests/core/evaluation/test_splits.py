"""Protocols: contents stay together, seeds repeat, leaks are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.contracts import RatedImage, Ratings
from veiqa_core.datasets.rated_set import RatedSet
from veiqa_core.errors import UsageError
from veiqa_core.evaluation.splits import Protocol, Split, by_content, by_label, made, prepared, refuse_shared

CONTENTS = [f"scene{index // 4}" for index in range(48)]


@pytest.mark.parametrize(
    "protocol", [Protocol("loco"), Protocol("kfold", folds=5, seed=2), Protocol("repeated", repeats=7, seed=2)]
)
def test_no_content_is_on_both_sides_and_nothing_is_lost(protocol: Protocol) -> None:
    splits = by_content(protocol, CONTENTS)
    for split in splits:
        assert sorted([*split.train, *split.test]) == list(range(48))
        assert not {CONTENTS[i] for i in split.train} & {CONTENTS[i] for i in split.test}
    assert len(splits) == {"loco": 12, "kfold": 5, "repeated": 7}[protocol.kind]
    if protocol.kind != "repeated":
        assert sorted(np.concatenate([split.test for split in splits])) == list(range(48))
    else:
        assert {len({CONTENTS[i] for i in split.test}) for split in splits} == {2}  # a fifth of 12


@given(st.lists(st.integers(0, 6), min_size=2, max_size=30), st.integers(0, 5))
def test_any_contents_are_kept_apart(contents: list[int], seed: int) -> None:
    if len(set(contents)) < 2:
        with pytest.raises(UsageError, match="needs at least 2 contents"):
            by_content(Protocol("loco"), contents)
        return
    for kind in ("loco", "repeated"):
        for split in by_content(Protocol(kind, seed=seed), contents):  # type: ignore[arg-type]
            assert len(split.train) > 0
            assert len(split.test) > 0
            assert not {contents[i] for i in split.train} & {contents[i] for i in split.test}


def test_lodo_leaves_a_type_and_contents_out_and_tests_every_image_once() -> None:
    types = [("GB", "WN", "JPEG", None)[index % 4] for index in range(48)]
    others = ["GB", "FOG", None]
    splits = made(
        Protocol("lodo", folds=4),
        labels=[None] * 48,
        types=[*types, *others],
        contents=[*CONTENTS, "x", "y", "z"],
        content_ids=[(content,) for content in (*CONTENTS, "x", "y", "z")],
        names=[str(index) for index in range(51)],
    )
    assert len(splits) == 3 * 4
    every = [*types, *others]
    for split in splits:
        (kind,) = {every[index] for index in split.test}
        held = {CONTENTS[index] for index in split.test}
        fitted = {index for index in range(48) if CONTENTS[index] not in held} | {48, 49, 50}
        assert set(split.train) == {index for index in fitted if every[index] != kind}
    tested = sorted(np.concatenate([split.test for split in splits]))
    assert tested == [index for index in range(48) if types[index] is not None]


def test_a_seed_repeats_and_another_differs() -> None:
    def tested(seed: int) -> list[list[int]]:
        return [split.test.tolist() for split in by_content(Protocol("kfold", seed=seed), CONTENTS)]

    assert tested(1) == tested(1)
    assert tested(1) != tested(2)


def test_the_order_of_the_images_does_not_change_the_folds() -> None:
    shuffled = np.random.default_rng(0).permutation(48)

    def folds(order: np.ndarray) -> list[set[str]]:
        contents = [CONTENTS[index] for index in order]
        return [{contents[i] for i in split.test} for split in by_content(Protocol("kfold"), contents)]

    assert folds(np.arange(48)) == folds(shuffled)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "locco"}, "unknown split 'locco'. Did you mean 'loco'"),
        ({"kind": "kfold", "folds": 1}, "--folds must be at least 2, not 1"),
        ({"repeats": 0}, "--repeats must be at least 1, not 0"),
        ({"seed": -1}, "--seed must be at least 0, not -1"),
    ],
)
def test_a_protocol_checks_itself(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Protocol(**given)  # type: ignore[arg-type]


def test_more_folds_than_contents_are_refused() -> None:
    with pytest.raises(UsageError, match="--split kfold needs at least 20 contents, and these images show 12"):
        by_content(Protocol("kfold", folds=20), CONTENTS)


def listed(tmp_path: Path, **labels: str | None) -> RatedSet:
    images = tuple(
        RatedImage(image=f"{name}.png", score=1.0, content=name, split=split) for name, split in labels.items()
    )
    return RatedSet("mine", "mine", tmp_path, Ratings(images=images, score_type="mos", range=(0, 100)))


def test_a_fixed_list_from_the_dataset_or_from_a_file(tmp_path: Path) -> None:
    rated = listed(tmp_path, a="training", b="validation", c="test")
    own = [item.split for item in prepared(Protocol("list"), rated).images]
    split = by_label(own)
    assert (own, split.train.tolist(), split.test.tolist()) == (["train", "validation", "test"], [0], [2])
    file = tmp_path / "split.csv"
    (tmp_path / "elsewhere.png").touch()  # an image of the folder that is not evaluated now
    file.write_text("Image, split \na.png,test\n./c.png, Train\nelsewhere.png,train\n")
    split = by_label([item.split for item in prepared(Protocol("list", file=file), rated).images])
    assert (split.train.tolist(), split.test.tolist()) == ([2], [0])


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_file_leaves_out_what_is_on_neither_side_as_a_dataset_does(tmp_path: Path, delimiter: str) -> None:
    rows = (("split", "image", "more"), ("train", "a.png", ""), ("Val", "b.png"), ("", "c.png"), ("test", "d.png", "x"))
    file = tmp_path / "split.csv"
    file.write_text("\n".join(delimiter.join(row) for row in rows))
    images = prepared(Protocol("list", file=file), listed(tmp_path, a=None, b=None, c=None, d=None, e=None)).images
    own = prepared(Protocol("list"), listed(tmp_path, a="train", b="Val", c="", d="test", e=None)).images
    assert [item.split for item in images] == [item.split for item in own] == ["train", "val", None, "test", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file"),
        ("name,split\na.png,test\n", "row 1: no column 'image'; it names 'name', 'split'"),
        ("\nname;sides\na.png;test\n", "row 2: no column 'image', 'split'; it names 'name;sides'"),
        ("", "row 1: no column 'image', 'split'; it names nothing"),
        ("image,split\n", "names no image; each row below the first is to hold one"),
        ("image,split\n\nz.png,test\n", "row 3: z.png is no image of"),
        ("image,split\n,test\n", "row 2: column 'image' is empty"),
        ("image,split\na.png,tset\n", "no image is labelled 'train'; the labels there are: 'tset'"),
        ("image,split\na.png,\n", "no image is labelled 'train'; the labels there are: none"),
        ("image;split\na.png;test\na.png;train\n", "row 3: a.png is labelled 'train', and 'test' further up"),
        ("image,split\na.png,test\n", "no image is labelled 'train'; the labels there are: 'test'"),
    ],
)
def test_a_wrong_list_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "split.csv"
    if text is not None:
        file.write_text(text)
    rated = listed(tmp_path, a=None)
    with pytest.raises(UsageError, match=message):
        prepared(Protocol("list", file=file), rated)
    with pytest.raises(UsageError, match="this dataset brings no list of its own"):
        prepared(Protocol("list"), rated)


def test_sides_that_share_anything_are_refused() -> None:
    split = Split(np.array([0, 1]), np.array([2, 3]))
    refuse_shared(split, [{"x"}, set(), set(), {"y"}], "abcd")
    with pytest.raises(UsageError, match="one scene or picture on both sides: b is fitted on and d is tested"):
        refuse_shared(split, [{"x"}, {"y", "u"}, {"z"}, {"v", "y"}], "abcd")
