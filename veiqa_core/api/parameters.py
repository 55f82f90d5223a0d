"""Parameters of components: typed, described attrs classes, and the one converter from text or TOML to them.

The same conversion serves ``-p kind.name=value``, recipes in TOML and the search, so a value means the same everywhere.
"""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, Union, dataclass_transform

import attrs

from ..errors import UsageError, brief, near_miss
from ..files.values import is_number

T = TypeVar("T")

_LONGEST = 4096  # characters of a text, or items of a list: values stand in keys and messages


def param(
    *,
    default: Any,
    help: str,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: tuple[Any, ...] | None = None,
    check: Callable[[Any], str | None] | None = None,
    search: tuple[Any, ...] = (),
) -> Any:
    """One parameter of a component.

    ``ge``, ``gt``, ``le`` and ``lt`` bound numbers, ``choices`` lists what is allowed, ``check`` returns what is wrong
    with a value or None. ``search`` holds the values that a search tries by default.
    """
    bounds = {"at least": ge, "above": gt, "at most": le, "below": lt}

    def validate(instance: Any, field: attrs.Attribute[Any], value: Any) -> None:
        items = value if isinstance(value, tuple) else (value,)
        problem = next(filter(None, (_bounds_problem(item, ge, gt, le, lt) for item in items)), None)
        if problem is None and choices is not None and value not in choices:
            problem = f"must be one of {', '.join(map(repr, choices))}"
        if problem is None and check is not None:
            problem = check(value)
        if problem is not None:
            raise ValueError(f"{field.name}: {problem}, not {brief(value)}")

    limits = [f"{word} {bound}" for word, bound in bounds.items() if bound is not None]
    if choices is not None:
        limits.append(f"one of {', '.join(map(str, choices))}")
    return attrs.field(default=default, validator=validate, metadata={"help": help, "limits": limits, "search": search})


def _bounds_problem(value: Any, ge: float | None, gt: float | None, le: float | None, lt: float | None) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not is_number(value):
        return "must be finite"
    if ge is not None and value < ge:
        return f"must be at least {ge}"
    if gt is not None and value <= gt:
        return f"must be above {gt}"
    if le is not None and value > le:
        return f"must be at most {le}"
    if lt is not None and value >= lt:
        return f"must be below {lt}"
    return None


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(param,))
def params(cls: type[T]) -> type[T]:
    """Make ``cls`` a parameter class: frozen, keyword-only, every field made by :func:`param`."""
    return attrs.frozen(kw_only=True)(cls)


@params
class NoParams:
    """For components without parameters."""


@attrs.frozen
class ParamInfo:
    """One parameter as listings show it."""

    name: str
    type: str
    default: Any
    help: str
    limits: tuple[str, ...]
    search: tuple[Any, ...]


def problems(cls: object) -> str | None:
    """What keeps ``cls`` from being a parameter class, or None."""
    if not (isinstance(cls, type) and attrs.has(cls)):
        return "params must be a class decorated with @params"
    for field in attrs.fields(cls):
        if not field.metadata.get("help"):
            return f"parameter {field.name!r} has no help text; declare it with param()"
        if field.default is attrs.NOTHING:
            return f"parameter {field.name!r} has no default"
        if not field.kw_only:
            return f"parameter {field.name!r} must be keyword-only; decorate the class with @params"
    try:
        cls()
    except Exception as error:
        return f"its defaults are not valid: {error}"
    try:
        describe(cls)
    except Exception as error:
        return f"its fields cannot be described; declare them with param() and importable types: {error!r}"
    return None


def describe(cls: type) -> tuple[ParamInfo, ...]:
    """The parameters of a class in order of declaration."""
    hints = _hints(cls)
    return tuple(
        ParamInfo(
            name=field.name,
            type=type_name(hints[field.name]),
            default=field.default,
            help=field.metadata["help"],
            limits=tuple(field.metadata["limits"]),
            search=tuple(field.metadata["search"]),
        )
        for field in attrs.fields(cls)
    )


def build(cls: type[T], given: Mapping[str, Any], owner: str) -> T:
    """Make an instance of ``cls`` from plain values (of TOML, JSON or Python).

    ``owner`` names the component in errors. Raises :class:`UsageError` for an unknown name, a wrong type or a value out
    of range.
    """
    hints = _hints(cls)
    values = {}
    for name, value in given.items():
        if name not in hints:
            raise UsageError(f"{owner}: {near_miss('parameter', name, hints)}")
        values[name] = _convert(value, hints[name], f"{owner}: {name}")
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{owner}: {error}") from error


def from_text(cls: type, name: str, text: str, owner: str) -> Any:
    """The value that ``text``, as typed after ``-p kind.name=``, has for parameter ``name`` of ``cls``."""
    hints = _hints(cls)
    if name not in hints:
        raise UsageError(f"{owner}: {near_miss('parameter', name, hints)}")
    where = f"{owner}: {name}"
    if text.lower() in {"none", "null"} and type(None) in _members(hints[name]):
        return None
    try:
        (value,) = tomllib.loads(f"value = {text}").values()
    except (ValueError, RecursionError):  # no TOML value, or more than one
        return _convert(text, hints[name], where)
    if isinstance(value, int | float) and "_" in text:  # as TOML may group digits; in a word of a command it is a slip
        return _convert(text, hints[name], where)
    try:
        return _convert(value, hints[name], where)
    except UsageError:
        return _convert(text, hints[name], where)  # a text that looks like a number, for a text parameter


def changed(instance: Any) -> dict[str, Any]:
    """The parameters that differ from their defaults, as plain values."""
    fields = attrs.fields(type(instance))
    return {f.name: plain(getattr(instance, f.name)) for f in fields if getattr(instance, f.name) != f.default}


def plain(value: Any) -> Any:
    """A parameter value as TOML and JSON hold it."""
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def type_name(annotation: Any) -> str:
    """An annotation as a reader of a listing expects it."""
    if typing.get_origin(annotation) is Literal:
        return " | ".join(repr(value) for value in typing.get_args(annotation))
    if annotation is type(None):
        return "none"
    members = _members(annotation)
    if len(members) > 1:
        return " | ".join(type_name(member) for member in members)
    return annotation.__name__ if isinstance(annotation, type) and not typing.get_args(annotation) else str(annotation)


def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in attrs.fields(cls)}


def _members(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _convert(value: Any, annotation: Any, where: str) -> Any:
    """``value`` as ``annotation`` wants it: whole numbers serve as floats and lists as tuples, nothing else changes."""
    members = _members(annotation)
    if isinstance(value, str | list | tuple) and len(value) > _LONGEST:
        what = "characters" if isinstance(value, str) else "items"
        raise UsageError(f"{where} takes at most {_LONGEST:,} {what}, not {len(value):,}")
    for member in members:
        fits, converted = _fit(value, member, where)
        if fits:
            return converted
    raise UsageError(f"{where} takes {' | '.join(type_name(m) for m in members)}, not {brief(value)}")


def _fit(value: Any, member: Any, where: str) -> tuple[bool, Any]:
    origin, args = typing.get_origin(member), typing.get_args(member)
    if member is type(None):
        return value is None, value
    if origin is Literal:
        return value in args, value
    if origin is tuple and isinstance(value, list | tuple):
        kinds = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
        if len(kinds) != len(value):
            return False, value
        return True, tuple(_convert(item, kind, where) for item, kind in zip(value, kinds, strict=True))
    if member is float and isinstance(value, int) and not isinstance(value, bool):
        return is_number(value), float(value) if is_number(value) else value
    exact = isinstance(member, type) and isinstance(value, member)
    return exact and not (isinstance(value, bool) and member is not bool), value
