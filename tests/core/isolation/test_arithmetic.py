"""What a program has set torch to changes no score, and is as before afterwards."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from veiqa_core import Recipe, Scorer
from veiqa_core.isolation.arithmetic import exact
from veiqa_core.isolation.isolated import isolated
from veiqa_core.recipes.recipe import Branch, Choice

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
def of_another_type() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def rounded_once() -> Iterator[None]:
    before = torch.backends.mkldnn.conv.fp32_precision
    torch.backends.mkldnn.conv.fp32_precision = "bf16"
    try:
        yield
    finally:
        torch.backends.mkldnn.conv.fp32_precision = before


@contextmanager
def rounded_in_part() -> Iterator[None]:
    before = torch.backends.cudnn.rnn.fp32_precision
    torch.backends.cudnn.rnn.fp32_precision = "ieee"  # from now on the older switch cannot be read
    try:
        yield
    finally:
        torch.backends.cudnn.rnn.fp32_precision = before


SURROUNDINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "matmul precision": rounded,
    "default type": of_another_type,
    "default device": lambda: torch.device("meta"),
}
if hasattr(torch.backends, "fp32_precision"):
    SURROUNDINGS["precision of a unit"] = rounded_once
    SURROUNDINGS["precisions that differ"] = rounded_in_part


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
        torch.set_default_dtype(torch.float64)
        torch.backends.cudnn.deterministic = False
        torch.backends.cudnn.benchmark = True
        with torch.backends.cudnn.flags(enabled=True):  # torch's own way works inside, too
            assert torch.backends.cudnn.allow_tf32
        assert not torch.backends.cudnn.allow_tf32
        torch.set_float32_matmul_precision("medium")
        if hasattr(torch.backends, "fp32_precision"):
            torch.backends.fp32_precision = "tf32"
            torch.backends.cudnn.rnn.fp32_precision = "ieee"
    assert switches() == before


@pytest.mark.skipif(not hasattr(torch.backends, "fp32_precision"), reason="this torch has no precision of units")
def test_a_unit_goes_on_doing_as_the_one_above() -> None:
    backends = torch.backends
    backends.fp32_precision = "tf32"
    try:
        with exact():
            assert backends.mkldnn.rnn.fp32_precision == "none"
        assert backends.mkldnn.rnn.fp32_precision == "tf32"
        backends.fp32_precision = "ieee"
        assert backends.mkldnn.rnn.fp32_precision == "ieee"
    finally:
        backends.fp32_precision = "none"


def test_threads_take_turns_with_one_scorer(small: Choice) -> None:
    shared = scorer(small)
    images = [np.roll(PIXELS, 7 * shift, axis=1) for shift in range(12)]
    expected = [shared.score(image).similarities for image in images]
    before = switches(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda image: shared.score(image).similarities, images))
    assert found == expected
    assert (switches(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before


def test_a_process_forked_off_while_a_thread_scores_does_not_wait_for_it() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with exact():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    entered.wait()
    child = os.fork()
    if not child:
        try:
            signal.alarm(20)
            with exact():
                os._exit(0)
        finally:
            os._exit(1)
    leave.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_what_numpy_gives_next_is_what_it_would_have_given() -> None:
    np.random.seed(1)
    expected = np.random.randn(3).tolist()
    np.random.seed(1)
    found = [np.random.randn()]  # the second of a pair waits now
    with isolated():
        first = np.random.random()
        with isolated():
            assert np.random.random() == first
        second = np.random.random()
    with isolated():
        assert [np.random.random(), np.random.random()] == [first, second]
    assert [*found, *np.random.randn(2).tolist()] == expected


def reported(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except RuntimeError as error:
        return str(error)


def switches() -> tuple[Any, ...]:
    backends = torch.backends
    precisions: tuple[Any, ...] = ()
    if hasattr(backends, "fp32_precision"):
        units = (backends, backends.cudnn, backends.mkldnn, backends.cudnn.conv, backends.cudnn.rnn)
        units = (*units, backends.cuda.matmul, backends.mkldnn.conv, backends.mkldnn.matmul)
        precisions = tuple(unit.fp32_precision for unit in units)
    return (
        torch.get_default_dtype(),
        torch.get_float32_matmul_precision(),
        reported(lambda: backends.cudnn.allow_tf32),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        backends.cudnn.deterministic,
        backends.cudnn.benchmark,
        precisions,
    )
