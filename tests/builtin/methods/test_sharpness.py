"""Methods, on images made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from veiqa_core.extension.registry import installed


def make(name: str, **params: Any) -> Any:
    return installed().part("method", f"veiqa:{name}", params).create()


def sharpness(images: Tensor) -> list[float]:
    values = make("laplacian-variance").measure(images)
    assert values.dtype == torch.float64
    assert values.shape == (len(images), 1)
    return [float(value) for value in values[:, 0]]


def test_the_laplacian_of_one_bright_pixel_is_known() -> None:
    image = torch.zeros(1, 3, 5, 5)
    image[..., 2, 2] = 1
    (value,) = sharpness(image)
    responses = np.array([0, 255, 0, 255, -4 * 255, 255, 0, 255, 0])  # at the nine pixels with four neighbours
    assert value == pytest.approx(responses.var(), rel=1e-12)


def test_the_laplacian_sees_luma() -> None:
    image = torch.zeros(3, 3, 5, 5)
    for channel in range(3):
        image[channel, channel, 2, 2] = 1
    whole = np.array([0, 255, 0, 255, -4 * 255, 255, 0, 255, 0]).var()
    assert sharpness(image) == pytest.approx([whole * weight**2 for weight in (0.299, 0.587, 0.114)], rel=1e-12)


def test_a_ramp_has_no_laplacian_and_a_blurred_image_has_less() -> None:
    ramp = (torch.arange(12.0) / 255).expand(1, 3, 12, 12)
    assert sharpness(ramp) == pytest.approx([0], abs=1e-6)
    noise = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    blurred = torch.nn.functional.avg_pool2d(noise, 3, 1, 1)
    assert sharpness(blurred)[0] < sharpness(noise)[0] / 10
