"""The kinds of a recipe: PRI generators, networks, explainers, metrics and mappers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Literal, Protocol, runtime_checkable

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ImageError, NetworkError
from .layout import canonical

NUMERICAL_VERSION = 1
"""Raised when what is computed here changes, so that kept values are computed again."""

Precision = Literal["float32", "bfloat16"]
"""What convolutions and linear layers may compute in."""

FloatArray = NDArray[np.float64]
"""A NumPy array of float64."""


@runtime_checkable
class PriGenerator(Protocol):
    """Makes pseudo-reference images (Ahmed et al. 2024, section 2.1)."""

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Degrade each image further.

        Args:
            images: image batch ``[N, 3, H, W]``, float32 in [0, 1], on the CPU.
            seeds: one non-negative number below 2**63 an image, made from the image's content: the only source of
                randomness, so that the same image always has the same PRI.

        Returns:
            An image batch of the same shape and type whose values are whole multiples of 1/255: what an 8-bit file
            would hold.
        """
        ...


@attrs.define(kw_only=True, eq=False)
class Network:
    """A pretrained network, opened on a device, as an extractor gives it to the engine.

    Attributes:
        name: the extractor's name, for messages.
        module: the network itself, in eval mode, no parameter requiring a gradient; it takes preprocessed images
            ``[N, 3, h, w]`` and returns logits ``[N, K]``. Beside ``graph`` and ``weights`` a function may be given in
            its place, which makes it when it is first needed (see :attr:`deferred`).
        layers: names of submodules of ``module`` whose output is a map ``[N, C, h, w]``, from shallow to deep.
        default_layer: the one of them that a branch means when it names none: the last before pooling and classifier.
        weights_digest: SHA-256 of the weights as ``"sha256:..."``, or the seed of random ones as ``"random:7"``.
        mean, std: per-channel normalisation of RGB in [0, 1].
        resize: side of the square to which images are resized (bilinear, antialiased), or None for their native size.
        min_size: the smallest image side that the network takes.
        linear_head: weights ``[K, C]`` of the head where it is global average pooling of ``default_layer`` followed by
            one linear layer, else None.
        graph: the module's forward pass as an ONNX graph without weights, as VEIQA exports it; None has it exported
            where it is needed.
        weights: the state dict of a module that is made when it is first needed, on the network's device.
        precision: what its convolutions and linear layers compute in; the engine sets it.
        origin: the extractor with its distribution, for messages; the engine sets it.
        when_made: is called once a deferred module is there, before anyone uses it; the engine sets it.
    """

    name: str
    _module: nn.Module | Callable[[], nn.Module] = attrs.field(alias="module")
    layers: tuple[str, ...]
    default_layer: str
    weights_digest: str
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: int | None = None
    min_size: int = 32
    linear_head: Tensor | None = None
    graph: bytes | None = attrs.field(default=None, repr=False)
    weights: Mapping[str, Tensor] | None = attrs.field(default=None, repr=False)
    precision: Precision = "float32"
    origin: str = attrs.field(init=False, default="")
    when_made: Callable[[Network], object] | None = attrs.field(init=False, default=None, repr=False)
    _scale: Tensor = attrs.field(init=False)
    _shift: Tensor = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if self.deferred and (self.graph is None or not self.weights or not callable(self._module)):
            raise TypeError(f"the module of a Network is a {type(self._module).__name__}; a torch.nn.Module is due")
        mean, std = torch.tensor(self.mean), torch.tensor(self.std)
        self._scale = (1 / std).view(1, 3, 1, 1).to(self.device)
        self._shift = (-mean / std).view(1, 3, 1, 1).to(self.device)

    @property
    def deferred(self) -> bool:
        """Whether the module is not made yet. The graph serves instead, for which the extractor vouches."""
        return not isinstance(self._module, nn.Module)

    @property
    def module(self) -> nn.Module:
        """The network itself."""
        if not isinstance(self._module, nn.Module):
            self._module = self._module()
            if self.when_made is not None:
                self.when_made(self)
        return self._module

    @property
    def device(self) -> torch.device:
        """Where the network's weights are, or its buffers; the CPU where it has neither."""
        given = self._module
        held = chain(given.parameters(), given.buffers()) if isinstance(given, nn.Module) else self._weight_values()
        tensor = next(iter(held), None)
        return torch.device("cpu") if tensor is None else tensor.device

    def preprocess(self, images: Tensor) -> Tensor:
        """Resize where asked and normalise an image batch in [0, 1]; differentiable.

        Raises:
            ImageError: the images are smaller than ``min_size``.
        """
        images = canonical(images)
        height, width = images.shape[-2:]
        if self.resize is not None:
            images = F.interpolate(images, size=(self.resize, self.resize), mode="bilinear", antialias=True)
        elif min(height, width) < self.min_size:
            raise ImageError(
                f"{width}x{height} pixels are too few for {self.name}, which needs at least {self.min_size} a side; "
                f"only a recipe whose extractor resizes (resize = {max(224, self.min_size)}) takes smaller images, and "
                "its mapper has to be fitted that way"
            )
        normalised: Tensor = torch.addcmul(self._shift, images, self._scale)
        return normalised

    def __call__(self, images: Tensor) -> Tensor:
        """Logits ``[N, K]`` of an image batch in [0, 1], of its type whatever the network computes in.

        Raises:
            NetworkError: the module gives something else, or no gradient where one is due.
        """
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits: Any = self.module(self.preprocess(images))
        if not isinstance(logits, Tensor):
            raise self.error(f"its network gives a {type(logits).__name__}; a tensor of logits [N, K] is due")
        if logits.ndim != 2 or len(logits) != len(images) or not logits.shape[1] or not logits.is_floating_point():
            given = f"{logits.dtype} {tuple(logits.shape)} for {len(images)} images"
            raise self.error(f"its network gives {given}; floating logits [N, K] are due")
        if logits.device != images.device:
            raise self.error(f"its network gives logits on {logits.device} for images on {images.device}")
        if images.requires_grad and torch.is_grad_enabled() and not logits.requires_grad:
            raise self.error("its network gives logits without a gradient; is forward under torch.no_grad?")
        return logits.to(images.dtype)

    def _weight_values(self) -> Iterable[Tensor]:
        return () if self.weights is None else self.weights.values()

    def error(self, what: str) -> NetworkError:
        """What is wrong with the network, with its extractor named."""
        return NetworkError(f"{self.origin or f'extractor {self.name!r}'}: {what}")


