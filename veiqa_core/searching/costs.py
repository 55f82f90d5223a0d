"""What candidates cost: floating-point operations, which unlike seconds are the same in every run."""

from __future__ import annotations

import attrs
import numpy as np
from torch.utils.flop_counter import FlopCounterMode

from ..contracts import FloatArray
from ..extension.registry import Part
from ..images import Image
from ..measuring.branches.engine import Engine
from ..measuring.branches.outcome import Measurement
from ..measuring.meter import Meter
from ..measuring.quantity import MethodOutput


def operations(meter: Meter, image: Image) -> FloatArray:
    """Operations ``[C]`` that the networks take for each of a meter's quantities on one image and its PRI.

    Convolutions and matrix products count, in forward and backward passes, as PyTorch counts them, whatever runtime
    makes the passes; PRIs, metrics and methods do not. They depend on the image's size alone, under which they
    are kept in the store like similarities of an image.
    """
    width, height = image.size
    place, columns = f"torch operations:{width}x{height}", range(len(meter.quantities))
    found = meter.known(place, columns)
    counted: dict[tuple[Part, Part, object], float] = {}
    missing = {}
    for column in columns:
        if column in found:
            continue
        quantity = meter.quantities[column]
        if isinstance(quantity, MethodOutput):
            missing[column] = Measurement(meter.keys[column], 0.0)
            continue
        branch = quantity.branch
        explained = (branch.extractor, branch.explainer, branch.layer)
        if explained not in counted:
            engine = Engine([branch], attrs.evolve(meter.device, runtime="torch"), meter.networks)
            with FlopCounterMode(display=False) as counter:
                engine.measure(image)
            counted[explained] = float(counter.get_total_flops())
        missing[column] = Measurement(meter.keys[column], counted[explained])
    meter.keep(place, missing)
    return np.array([(found | missing)[column].similarity for column in columns], dtype=np.float64)
