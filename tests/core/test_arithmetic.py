"""What a program has set torch to changes no score, and is as before afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from veiqa_core import Recipe, Scorer
from veiqa_core.arithmetic import exact
from veiqa_core.recipe import Branch, Choice

PIXELS = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)


def scorer(small: Choice) -> Scorer:
    branches = [("gradcam", "psnr"), ("activation-norm", "ssim"), ("saliency", "gmsd"), ("gradcam++", "ncc")]
    parts = [{"explainer": Choice(explainer), "metric": Choice(metric)} for explainer, metric in branches]
    return Scorer(
        Recipe("r", tuple(Branch(pri=Choice("jpeg"), extractor=small, **part) for part in parts)), device="cpu"
    )


@contextmanager
def rounded() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def rounded_everywhere() -> Iterator[None]:
    before = torch.backends.mkldnn.conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision
    torch.backends.mkldnn.conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision = "bf16", "ieee"
    try:
        yield
    finally:
        torch.backends.mkldnn.conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision = before


SURROUNDINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "matmul precision": rounded,
}
if hasattr(torch.backends, "fp32_precision"):
    SURROUNDINGS["the precision of every unit"] = rounded_everywhere


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_what_a_program_has_set_changes_no_score(
    small: Choice, surroundings: Callable[[], AbstractContextManager[Any]]
) -> None:
    expected = scorer(small).score(PIXELS).similarities
    with surroundings():
        before = switches()
        inside = scorer(small)
        assert inside.score(PIXELS).similarities == expected
        assert inside.score(torch.from_numpy(PIXELS).permute(2, 0, 1)).similarities == expected
        assert switches() == before
    assert inside.score(PIXELS).similarities == expected


def test_what_is_switched_inside_is_as_before_outside() -> None:
    before = switches()
    with exact():
        torch.set_grad_enabled(False)
        torch.backends.cudnn.deterministic = False
        torch.backends.cudnn.benchmark = True
        if hasattr(torch.backends, "fp32_precision"):
            torch.backends.cuda.matmul.fp32_precision = "tf32"
    assert switches() == before


def switches() -> tuple[Any, ...]:
    backends = torch.backends
    precisions: tuple[Any, ...] = ()
    if hasattr(backends, "fp32_precision"):
        units = (backends.cudnn.conv, backends.cudnn.rnn, backends.cuda.matmul, backends.mkldnn.conv)
        precisions = tuple(unit.fp32_precision for unit in (*units, backends.mkldnn.matmul))
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        backends.cudnn.deterministic,
        backends.cudnn.benchmark,
        precisions,
    )
