"""Explainers, tried on small untrained networks that they do not refuse."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...contracts import ExplainerOfTargets, Network, Target, View
from ...isolation.process import hooks_for_all_modules
from ...measuring.seals import Seal
from ..kit import CheckFailed, Subject, require
from ..samples import images, networks, served, view

FOUNDATION = ("map",)


def check_map(of: Subject) -> None:
    """Its VEI is finite float32 [N, h, w], of the layer's size or the image's as its trait ``space`` says."""
    batch = images(2)
    for label, network in served(of).items():
        made = of.make().explain(view(of, network, batch))
        require(made.ndim == 3 and len(made) == 2, f"{label}: gives {tuple(made.shape)}; [N, h, w] is due")
        require(made.dtype == torch.float32, f"{label}: gives {made.dtype}; float32 is due")
        require(torch.isfinite(made).all(), f"{label}: gives a VEI that is not finite")
        space = of.traits["space"]
        due = batch.shape[2:] if space == "input" else _layer_size(network, batch)
        size = tuple(made.shape[1:])
        require(size == tuple(due), f"{label}: space is {space!r}, and yet its map is {size}, not {tuple(due)}")


def check_batch(of: Subject) -> None:
    """An image has the same VEI alone and in a batch, but for rounding."""
    batch = images(2)
    for label, network in served(of).items():
        explainer = of.make()
        together = explainer.explain(view(of, network, batch))
        for index in range(2):
            alone = explainer.explain(view(of, network, batch[index : index + 1]))[0]
            near = (alone - together[index]).abs().max() <= 1e-3 * together[index].abs().max()
            require(near, f"{label}: gives an image another VEI alone than in a batch")


def check_constant_image(of: Subject) -> None:
    """It explains an image without any structure."""
    for label, network in served(of).items():
        made = of.make().explain(view(of, network, torch.full((1, 3, 72, 88), 0.5)))
        require(torch.isfinite(made).all(), f"{label}: gives a VEI that is not finite for a constant image")


def check_targets(of: Subject) -> None:
    """Where it explains several targets at once, each has the bits that it has alone."""
    explainer = of.make()
    if not isinstance(explainer, ExplainerOfTargets):
        return
    batch = images(1)
    for label, network in served(of).items():
        targets = [Target(torch.tensor([place])) for place in (1, 0, 2)]
        together = explainer.explain_targets(view(of, network, batch, targets[0]), targets)
        require(len(together) == 3, f"{label}: gives {len(together)} VEIs for 3 targets")
        for target, made in zip(targets, together, strict=True):
            alone = explainer.explain(view(of, network, batch, target))
            require(torch.equal(made, alone), f"{label}: gives a target another VEI beside others than alone")


def check_network_untouched(of: Subject) -> None:
    """It leaves no hook on the network, and its parts, weights, modes and gradients as they were."""
    for label, network in served(of).items():
        seal = Seal(network)
        of.make().explain(view(of, network, images(1)))
        _compare(label, seal)


def check_network_untouched_after_an_error(of: Subject) -> None:
    """Nor does it leave a hook behind when a pass through the network fails."""
    for label, network in served(of).items():
        seal = Seal(network)
        try:
            of.make().explain(_Failing(view(of, network, images(1))))
        except _Raised:
            pass
        except Exception as error:
            if not _caused(error):
                raise
        else:
            raise CheckFailed(f"{label}: goes on when the view raises an error")
        _compare(f"{label}, after an error", seal)


class _Raised(RuntimeError):
    """What a failing pass raises."""


def _caused(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, _Raised) or _caused(error.__cause__ or error.__context__))


class _Failing:
    """A view all of whose passes fail."""

    def __init__(self, inner: View) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ("activations", "gradients", "input_gradients", "forward"):
            return self._fail
        if name == "module":
            return _FailingModule()
        return getattr(self._inner, name)

    def _fail(self, *_: object) -> Tensor:
        raise _Raised("this pass fails, to see what stays behind")


class _FailingModule(nn.Module):
    def forward(self, *_: object) -> Tensor:
        raise _Raised("this pass fails, to see what stays behind")


def _layer_size(network: Network, batch: Tensor) -> tuple[int, int]:
    sizes: list[tuple[int, int]] = []
    layer = network.module.get_submodule(network.default_layer)
    hook = layer.register_forward_hook(lambda _, __, out: sizes.append((out.shape[2], out.shape[3])))
    with torch.no_grad():
        network(batch)
    hook.remove()
    return sizes[-1]


def _compare(label: str, seal: Seal) -> None:
    damage = seal.damage()
    if damage is not None:
        seal.mend_classes()
        networks.cache_clear()  # other checks begin with others
    hooks = hooks_for_all_modules()
    require(damage is None and not hooks, f"{label}: {damage or 'leaves a hook on all modules of'} the network")
