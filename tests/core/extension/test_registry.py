"""Plugins are found, registered whole or not at all, and never break one another."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from veiqa_core.errors import UsageError
from veiqa_core.extension import discovery
from veiqa_core.extension.discovery import Found
from veiqa_core.extension.registry import Registry

HEADER = "from veiqa_core.api import Component, hookimpl, param, params\n"
METRIC_TRAITS = 'traits={"similar": "high", "bounds": (0, 1), "identity": "max", "symmetric": True}'


def metric(name: str) -> str:
    return f'Component(name="{name}", summary="S.", factory="nowhere:Nothing", {METRIC_TRAITS})'


class Plugins:
    """Writes plugin modules and registers them as if their distributions were installed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._found: list[Found] = []

    def add(self, name: str, code: str, *, dist: str = "") -> Found:
        self._monkeypatch.delitem(sys.modules, name, raising=False)
        (self._folder / f"{name}.py").write_text(HEADER + textwrap.dedent(code))
        self._found.append(Found(dist or name.replace("_", "-"), "main", "1.0", name))
        return self._found[-1]

    def add_metric(self, name: str, metric_name: str) -> Found:
        return self.add(name, f"@hookimpl\ndef veiqa_similarity_metrics():\n    yield {metric(metric_name)}\n")

    def registry(self) -> Registry:
        return Registry(self._found)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    monkeypatch.syspath_prepend(tmp_path)
    return Plugins(tmp_path, monkeypatch)


def test_a_component_is_found_by_name_and_by_dist_and_name(plugins: Plugins) -> None:
    plugins.add_metric("third_good", "mae")
    registry = plugins.registry()
    assert registry.problems == []
    assert registry.get("metric", "mae") is registry.get("metric", "third-good:mae")
    assert registry.get("metric", "mae").label == "third-good:mae"


def test_a_name_given_twice_is_an_error_only_when_it_is_used_bare(plugins: Plugins) -> None:
    plugins.add_metric("third_one", "mae")
    plugins.add_metric("third_two", "mae")
    registry = plugins.registry()
    assert registry.problems == []
    assert registry.get("metric", "third-two:mae").dist == "third-two"
    with pytest.raises(UsageError) as caught:
        registry.get("metric", "mae")
    assert str(caught.value) == (
        "similarity metric 'mae' is offered by third-one 1.0 and third-two 1.0: say 'third-one:mae' or 'third-two:mae'"
    )


def test_two_entry_points_of_one_distribution_cannot_offer_the_same_name(plugins: Plugins) -> None:
    plugins.add("third_a", f"@hookimpl\ndef veiqa_similarity_metrics():\n    yield {metric('mae')}\n", dist="third")
    plugins.add("third_b", f"@hookimpl\ndef veiqa_similarity_metrics():\n    yield {metric('mae')}\n", dist="third")
    registry = plugins.registry()
    (problem,) = registry.problems
    assert problem.reason == "gives the metric 'mae', as another entry point of third does"
    assert registry.get("metric", "mae").dist == "third"


def test_parameters_that_cannot_be_described_keep_the_plugin_out(plugins: Plugins) -> None:
    plugins.add(
        "third_params",
        f"""
        import attrs

        @attrs.frozen(kw_only=True)
        class Bare:
            size: int = attrs.field(default=3, metadata={{"help": "A size."}})

        @hookimpl
        def veiqa_similarity_metrics():
            yield Component(name="a", summary="S.", factory="m:C", params=Bare, {METRIC_TRAITS})
        """,
    )
    (problem,) = plugins.registry().problems
    assert "its fields cannot be described; declare them with param()" in problem.reason


def test_an_unknown_name_names_the_near_miss(plugins: Plugins) -> None:
    plugins.add_metric("third_norm", "minkowski")
    with pytest.raises(UsageError) as caught:
        plugins.registry().get("metric", "minkovsky")
    assert str(caught.value) == (
        "unknown similarity metric 'minkovsky'. Did you mean 'minkowski'? Known: minkowski. "
        "More: docs/components.md#similarity-metrics-metric"
    )


def test_a_missing_package_is_named_when_the_component_is_loaded(plugins: Plugins) -> None:
    plugins.add(
        "third_needs",
        f"""
        @hookimpl
        def veiqa_similarity_metrics():
            yield Component(name="a", summary="S.", factory="m:C", requires=("not_there_at_all",), {METRIC_TRAITS})
        """,
    )
    with pytest.raises(
        UsageError, match="metric 'a' .third-needs 1.0. needs what is not installed here: not_there_at_all"
    ):
        plugins.registry().get("metric", "a").load()


def test_an_extra_that_is_missing_says_how_to_get_it_and_is_no_fault(plugins: Plugins) -> None:
    plugins.add(
        "third_extra",
        f"""
        @hookimpl
        def veiqa_similarity_metrics():
            yield Component(name="a", summary="S.", factory="m:C", requires=("not_there_at_all",),
                            extra="third-extra[all]", {METRIC_TRAITS})
        """,
    )
    item = plugins.registry().get("metric", "a")
    assert item.missing == ["not_there_at_all"]
    with pytest.raises(UsageError, match=r"not_there_at_all; run: pip install 'third-extra\[all\]'"):
        item.load()


def _fake_distribution(folder: Path, name: str, module: str) -> None:
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[veiqa]\nmain = {module}\n")


def test_discovery_reads_metadata_without_importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_distribution(tmp_path, "Third_Party.Plugin", "no_such_module_anywhere")
    monkeypatch.syspath_prepend(tmp_path)
    found = {plugin.dist: plugin for plugin in discovery.find()}
    assert found["third-party-plugin"] == Found("third-party-plugin", "main", "1.0", "no_such_module_anywhere")
    assert "veiqa" in found


def test_the_remains_of_a_removed_distribution_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone-1.0.dist-info").mkdir()
    (tmp_path / "gone-1.0.dist-info" / "entry_points.txt").write_text("[veiqa]\nmain = gone\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "veiqa" in {plugin.dist for plugin in discovery.find()}


@pytest.mark.parametrize(("allowed", "dists"), [("third-party", {"third-party"}), ("veiqa", {"veiqa"}), ("", set())])
def test_the_allow_list_limits_distributions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, dists: set[str]
) -> None:
    _fake_distribution(tmp_path, "third-party", "no_such_module_anywhere")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("VEIQA_PLUGINS", allowed)
    assert {plugin.dist for plugin in discovery.find()} == dists
