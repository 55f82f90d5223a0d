"""Any convolutional network of timm, examined when it is opened."""

from __future__ import annotations

import difflib

import timm
from torch import nn

from veiqa_core.api import UsageError, near_miss
from veiqa_core.contracts import Network

from .anatomy import examine
from .base import Module, WeightedExtractor
from .plugin import TimmParams
from .timm_networks import fit_classes, normalisation, repository_of, reset_classifier
from .weights import State


class TimmModel(WeightedExtractor):
    """A network of timm by name; its layers are timm's stages and the last map before pooling.

    Raises:
        UsageError: timm knows no such model, or no such training of it.
    """

    def __init__(self, params: TimmParams) -> None:
        super().__init__(params)
        self.name = params.model
        _check_model(params.model)

    def build(self, *, pretrained: bool = False) -> nn.Module:
        """The network as timm makes it."""
        return timm.create_model(self.name, pretrained=pretrained)

    @property
    def repository(self) -> str | None:
        """Where the hub has the weights."""
        return repository_of(self.name)

    def skeleton(self) -> nn.Module:
        """The network with initial weights: some of timm's compute buffers that no weights file holds."""
        return self.build()

    def adapt(self, state: State, module: nn.Module) -> State:
        """Accept any number of classes."""
        fit_classes(module, state)
        return state

    def reset_head(self, module: nn.Module, logits: int) -> None:
        """Replace the classifier."""
        reset_classifier(module, logits)

    def describe(self, module: Module, weights: State, digest: str) -> Network:
        """The network with what examining it found.

        Raises:
            IncompatibleError: it has no feature maps to explain.
        """
        assert isinstance(module, nn.Module)  # no network without a shipped graph is deferred
        found = examine(module, self.name, self.resize)
        return Network(
            name=self.name,
            module=module,
            layers=found.layers,
            default_layer=found.default_layer,
            weights_digest=digest,
            resize=self.resize,
            min_size=found.min_size,
            linear_head=found.linear_head,
            **normalisation(module),
        )


def _check_model(model: str) -> None:
    architecture, _, training = model.partition(".")
    if not timm.is_model(architecture):
        # timm knows a thousand names: list the nearest ones only
        nearest = difflib.get_close_matches(architecture, timm.list_models(), n=8, cutoff=0.0)
        raise UsageError(f"{near_miss('timm model', architecture, nearest)} timm.list_models() lists all.")
    known = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    if training and training not in known:
        raise UsageError(near_miss(f"pretrained tag of {architecture}", training, known))
