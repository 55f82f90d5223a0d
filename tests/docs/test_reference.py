"""The reference is what the source says now, and leaves nothing out."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pages.blocks import ROOT, blocks

from veiqa_core import api
from veiqa_core.api import parameters as params
from veiqa_core.cli import main
from veiqa_core.extension import hookspecs, kinds, registry
from veiqa_core.extension.discovery import Found
from veiqa_core.extension.registry import installed

sys.path.insert(1, str(ROOT / "docs"))
reference = importlib.import_module("reference")
REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture(autouse=True)
def _own_plugins_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("VEIQA_PLUGINS", "veiqa")
    registry.installed.cache_clear()
    yield
    registry.installed.cache_clear()


def text(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    level, _, _ = heading.partition(" ")
    match = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", page, re.MULTILINE | re.DOTALL)
    assert match, f"no heading {heading!r}"
    return match.group(1)


@pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.stem)
def test_it_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == reference.pages()[path], "run: python -m docs.reference"


def test_every_hook_appears_with_its_traits() -> None:
    names = {name for name in vars(hookspecs) if name.startswith("veiqa_")}
    assert names == {*kinds.HOOKS, kinds.RECIPES_HOOK}
    versions = (ROOT / "docs" / "api-versions.md").read_text(encoding="utf-8")
    for name in names:
        reported = section(text("hooks"), f"## `{name}`")
        assert f"`{name}`" in versions
        assert all(f"| `{trait}` |" in reported for trait in (kinds.HOOKS[name].traits if name in kinds.HOOKS else ()))


def test_the_examples_of_the_hooks_are_valid_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = [block.text for block in blocks(REFERENCE / "hooks.md") if block.language == "python"]
    (tmp_path / "hook_examples.py").write_text("\n".join(code))
    monkeypatch.syspath_prepend(tmp_path)
    found = registry.Registry([Found("examples", "main", "1", "hook_examples")])
    assert found.problems == []
    assert {item.kind for item in found} == set(kinds.KINDS)
    assert [len(list(catalogue)) for catalogue in (found.recipes, found.spaces)] == [1, 1]


def test_every_component_appears_with_its_parameters_and_traits() -> None:
    for item in installed():
        reported = section(text("components"), f"### `{item.kind}/{item.name}`")
        assert all(f"| `{info.name}` |" in reported for info in params.describe(item.component.params)), item.ref
        assert all(f"`{trait}` = " in reported for trait in item.component.traits), item.ref
    for catalogue in (installed().recipes, installed().spaces):
        assert all(f"| `{item.name}` |" in text("components") for item in catalogue)


def test_every_command_appears_with_its_options() -> None:
    waiting = [("veiqa", main)]
    while waiting:
        path, command = waiting.pop()
        reported = section(text("cli"), f"## `{path}`")
        context = click.Context(command)
        for name in command.list_commands(context) if isinstance(command, click.Group) else ():
            below = command.get_command(context, name)
            assert below is not None
            waiting.append((f"{path} {name}", below))
        for parameter in command.params:
            for name in parameter.opts if parameter.param_type_name == "option" else ():
                assert name in ("-h", "--help") or f"`{name}`" in reported, f"{path} {name}"


def test_every_environment_variable_appears() -> None:
    named = {name for folder in ("veiqa_core", "plugins") for name in variables(ROOT / folder)}
    assert {"VEIQA_STORE", "VEIQA_PLUGINS", "VEIQA_STRICT"} <= named
    assert all(f"| `{name}` |" in text("environment") for name in named)


def variables(folder: Path) -> Iterator[str]:
    """The constants by which the sources in a folder read the environment, found by their syntax."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.search(r"environ\.\w+$|getenv$", ast.unparse(node.func)):
                yield from (str(item.value) for item in node.args[:1] if isinstance(item, ast.Constant))
            elif isinstance(node, ast.Call):
                reported = (item.value for item in node.keywords if item.arg == "envvar")
                yield from (str(item.value) for item in reported if isinstance(item, ast.Constant))
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
                yield from [str(node.slice.value)] if isinstance(node.slice, ast.Constant) else []


def test_every_public_name_appears() -> None:
    for module in ("veiqa_core", "veiqa_core.api", "veiqa_core.contracts", "veiqa_core.testing", "veiqa_metrics"):
        reported = section(text("python"), f"## {module}")
        for name in importlib.import_module(module).__all__:
            assert section(reported, f"### `{name}`").strip(), f"{module}.{name} has no text"


def test_every_error_appears() -> None:
    for name in api.__all__:
        thing = getattr(api, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert f"| `{name}` |" in text("environment")


def test_a_variable_that_is_not_described_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(reference.environment.READ_BY_VEIQA, "VEIQA_STORE")
    with pytest.raises(ValueError, match="read but not described"):
        reference.environment.page()
