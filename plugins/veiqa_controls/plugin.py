"""Records of the built-in controls. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl, param, params


@params
class RandomNetworkParams:
    """Of the network without training."""

    seed: int = param(default=0, help="Seed of the network's random weights.", ge=0, lt=2**63)


@hookimpl
def veiqa_controls() -> Iterator[Component]:
    """What is left without the network, without its training, and without the comparison."""
    yield Component(
        name="pixels",
        summary="The branch's metric on the grey pixels of image and PRI: no network at all.",
        factory="veiqa_controls.controls:Pixels",
        requires=("torch",),
        reference="Luma: ITU-R BT.601-7, section 2.5.1.",
    )
    yield Component(
        name="random-network",
        summary="The same branch through the same network with random weights: nothing was learnt.",
        factory="veiqa_controls.controls:RandomNetwork",
        params=RandomNetworkParams,
        requires=("torch",),
        reference="Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018 (model parameter randomization test).",
    )
    yield Component(
        name="vei-mean",
        summary="Mean of the image's own VEI: neither PRI nor metric.",
        factory="veiqa_controls.controls:VeiMean",
        requires=("torch",),
        reference="Arithmetic mean of the map; no publication.",
    )
