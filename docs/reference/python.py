"""``python.md``: the public Python names with their docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from types import ModuleType
from typing import Any

import attrs

from .markdown import docstring, from_docstring

_HEAD = """\
# Python

The names that are meant to be used from outside; everything else may change with any version. Plugins import from
`veiqa_core.api` and `veiqa_core.contracts` alone.
"""
MODULES = {
    "veiqa_core": "Scoring from Python.",
    "veiqa_core.api": "What a plugin's light module imports.",
    "veiqa_core.contracts": "What a plugin's components import.",
    "veiqa_core.testing": "",
    "veiqa_metrics": "",
}


def page() -> str:
    """The page."""
    return "\n\n".join([_HEAD.strip(), *(_module(importlib.import_module(name)) for name in MODULES)])


def _module(module: ModuleType) -> str:
    reported = MODULES[module.__name__] or docstring(module).split("\n\n")[0]
    parts = [f"## {module.__name__}", reported]
    for name in module.__all__:
        parts += [f"### `{name}`", described(getattr(module, name), f"{module.__name__}.{name}")]
    return "\n\n".join(parts)


def described(thing: Any, name: str) -> str:
    """A public thing: its signature, its docstring, and those of its public methods."""
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return _value(thing, name)
    short = name.rpartition(".")[2]
    parts = []
    if not (inspect.isclass(thing) and (getattr(thing, "_is_protocol", False) or issubclass(thing, Exception))):
        parts.append(f"`{short}{_signature(thing)}`")
    parts.append(docstring(thing))
    if inspect.isclass(thing) and not issubclass(thing, Exception):
        for member, value in vars(thing).items():
            if not member.startswith("_"):
                parts += _member(member, value)
    return "\n\n".join(filter(None, parts))


def _member(name: str, value: Any) -> list[str]:
    if isinstance(value, property):
        return [f"#### `{name}`", docstring(value)]
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    if inspect.isfunction(value):
        return [f"#### `{name}`", f"`{name}{_signature(value, bound=True)}`", docstring(value)]
    return []


def _signature(thing: Any, bound: bool = False) -> str:
    """Parameters and result as the source has them; no result for a class."""
    signature = inspect.signature(thing)
    given = list(signature.parameters.values())
    if bound and given and given[0].name in ("self", "cls"):
        given = given[1:]
    shown = [_parameter(parameter) for parameter in given]
    for index, parameter in enumerate(given):
        if parameter.kind is parameter.KEYWORD_ONLY:
            shown.insert(index, "*")
            break
    result = "" if inspect.isclass(thing) else f" -> {_annotation(signature.return_annotation)}"
    return f"({', '.join(shown)}){result}"


def _parameter(parameter: inspect.Parameter) -> str:
    reported = f"{parameter.name}: {_annotation(parameter.annotation)}"
    if parameter.default is inspect.Parameter.empty:
        return reported
    default = parameter.default
    if default is attrs.NOTHING:  # made anew for each
        return f"{reported} = ..."
    return f"{reported} = {default.__name__ if inspect.isclass(default) else repr(default)}"


def _annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _value(thing: Any, name: str) -> str:
    """A constant: a short value, and the text under it in the source that defines it."""
    short = name.rpartition(".")[2]
    reported = re.compile(rf'^{short}\b[^\n]*(?:\n    [^\n]*)*(?:\n[)}}\]]+)?\n"""(.*?)"""', re.MULTILINE | re.DOTALL)
    homes = [module for key, module in sorted(sys.modules.items()) if key.startswith("veiqa_core")]
    texts = (reported.search(inspect.getsource(home)) for home in homes if vars(home).get(short) is thing)
    text = next((from_docstring(match.group(1)) for match in texts if match), "")
    return "\n\n".join(filter(None, [f"`{thing!r}`" if isinstance(thing, tuple) else "", text]))
