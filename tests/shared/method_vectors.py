"""Images, features and scores that the releases of the no-reference methods give, where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

SHARED = Path(os.environ.get("VEIQA_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
VECTORS = SHARED / "vectors" / "nr"
PARAMETERS = VECTORS / "parameters"

needs_vectors = pytest.mark.skipif(
    not (VECTORS / "nr-vectors.json").is_file(),
    reason=f"the releases' values are not in {VECTORS}; set VEIQA_SHARED to the folder that holds vectors/nr",
)

PAIRS = ("I01", "I03", "I04", "I06", "I08", "I19", "goldhill")
MADE = ("chelsea_blur2", "chelsea_jpeg10", "coffee_blur2", "coffee_jpeg10")
NAMES = tuple(f"{pair}_{which}" for pair in PAIRS for which in ("dist", "ref")) + MADE


def values(method: str, name: str) -> dict[str, Any]:
    """What the release of a method gives for an image."""
    return dict(json.loads((VECTORS / "nr-vectors.json").read_text())[method][name])


def levels(name: str) -> NDArray[np.float64]:
    """The levels ``[3, H, W]`` of an image, a grey one three times."""
    file = VECTORS / "images" / f"{name}.png" if name in MADE else VECTORS.parent / f"{name}.png"
    with Image.open(file) as image:
        return np.ascontiguousarray(np.asarray(image.convert("RGB"), dtype=np.float64).transpose(2, 0, 1))


def batch(*images: NDArray[np.float64]) -> Tensor:
    """Levels as the core gives them to methods."""
    return torch.from_numpy(np.stack(images).astype(np.float32) / np.float32(255))


def error(found: Any, wanted: Any) -> float:
    """Largest difference relative to what is wanted, absolute below 1; NaN must meet NaN."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    return float(np.nanmax(np.abs(found - wanted) / np.maximum(np.abs(wanted), 1)))


def photo(height: int = 128, width: int = 160, seed: int = 0) -> NDArray[np.float64]:
    """Smooth shapes with some noise, as levels ``[3, H, W]``."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    waves = 128 + 60 * np.sin(rows / 9) * np.cos(columns / 7) + 30 * (rows > height // 2)
    return np.clip(np.rint(waves + rng.normal(0, 6, (3, height, width))), 0, 255)
