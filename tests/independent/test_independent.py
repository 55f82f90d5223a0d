"""The independent metrics against published values, and the committed values against the independent metrics."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("VEIQA_SHARED") or ROOT.parent / "shared") / "vectors"
PAIRS = ROOT / "plugins" / "veiqa_metrics" / "pairs"

published = pytest.mark.skipif(
    not (VECTORS / "I01_ref.png").is_file(),
    reason=f"the published image pairs are not in {VECTORS}; set VEIQA_SHARED to the folder that holds vectors/",
)


def load_metrics() -> ModuleType:
    """metrics.py of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location("veiqa_independent_metrics", Path(__file__).with_name("metrics.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


metrics = load_metrics()


def read_pair(folder: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reference and distorted image."""
    with Image.open(folder / f"{name}_ref.png") as reference, Image.open(folder / f"{name}_dist.png") as distorted:
        return np.asarray(reference), np.asarray(distorted)


NAMES = ("I03", "I04", "I06", "I08", "I19")
TABLE = {
    "psnr": ((21.11, 20.99, 27.01, 23.30, 21.62), 5e-3),
    "ssim": ((0.6993, 0.9978, 0.9989, 0.9669, 0.6519), 1e-4),
    "gmsd": (
        (0.220347639470143, 0.0005220585050504579, 0.0004482814810014102, 0.134631933046914, 0.204996493556054),
        1e-10,
    ),
    "fsimc": ((0.6890, 0.9702, 0.9927, 0.9575, 0.8220), 2e-4),
}


@published
@pytest.mark.parametrize(
    ("metric", "name", "value", "tolerance"),
    [
        (metric, name, value, tolerance)
        for metric, (row, tolerance) in TABLE.items()
        for name, value in zip(NAMES, row, strict=True)
    ]
    + [
        ("gmsd", "goldhill", 0.138012587141798, 1e-10),
        ("fsim", "goldhill", 0.89691, 1e-4),
        ("fsimc", "goldhill", 0.89691, 1e-4),
        ("fsim", "I01", 0.93674, 1e-4),
        ("fsimc", "I01", 0.92587, 1e-4),
        ("vsi", "I01", 0.96405, 2e-5),
    ],
)
def test_published_values(metric: str, name: str, value: float, tolerance: float) -> None:
    assert metrics.METRICS[metric](*read_pair(VECTORS, name)) == pytest.approx(value, abs=tolerance, rel=0)


@published
def test_published_values_by_other_conventions() -> None:
    reference, distorted = read_pair(VECTORS, "I01")
    unrounded = metrics.gmsd(reference @ metrics.LUMA_601, distorted @ metrics.LUMA_601)
    assert unrounded == pytest.approx(0.094124655829098, abs=1e-10, rel=0)
    channels = [metrics.ssim(reference[..., c], distorted[..., c], downsample=True) for c in range(3)]
    assert np.mean(channels) == pytest.approx(0.7820, abs=1e-4, rel=0)
    goldhill = metrics.ssim(*read_pair(VECTORS, "goldhill"), downsample=True)
    assert goldhill == pytest.approx(0.8202, abs=1e-4, rel=0)


@pytest.mark.parametrize("metric", sorted(metrics.METRICS))
@pytest.mark.parametrize("pair", ["colour", "grey", "large"])
def test_committed_values(pair: str, metric: str) -> None:
    committed = json.loads((PAIRS / "values.json").read_text(encoding="utf-8"))
    assert set(committed) == {"colour", "grey", "large"}
    assert set(committed[pair]) == set(metrics.METRICS)
    assert metrics.METRICS[metric](*read_pair(PAIRS, pair)) == pytest.approx(committed[pair][metric], rel=1e-9, abs=0)


@pytest.mark.parametrize("pair", ["colour", "grey", "large"])
def test_identical_images(pair: str) -> None:
    reference, _ = read_pair(PAIRS, pair)
    best = {"psnr": 100.0, "gmsd": 0.0, "nae": 0.0, "ad": 0.0}
    for name, metric in metrics.METRICS.items():
        assert metric(reference, reference) == pytest.approx(best.get(name, 1.0), abs=1e-12), name
