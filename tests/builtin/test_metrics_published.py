"""The metrics against the values that the original authors' code gives for well-known image pairs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import veiqa_metrics
from veiqa_core.api import NoParams
from veiqa_core.cli import main
from veiqa_metrics.indices.fsim import Fsim, Fsimc
from veiqa_metrics.indices.gmsd import Gmsd
from veiqa_metrics.indices.pointwise import Psnr
from veiqa_metrics.indices.ssim import Ssim
from veiqa_metrics.indices.vsi import Vsi
from veiqa_metrics.plugin import FsimParams, GmsdParams, SsimParams, VsiParams

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


def files(pair: str) -> list[Path]:
    """Of the reference and the distorted image."""
    return [VECTORS / f"{pair}_{which}.png" for which in ("ref", "dist")]


def read_arrays(pair: str) -> list[NDArray[np.uint8]]:
    """Reference and distorted image as they are in the files."""
    return [np.asarray(Image.open(file)) for file in files(pair)]


def read_pair(name: str, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Reference and distorted image as RGB batches ``[1, 3, H, W]`` in [0, 1]; grey files with equal channels."""
    pixels = (np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) for file in files(name))
    reference, distorted = (torch.tensor(values[None]).to(dtype) / 255 for values in pixels)
    return reference, distorted


@pytest.mark.parametrize(("metric", "tolerance", "pair", "value"), CASES)
def test_published_value(metric: str, tolerance: float, pair: str, value: float) -> None:
    assert METRICS[metric].compare_images(*read_pair(pair)).item() == pytest.approx(value, abs=tolerance, rel=0)


@pytest.mark.parametrize(("metric", "tolerance", "pair", "value"), CASES)
def test_published_value_by_the_functions_on_arrays(metric: str, tolerance: float, pair: str, value: float) -> None:
    name, _, downsampled = metric.partition(" ")
    given = {"downsample": True} if downsampled else {}
    assert getattr(veiqa_metrics, name)(*read_arrays(pair), **given) == pytest.approx(value, abs=tolerance, rel=0)


@pytest.mark.parametrize("pair", ["I01", "I04", "goldhill"])
def test_published_value_on_the_command_line(pair: str) -> None:
    done = CliRunner().invoke(main, ["compare", *map(str, files(pair)), "--format", "json"])
    assert done.exit_code == 0
    (values,) = json.loads(done.stdout)
    due = [(metric, tolerance, value) for metric, tolerance, of, value in CASES if of == pair and " " not in metric]
    assert len(due) >= 3
    for metric, tolerance, value in due:
        assert values[metric] == pytest.approx(value, abs=tolerance, rel=0), metric


def test_ssim_on_the_command_line_downsamples_when_told_to() -> None:
    options = ["--metric", "ssim", "-p", "metric.downsample=true", "--format", "json"]
    done = CliRunner().invoke(main, ["compare", *map(str, files("goldhill")), *options])
    (row,) = json.loads(done.stdout)
    assert row["ssim(downsample=True)"] == pytest.approx(0.8202, abs=1e-4, rel=0)


def test_ssim_of_a_colour_pair_is_published_as_the_mean_over_its_channels() -> None:
    reference, distorted = read_arrays("I01")
    channels = [veiqa_metrics.ssim(reference[..., i], distorted[..., i], downsample=True) for i in range(3)]
    assert np.mean(channels) == pytest.approx(0.7820, abs=1e-4, rel=0)


def test_gmsd_takes_one_channel_without_rounding_it() -> None:
    reference, distorted = (image / 255 @ [0.299, 0.587, 0.114] for image in read_arrays("I01"))
    assert veiqa_metrics.gmsd(reference, distorted) == pytest.approx(0.094124655829098, abs=1e-10, rel=0)


def test_a_batch_of_images_has_the_values_of_its_items() -> None:
    pairs = [read_pair(name) for name in ("I03", "I08")]
    references, distorted = (torch.cat(images) for images in zip(*pairs, strict=True))
    for name, metric in METRICS.items():
        alone = torch.cat([metric.compare_images(*pair) for pair in pairs])
        torch.testing.assert_close(metric.compare_images(references, distorted), alone, atol=1e-12, rtol=0, msg=name)
