"""Several targets of one layer: explained at once where the explainer can, and each by itself where that fails."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from making import photo, with_plugin

from veiqa_core.devices import Device
from veiqa_core.extension.registry import Registry
from veiqa_core.images import read
from veiqa_core.measuring.branches.engine import Engine
from veiqa_core.measuring.branches.outcome import Outcome
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.recipes.resolution import resolve

TARGETS = (0, 3, "top")

PLUGIN = """
from veiqa_core.api import Component, hookimpl, param, params, target_param

@params
class Params:
    target: int | str = target_param()
    power: float = param(default=1.0, help="H.", ge=0)

@hookimpl
def veiqa_explainers():
    traits = {{"space": "layer", "uses": ("activations",)}}
    for name in ("Single", "Several"):
        yield Component(name=name.lower(), summary="S.", factory=f"targets:{{name}}", params=Params, traits=traits)

asked = []

class Single:
    def __init__(self, params): self.power = params.power
    def explain(self, view):
        asked.append(1)
        return self.made(view.activations(), view.target)
    def made(self, activations, target):
        return activations[:, int(target.classes[0])] ** self.power

class Several(Single):
    def explain_targets(self, view, targets):
        asked.append(len(targets))
        activations = view.activations()
{several}
        return [self.made(activations, target) for target in targets]
"""

Make = Callable[[str], Registry]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Installs the plugin, with lines that stand before ``explain_targets`` returns."""
    return lambda lines: with_plugin(
        "targets", PLUGIN.format(several=textwrap.indent(lines, " " * 8)), tmp_path, monkeypatch
    )


def measured(registry: Registry, small: Choice, explainer: str, **others: float) -> tuple[Outcome, list[int]]:
    """Branches of all targets on an image, and how many targets each call of the explainer had."""
    choices = [Choice(f"targets:{explainer}", {"target": target, **others}) for target in TARGETS]
    branches = tuple(Branch(pri=Choice("mean-blur"), extractor=small, explainer=choice) for choice in choices)
    engine = Engine(resolve(Recipe("r", branches), registry).branches, Device())
    import targets  # the plugin

    targets.asked.clear()
    return engine.measure(read(photo(96, 128))), targets.asked


def values(outcome: Outcome) -> list[float | None]:
    return [item.similarity for item in outcome.measurements]


def test_targets_are_explained_at_once_to_the_same_bits(plugin: Make, small: Choice) -> None:
    registry = plugin("")
    several, calls = measured(registry, small, "several")
    assert calls == [3, 3]  # of the input and of its PRI
    single, calls = measured(registry, small, "single")
    assert calls == [1] * 6
    assert None not in values(several)
    assert values(several) == values(single)


def test_explainers_of_other_parameters_are_asked_apart(plugin: Make, small: Choice) -> None:
    registry = plugin("")
    choices = [Choice("targets:several", {"target": 0, "power": power}) for power in (1.0, 2.0)]
    branches = tuple(Branch(pri=Choice("mean-blur"), extractor=small, explainer=choice) for choice in choices)
    outcome = Engine(resolve(Recipe("r", branches), registry).branches, Device()).measure(read(photo(96, 128)))
    one, two = (values(measured(registry, small, "single", power=power)[0])[0] for power in (1.0, 2.0))
    assert values(outcome) == [one, two]
    assert one != two


@pytest.mark.parametrize(
    "lines",
    [
        "raise RuntimeError('not so many')",
        "targets = targets[1:]",
        "return [activations for _ in targets]",
        "return [activations[:, 0] / 0 for _ in targets]",
    ],
)
def test_where_that_fails_each_is_explained_by_itself(plugin: Make, small: Choice, lines: str) -> None:
    registry = plugin(lines)
    outcome, calls = measured(registry, small, "several")
    assert calls.count(1) == 6
    assert values(outcome) == values(measured(registry, small, "single")[0])


def test_damage_done_only_with_several_targets_is_found(plugin: Make, small: Choice) -> None:
    registry = plugin("view.network.module.register_forward_hook(lambda *_: None)")
    outcome, _ = measured(registry, small, "several")
    assert values(outcome) == [None] * 3
    assert all("leaves a hook on the network" in str(item.error) for item in outcome.measurements)


def test_an_explainer_that_always_fails_is_named(plugin: Make, small: Choice) -> None:
    registry = plugin("Several.made = None\nreturn []")
    outcome, _ = measured(registry, small, "several")
    assert values(outcome) == [None] * 3
    assert all(str(item.error).startswith("explainer 'several' (targets 1.0) failed") for item in outcome.measurements)
