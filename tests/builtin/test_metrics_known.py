"""The metrics' known values: every metric has them, all are reached, and a wrong metric misses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from veiqa_core.extension.registry import installed
from veiqa_core.verification import Check, verify
from veiqa_metrics.indices import common

ORIGINS = {"closed form", "independent derivation"}


def checks_of(metric: str) -> list[Check]:
    return list(verify([installed().get("metric", metric)]))


@pytest.mark.parametrize("name", ["ad", "fsim", "fsimc", "gmsd", "nae", "ncc", "psnr", "ssim", "vsi"])
def test_every_metric_reaches_its_known_values(name: str) -> None:
    checks = checks_of(name)
    assert {check.known.origin for check in checks if check.known is not None} == ORIGINS
    subjects = [check.subject for check in checks]
    assert {"identical images", "colour pair", "grey pair", "large pair"} < set(subjects)
    assert len(set(subjects)) == len(subjects)
    assert [check.subject for check in checks if not check.passed] == []


def unrounded(images: torch.Tensor) -> torch.Tensor:
    if images.shape[1] == 1:
        return images[:, 0]
    return common.mix(images, (0.299, 0.587, 0.114))


def centred_elsewhere(maps: torch.Tensor, factor: int, mirror: bool = False) -> torch.Tensor:
    return F.avg_pool2d(F.pad(maps, (1, 1, 1, 1)), factor)


def antialiased(images: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    return F.interpolate(images, size=list(size), mode="bilinear", antialias=True)


MISTAKES = [
    ("psnr", "pointwise._psnr", lambda x, y: (-20 * (x - y).abs().flatten(1).mean(dim=1).log10()).clamp(max=100)),
    ("ncc", "pointwise.total", lambda values: values.flatten(1).std(dim=1)),
    ("nae", "pointwise._nae", lambda x, y: (x - y).abs().flatten(1).mean(dim=1)),
    ("ad", "pointwise._ad", lambda x, y: (x - y).abs().flatten(1).mean(dim=1)),
    ("ssim", "ssim.grey", unrounded),
    ("gmsd", "gmsd.grey", unrounded),
    ("gmsd", "gmsd.shrink", centred_elsewhere),
    ("fsim", "fsim.viewing_factor", lambda height, width: 1),
    ("fsimc", "fsim._T3", 190.0),
    ("vsi", "vsi._BETA", 0.03),
    ("vsi", "vsi._resized", antialiased),
]


@pytest.mark.parametrize(("name", "where", "mistake"), MISTAKES, ids=[f"{name} {at}" for name, at, _ in MISTAKES])
def test_a_mistake_in_a_metric_is_found(name: str, where: str, mistake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"veiqa_metrics.indices.{where}", mistake)
    checks = checks_of(name)
    assert all(check.problem is None for check in checks)
    assert not all(check.passed for check in checks)
