"""What tests of synthetic rated sets share: photos, sets that are made, and what they hold."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from veiqa_core import images
from veiqa_core.datasets.pseudo_ratings import Metric
from veiqa_core.datasets.synthetic import Row, Skipped, SyntheticSet
from veiqa_core.extension.registry import installed
from veiqa_core.full_reference import image_metric

PHOTOS = Path(__file__).parents[2] / "docs" / "images"


def photo(name: str = "chelsea.png") -> images.Image:
    return images.read(PHOTOS / name)


def by(metric: str) -> Metric:
    return Metric(image_metric(installed(), metric))


def made(wanted: SyntheticSet) -> list[Row]:
    results = list(wanted.make())
    assert not [item for item in results if isinstance(item, Skipped)]
    return [item for item in results if isinstance(item, Row)]


def truth(distortion: str, value: float) -> float:
    centre = {"WN": 20, "JPEG": 28}[distortion]
    return 5 + 90 / (1 + math.exp(-(value - centre) / 3))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
