"""A component or a stage whose numbers change must state a new version, or kept values would be mixed with new ones.

``golden/numerics.json`` holds, for the version that each states, figures of what it computes. Where one has changed on
purpose, raise its version and write the file anew: ``python tests/core/measuring/test_numerical_versions.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from veiqa_core.contracts import Network, scoring
from veiqa_core.devices import Device
from veiqa_core.extension.registry import installed
from veiqa_core.images import image, shrinking
from veiqa_core.isolation import isolated
from veiqa_core.measuring import fingerprint
from veiqa_core.measuring.branches import comparison, engine, tiling
from veiqa_core.measuring.networks import open_network
from veiqa_core.measuring.runtimes import compiled, eager, graphs
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.resolution import resolve
from veiqa_core.testing import samples
from veiqa_core.testing.kit import Subject

GOLDEN = Path(__file__).parent / "golden" / "numerics.json"
TOLERANCE = 1e-3  # relative: processors and versions of libraries round differently, and encoders differ a little
KINDS = ("pri", "explainer", "metric", "method", "control")
"""The kinds whose components shape what is kept. Extractors are known by their weights, and by the stage of passes."""

TRAINED = {
    "qac",
    "cnniqa",
    "wadiqam-nr",
    "bpri-score",
    "bmpri-score",
    "brisque-score",
    "bliinds2-score",
    "diivine-score",
}
"""Methods of trained numbers, of their authors' releases or of ours, which are part of a key by their content."""

Figures = list[float]


def figures(values: Any) -> Figures:
    """Mean, spread, and a sum that tells one order of the values from another."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    return [float(flat.mean()), float(flat.std()), float(np.mean(flat * np.cos(np.arange(len(flat)))))]


def of_component(kind: str, name: str) -> Figures:
    made = samples.probe(Subject(installed().part(kind, name)))
    if kind == "control":
        return [float(made.decode().rpartition(",")[2].strip(" )"))]
    return figures(np.frombuffer(made, np.float64 if kind in ("metric", "method") else np.float32))


def network() -> Network:
    """A network of fixed weights with one map."""
    convolution = nn.Conv2d(3, 4, 3, stride=2, padding=1)
    module = nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    for parameter in module.parameters():
        parameter.data = torch.cos(torch.arange(parameter.numel(), dtype=torch.float32)).view_as(parameter)
        parameter.requires_grad_(False)
    return Network(
        name="n", module=module.eval(), layers=("0",), default_layer="0", weights_digest="", mean=(0.4, 0.5, 0.6),
        std=(0.2, 0.25, 0.3), resize=40,
    )  # fmt: skip


def of_passes() -> Figures:
    made = eager.TorchPass(network(), samples.images(1), activations=["0"], gradients=["0"])
    targets = [made.choose_target(wanted) for wanted in ("top", "norm", 3)]
    return [*figures(made.activations("0")), *(value for t in targets for value in figures(made.gradients("0", t)))]


def of_compiled_passes() -> Figures:
    opened = open_network(installed().part("extractor", "efficientnet-lite0", {"weights": "random:0"}), Device())
    served = graphs.compile_network(opened)
    made = compiled.CompiledPass(opened, served, samples.images(1, 48, 61), ["blocks.0", "bn2"])
    return [*figures(made.activations("blocks.0")), *figures(made.activations("bn2")), *figures(made.logits)]


def of_tiles() -> Figures:
    whole = torch.cos(torch.arange(97 * 131, dtype=torch.float32)).view(1, 97, 131)
    mosaic = tiling.Mosaic((131, 97))
    for tile in tiling.cut((131, 97), whole=1, side=64, margin=32):
        mosaic.add(tile, whole[:, tile.rows.outer, tile.columns.outer][..., ::2, ::2] * len(str(tile)))
    return figures(mosaic.whole())


def of_comparison() -> Figures:
    x, y = (maps.float() * 3 - 1 for maps in samples.maps(9))
    settings = [("pair", "layer", 40), ("map", "layer", 1), ("none", "input", 1)]
    made = [comparison.prepare(x, y, scale=s, size=z, image=(30, 50), min_size=m) for s, z, m in settings]  # type: ignore[arg-type]
    return [value for pair in made for side in pair for value in figures(side)]


def of_isolation() -> Figures:
    import random

    with isolated.isolated():
        return [random.random(), float(np.random.random()), float(torch.rand(1))]


def of_engine() -> Figures:
    small = recipes.Choice("timm", {"model": "test_resnet", "weights": "random:0"})
    resolved = resolve(recipes.ad_hoc(pris=[recipes.Choice("mean-blur")], extractor=small), installed())
    made = engine.Engine(resolved.branches, Device()).measure(image.Image(samples.images(1), "samples"))
    return [item.similarity or 0.0 for item in made.measurements]


STAGES: Mapping[ModuleType, Callable[[], Figures]] = {
    scoring: lambda: figures(network().preprocess(samples.images())),
    image: lambda: [image.Image(samples.images(1), "samples").seed / 2**63],
    shrinking: lambda: figures(shrinking.shrunk(samples.images()[0], 4)),
    isolated: of_isolation,
    engine: of_engine,
    tiling: of_tiles,
    eager: of_passes,
    compiled: of_compiled_passes,
    comparison: of_comparison,
}


def everything() -> dict[str, tuple[int, Callable[[], Figures]]]:
    """What is checked: its version, and how its figures are found."""
    own = [item for kind in KINDS for item in installed().of_kind(kind) if item.dist == "veiqa"]
    own = [item for item in own if not (item.component.extra and item.missing) and item.label not in TRAINED]
    components = {
        f"{item.kind}/{item.name}": (item.component.version, lambda item=item: of_component(item.kind, item.label))  # type: ignore[misc]
        for item in own
    }
    return {
        **components,
        **{f"stage/{m.__name__.rpartition('.')[2]}": (m.NUMERICAL_VERSION, w) for m, w in STAGES.items()},
    }


CHECKED = everything()


@pytest.mark.parametrize("name", CHECKED)
def test_numbers_stay_as_they_are_under_one_version(name: str) -> None:
    version, compute = CHECKED[name]
    known = json.loads(GOLDEN.read_text()).get(name)
    assert known is not None, f"{name} is new: {__doc__}"
    assert known["version"] == version, f"{name} has a new version: {__doc__}"
    computed = compute()
    size = max(map(abs, known["figures"]))
    assert np.allclose(computed, known["figures"], rtol=TOLERANCE, atol=TOLERANCE * size), f"{name} moved: {__doc__}"


def test_every_stage_that_is_part_of_a_key_is_checked() -> None:
    assert set(fingerprint.STAGES) == set(STAGES)


if __name__ == "__main__":
    found = {name: {"version": version, "figures": compute()} for name, (version, compute) in sorted(CHECKED.items())}
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
