"""A value depends on what is given, not on how it lies in memory nor on what lies beside it, on any processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from veiqa_core.contracts import canonical, canonical_array

SCRIPT = Path(__file__).parent / "layouts.py"
INSTALLED = Path(__file__).parent.parent / "shared" / "installed"
PROCESSORS = {
    "default": {"ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "OPENBLAS_CORETYPE": "Nehalem"},
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "OPENBLAS_CORETYPE": "Haswell"},
    "avx512": {},
}
"""By what torch may use at most: what other libraries may, so that a run stands for a processor that has no more."""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("capability", PROCESSORS)
def test_every_layout_gives_the_same_bits(capability: str, threads: int) -> None:
    here = torch.backends.cpu.get_cpu_capability().lower()
    known = list(PROCESSORS)
    if here not in known or known.index(capability) > known.index(here):  # asked for what it lacks, torch crashes
        pytest.skip(f"this processor, or this torch, has no {capability}: {here}")
    limits = {**PROCESSORS[capability], "ATEN_CPU_CAPABILITY": capability, "OMP_NUM_THREADS": str(threads)}
    limits |= {"OMP_WAIT_POLICY": "passive", "PYTHONPATH": str(INSTALLED)}
    if capability == "default":
        limits["NPY_DISABLE_CPU_FEATURES"] = " ".join(np.show_config("dicts")["SIMD Extensions"].get("found", ()))  # type: ignore[index]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ONEDNN", "DNNL", "MKL", "NPY"))}
    run = [sys.executable, str(SCRIPT), str(threads)]
    done = subprocess.run(run, env={**kept, **limits}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *differing, used = done.stdout.splitlines()
    if used.split()[0].lower() != capability:
        pytest.skip(f"this processor, or this torch, has no {capability}: {used}")
    assert not any(differing), "\n".join(differing)
    assert used.split()[1] == str(threads)


def test_what_lies_well_is_not_copied() -> None:
    values = torch.rand(2, 3, 5, 7)
    assert canonical(values) is values
    array = np.random.default_rng(0).random((4, 3))
    assert canonical_array(array) is array


@pytest.mark.parametrize("shape", [(), (0, 3), (1, 1, 4, 5), (2, 0, 3), (3,)])
def test_the_layout_is_that_of_new_memory(shape: tuple[int, ...]) -> None:
    made = canonical(torch.rand(*shape, 9)[..., 2].clone() if shape else torch.rand(9)[2])
    assert made.shape == shape
    assert made.stride() == torch.empty(shape).stride()
    assert made.data_ptr() % 64 == 0


def test_numbers_become_float64_of_this_machine() -> None:
    odd = np.ndarray((3, 2), ">f4", buffer=bytearray(64), offset=1)
    odd[...] = [[1, 2], [3, 4], [5, 6]]
    made = canonical_array(odd[::-1].T)
    assert made.dtype == np.float64
    assert made.dtype.isnative
    assert made.flags.c_contiguous
    assert made.flags.aligned
    assert made.tolist() == [[5, 3, 1], [6, 4, 2]]


def test_a_gradient_passes() -> None:
    values = torch.rand(1, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    (gradient,) = torch.autograd.grad(canonical(values).sum(), values)
    assert torch.equal(gradient, torch.ones_like(values))
