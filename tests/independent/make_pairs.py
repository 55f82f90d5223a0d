"""Write the image pairs on which metric values are checked, all made by formula, and the values themselves.

``python tests/independent/make_pairs.py`` writes ``*.png`` and ``values.json`` into ``plugins/veiqa_metrics/pairs``;
with ``--values`` only ``values.json``, from the images that are there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from metrics import METRICS
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

PAIRS = Path(__file__).resolve().parents[2] / "plugins" / "veiqa_metrics" / "pairs"
Pixels = NDArray[np.uint8]


def to_pixels(values: NDArray[Any]) -> Pixels:
    """Round and clip to uint8."""
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def coordinates(rows: int, cols: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Row and column of every pixel."""
    y, x = np.mgrid[:rows, :cols].astype(np.float64)
    return y, x


def colour() -> tuple[Pixels, Pixels]:
    """Waves of colour with a disc, a bar and a textured patch; blurred, with noise. One side is odd."""
    y, x = coordinates(73, 96)
    red = 128 + 90 * np.sin(x / 11 + y / 29)
    green = 128 + 80 * np.cos(y / 9 - x / 37)
    blue = 128 + 100 * np.sin((x + y) / 17 + 1)
    image = np.stack([red, green, blue], axis=-1)
    image[np.hypot(x - 27, y - 24) < 14] = (225, 60, 40)
    image[(np.abs(x - y - 30) < 4) & (y > 12)] = (20, 45, 130)
    patch = (x > 8) & (x < 44) & (y > 46) & (y < 68)
    texture = 45 * np.sign(np.sin(x * 1.9) * np.sin(y * 1.3 + x / 7))
    image[patch] = (150, 150, 90) + texture[patch, np.newaxis] * (1, 0.8, -0.5)
    reference = to_pixels(image)
    blurred = ndimage.gaussian_filter(reference.astype(np.float64), (1.1, 1.1, 0))
    noise = np.random.default_rng(20240501).normal(0, (9, 6, 12), reference.shape)
    return reference, to_pixels(blurred + noise)


def grey() -> tuple[Pixels, Pixels]:
    """Rings, a slope and a checked corner; the mean of every 8 × 8 block mixed in, and few grey levels."""
    y, x = coordinates(64, 80)
    image = 118 + 60 * np.cos(np.hypot(x - 48, y - 26) / 3.3) + 0.7 * (x - y)
    image = np.where((x < 24) & (y > 38), 90 + 80 * ((x // 5 + y // 4) % 2), image)
    image = np.where(np.abs(y - 8 - x / 6) < 1.5, 245, image)
    reference = to_pixels(image)
    blocks = reference.reshape(8, 8, 10, 8).mean(axis=(1, 3))
    mixed = 0.55 * reference + 0.45 * np.kron(blocks, np.ones((8, 8)))
    return reference, to_pixels(np.floor(mixed / 20) * 20 + 10)


def large() -> tuple[Pixels, Pixels]:
    """Bands and discs of flat colour; fewer colours, moved and faded. Shrunk by 2, both sides odd before and after."""
    y, x = coordinates(389, 513)
    image = np.stack([50 + 12 * (x // 37), 200 - 14 * (y // 31), 70 + 11 * ((x + y) // 61)], axis=-1)
    for row, col, size, rgb in (
        (110, 130, 70, (235, 190, 30)),
        (260, 370, 95, (25, 110, 200)),
        (240, 330, 40, (240, 240, 235)),
        (330, 90, 45, (120, 20, 60)),
    ):
        image[np.hypot(y - row, x - col) < size] = rgb
    stripes = (x > 300) & (x < 480) & (y > 40) & (y < 120)
    image[stripes & ((x // 6 + y // 20) % 2 == 0)] = (15, 15, 25)
    reference = to_pixels(image)
    moved = np.roll(reference, (1, 2), axis=(0, 1)).astype(np.float64)
    faded = 128 + (moved - 128) * (0.85, 0.7, 0.6)
    return reference, to_pixels(np.floor(faded / 24) * 24 + 12)


def read(name: str) -> NDArray[Any]:
    """An image of the folder, grey or RGB."""
    with Image.open(PAIRS / f"{name}.png") as image:
        return np.asarray(image)


def values() -> dict[str, dict[str, float]]:
    """All metrics on all pairs of the folder."""
    names = sorted(path.stem.removesuffix("_ref") for path in PAIRS.glob("*_ref.png"))
    return {
        name: {key: metric(read(f"{name}_ref"), read(f"{name}_dist")) for key, metric in METRICS.items()}
        for name in names
    }


def main() -> None:
    """Write the images, unless only the values are wanted, and the values."""
    PAIRS.mkdir(exist_ok=True)
    if "--values" not in sys.argv[1:]:
        for make in (colour, grey, large):
            for kind, pixels in zip(("ref", "dist"), make(), strict=True):
                Image.fromarray(pixels).save(PAIRS / f"{make.__name__}_{kind}.png", optimize=True)
    text = json.dumps(values(), indent=2)  # json writes floats by repr
    (PAIRS / "values.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
