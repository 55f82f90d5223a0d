"""Methods: whole no-reference indices, which need neither a pseudo-reference image nor a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn


@runtime_checkable
class Method(Protocol):
    """A whole no-reference index, such as NIQE, or the features that one is made of, such as BRISQUE's.

    A method whose values depend on files that it reads also has ``digest``, a text that names their content: what was
    measured with other files is then measured again. One that was trained on rated images may have ``seen_ids``, a set
    of texts: those that training recorded, by which an evaluation knows the images and contents again.
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


@runtime_checkable
class PieceNetwork(Protocol):
    """The network of a method that learns quality from square pieces of rated images."""

    @property
    def module(self) -> nn.Module:
        """The network. Its state dict is what the method takes as its model."""
        ...

    @property
    def side(self) -> int:
        """Of a piece, in pixels."""
        ...

    @property
    def schedule(self) -> Mapping[str, int | float]:
        """The ``epochs``, the ``samples`` of each image in an epoch, the images of a ``batch`` and the ``rate`` that
        are taken where none are given."""
        ...

    def prepared(self, image: Tensor) -> Tensor:
        """What pieces are cut of, ``[C, H, W]`` float32, of an image ``[3, H, W]`` in [0, 1]."""
        ...

    def scores(self, pieces: Tensor) -> Tensor:
        """The scores ``[N]`` of images of which there are pieces ``[N, S, C, side, side]``: larger is better."""
        ...

    def losses(self, pieces: Tensor, quality: Tensor) -> Tensor:
        """The loss ``[N]`` of each image whose quality ``[N]`` lies in [0, 1]."""
        ...


@runtime_checkable
class TrainableMethod(Protocol):
    """A method's class whose network can be trained."""

    @classmethod
    def for_training(cls, params: Any) -> PieceNetwork:
        """The network on the processor, with the weights that the parameters name, or else with initial ones that
        torch's global generator decides.

        Raises:
            WeightsError: the weights that are named cannot be used.
        """
        ...
