"""The records that plugins hand over, and the marker of the functions that do so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import attrs
import pluggy

from . import parameters as _params
from .parameters import NoParams, param

API_VERSION = (2, 1)
"""The plugin contract, apart from the package's version. A plugin may state the one it was written for as
``VEIQA_API = (major, minor)``; absent means (2, 0)."""

hookimpl = pluggy.HookimplMarker("veiqa")
"""Marks a function of a plugin as its implementation of the hook of that name."""

RESOURCE_KINDS = ("recipe", "space")

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-+._][a-z0-9]*)*\Z")
_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*\Z")


def _read_only(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(given))


@attrs.frozen(kw_only=True)
class Component:
    """One component of a plugin, described without importing its code.

    Attributes:
        name: lower-case name by which users pick it, such as ``"gradcam++"``.
        summary: one line, ending in a full stop.
        factory: ``"package.module:Class"``, imported at first use and called with the parameters.
        params: its parameter class, made by :func:`params`.
        requires: importable packages that the factory needs, named in the error where one is missing.
        extra: the optional part of the distribution that brings them, such as ``"veiqa[optuna]"``, where a component is
            there without being usable at once; empty where they come with the distribution.
        traits: facts known without importing it; each kind has its own (see the reference of the hooks).
        reference: where the method comes from: paper, year, equations.
        known_values: ``"package.module:function"`` that gives :class:`veiqa_core.contracts.KnownValue` records, which
            ``veiqa verify`` holds against what the component computes; empty for none.
        version: of its numbers, from 1: raised whenever it gives others for the same input and parameters, so that kept
            values that depend on it are computed again.

    Raises:
        ValueError: a field does not hold what it should, with the field's name.
    """

    name: str
    summary: str
    factory: str
    params: type = NoParams
    requires: tuple[str, ...] = ()
    extra: str = ""
    traits: Mapping[str, Any] = attrs.field(factory=dict, converter=_read_only)
    reference: str = ""
    known_values: str = ""
    version: int = 1

    def __attrs_post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise ValueError(f"component {self.name!r}: {problem}")

    def _problem(self) -> str | None:
        problem = _naming_problem(self.name, self.summary)
        if problem:
            return problem
        if not (isinstance(self.factory, str) and _FACTORY.match(self.factory)):
            return f"factory must read 'package.module:Class', not {self.factory!r}"
        if self.known_values and not _FACTORY.match(self.known_values):
            return f"known_values must read 'package.module:function', not {self.known_values!r}"
        if not isinstance(self.version, int) or isinstance(self.version, bool) or self.version < 1:
            return f"version must be a whole number from 1, not {self.version!r}"
        if isinstance(self.requires, str) or not all(isinstance(item, str) for item in self.requires):
            return "requires must be a tuple of package names"
        return _params.problems(self.params)


@attrs.frozen(kw_only=True)
class Resource:
    """A file that a plugin ships in one of its packages: a recipe, a recipe set or a search space, in TOML.

    Attributes:
        kind: ``"recipe"``, for recipe sets too, or ``"space"``.
        name: lower-case name by which users pick it, such as ``"paper"``.
        summary: one line, ending in a full stop.
        package: the importable package that holds the file.
        file: its path within the package.
        reference: where it comes from.

    Raises:
        ValueError: a field does not hold what it should, with the field's name.
    """

    name: str
    summary: str
    package: str
    file: str
    kind: Literal["recipe", "space"] = "recipe"
    reference: str = ""

    def __attrs_post_init__(self) -> None:
        problem = _naming_problem(self.name, self.summary)
        if problem is None and self.kind not in RESOURCE_KINDS:
            problem = f"kind must be 'recipe' or 'space', not {self.kind!r}"
        if problem is None and not (self.package and self.file):
            problem = "package and file must name where it is"
        if problem:
            raise ValueError(f"resource {self.name!r}: {problem}")


def _naming_problem(name: object, summary: object) -> str | None:
    if not (isinstance(name, str) and _NAME.match(name)):
        return "name must be lower-case letters, digits and - + . _, a letter first"
    if not (isinstance(summary, str) and summary.strip() and "\n" not in summary):
        return "summary must be one line of text"
    return None


def _target_problem(value: Any) -> str | None:
    known = value in ("top", "norm") or (isinstance(value, int) and value >= 0)
    return None if known else "must be 'top', 'norm' or a class index"


def target_param() -> Any:
    """The standard ``target`` parameter of an explainer that explains a scalar of the network.

    ``"top"``: the logit of the input's own top class; a number: the logit of that class; ``"norm"``: the Euclidean norm
    of the logits. The engine chooses it once, on the input, and uses it for both images of a pair.
    """
    return param(
        default="top",
        help="The scalar explained: 'top' (the input's own top class), a class index, or 'norm' (of the logits).",
        check=_target_problem,
        search=("top", "norm"),
    )
