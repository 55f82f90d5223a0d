"""What branches cost: floating-point operations, which unlike seconds are the same in every run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch.utils.flop_counter import FlopCounterMode

from ..contracts import FloatArray
from ..engine import Engine
from ..images import Image
from ..registry import Part
from .bench import Bench
from .candidates import Candidate


def operations(candidates: Sequence[Candidate], image: Image, bench: Bench) -> FloatArray:
    """Operations ``[C]`` that the networks take for a branch on one image and its PRI, as PyTorch counts them.

    Convolutions and matrix products count, in forward and backward passes; PRIs and metrics do not.
    """
    known: dict[tuple[Part, Part, object], float] = {}
    for candidate in candidates:
        branch = candidate.branch
        explained = (branch.extractor, branch.explainer, branch.layer)
        if explained not in known:
            engine = Engine([branch], bench.device, bench.networks)
            with FlopCounterMode(display=False) as counter:
                engine.measure(image)
            known[explained] = float(counter.get_total_flops())
    return np.array([known[c.branch.extractor, c.branch.explainer, c.branch.layer] for c in candidates])
