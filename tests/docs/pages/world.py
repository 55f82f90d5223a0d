"""The folder that the pages speak of: photos, ratings, the LIVE database in its layout, a recipe; all of it tiny."""

from __future__ import annotations

import csv
import io
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageFilter
import timm
from safetensors.torch import save_file
from scipy.io import savemat

from .blocks import ROOT

Image = PIL.Image.Image
_SIZE = 64
_LIVE_PARTS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
_LIVE_TYPES = {"jp2k": "JP2K", "jpeg": "JPEG", "wn": "WN", "gblur": "GB"}
_RECIPE = """\
name = "mine"

[[branch]]
pri = ["mean-blur", "jpeg"]
layer = "blocks.2"
explainer = "activation-norm"
metric = "nae"

[mapper]
name = "ridge"
"""


def copy(world: Path, folder: Path) -> None:
    """A world of a page's own; weights are links."""

    def copied(source: str, target: str) -> None:
        (os.link if source.endswith(".safetensors") else shutil.copy)(source, target)

    shutil.copytree(world, folder, copy_function=copied)


def build(folder: Path) -> None:
    """Fill the folder."""
    cat = PIL.Image.open(ROOT / "docs" / "images" / "chelsea.png").convert("RGB")
    coffee = PIL.Image.open(ROOT / "docs" / "images" / "coffee.png").convert("RGB")
    for part in ("images", "examples"):
        shutil.copytree(
            ROOT / "docs" / part, folder / "docs" / part, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    cat.save(folder / "photo.png")
    cat.save(folder / "photo.jpg", quality=8)
    for name, left in (("a", 60), ("b", 200)):
        coffee.crop((left, 80, left + 96, 160)).save(folder / f"{name}.png")
    cat.save(folder / "original.png")
    cat.crop((90, 40, 346, 296)).save(folder / "reference.png")
    _jpeg(cat.crop((90, 40, 346, 296)), 10).save(folder / "distorted.png")
    for name, image in (("cat", cat), ("sub/coffee", coffee.crop((0, 0, 256, 200)))):
        for place, suffix in (("originals", "png"), ("copies", "jpg")):
            file = folder / place / f"{name}.{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            image.save(file)
    cat.save(folder / "film.gif", save_all=True, append_images=[cat.rotate(180)])
    for photos in ("photos", "photos-c", "build/thumbnails"):
        _photos(folder / photos, coffee)
    (folder / "last-run").touch()
    os.utime(folder / "last-run", (0, 0))
    _table(folder / "my-ratings", cat)
    for name in ("mine", "my-photos"):
        _table(folder / name, cat)
    _table(folder / "LIVE", coffee)
    _live(folder / "databaserelease2", coffee)
    (folder / "mine.toml").write_text(_RECIPE)
    save_file(timm.create_model("mobilenetv3_small_050").state_dict(), folder / "mobilenet.safetensors")


def _photos(folder: Path, source: Image) -> None:
    folder.mkdir(parents=True)
    for index, left in enumerate((0, 360)):
        source.crop((left, 100, left + 232, 332)).save(folder / f"photo-{index}.png")


def _contents(source: Image, count: int = 5) -> list[Image]:
    """Squares of a photo that do not overlap."""
    across, down = source.width // _SIZE, source.height // _SIZE
    places = list(itertools.product(range(1, down - 1), range(across)))[:: max(1, across * (down - 2) // count)][:count]
    return [source.crop((x * _SIZE, y * _SIZE, (x + 1) * _SIZE, (y + 1) * _SIZE)) for y, x in places]


def _jpeg(image: Image, quality: int) -> Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return PIL.Image.open(stream).convert("RGB")


def _jpeg2000(image: Image, rate: float) -> Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG2000", quality_mode="rates", quality_layers=[rate])
    return PIL.Image.open(stream).convert("RGB")


def _noisy(image: Image, deviation: float) -> Image:
    values = np.asarray(image, float) + np.random.default_rng(0).normal(0, deviation, (_SIZE, _SIZE, 3))
    return PIL.Image.fromarray(values.clip(0, 255).astype(np.uint8))


_WORSE: dict[str, Callable[[Image, int], Image]] = {
    "GB": lambda image, level: image.filter(PIL.ImageFilter.GaussianBlur(0.6 * level)),
    "WN": lambda image, level: _noisy(image, 9.0 * level),
    "JPEG": lambda image, level: _jpeg(image, 45 - 14 * level),
    "JP2K": lambda image, level: _jpeg2000(image, 14.0 * level),
}


def _distorted(source: Image) -> Iterator[tuple[int, str, int, Image, float]]:
    """Content, type, level, image and quality from 0 to 100 of every image that is rated."""
    rng = np.random.default_rng(0)
    for index, content in enumerate(_contents(source)):
        for kind, worse in _WORSE.items():
            for level in (1, 3):
                yield index, kind, level, worse(content, level), 95 - 25 * level + rng.uniform(-8, 8)


def _table(folder: Path, source: Image) -> None:
    """Ratings as the dataset ``csv`` reads them."""
    folder.mkdir()
    for index, content in enumerate(_contents(source)):
        content.save(folder / f"original-{index}.png")
    with (folder / "scores.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["image", "reference", "distortion", "level", "score", "score_type", "split"])
        for index, kind, level, image, quality in _distorted(source):
            name = f"{kind}-{index}-{level}.png"
            image.save(folder / name)
            split = "train" if index < 3 else "test"
            rows.writerow([name, f"original-{index}.png", kind, level, f"{quality:.2f}", "mos", split])


def _live(folder: Path, source: Image) -> None:
    """LIVE release 2: its arrays of 982 images, of which all but these few count as copies of references."""
    count = sum(_LIVE_PARTS.values())
    starts = dict(zip(_LIVE_PARTS, itertools.accumulate([0, *_LIVE_PARTS.values()]), strict=False))
    scores, copies, names = np.zeros(count), np.ones(count), np.full(count, "scene0.bmp", dtype=object)
    (folder / "refimgs").mkdir(parents=True)
    for index, content in enumerate(_contents(source)):
        content.save(folder / "refimgs" / f"scene{index}.bmp")
    taken = dict.fromkeys(_LIVE_PARTS, 0)
    parts = {kind: part for part, kind in _LIVE_TYPES.items()}
    for index, kind, _level, image, quality in _distorted(source):
        part = parts[kind]
        place = starts[part] + taken[part]
        taken[part] += 1
        (folder / part).mkdir(exist_ok=True)
        image.save(folder / part / f"img{taken[part]}.bmp")
        scores[place], copies[place], names[place] = 100 - quality, 0, f"scene{index}.bmp"
    savemat(folder / "refnames_all.mat", {"refnames_all": names[None]})
    savemat(folder / "dmos_realigned.mat", {"dmos_new": scores, "orgs": copies})
    savemat(folder / "dmos.mat", {"dmos": scores, "orgs": copies})
