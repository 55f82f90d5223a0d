"""From one found plugin to all that it offers, or the reason why it has to stay out."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pluggy

from ..api import API_VERSION, Component, Resource
from ..errors import near_miss, one_line
from .catalogue import Registered, Shipped
from .discovery import Found
from .kinds import HOOKS, KINDS, RECIPES_HOOK

SLOW = 2.0
"""Seconds that it may take to begin with a plugin, on a busy machine too."""
SLOW_WORK = 0.5
"""Seconds that it may compute meanwhile."""
HEAVY = ("torch", "numpy", "timm", "captum", "scipy", "sklearn", "PIL", "skimage", "matplotlib", "optuna")
"""Packages that a light module does not import."""

_KNOWN_HOOKS = (*HOOKS, RECIPES_HOOK)
_MOST_RECORDS = 1000  # of one hook; beyond it never ends


class Watch:
    """Watches what it costs every command to begin with a plugin, from its making on."""

    def __init__(self) -> None:
        self._start, self._work = time.perf_counter(), time.process_time()
        self._heavy = {name for name in HEAVY if name in sys.modules}

    def remarks(self) -> list[str]:
        """What is not as it should be, in no more than two lines."""
        remarks = []
        heavy = [name for name in HEAVY if name in sys.modules and name not in self._heavy]
        if heavy:
            remarks.append(f"imports {', '.join(heavy)} at every start; leave that to its components' modules")
        taken, work = time.perf_counter() - self._start, time.process_time() - self._work
        if taken > SLOW or work > SLOW_WORK:
            remarks.append(f"takes {taken:.1f} s at every start; a light module takes next to none")
        return remarks


class Refused(Exception):
    """What a plugin does is against the contract."""


def collect(plugin: Found, manager: pluggy.PluginManager) -> list[Registered | Shipped]:
    """All that one plugin offers.

    Raises:
        Exception: whatever keeps the plugin out, of any type.
    """
    try:
        module = plugin.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may do anything at import, sys.exit() included
        raise Refused(f"cannot be imported: {one_line(error)}") from error
    _check_api(module)
    _check_hook_names(module, manager)
    name = f"{plugin.dist}:{plugin.entry}"  # entry point names repeat between distributions
    try:
        manager.register(module, name=name)
        collected = [
            _offer(caller.name, record, plugin)
            for caller in manager.get_hookcallers(module) or []
            for record in _records(caller, name)
        ]
    finally:
        if manager.has_plugin(name):  # a failed register() leaves it half registered; records are all we keep
            manager.unregister(name=name)
    names = [(item.kind, item.name) for item in collected]
    for kind, repeated in names:
        if names.count((kind, repeated)) > 1:
            raise Refused(f"gives the {kind} {repeated!r} twice")
    return collected


def _records(caller: pluggy.HookCaller, plugin_name: str) -> list[Any]:
    (implementation,) = (impl for impl in caller.get_hookimpls() if impl.plugin_name == plugin_name)
    try:
        given: Iterable[Any] = implementation.function()  # type: ignore[assignment]
        records = list(islice(given, _MOST_RECORDS + 1))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Refused(f"hook {caller.name} failed: {one_line(error)}") from error
    if len(records) > _MOST_RECORDS:
        raise Refused(f"hook {caller.name} gives more than {_MOST_RECORDS} records")
    return records


def _offer(hook: str, record: Any, plugin: Found) -> Registered | Shipped:
    due = Resource if hook == RECIPES_HOOK else Component
    if not isinstance(record, due):
        raise Refused(f"hook {hook} gives {type(record).__name__} where a {due.__name__} is due")
    if isinstance(record, Resource):
        return Shipped(record.kind, record, plugin.dist, plugin.version)
    kind = HOOKS[hook].name
    problem = KINDS[kind].traits_problem(record.traits)
    if problem:
        raise Refused(f"{kind} {record.name!r}: {problem}")
    return Registered(kind, record, plugin.dist, plugin.version)


def _check_api(module: object) -> None:
    wanted = getattr(module, "VEIQA_API", (API_VERSION[0], 0))
    if not (isinstance(wanted, tuple) and len(wanted) == 2 and all(isinstance(number, int) for number in wanted)):
        raise Refused(f"VEIQA_API must be (major, minor), not {wanted!r}")
    if wanted[0] != API_VERSION[0] or wanted[1] > API_VERSION[1]:
        theirs, ours = (".".join(map(str, version)) for version in (wanted, API_VERSION))
        raise Refused(f"is written for plugin API {theirs}; this VEIQA offers {ours}")


def _check_hook_names(module: object, manager: pluggy.PluginManager) -> None:
    """pluggy passes over hooks that are misspelt or not decorated; its author should learn of them."""
    for name in dir(module):
        decorated = manager.parse_hookimpl_opts(module, name) is not None
        if decorated and name not in _KNOWN_HOOKS:
            raise Refused(near_miss("hook", name, _KNOWN_HOOKS))
        function = getattr(module, name, None)
        if name in _KNOWN_HOOKS and not decorated and inspect.isfunction(function):
            raise Refused(f"{name} is not decorated with @hookimpl")
