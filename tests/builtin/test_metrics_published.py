"""The metrics against the values that the original authors' code gives for well-known image pairs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from veiqa_core.api import NoParams
from veiqa_metrics.fsim import Fsim, Fsimc
from veiqa_metrics.gmsd import Gmsd
from veiqa_metrics.plugin import FsimParams, GmsdParams, SsimParams, VsiParams
from veiqa_metrics.pointwise import Psnr
from veiqa_metrics.ssim import Ssim
from veiqa_metrics.vsi import Vsi

SHARED = Path(os.environ.get("VEIQA_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
VECTORS = SHARED / "vectors"

pytestmark = pytest.mark.skipif(
    not (VECTORS / "I01_ref.png").is_file(),
    reason=f"the published image pairs are not in {VECTORS}; set VEIQA_SHARED to the folder that holds vectors/",
)

PUBLISHED = {
    ("psnr", 5e-3): {"I03": 21.11, "I04": 20.99, "I06": 27.01, "I08": 23.30, "I19": 21.62},
    ("ssim", 1e-4): {"I03": 0.6993, "I04": 0.9978, "I06": 0.9989, "I08": 0.9669, "I19": 0.6519},
    ("ssim downsampled", 1e-4): {"goldhill": 0.8202},
    ("gmsd", 1e-10): {
        "I03": 0.220347639470143,
        "I04": 0.0005220585050504579,
        "I06": 0.0004482814810014102,
        "I08": 0.134631933046914,
        "I19": 0.204996493556054,
        "goldhill": 0.138012587141798,
    },
    ("fsim", 1e-4): {"goldhill": 0.89691, "I01": 0.93674},
    ("fsimc", 1e-4): {"goldhill": 0.89691, "I01": 0.92587},
    ("fsimc", 2e-4): {"I03": 0.6890, "I04": 0.9702, "I06": 0.9927, "I08": 0.9575, "I19": 0.8220},
    ("vsi", 2e-5): {"I01": 0.96405},
}

METRICS = {
    "psnr": Psnr(NoParams()),
    "ssim": Ssim(SsimParams()),
    "ssim downsampled": Ssim(SsimParams(downsample=True)),
    "gmsd": Gmsd(GmsdParams()),
    "fsim": Fsim(FsimParams()),
    "fsimc": Fsimc(FsimParams()),
    "vsi": Vsi(VsiParams()),
}

CASES = [
    (metric, tolerance, pair, value)
    for (metric, tolerance), values in PUBLISHED.items()
    for pair, value in values.items()
]


def read_pair(name: str, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Reference and distorted image as RGB batches ``[1, 3, H, W]`` in [0, 1]; grey files with equal channels."""
    files = (VECTORS / f"{name}_{which}.png" for which in ("ref", "dist"))
    pixels = (np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) for file in files)
    reference, distorted = (torch.tensor(values[None]).to(dtype) / 255 for values in pixels)
    return reference, distorted


@pytest.mark.parametrize(("metric", "tolerance", "pair", "value"), CASES)
def test_published_value(metric: str, tolerance: float, pair: str, value: float) -> None:
    assert METRICS[metric].compare_images(*read_pair(pair)).item() == pytest.approx(value, abs=tolerance, rel=0)


def test_ssim_of_a_colour_pair_is_published_as_the_mean_over_its_channels() -> None:
    reference, distorted = (images.transpose(0, 1) for images in read_pair("I01"))
    channels = METRICS["ssim downsampled"].compare_images(reference, distorted)
    assert channels.mean().item() == pytest.approx(0.7820, abs=1e-4, rel=0)


def test_gmsd_takes_one_channel_without_rounding_it() -> None:
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).view(1, 3, 1, 1)
    reference, distorted = ((images * weights).sum(dim=1, keepdim=True) for images in read_pair("I01", torch.float64))
    value = METRICS["gmsd"].compare_images(reference, distorted).item()
    assert value == pytest.approx(0.094124655829098, abs=1e-10, rel=0)


def test_a_batch_of_images_has_the_values_of_its_items() -> None:
    pairs = [read_pair(name) for name in ("I03", "I08")]
    references, distorted = (torch.cat(images) for images in zip(*pairs, strict=True))
    for name, metric in METRICS.items():
        alone = torch.cat([metric.compare_images(*pair) for pair in pairs])
        torch.testing.assert_close(metric.compare_images(references, distorted), alone, atol=1e-12, rtol=0, msg=name)
