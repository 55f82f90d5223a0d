"""Which images are fitted on and which are tested: the protocols of an evaluation.

Images of one content go together, always: a mapper that saw a scene at one level of distortion knows it at the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

import attrs
import numpy as np
from numpy.typing import NDArray

from ..datasets.rated_set import RatedSet
from ..errors import TableError, UsageError, brief, near_miss
from ..files.names import Spelling, name_key
from ..files.paths import is_file
from ..files.reading import text_of
from ..files.tables import read_table

Indices = NDArray[np.intp]
Kind = Literal["frozen", "loco", "lodo", "kfold", "repeated", "list", "train"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_TEST_SHARE = 0.2


@attrs.frozen(eq=False)
class Split:
    """Indices of the images that are fitted on, and of those that are tested."""

    train: Indices
    test: Indices


@attrs.frozen
class Protocol:
    """How an evaluation splits its images.

    Attributes:
        kind: ``frozen``: nothing is refitted. The others refit the mapper: ``loco`` leaves one content out in turn;
            ``lodo`` leaves out one distortion type, and ``folds`` parts of the contents in turn; ``kfold`` deals the
            contents into ``folds``; ``repeated`` draws a fifth of them for testing, ``repeats``
            times; ``list`` takes a fixed list, from ``file`` or the dataset's own; ``train`` fits on another dataset.
        seed: of the deals and draws.
        file: for ``list``: a CSV file with the columns ``image`` and ``split``: ``train`` or ``test``; others are
            left out.

    Raises:
        UsageError: a field does not hold what it should.
    """

    kind: Kind = "frozen"
    folds: int = 5
    repeats: int = 10
    seed: int = 0
    file: Path | None = None

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(near_miss("split", self.kind, KINDS))
        if self.folds < 2:
            raise UsageError(f"--folds must be at least 2, not {self.folds}")
        if self.repeats < 1:
            raise UsageError(f"--repeats must be at least 1, not {self.repeats}")
        if self.seed < 0:
            raise UsageError(f"--seed must be at least 0, not {self.seed}")

    @property
    def refits(self) -> bool:
        """Whether mappers are fitted anew."""
        return self.kind != "frozen"

    @property
    def pooled(self) -> bool:
        """Whether figures are taken once over all tested images; otherwise the median over the splits is reported."""
        return self.kind not in ("kfold", "repeated")

    @property
    def by_content(self) -> bool:
        """Whether the contents are dealt here, so that the dataset has to name them."""
        return self.kind in ("loco", "lodo", "kfold", "repeated")

    def describe(self) -> dict[str, Any]:
        """What decides the splits, as plain values."""
        given: dict[str, Any] = {"split": self.kind, "refits": self.refits}
        if self.kind in ("lodo", "kfold"):
            given |= {"folds": self.folds, "seed": self.seed}
        if self.kind == "repeated":
            given |= {"repeats": self.repeats, "test_share": _TEST_SHARE, "seed": self.seed}
        if self.file is not None:
            given |= {"file": str(self.file)}
        return given


def by_content(protocol: Protocol, contents: Sequence[Hashable]) -> list[Split]:
    """The splits of ``loco``, ``kfold`` and ``repeated``, and of ``lodo`` what they are before types are left out.

    Raises:
        UsageError: there are too few contents, or images without one.
    """
    if None in contents:
        raise UsageError(f"--split {protocol.kind} keeps contents apart, and some images name none")
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, content in enumerate(contents):
        groups[content].append(index)
    members = [np.array(groups[content], dtype=np.intp) for content in sorted(groups, key=str)]
    needed = protocol.folds if protocol.kind in ("lodo", "kfold") else 2
    if len(members) < needed:
        raise UsageError(
            f"--split {protocol.kind} needs at least {needed} contents, and these images show {len(members)}"
        )
    return [_leave_out(members, chosen) for chosen in _chosen(protocol, len(members))]


def _chosen(protocol: Protocol, count: int) -> list[Indices]:
    """For each split the contents that are tested."""
    if protocol.kind == "loco":
        return [np.array([index], dtype=np.intp) for index in range(count)]
    rng = np.random.default_rng(protocol.seed)
    if protocol.kind in ("lodo", "kfold"):
        return list(np.array_split(rng.permutation(count), protocol.folds))
    size = min(max(1, round(_TEST_SHARE * count)), count - 1)
    return [rng.permutation(count)[:size] for _ in range(protocol.repeats)]


def _leave_out(members: Sequence[Indices], tested: Indices) -> Split:
    left = set(tested.tolist())
    train = [group for index, group in enumerate(members) if index not in left]
    return Split(np.sort(np.concatenate(train)), np.sort(np.concatenate([members[index] for index in sorted(left)])))


def by_type(split: Split, types: Sequence[str | None]) -> list[Split]:
    """A split for each type that is tested: without that type among the images that are fitted on.

    Images of no type are fitted on, and never tested.
    """
    left, right = (np.array([types[index] for index in side], dtype=object) for side in (split.train, split.test))
    kinds = sorted({kind for kind in right if kind is not None})
    return [Split(split.train[left != kind], split.test[right == kind]) for kind in kinds]


def by_label(labels: Sequence[str | None]) -> Split:
    """The split of a fixed list: those labelled ``test`` against those labelled ``train``, others being left out.

    Raises:
        UsageError: either side is empty.
    """
    sides = {side: np.array([i for i, label in enumerate(labels) if label == side], dtype=np.intp) for side in SIDES}
    for side, indices in sides.items():
        if len(indices) == 0:
            seen = ", ".join(sorted({repr(label) for label in labels if label is not None})) or "none"
            raise UsageError(f"--split list: no image is labelled {side!r}; the labels there are: {seen}")
    return Split(sides["train"], sides["test"])


SIDES = ("train", "test")
_COLUMNS = ("image", "split")
_ALIASES = {"training": "train"}


def prepared(protocol: Protocol, rated: RatedSet) -> RatedSet:
    """A dataset ready for a protocol, before anything is measured: for ``list``, with each image's label.

    Raises:
        UsageError: contents are not named and would have to be kept apart, or the list cannot be used, and why.
    """
    if protocol.by_content:
        nameless = [item.image for item in rated.images if item.content is None]
        if nameless:
            raise UsageError(
                f"--split {protocol.kind} keeps contents apart, and {rated.name} names no reference for {nameless[0]}: "
                "use --split list with a fixed list, or --split frozen"
            )
        by_content(protocol, [rated.content_of(item) for item in rated.images])
    if protocol.kind == "lodo" and len({item.distortion for item in rated.images} - {None}) < 2:
        raise UsageError(f"--split lodo leaves one distortion type out, and {rated.name} names fewer than two")
    if protocol.kind != "list":
        return rated
    listed = {item.image: item.split for item in rated.images} if protocol.file is None else _read(protocol.file, rated)
    if protocol.file is None and not any(listed.values()):
        raise UsageError("--split list: this dataset brings no list of its own; name one with --split-file")
    labels = {name: _side(label) if label else None for name, label in listed.items()}
    by_label([labels.get(item.image) for item in rated.images])
    images = tuple(attrs.evolve(item, split=labels.get(item.image)) for item in rated.images)
    return attrs.evolve(rated, ratings=attrs.evolve(rated.ratings, images=images))


def _side(label: str) -> str:
    plain = label.strip().casefold()
    return _ALIASES.get(plain, plain)


def _read(file: Path, rated: RatedSet) -> Mapping[str, str]:
    """The labels of the images that a file lists; those of an empty one are on neither side."""
    try:
        rows = read_table(text_of(file), _COLUMNS)
    except TableError as error:
        raise UsageError(error.of(f"--split-file {file}")) from error
    except ValueError as error:
        raise UsageError(f"--split-file {file}: {error}") from error
    own = {item.image for item in rated.images}
    by_key = {name_key(name): name for name in sorted(own)}
    spelling = Spelling(rated.root)
    labels: dict[str, str] = {}
    for row in rows:
        where = f"--split-file {file}, row {row.number}"
        named, label = row.cells.get("image", ""), _side(row.cells.get("split", ""))
        if not named:
            raise UsageError(f"{where}: column 'image' is empty")
        name = str(PurePosixPath(named.replace("\\", "/")))
        if name not in own:
            spelled = spelling.of(name)
            name = spelled if spelled in own else by_key.get(name_key(name), spelled)
        shown = brief(name, 400, quoted=False)
        if labels.setdefault(name, label) != label:
            raise UsageError(f"{where}: {shown} is labelled {brief(label)}, and {brief(labels[name])} further up")
        if name not in own and not is_file(rated.root / name):
            raise UsageError(f"{where}: {shown} is no image of {rated.root}")
    return labels


def made(
    protocol: Protocol,
    *,
    labels: Sequence[str | None],
    types: Sequence[str | None],
    contents: Sequence[Hashable],
    content_ids: Sequence[Iterable[str]],
    names: Sequence[str],
) -> list[Split]:
    """The splits of images of which some are fitted on in any case: those beyond the labels.

    Args:
        labels: of the images that may be tested, for ``list``.
        types, contents, content_ids, names: of all images; the types are for :func:`by_type`, the contents for
            :func:`by_content`, the rest for :func:`refuse_shared`.

    Raises:
        UsageError: there are too few contents, or the sides of a split share something.
    """
    tested = len(labels)
    own, others = np.arange(tested, dtype=np.intp), np.arange(tested, len(names), dtype=np.intp)
    if protocol.kind == "frozen":
        return [Split(own, own)]
    if protocol.kind == "train":
        parts = [Split(own[:0], own)]
    elif protocol.kind == "list":
        parts = [by_label(labels)]
    else:
        parts = by_content(protocol, contents[:tested])
    parts = [Split(np.concatenate([part.train, others]), part.test) for part in parts]
    if protocol.kind == "lodo":
        parts = [one for part in parts for one in by_type(part, types)]
    for split in parts:
        refuse_shared(split, content_ids, names)
    return parts


def check_splits(
    protocol: Protocol, rated: RatedSet, others: Iterable[RatedSet], covers: Callable[[str | None], bool]
) -> None:
    """Find what is wrong with the splits as far as the contents' names show, before any image is measured.

    Args:
        others: sets that are fitted on in any case.
        covers: whether images of a type are measured.

    Raises:
        UsageError: as for :func:`made`.
    """
    if not protocol.refits:
        return
    items = [[(one, item) for item in one.images if covers(item.distortion)] for one in (rated, *others)]
    contents = [one.content_of(item) for part in items for one, item in part]
    made(
        protocol,
        labels=[item.split for _, item in items[0]],
        types=[item.distortion for part in items for _, item in part],
        contents=contents,
        content_ids=[() if content is None else (content,) for content in contents],
        names=[item.image for part in items for _, item in part],
    )


def refuse_shared(split: Split, content_ids: Sequence[Iterable[str]], names: Sequence[str]) -> None:
    """Both sides of a split must share nothing.

    Args:
        content_ids: by what each image is known again: its content, and the digest of its pixels.
        names: the images' names, for the message.

    Raises:
        UsageError: they do, with two images that show it.
    """
    seen: dict[str, str] = {}
    for index in split.train:
        for content_id in content_ids[index]:
            seen.setdefault(content_id, names[index])
    for index in split.test:
        shared = [seen[content_id] for content_id in content_ids[index] if content_id in seen]
        if shared:
            raise UsageError(
                f"the split has one scene or picture on both sides: {shared[0]} is fitted on and {names[index]} is "
                "tested; put both on one side"
            )
