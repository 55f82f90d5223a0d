"""Generators of another distribution, photos, and ratings of worse copies of them."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest
from making import with_plugin
from synthesis import PHOTOS, by, made, truth

from veiqa_core.datasets.distort import even_levels
from veiqa_core.datasets.rated_set import RatedSet, load
from veiqa_core.datasets.synthetic import SyntheticSet
from veiqa_core.extension.registry import Registry, installed

_PLUGIN = """
from veiqa_core.api import Component, hookimpl, param, params

@params
class Amount:
    amount: float = param(default=0.5, help="How much is lost.", gt=0, le=1)

def pri(name, factory="soft:Dim", strength=("amount", 0.1, 0.8), **traits):
    return Component(name=name, summary="S.", factory=factory, params=Amount, traits={"strength": strength, **traits})

@hookimpl
def veiqa_pri_generators():
    yield pri("dim", distortion="DIM")
    yield pri("no-type")
    yield pri("smear", distortion="GB")
    yield pri("dim+dim")
    yield pri("refimgs")
    yield pri("too-far", strength=("amount", 0.1, 8))
    yield pri("misnamed", strength=("amuont", 0.1, 0.8))
    yield pri("cut", factory="soft:Cut")
    yield pri("late", factory="soft:Late")

class Dim:
    def __init__(self, params): self.keep = 1 - params.amount
    def generate(self, images, seeds): return images.mul_(self.keep)

class Cut(Dim):
    def generate(self, images, seeds): return images[..., 1:]

class Late(Dim):
    def generate(self, images, seeds):
        if self.keep < 0.5: raise RuntimeError("too much")
        return images
"""


@pytest.fixture
def soft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Everything installed, and the distribution ``soft`` with generators of its own."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    return with_plugin("soft", _PLUGIN, folder, monkeypatch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A colour photo, and a grey one in a folder."""
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    with PIL.Image.open(PHOTOS / "chelsea.png") as photo:
        photo.crop((120, 60, 216, 140)).save(folder / "cat.png")
    with PIL.Image.open(PHOTOS / "coffee.png") as photo:
        photo.crop((200, 100, 290, 190)).convert("L").save(folder / "inner" / "cup.jpg", quality=95)
    return folder


@pytest.fixture
def opinions(photos: Path, tmp_path: Path) -> RatedSet:
    """Ratings that follow PSNR along a curve for each type, of images whose references are there."""
    folder = tmp_path / "opinions"
    rows = made(
        SyntheticSet(photos, folder, distortions=["WN", "JPEG"], levels=even_levels(12), pseudo_rating=by("psnr"))
    )
    lines = ["image,reference,distortion,score,score_type"]
    for row in rows:
        quality = truth(row.distortion, row.psnr)
        lines.append(f"{row.image},{row.reference},{row.distortion},{100 - quality},dmos")
    (folder / "scores.csv").write_text("\n".join(lines))
    return load(installed().part("dataset", "csv"), folder)
