"""Networks inside of others that hide their layers: what stands around them is taken off, or they are refused.

Hooks do not reach what ``torch.compile`` has compiled, nor TorchScript; and layers are named as they are in the network
itself.
"""

from __future__ import annotations

from typing import Any

import attrs
import torch
from torch import nn

from ..contracts import Network
from ..errors import ComponentError

_INNER = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}
_QUANTISED = ("torch.ao.nn.quantized.", "torch.ao.nn.intrinsic.quantized.", "torch.nn.quantized.")


def unwrapped(network: Network) -> Network:
    """The network without what is around it or its parts, its layers named as they are then.

    Raises:
        ComponentError: that cannot be taken off.
    """
    whole = network.module
    names = {name: _bare_name(whole, name) for name in (*network.layers, network.default_layer)}
    for module in list(whole.modules()):
        for name, child in module._modules.items():
            if child is not None and _inner(child) is not None:
                module._modules[name] = _bare(child)
    bare = _bare(whole)
    for name, module in bare.named_modules():
        _uncompile(module)
        problem = _problem(module)
        if problem:
            where = f"its part {name!r}" if name else "its network"
            raise ComponentError(f"{where} is a {type(module).__name__}: {problem}; give the plain torch module")
    if bare is whole and all(name == old for old, name in names.items()):
        return network
    layers, default = tuple(names[name] for name in network.layers), names[network.default_layer]
    return attrs.evolve(network, module=bare, layers=layers, default_layer=default)


def _inner(module: nn.Module) -> str | None:
    """Under which name a wrapper has what it is around; None for what is no wrapper."""
    if not type(module).__module__.startswith("torch."):
        return None
    return _INNER.get(type(module).__name__)


def _bare(module: nn.Module) -> nn.Module:
    while (name := _inner(module)) is not None:
        module = getattr(module, name)
    return module


def _bare_name(module: Any, name: str) -> str:
    """A part's name without the steps into wrappers; a name that is none stays, and is found to be none later."""
    kept = []
    for step in name.split("."):
        while isinstance(module, nn.Module) and (inner := _inner(module)) is not None and step != inner:
            module = getattr(module, inner)
        if not (isinstance(module, nn.Module) and _inner(module) is not None):
            kept.append(step)
        module = getattr(module, step, None)
    return ".".join(kept)


def _uncompile(module: nn.Module) -> None:
    """Undo ``module.compile()`` and ``module.forward = torch.compile(module.forward)``."""
    vars(module).pop("_compiled_call_impl", None)
    written = getattr(vars(module).get("forward"), "_torchdynamo_orig_callable", None)
    if written is not None:
        module.forward = written


def _problem(module: nn.Module) -> str | None:
    if isinstance(module, torch.jit.ScriptModule):
        return "hooks do not reach TorchScript"
    homes = [f"{kind.__module__}." for kind in type(module).__mro__]
    if any(home.startswith("torch.distributed.") for home in homes):
        return "its weights are spread over processes"
    if any(home.startswith(_QUANTISED) for home in homes):
        return "it is quantised, and gives no gradients"
    compiled = getattr(type(module).forward, "_torchdynamo_orig_callable", None) is not None
    if compiled and not hasattr(torch.compiler, "set_stance"):  # since torch 2.6 it can be run as it is written
        return "its class compiles forward, which hooks do not reach"
    return None
