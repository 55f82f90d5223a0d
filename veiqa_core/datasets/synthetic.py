"""A synthetic rated set: photos made worse to known degrees, scored by a full-reference metric in people's place.

The folder that is made holds ``scores.csv``, ``details.csv`` (how each image was made and its PSNR), the photos as
``refimgs/NAME.png`` and what became of them as ``TYPE/NAME-LEVEL.png``. Components are found through the registry: PRI
generators with the trait ``strength`` distort, a metric with the trait ``image`` scores. The same photos and options
give the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs
import PIL.Image
from PIL.PngImagePlugin import PngInfo

from .. import images
from ..api.distortions import PRISTINE
from ..errors import ComponentError, ImageError, UsageError
from ..extension.registry import Registry, installed
from ..files.marks import head, png_texts
from ..files.writing import check_folder, write_text, write_whole
from ..full_reference import image_metric
from ..images import Image
from ..isolation.attempts import attempt, or_usage_error
from .distort import DEFAULT_LEVELS, Distorted, Distortion, Drawn, Level, degrade, eight_bit, find, pixel_levels, psnr
from .photos import find_photos
from .pseudo_ratings import Metric, PseudoRating

DEFAULT_DISTORTIONS = ("GB", "WN", "JPEG", "JP2K")
DEFAULT_METRIC = "vsi"
COLUMNS = ("image", "reference", "distortion", "level", "score", "score_type", "score_source")

_DETAIL_COLUMNS = ("image", "made_by", "psnr")
_SCORES, _DETAILS, _REFERENCES = "scores.csv", "details.csv", "refimgs"
_IDENTITY, _MADE_BY = "Identity", "Made by"  # texts in a PNG, so that a run that goes on knows what it finds


@attrs.frozen(kw_only=True)
class Row:
    """One image of the set: its files relative to the folder, its score, and the rest as for :class:`Distorted`."""

    image: str
    reference: str
    distortion: str
    level: Level
    score: float
    made_by: str
    psnr: float


@attrs.frozen
class Skipped:
    """Images that cannot be made: why, and how many."""

    reason: str
    count: int


class SyntheticSet:
    """A set to be made of the photos in a folder and the folders in it, hidden ones left out.

    Args:
        photos: the folder.
        out: where to; empty or absent, unless ``resume``.
        distortions: as :func:`find` takes them.
        levels: the degrees of each distortion, or how they are drawn for each photo.
        pristine: whether the photos are part of the set, their type being :data:`PRISTINE`.
        pseudo_rating: what computes the scores, or what makes that once all else was checked; default: the metric VSI.
        seed: for other random numbers on the same photos.
        resume: go on in a folder that an interrupted run with the same options left, and keep the images in it.
        registry: the components to use; default: everything installed.

    Attributes:
        pseudo_rating: what computes the scores.
        total: how many images are to be made.
        notes: what else a reader should know of the photos.

    Raises:
        UsageError: there are no photos, a name is unknown, a component cannot be loaded, two distortions or two levels
            would share files, or ``out`` will not do.
    """

    def __init__(
        self,
        photos: Path,
        out: Path,
        *,
        distortions: Iterable[str] = DEFAULT_DISTORTIONS,
        levels: Sequence[Level] | Drawn = DEFAULT_LEVELS,
        pristine: bool = False,
        pseudo_rating: PseudoRating | Callable[[], PseudoRating] | None = None,
        seed: int = 0,
        resume: bool = False,
        registry: Registry | None = None,
    ) -> None:
        registry = registry or installed()
        self._distortions = _checked([find(name, registry) for name in distortions])
        if not isinstance(levels, Drawn) and len({level.label for level in levels}) < len(levels):
            raise UsageError("two levels have the same label")
        self._levels, self._seed, self._out, self._pristine = levels, seed, out, pristine
        self.notes: list[str] = []
        self._photos = find_photos(photos, self.notes.append)
        self._of_photo = len(self._distortions) * len(levels) + pristine
        self.total = len(self._photos) * self._of_photo
        _check_out(out, photos, resume)
        made = pseudo_rating() if callable(pseudo_rating) else pseudo_rating
        self.pseudo_rating = made or Metric(image_metric(registry, DEFAULT_METRIC))

    def make(self) -> Iterator[Row | Skipped]:
        """Make the images one by one, and at the end the tables.

        Raises:
            ImageError: no image could be made.
            UsageError: a file cannot be written, or is there and not what this run would make.
        """
        rows = []
        for name, path in self._photos.items():
            for result in self._make_all(name, path):
                if isinstance(result, Row):
                    rows.append(result)
                yield result
        if not rows:
            raise ImageError(f"{self._out}: no image could be made")
        scored = (self.pseudo_rating.score_type, self.pseudo_rating.source)
        details = [(row.image, row.made_by, f"{row.psnr:.4f}") for row in rows]
        scores = [
            (row.image, row.reference, row.distortion, row.level.label, f"{row.score:.8g}", *scored) for row in rows
        ]
        _write_table(self._out / _DETAILS, [_DETAIL_COLUMNS, *details])
        _write_table(self._out / _SCORES, [COLUMNS, *scores])

    def _make_all(self, name: str, path: Path) -> Iterator[Row | Skipped]:
        """All images of one photo; what cannot be made of it stops nothing else."""
        try:
            photo = eight_bit(images.read(path))
            self.pseudo_rating.score(
                photo, photo, self._distortions[0].name
            )  # one line for a photo that it does not take
        except (ImageError, ComponentError) as error:
            yield Skipped(str(error), self._of_photo)
            return
        reference = self._out / _REFERENCES / f"{name}.png"
        if _kept(reference, photo.digest) is None:
            _write_png(reference, photo, {_IDENTITY: photo.digest})
        if self._pristine:
            yield self._whole(name, photo)
        for distortion in self._distortions:
            levels = self._levels
            if isinstance(levels, Drawn):
                levels = levels.of(photo, distortion, self._seed)
            for number, level in enumerate(levels):
                try:
                    row = self._make(name, photo, distortion, level)
                except (ImageError, ComponentError) as error:
                    reason = f"{photo.name}: {distortion.name}: {error}"
                    yield Skipped(reason, len(levels) - number)
                    break
                yield row

    def _whole(self, name: str, photo: Image) -> Row:
        """The photo itself."""
        file = f"{_REFERENCES}/{name}.png"
        return Row(
            image=file,
            reference=file,
            distortion=PRISTINE,
            level=Level("0", "severity", 0),
            score=self.pseudo_rating.score(photo, photo, None),
            made_by="",
            psnr=math.inf,
        )

    def _make(self, name: str, photo: Image, distortion: Distortion, level: Level) -> Row:
        file = f"{distortion.folder}/{name}-{level.label}.png"
        identity = _identity(photo, distortion, level, self._seed)
        kept = _kept(self._out / file, identity)
        if kept is None:
            made = degrade(photo, distortion, level, self._seed)
            _write_png(self._out / file, made.image, {_IDENTITY: identity, _MADE_BY: made.made_by})
        else:
            image, made_by = kept
            made = Distorted(image, made_by, psnr(photo, image))
        return Row(
            image=file,
            reference=f"{_REFERENCES}/{name}.png",
            distortion=distortion.name,
            level=level,
            score=self.pseudo_rating.score(photo, made.image, distortion.name),
            made_by=made.made_by,
            psnr=made.psnr,
        )


def _checked(distortions: Iterable[Distortion]) -> tuple[Distortion, ...]:
    """The distortions without repetitions, each able to run and with a folder of its own."""
    by_folder: dict[str, Distortion] = {}
    for distortion in distortions:
        folder = distortion.folder
        if folder == _REFERENCES or by_folder.setdefault(folder, distortion) != distortion:
            raise UsageError(f"images of {distortion.name} would share the folder {folder!r}; make a set of each")
        for part in (*distortion.at(0), *distortion.at(1)):
            or_usage_error(attempt(part, part.create))
    return tuple(by_folder.values())


def _check_out(out: Path, photos: Path, resume: bool) -> None:
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(photos)):
        raise UsageError(f"{out}: lies in the folder of the photos; name another")
    check_folder(out)
    begun = resume and (out / _REFERENCES).is_dir()
    if out.is_dir() and any(out.iterdir()) and not begun:
        raise UsageError(f"{out}: is not empty{', and holds no set to resume' if resume else ''}; name another folder")
    if begun:
        _check_begun(out)


def _check_begun(out: Path) -> None:
    """What a run goes on with must have been begun by one."""
    heads = {_DETAILS: ",".join(_DETAIL_COLUMNS), _SCORES: ",".join(COLUMNS)}
    foreign = [out / name for name, columns in heads.items() if not _is_table(out / name, f"{columns}\n")]
    foreign += [path for path in (out / _REFERENCES).iterdir() if not _is_made(path)]
    if foreign:
        raise UsageError(f"{foreign[0]}: is of no set that was begun here; name another folder")


def _is_table(path: Path, begin: str) -> bool:
    return not os.path.lexists(path) or head(path).startswith(begin.encode())


def _is_made(path: Path) -> bool:
    return path.name.startswith(".") or _IDENTITY in png_texts(path)


def _identity(photo: Image, distortion: Distortion, level: Level, seed: int) -> str:
    """A digest of all that decides what an image becomes."""
    steps = [(step.ref, step.version, step.component.traits["strength"]) for step in distortion.steps]
    return hashlib.sha256(repr((photo.digest, steps, level, seed, PIL.__version__)).encode()).hexdigest()


def _kept(path: Path, identity: str) -> tuple[Image, str] | None:
    """What an earlier run made and how, or None where there is nothing yet.

    Raises:
        UsageError: there is something else, which is not to be overwritten.
    """
    if not path.exists():
        return None
    try:
        with PIL.Image.open(path) as file:
            if file.info.get(_IDENTITY) == identity:
                return images.read(file, str(path)), file.info.get(_MADE_BY, "")
    except (OSError, ImageError):
        pass
    raise UsageError(f"{path}: is not what this run would make, of this photo with these options; name another folder")


def _write_png(path: Path, image: Image, notes: Mapping[str, str]) -> None:
    texts = PngInfo()
    for key, text in notes.items():
        texts.add_text(key, text)
    picture = PIL.Image.fromarray(pixel_levels(image))
    write_whole(path, lambda stream: picture.save(stream, format="PNG", pnginfo=texts))


def _write_table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(text.getvalue(), path)
