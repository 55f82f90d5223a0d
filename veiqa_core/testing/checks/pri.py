"""PRI generators."""

from __future__ import annotations

import torch
from torch import Tensor

from ..arbitrary import eight_bit_images, holds, refuse
from ..kit import Subject, require, where
from ..samples import images

FOUNDATION = ("image",)

SEEDS = (5, 6, 7)
_SMALLEST = 32  # side


def check_image(of: Subject) -> None:
    """It gives images of the same shape, float32, whose values are whole multiples of 1/255 in [0, 1]."""
    batch = images()
    made = of.make().generate(batch, SEEDS)
    require(made.shape == batch.shape, f"gives {tuple(made.shape)} for {tuple(batch.shape)}")
    require(made.dtype == torch.float32, f"gives {made.dtype}; float32 is due")
    low, high = float(made.min()), float(made.max())
    require(low >= 0 and high <= 1, f"gives values from {low:g} to {high:g}; [0, 1] is due")
    require(torch.equal((made * 255).round() / 255, made), "gives values that no 8-bit file holds: round to 1/255")


def check_input_untouched(of: Subject) -> None:
    """It leaves its input as it was."""
    batch = images()
    of.make().generate(batch, SEEDS)
    require(torch.equal(batch, images()), "changes its input")


def check_depends_on_image_and_seed_alone(of: Subject) -> None:
    """An image gives the same PRI alone and in any batch."""
    generator, batch = of.make(), images()
    made = generator.generate(batch, SEEDS)
    for index, seed in enumerate(SEEDS):
        alone = generator.generate(batch[index : index + 1], [seed])[0]
        require(torch.equal(alone, made[index]), "gives an image another PRI alone than in a batch")


def check_degrades(of: Subject) -> None:
    """It changes an image with edges and texture."""
    batch = images()
    require(not torch.equal(of.make().generate(batch.clone(), SEEDS), batch), "gives a textured image back unchanged")


def check_constant_image(of: Subject) -> None:
    """It takes an image without any structure, and one of a single colour at either end."""
    for level in (0, 128, 255):
        flat = torch.full((1, 3, 64, 64), level / 255)
        made = of.make().generate(flat.clone(), [0])
        require(made.shape == flat.shape and bool(torch.isfinite(made).all()), f"fails on an image of {level}")


def check_odd_sizes(of: Subject) -> None:
    """It takes tall, wide and odd sizes."""
    for height, width in ((64, 33), (33, 65), (47, 97)):
        made = of.make().generate(images(1, height, width), [3])
        require(made.shape[-2:] == (height, width), f"gives {tuple(made.shape[-2:])} for {height}x{width}")


@where("strength")
def check_strength(of: Subject) -> None:
    """The ends of its trait ``strength`` are values of its parameter, and the strongest end changes an image more."""
    name, mildest, strongest = of.traits["strength"]
    batch = images(1)
    require(hasattr(of.part.params, name), f"trait strength names {name!r}, which is no parameter")
    kind = type(getattr(of.part.params, name))
    mild, strong = (
        float((of.make(**{name: kind(end)}).generate(batch.clone(), [0]) - batch).square().mean())
        for end in (mildest, strongest)
    )
    require(strong > mild, f"{name}={strongest:g} changes an image less than {name}={mildest:g}")


def check_arbitrary_images(of: Subject) -> None:
    """Shape, type, range, 8-bit values and sameness hold on arbitrary small images, which hypothesis looks for."""
    generator = of.make()

    def holds_on(batch: Tensor) -> None:
        made, again = (generator.generate(batch.clone(), [7]) for _ in range(2))
        given = f"gives {made.dtype} {tuple(made.shape)} for {tuple(batch.shape)}"
        refuse(made.shape == batch.shape and made.dtype == torch.float32, given, image=batch)
        low, high = float(made.min()), float(made.max())
        refuse(low >= 0 and high <= 1, f"gives values from {low:g} to {high:g}", image=batch)
        refuse(torch.equal((made * 255).round() / 255, made), "gives values that no 8-bit file holds", image=batch)
        refuse(torch.equal(made, again), "gives another PRI when asked again", image=batch)

    holds(holds_on, lambda: eight_bit_images(_SMALLEST, _SMALLEST + 8), 50)