@runtime_checkable
class FeatureExtractor(Protocol):
    """Opens a pretrained network (section 2.2)."""

    def open(self, device: torch.device) -> Network:
        """Load the network and its weights.

        Raises:
            WeightsError: the weights are missing, damaged, unsafe or of another network.
        """
        ...


@runtime_checkable
class TunableExtractor(FeatureExtractor, Protocol):
    """An extractor whose network can be fine-tuned."""

    def open_for_tuning(self, device: torch.device, logits: int) -> Network:
        """Load the network and its weights, with a head of so many logits in place of its own that is all zeros.

        Its parameters require gradients, and it stays in eval mode: batch normalisation keeps its statistics. A file
        that holds its state dict is one that the extractor takes as weights.

        Raises:
            WeightsError: as :meth:`open`.
        """
        ...


@attrs.frozen(eq=False)
class Target:
    """The scalar that is explained: one logit an image, or the norm of the logits.

    Attributes:
        classes: class indices ``[N]`` (int64), or None for the Euclidean norm of the logits.
    """

    classes: Tensor | None

    def scalar(self, logits: Tensor) -> Tensor:
        """The target ``[M]`` of logits ``[M, K]``; M is a multiple of N, the N images repeating."""
        if self.classes is None:
            norm: Tensor = torch.linalg.vector_norm(logits, dim=1)
            return norm
        classes = self.classes.repeat(len(logits) // len(self.classes))
        return logits.gather(1, classes[:, None]).squeeze(1)


class View(Protocol):
    """What an explainer sees: images through a network with a target. Everything is computed at most once a pass and
    shared between explainers; an explainer declares what it asks for in its trait ``uses``."""

    @property
    def images(self) -> Tensor:
        """The image batch ``[N, 3, H, W]``, float32 in [0, 1]."""
        ...

    @property
    def network(self) -> Network:
        """The network, whose layers, head and normalisation may be read but not changed."""
        ...

    @property
    def layer(self) -> str:
        """The branch's layer, resolved to a name."""
        ...

    @property
    def target(self) -> Target:
        """The scalar explained, fixed for both images of a pair."""
        ...

    @property
    def module(self) -> nn.Module:
        """The network from an image batch in [0, 1] to the target ``[N]``, for attribution libraries."""
        ...

    def activations(self) -> Tensor:
        """Activations ``[N, C, h, w]`` of the branch's layer, detached (``uses``: activations)."""
        ...

    def gradients(self) -> Tensor:
        """Gradient ``[N, C, h, w]`` of the target with respect to the layer's activations (``uses``: gradients)."""
        ...

    def input_gradients(self) -> Tensor:
        """Gradient ``[N, 3, H, W]`` of the target with respect to the images (``uses``: input_gradients)."""
        ...

    def forward(self, images: Tensor) -> Tensor:
        """The target ``[M]`` of other images, M a multiple of N; differentiable (``uses``: forward)."""
        ...


@runtime_checkable
class Explainer(Protocol):
    """Turns a view into a visual explanation image (section 2.3)."""

    def explain(self, view: View) -> Tensor:
        """The VEI ``[N, h, w]``, float32, finite, not rescaled. No hook may stay on the network.

        An explainer that cannot serve every network also has ``check(network, layer)``, which raises
        :class:`~veiqa_core.errors.IncompatibleError` before any image is read.
        """
        ...


@runtime_checkable
class ExplainerOfTargets(Explainer, Protocol):
    """An explainer that explains several targets of one layer at once, for less than one after another."""

    def explain_targets(self, view: View, targets: Sequence[Target]) -> Sequence[Tensor]:
        """For each target what :meth:`explain` gives of a view of it, to the same bits whatever the others are.

        Args:
            view: of one of the targets.
            targets: one or more; nothing but the target differs between the explainers that are asked together.
        """
        ...


@runtime_checkable
class SimilarityMetric(Protocol):
    """Compares two VEIs (section 2.4)."""

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """Similarity ``[N]``, float64, of the PRI's maps x and the input's maps y, both ``[N, h, w]`` float64.

        With the default ``scale`` the maps lie in [0, 1], so constants that suppose a peak of 255 are divided by it.
        Constant and all-zero maps give finite values.

        A metric with the trait ``image`` also has ``compare_images(a, b)``, which gives float64 ``[N]`` for ordinary
        images a (the reference) and b, ``[N, 3, H, W]`` or, where both are grey, ``[N, 1, H, W]``, in [0, 1].
        """
        ...


@attrs.frozen(eq=False)
class Prediction:
    """Scores ``[N]``, and the ends ``[N]`` of their 90 % prediction intervals (NaN where the mapper knows none)."""

    score: FloatArray
    low: FloatArray
    high: FloatArray


@runtime_checkable
class ScoreMapper(Protocol):
    """Maps the similarities of a recipe's branches to quality, higher being better (section 2.5).

    The similarities that a mapper sees are oriented: larger is more similar to the PRI, whatever the metric.
    """

    def fit(self, similarities: FloatArray, quality: FloatArray) -> None:
        """Fit to similarities ``[N, B]`` and quality ``[N]``, higher being better.

        Raises:
            FitError: the data do not determine a mapping, and why.
        """
        ...

    def predict(self, similarities: FloatArray) -> Prediction:
        """Quality of similarities ``[N, B]``."""
        ...

    def sensitivity(self, similarities: FloatArray) -> FloatArray:
        """Derivative ``[N, B]`` of the score with respect to each similarity."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What was fitted, as numbers and lists of numbers; empty before a fit."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave.

        Raises:
            ValueError: the state does not fit this mapper.
        """
        ...


@runtime_checkable
class DistortionClassifier(Protocol):
    """Predicts the likely distortion of an image from the similarities that its quality is mapped from.

    The similarities are oriented as those of mappers are.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """The distortion types that it distinguishes, in the order of the probabilities; none before a fit."""
        ...

    def fit(self, similarities: FloatArray, types: Sequence[str]) -> None:
        """Fit to similarities ``[N, B]`` and the type of each image.

        Raises:
            FitError: the data do not determine the classes, and why.
        """
        ...

    def probabilities(self, similarities: FloatArray) -> FloatArray:
        """Probabilities ``[N, K]`` of the classes for similarities ``[N, B]``; each row sums to 1."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What was fitted, as texts, numbers and lists of them; empty before a fit."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave.

        Raises:
            ValueError: the state does not fit this classifier.
        """
        ...
