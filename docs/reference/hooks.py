"""``hooks.md``: every hook with what its components must be, from ``hookspecs``, ``kinds`` and ``contracts``."""

from __future__ import annotations

import importlib
import inspect

from veiqa_core import api, contracts, testing
from veiqa_core.extension import hookspecs
from veiqa_core.extension.kinds import HOOKS, Kind
from veiqa_core.extension.registry import installed

from .markdown import docstring, table
from .python import described

_HEAD = """\
# Hooks

What a plugin can offer. It implements hooks in the module that its entry point names; each hands over records. A
[tutorial](../tutorial.md) and a [cookbook](../cookbook/README.md) show whole plugins. The examples below begin with

```python
from veiqa_core.api import Component, Resource, hookimpl
```
"""
PROTOCOLS = {
    "pri": "PriGenerator",
    "extractor": "FeatureExtractor",
    "explainer": "Explainer",
    "metric": "SimilarityMetric",
    "method": "Method",
    "mapper": "ScoreMapper",
    "classifier": "DistortionClassifier",
    "dataset": "Dataset",
    "strategy": "SearchStrategy",
    "control": "Control",
}
"""The protocol in ``veiqa_core.contracts`` that a kind's factory gives."""


def names() -> list[str]:
    """All hooks, in the order of the source."""
    return [name for name, value in vars(hookspecs).items() if hasattr(value, f"{api.hookimpl.project_name}_spec")]


def page() -> str:
    """The page."""
    return "\n\n".join([_HEAD.strip(), *(_hook(name) for name in names())])


def _hook(name: str) -> str:
    parts = [f"## `{name}`", docstring(getattr(hookspecs, name))]
    if name not in HOOKS:
        return "\n\n".join([*parts, f"Each is a `Resource`. {docstring(api.Resource)}"])
    kind = HOOKS[name]
    reported = f"Kind: `{kind.name}` ({kind.title}). Components that come with VEIQA: {_built_in(kind)}"
    return "\n\n".join(filter(None, [*parts, reported, _traits(kind), _protocol(kind), _checks(kind)]))


def _built_in(kind: Kind) -> str:
    ours = [item for item in installed().of_kind(kind.name) if item.dist == "veiqa"]
    return f"{len(ours)} ([list](components.md#{kind.title.lower().replace(' ', '-')}-{kind.name}))."


def _traits(kind: Kind) -> str:
    rows = [(f"`{name}`", "yes" if trait.required else "no", trait.help) for name, trait in kind.traits.items()]
    return f"**Traits**\n\n{table(('trait', 'needed', 'says'), rows)}" if rows else ""


def _protocol(kind: Kind) -> str:
    name = PROTOCOLS[kind.name]
    return f"### {name}\n\n{described(getattr(contracts, name), f'veiqa_core.contracts.{name}')}"


def _checks(kind: Kind) -> str:
    """What the conformance kit checks of the kind beside what it checks of all."""
    module = importlib.import_module(f"{testing.__name__}.checks.{kind.name}")
    found = [
        (name.removeprefix("check_").replace("_", "-"), docstring(function).split("\n\n")[0].replace("\n", " "))
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("check_") and function.__module__ == module.__name__
    ]
    return f"**Checked by the conformance kit**\n\n{table(('check', 'what must hold'), found)}"
