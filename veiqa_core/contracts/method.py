"""Methods: whole no-reference indices, which need neither a pseudo-reference image nor a network."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Method(Protocol):
    """A whole no-reference index, such as NIQE, or the features that one is made of, such as BRISQUE's.

    A method whose values depend on files that it reads also has ``digest``, a text that names their content: what was
    measured with other files is then measured again.
    """

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its values, those of the trait ``outputs``; without the trait one, the component's own name."""
        ...

    def measure(self, images: Tensor) -> Tensor:
        """The values ``[N, F]``, float64 and finite, of an image batch ``[N, 3, H, W]`` in the order of the outputs.

        An image has the same values alone and in any batch. It is measured whole, at the size at which it is seen. One
        with a side of fewer pixels than the trait ``min_size`` is never given.
        """
        ...
