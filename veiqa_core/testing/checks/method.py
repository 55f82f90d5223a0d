"""Methods, against what their traits declare."""

from __future__ import annotations

import torch
from torch import Tensor

from ...recipes.resolution import method_outputs
from ..arbitrary import eight_bit_images, holds, refuse
from ..kit import Subject, needs, require
from ..samples import least_side, method_images

FOUNDATION = ("values",)
_ROOM = 8  # pixels beyond the smallest side, of arbitrary images
_MOST = 96  # the smallest side up to which arbitrary images are drawn, for hypothesis goes through them one by one


def check_values(of: Subject) -> None:
    """It gives a float64 ``[N, F]`` of finite numbers within its bounds, F being the number of its outputs."""
    batch = method_images(of)
    _require_sound(of, of.make().measure(batch), batch)


@needs("building")
def check_outputs(of: Subject) -> None:
    """Its outputs are those that its trait names, or without the trait one of its own name."""
    declared, found = method_outputs(of.part), of.make().outputs
    require(isinstance(found, tuple), f"its outputs are a {type(found).__name__}; a tuple of names is due")
    require(found == declared, f"has the outputs {found}; its record says {declared}")


def check_input_untouched(of: Subject) -> None:
    """It leaves its input as it was."""
    batch = method_images(of)
    before = batch.clone()
    of.make().measure(batch)
    require(torch.equal(batch, before), "changes its input")


def check_any_batch(of: Subject) -> None:
    """An image has the same values, bit for bit, alone and in any batch, whatever was measured before."""
    batch = method_images(of)
    method = of.make()
    made = method.measure(batch.clone())
    for index in reversed(range(len(batch))):
        alone = method.measure(batch[index : index + 1].clone())[0]
        require(torch.equal(alone, made[index]), "gives an image other values alone than in a batch")


def check_any_layout(of: Subject) -> None:
    """The values do not depend on how an image lies in memory."""
    batch = method_images(of, 1)
    method = of.make()
    made = method.measure(batch.clone())
    other = batch.to(memory_format=torch.channels_last)
    require(torch.equal(method.measure(other), made), "gives other values for another layout in memory: canonical()")


def check_constant_image(of: Subject) -> None:
    """It takes an image without any structure, and one of a single colour at either end."""
    side = max(64, least_side(of))
    for level in (0, 128, 255):
        flat = torch.full((1, 3, side, side), level / 255)
        _require_sound(of, of.make().measure(flat), flat, f" on an image of {level}")


def check_odd_sizes(of: Subject) -> None:
    """It takes tall, wide and odd sizes."""
    side = max(33, least_side(of))
    for height, width in ((2 * side, side), (side, 2 * side + 1), (side + 14, 3 * side - 2)):
        batch = method_images(of, 1, height, width)
        _require_sound(of, of.make().measure(batch), batch, f" on {width}x{height} pixels")


def check_smallest_size(of: Subject) -> None:
    """It takes images of its smallest side."""
    side = of.traits["min_size"]
    batch = method_images(of, 1, side, side)
    _require_sound(of, of.make().measure(batch), batch, f" on {side}x{side} pixels")


def check_arbitrary_images(of: Subject) -> None:
    """Shape, type, bounds and sameness hold on arbitrary small images, which hypothesis looks for."""
    side = least_side(of)
    if side > _MOST:
        return
    method = of.make()

    def holds_on(batch: Tensor) -> None:
        made, again = (method.measure(batch.clone()) for _ in range(2))
        problem = _problem(of, made, batch)
        refuse(problem is None, str(problem), image=batch)
        refuse(torch.equal(made, again), "gives other values when asked again", image=batch)

    holds(holds_on, lambda: eight_bit_images(side, side + _ROOM), 25)


def _require_sound(of: Subject, made: object, batch: Tensor, at: str = "") -> None:
    problem = _problem(of, made, batch)
    require(problem is None, f"{problem}{at}")


def _problem(of: Subject, made: object, batch: Tensor) -> str | None:
    """What is wrong with the values of a batch; None where nothing is."""
    if not isinstance(made, Tensor):
        return f"gives a {type(made).__name__}; a tensor is due"
    due = (len(batch), len(method_outputs(of.part)))
    if made.dtype != torch.float64 or made.shape != due:
        return f"gives {made.dtype} {tuple(made.shape)}; float64 {due} is due"
    if not bool(torch.isfinite(made).all()):
        return f"gives {float(made[~torch.isfinite(made)][0])}"
    low, high = of.traits["bounds"]
    beyond = [v for v in made.flatten().tolist() if (low is not None and v < low) or (high is not None and v > high)]
    return f"gives {beyond[0]:g}; bounds are {low} and {high}" if beyond else None
