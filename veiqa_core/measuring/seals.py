"""Whether a network is still what was opened: explainers share it, and what one leaves behind would reach all others.

Seen are hooks, modes, modules put in or taken out, methods put in place of a module's or a class's ``forward``, weights
that were replaced or written into by torch, gradients left on them, and the fields of the :class:`Network`. Of weights
written into behind torch's back (``parameter.data``, NumPy) a few values of each are compared: where only others were
changed, that is not seen.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

import attrs
import torch
from torch import Tensor

from ..contracts import Network

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_PARTS = ("_modules", "_parameters", "_buffers")
_COMPARED = 8  # values of each weight
_VERSION, _DIFFERENTIABLE = attrgetter("_version"), attrgetter("requires_grad")
_GRADIENT, _MODE = attrgetter("grad"), itemgetter("training")


class Seal:
    """How a network stood when this was made.

    Attributes:
        deferred: whether its module was not there yet, so that its weights and fields alone are looked at.
    """

    def __init__(self, network: Network) -> None:
        self._network = weakref.ref(network)
        self.deferred = network.deferred
        named = {} if self.deferred else dict(network.module.named_modules())
        self._names = tuple(named)
        self._modules = tuple(named.values())
        self._own = [vars(module) for module in self._modules]
        self._hooks = _Tables(self._own, _HOOKS)
        self._parts = _Tables(self._own, _PARTS)
        self._values = self._fields(network)
        given = {} if network.weights is None else network.weights
        held = given.values() if self.deferred else chain(network.module.parameters(), network.module.buffers())
        tensors = (*held, *self._values)
        self._tensors = [item for item in tensors if isinstance(item, Tensor)]
        self._versioned = [tensor for tensor in self._tensors if not tensor.is_inference()]
        self._few: dict[torch.device, list[Tensor]] = {}
        for tensor in self._tensors:
            if (few := _few(tensor)) is not None:
                self._few.setdefault(few.device, []).append(few)
        self._forwards = {
            (kind, name): kind.__dict__[name]
            for kind in {*chain.from_iterable(type(module).__mro__ for module in self._modules), *type(network).__mro__}
            for name in ("forward", "preprocess", "__call__")
            if name in kind.__dict__ and kind is not type
        }
        self._lengths, self._shadows = list(map(len, self._own)), self._find_shadows()
        self._types = list(map(type, self._modules))
        self._modes = list(map(_MODE, self._own))
        self._written = self._find_written()
        self._differentiable = list(map(_DIFFERENTIABLE, self._tensors))
        self._leaves = [tensor for tensor in self._tensors if tensor.is_leaf]
        self._gradients = list(map(_GRADIENT, self._leaves))
        self._sample = self._find_sample()

    def damage(self) -> str | None:
        """What was done to the network, so that it is not as it was; None for nothing."""
        checks = (
            ("leaves a hook on", self._hooks.same),
            ("changes the mode of", lambda: list(map(_MODE, self._own)) == self._modes),
            ("replaces parts of", self._parts.same),
            ("replaces methods of", self._same_methods),
            ("changes weights of", lambda: self._find_written() == self._written),
            ("changes weights of", lambda: torch.equal(self._find_sample(), self._sample)),
            ("changes what requires gradients in", self._same_differentiable),
            ("leaves gradients on weights of", self._same_gradients),
            ("changes fields of", self._same_fields),
        )
        return next((done for done, same in checks if not same()), None)

    def mend_classes(self) -> None:
        """Give the classes their own methods again, which a network that is opened anew has from them."""
        for (kind, name), method in self._forwards.items():
            if kind.__dict__.get(name) is not method:
                setattr(kind, name, method)

    def alike(self, other: Seal) -> bool:
        """Whether another network is of the same build, and was in the same state."""
        return (
            (self._names, self._types, self._modes) == (other._names, other._types, other._modes)
            and self._hooks.lengths == other._hooks.lengths
            and self._parts.lengths == other._parts.lengths
            and self._shadows.keys() == other._shadows.keys()
            and self._differentiable == other._differentiable
            and torch.equal(self._sample, other._sample)
        )

    def _same_methods(self) -> bool:
        if any(kind.__dict__.get(name) is not method for (kind, name), method in self._forwards.items()):
            return False
        if list(map(type, self._modules)) != self._types:
            return False
        if not self._shadows and list(map(len, self._own)) == self._lengths:
            return True
        return self._find_shadows() == self._shadows  # what else a module keeps in itself is its own

    def _same_differentiable(self) -> bool:
        return list(map(_DIFFERENTIABLE, self._tensors)) == self._differentiable

    def _same_gradients(self) -> bool:
        found = map(_GRADIENT, self._leaves)
        return all(now is before for now, before in zip(found, self._gradients, strict=True))

    def _same_fields(self) -> bool:
        network = self._network()
        return network is None or list(map(id, self._fields(network))) == list(map(id, self._values))

    def _fields(self, network: Network) -> tuple[Any, ...]:
        names = (field.name for field in attrs.fields(Network))
        return tuple(getattr(network, name) for name in names if not (self.deferred and name == "_module"))

    def _find_shadows(self) -> Mapping[tuple[int, str], Any]:
        """What modules themselves have in place of what their classes have."""
        return {
            (index, name): value
            for index, own in enumerate(self._own)
            for name, value in own.items()
            if callable(value) and hasattr(type(self._modules[index]), name)
        }

    def _find_written(self) -> tuple[list[int], list[int]]:
        return list(map(_VERSION, self._versioned)), list(map(Tensor.data_ptr, self._tensors))

    def _find_sample(self) -> Tensor:
        found = [torch.cat(few).cpu() for few in self._few.values()]
        return torch.cat(found) if found else torch.empty(0)


class _Tables:
    """Dictionaries that every module has, and what is in them."""

    def __init__(self, own: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
        self._own, self._get = own, itemgetter(*keys)
        self._tables = list(map(self._get, own))
        tables = list(chain.from_iterable(self._tables))
        self._empty = [table for table in tables if not table]
        self._filled = [table for table in tables if table]
        self._kept = [list(table.values()) for table in self._filled]  # so that no other object gets their identity
        self._content = self._look()
        self.lengths = list(map(len, tables))

    def same(self) -> bool:
        """Whether the same is in them."""
        try:
            same = list(map(self._get, self._own)) == self._tables
        except RuntimeError:  # another dictionary, with other tensors, which are not compared as others are
            return False
        return same and not any(self._empty) and self._look() == self._content

    def _look(self) -> tuple[list[str], list[int]]:
        names = list(chain.from_iterable(self._filled))
        return names, list(map(id, chain.from_iterable(table.values() for table in self._filled)))


def _few(tensor: Tensor) -> Tensor | None:
    """A few values from the middle of a tensor's memory, as bytes that follow what is written there."""
    if not tensor.numel() or tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    extent = 1 + sum((size - 1) * step for size, step in steps)
    count = min(_COMPARED, extent)
    try:
        start = tensor.storage_offset() + (extent - count) // 2
        return torch.as_strided(tensor.detach(), (count,), (1,), start).view(torch.uint8)
    except RuntimeError:  # a kind of tensor of somebody else's making
        return None


_SEALS: weakref.WeakKeyDictionary[Network, Seal] = weakref.WeakKeyDictionary()


def seal_of(network: Network) -> Seal:
    """The seal of an open network, made when it is first asked for."""
    seal = _SEALS.get(network)
    if seal is None:
        seal = _SEALS[network] = Seal(network)
    return seal


def seal_module(network: Network) -> None:
    """Seal a network anew once its module is there, unless something was done to it before."""
    before = _SEALS.get(network)
    if before is None or before.damage() is None:
        _SEALS[network] = Seal(network)
