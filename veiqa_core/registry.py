"""From found plugins to registered components, and look-up by ``name`` or ``dist:name``.

A plugin is registered whole or not at all; what keeps one out is recorded as a :class:`Problem` and breaks nothing
else.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import pluggy

from . import hookspecs, params
from .api import API_VERSION, Component
from .discovery import Found, find
from .errors import UsageError, near_miss, one_line
from .kinds import HOOKS, KINDS

OWN_DIST = "veiqa"


@attrs.frozen
class Problem:
    """Why a plugin was not registered."""

    plugin: Found
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.plugin.dist} {self.plugin.version} (entry point {self.plugin.entry!r}): {self.reason}"


@attrs.frozen(eq=False)
class Registered:
    """A component with its kind and the distribution that it comes from."""

    kind: str
    component: Component
    dist: str
    version: str

    @property
    def ref(self) -> str:
        """The name that means this component and no other: ``dist:name``."""
        return f"{self.dist}:{self.component.name}"

    @property
    def label(self) -> str:
        """The shortest name that no other distribution can take over: bare for VEIQA's own components."""
        return self.component.name if self.dist == OWN_DIST else self.ref

    @property
    def origin(self) -> str:
        """Kind, name and distribution, for messages."""
        return f"{self.kind} {self.component.name!r} ({self.dist} {self.version})"

    def load(self) -> Any:
        """Import the factory.

        Raises:
            UsageError: a required package is missing, or the import fails.
        """
        missing = [name for name in self.component.requires if not _is_importable(name)]
        if missing:
            raise UsageError(f"{self.origin} needs what is not installed here: {', '.join(missing)}")
        module, _, name = self.component.factory.partition(":")
        try:
            return getattr(importlib.import_module(module), name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may do anything at import, sys.exit() included
            where = self.component.factory
            raise UsageError(f"{self.origin} cannot be loaded from {where}: {one_line(error)}") from error


@attrs.frozen
class Part:
    """A registered component with its parameters; equal parts do the same work."""

    registered: Registered = attrs.field(eq=lambda registered: (registered.kind, registered.ref))
    params: Any

    def __hash__(self) -> int:
        return hash((self.registered.kind, self.registered.ref, self.params))

    @property
    def key(self) -> str:
        """Its name, with the parameters that differ from their defaults: ``jpeg(quality=5)``."""
        changed = ",".join(f"{name}={value}" for name, value in sorted(params.changed(self.params).items()))
        return f"{self.registered.label}({changed})" if changed else self.registered.label

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides what it does, as plain values."""
        names = (field.name for field in attrs.fields(type(self.params)))
        values = {name: params.plain(getattr(self.params, name)) for name in names}
        return {"component": self.registered.ref, "params": values}

    @property
    def traits(self) -> Mapping[str, Any]:
        """The traits that the component declares."""
        return self.registered.component.traits

    def create(self) -> Any:
        """Build the component."""
        return self.registered.load()(self.params)


class Registry:
    """The components of the given plugins."""

    def __init__(self, plugins: Iterable[Found]) -> None:
        self.plugins = tuple(plugins)
        self.problems: list[Problem] = []
        self._components: dict[str, dict[str, list[Registered]]] = {kind: {} for kind in KINDS}
        manager = pluggy.PluginManager("veiqa")
        manager.add_hookspecs(hookspecs)
        for plugin in self.plugins:
            try:
                self._add(_collect(plugin, manager))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a plugin may do anything at import, sys.exit() included
                self.problems.append(Problem(plugin, error.args[0] if isinstance(error, _Refused) else one_line(error)))

    def __iter__(self) -> Iterator[Registered]:
        for kind in KINDS:
            yield from self.of_kind(kind)

    def _add(self, items: list[Registered]) -> None:
        for item in items:
            if any(other.dist == item.dist for other in self._components[item.kind].get(item.component.name, [])):
                raise _Refused(
                    f"gives the {item.kind} {item.component.name!r}, as another entry point of {item.dist} does"
                )
        for item in items:
            self._components[item.kind].setdefault(item.component.name, []).append(item)

    def of_kind(self, kind: str) -> list[Registered]:
        """The components of one kind, sorted by name, then distribution."""
        by_name = self._components[kind]
        return [item for name in sorted(by_name) for item in by_name[name]]

    def get(self, kind: str, name: str) -> Registered:
        """The component that ``name`` or ``dist:name`` means.

        Raises:
            UsageError: no component has that name, or several have and it is bare.
        """
        dist, _, bare = name.rpartition(":")
        candidates = [item for item in self._components[kind].get(bare, []) if not dist or item.dist == dist]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            offers = " and ".join(f"{item.dist} {item.version}" for item in candidates)
            choices = " or ".join(repr(item.ref) for item in candidates)
            raise UsageError(f"{KINDS[kind].title} {name!r} is offered by {offers}: say {choices}")
        known = [item.ref for item in self.of_kind(kind)] if dist else list(self._components[kind])
        raise UsageError(near_miss(KINDS[kind].title, name, known))

    def part(self, kind: str, name: str, given: Mapping[str, Any] | None = None) -> Part:
        """A component with parameters from plain values, the others at their defaults.

        Raises:
            UsageError: the name or a parameter is unknown, or a value does not fit.
        """
        registered = self.get(kind, name)
        return Part(registered, params.build(registered.component.params, given or {}, f"{kind} {registered.label}"))


@functools.cache
def installed() -> Registry:
    """The registry of everything installed here."""
    return Registry(find())


def _is_importable(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


class _Refused(Exception):
    """What a plugin does is against the contract."""


def _collect(plugin: Found, manager: pluggy.PluginManager) -> list[Registered]:
    """All components of one plugin.

    Raises:
        Exception: whatever keeps the plugin out, of any type.
    """
    try:
        module = plugin.load()
    except Exception as error:
        raise _Refused(f"cannot be imported: {one_line(error)}") from error
    _check_api(module)
    _check_hook_names(module, manager)
    name = f"{plugin.dist}:{plugin.entry}"  # entry point names repeat between distributions
    try:
        manager.register(module, name=name)
        hooks = [(HOOKS[caller.name].name, caller) for caller in manager.get_hookcallers(module) or []]
        collected = [
            Registered(kind, _checked(kind, record), plugin.dist, plugin.version)
            for kind, caller in hooks
            for record in _records(caller, name)
        ]
    finally:
        if manager.has_plugin(name):  # a failed register() leaves it half registered; records are all we keep
            manager.unregister(name=name)
    names = [(item.kind, item.component.name) for item in collected]
    for kind, repeated in names:
        if names.count((kind, repeated)) > 1:
            raise _Refused(f"gives the {kind} {repeated!r} twice")
    return collected


def _records(caller: pluggy.HookCaller, plugin_name: str) -> list[Any]:
    (implementation,) = (impl for impl in caller.get_hookimpls() if impl.plugin_name == plugin_name)
    try:
        records: Iterable[Any] = implementation.function()  # type: ignore[assignment]
        return list(records)
    except Exception as error:
        raise _Refused(f"hook {caller.name} failed: {one_line(error)}") from error


def _checked(kind: str, record: Any) -> Component:
    if not isinstance(record, Component):
        raise _Refused(f"hook {KINDS[kind].hook} gives {type(record).__name__} where a Component is due")
    problem = KINDS[kind].traits_problem(record.traits)
    if problem:
        raise _Refused(f"{kind} {record.name!r}: {problem}")
    return record


def _check_api(module: object) -> None:
    wanted = getattr(module, "VEIQA_API", (1, 0))
    if not (isinstance(wanted, tuple) and len(wanted) == 2 and all(isinstance(number, int) for number in wanted)):
        raise _Refused(f"VEIQA_API must be (major, minor), not {wanted!r}")
    if wanted[0] != API_VERSION[0] or wanted[1] > API_VERSION[1]:
        theirs, ours = (".".join(map(str, version)) for version in (wanted, API_VERSION))
        raise _Refused(f"is written for plugin API {theirs}; this VEIQA offers {ours}")


def _check_hook_names(module: object, manager: pluggy.PluginManager) -> None:
    """pluggy passes over hooks that are misspelt or not decorated; an author wants to hear of them."""
    for name in dir(module):
        decorated = manager.parse_hookimpl_opts(module, name) is not None
        if decorated and name not in HOOKS:
            raise _Refused(near_miss("hook", name, HOOKS))
        function = getattr(module, name, None)
        if name in HOOKS and not decorated and inspect.isfunction(function):
            raise _Refused(f"{name} is not decorated with @hookimpl")
