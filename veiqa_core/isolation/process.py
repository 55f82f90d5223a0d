"""What belongs to the process and not to a component: how it stands, and how it is given back.

A component at work may change any of it, knowingly or by a library that it uses. What is here is as it was once the
component is done. What cannot be given back: threads that go on, files, what C code keeps to itself, and functions
that a component put in the place of others, but for those of ``torch.nn``.
"""

from __future__ import annotations

import decimal
import gc
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import attrs
import numpy as np
import PIL.Image
import PIL.ImageFile
import PIL.PngImagePlugin
import torch
from torch import nn
from torch.nn.modules import module as torch_modules

from ..images import limits


@attrs.frozen
class _Item:
    """Something that is given back: what it is, how it stands, and how it is set as it stood."""

    name: str
    get: Callable[[], Any]
    put: Callable[[Any], object]


class Saved:
    """How the process stood when this was made.

    Args:
        outermost: whether also what only the caller would notice; components one after another need not.
    """

    def __init__(self, outermost: bool) -> None:
        self._items = _ALL if outermost else _EACH
        self._before = [item.get() for item in self._items]
        if outermost:  # the caller's may change what networks give
            _put_hooks([()] * len(_HOOKS))

    def changed(self) -> list[str]:
        """What stands otherwise now."""
        pairs = zip(self._items, self._before, strict=True)
        return [item.name for item, before in pairs if item.get() != before]

    def restore(self) -> None:
        """Set all as it stood; what cannot be set is reported when all else is.

        Raises:
            Exception: the first that setting something back raised, such as a working folder that is gone.
        """
        failure: Exception | None = None
        for item, before in zip(self._items, self._before, strict=True):
            try:
                if item.get() != before:
                    item.put(before)
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure


def _working_folder() -> str | None:
    """None where it has been removed."""
    try:
        return os.getcwd()  # noqa: PTH109  # once a component and image
    except OSError:
        return None


def _put_working_folder(before: str | None) -> None:
    if before is not None:
        os.chdir(before)


def _environment() -> Any:
    """Its raw form where there is one: to decode all of it at each call takes longer than all else here."""
    raw = getattr(os.environ, "_data", None)
    return dict(os.environ if raw is None else raw)


def _put_environment(before: Mapping[Any, Any]) -> None:
    raw = getattr(os.environ, "_data", None)
    text: Callable[[Any], str] = str if raw is None else os.environ.decodevalue
    now = _environment()
    for name in now.keys() - before.keys():
        del os.environ[text(name)]
    for name, value in before.items():
        if now.get(name) != value:
            os.environ[text(name)] = text(value)


def _warnings() -> tuple[Any, ...]:
    return warnings.filters, tuple(warnings.filters), warnings.showwarning


def _put_warnings(before: tuple[Any, ...]) -> None:
    filters, content, warnings.showwarning = before
    warnings.filters = filters
    warnings.resetwarnings()  # which also has each place that warned looked at again
    filters[:] = content


def _path() -> tuple[list[str], tuple[str, ...]]:
    return sys.path, tuple(sys.path)


def _put_path(before: tuple[list[str], tuple[str, ...]]) -> None:
    sys.path, sys.path[:] = before[0], before[1]


def _decimal() -> tuple[Any, ...]:
    context = decimal.getcontext()
    return context, context.prec, context.rounding, context.Emin, context.Emax, context.clamp, context.capitals


def _put_decimal(before: tuple[Any, ...]) -> None:
    context, *values = before
    for name, value in zip(("prec", "rounding", "Emin", "Emax", "clamp", "capitals"), values, strict=True):
        setattr(context, name, value)
    decimal.setcontext(context)


def _denormals() -> bool:
    """Whether this thread computes with numbers too small for the usual form, which torch cannot say."""
    return _SMALLEST * 1.0 != 0


def _default_device() -> Any:
    """What :func:`torch.set_default_device` set for this thread; None for nothing."""
    return getattr(getattr(torch, "_GLOBAL_DEVICE_CONTEXT", None), "device_context", None)


def _put_default_device(before: Any) -> None:
    torch.set_default_device(None if before is None else before.device)


def _umask() -> int:
    mask = os.umask(0o077)  # there is no other way to read it; what is made meanwhile is ours alone
    os.umask(mask)
    return mask


def _signals() -> list[Any]:
    return [signal.getsignal(number) for number in _SIGNALS]


def _put_signals(before: list[Any]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # a component at work in another thread cannot have set them either
    for number, handler in zip(_SIGNALS, before, strict=True):
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _put_collection(before: tuple[bool, Any]) -> None:
    (gc.enable if before[0] else gc.disable)()
    gc.set_threshold(*before[1])


def _attributes(name: str, of: Any, *attributes: str) -> _Item:
    """Attributes of a module; what this version of the library lacks is left out."""
    there = [attribute for attribute in attributes if hasattr(of, attribute)]

    def put(before: tuple[Any, ...]) -> None:
        for attribute, value in zip(there, before, strict=True):
            setattr(of, attribute, value)

    return _Item(name, lambda: tuple(getattr(of, attribute) for attribute in there), put)


def _methods(classes: Iterable[type], name: str) -> _Item:
    kinds = tuple(classes)
    get = attrgetter(name)

    def put(before: list[Any]) -> None:
        for kind, method in zip(kinds, before, strict=True):
            if get(kind) is not method:
                setattr(kind, name, method)

    return _Item(f"the methods {name} of torch.nn", lambda: list(map(get, kinds)), put)


def _functions(of: Any) -> _Item:
    """The functions of a namespace that were there: what is added stays."""

    def put(before: dict[str, Any]) -> None:
        now = vars(of)
        for name, value in before.items():
            if now.get(name) is not value:
                setattr(of, name, value)

    return _Item(f"the functions of {of.__name__}", lambda: dict(vars(of)), put)


def _entries(name: str, of: dict[Any, Any]) -> _Item:
    """The entries of a table that were there: what is added stays."""
    return _Item(name, lambda: dict(of), of.update)


def _put_hooks(before: Sequence[Any]) -> None:
    for hooks, content in zip(_HOOKS, before, strict=True):
        hooks.clear()
        hooks.update(content)


def hooks_for_all_modules() -> bool:
    """Whether any function stands to be called for every module of every network."""
    return any(_HOOKS)


_SMALLEST = 5e-324
_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGBREAK")
    if hasattr(signal, name)
)
_HOOKS = tuple(
    hooks for name, hooks in vars(torch_modules).items() if name.startswith("_global") and isinstance(hooks, dict)
)
_LAYERS = [kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Module)]
_EACH = (
    _Item("the working folder", _working_folder, _put_working_folder),
    _Item("the environment", _environment, _put_environment),
    _attributes("standard input or output", sys, "stdin", "stdout", "stderr"),
    _Item("the path of modules", _path, _put_path),
    _Item("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    _Item("the filters of warnings", _warnings, _put_warnings),
    _Item("NumPy's handling of errors", np.geterr, lambda before: np.seterr(**before)),
    _Item("the context of decimal numbers", _decimal, _put_decimal),
    _Item("Pillow's limit of pixels", limits.callers_limit, limits.set_callers_limit),
    _attributes("how Pillow reads", PIL.ImageFile, "LOAD_TRUNCATED_IMAGES", "MAXBLOCK"),
    _attributes("Pillow's limits of texts", PIL.PngImagePlugin, "MAX_TEXT_CHUNK", "MAX_TEXT_MEMORY"),
    _Item("the number of threads", torch.get_num_threads, torch.set_num_threads),
    _Item(
        "deterministic mode",
        lambda: (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        lambda before: torch.use_deterministic_algorithms(before[0], warn_only=before[1]),
    ),
    _Item(
        "anomaly mode",
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda before: torch.autograd.set_detect_anomaly(*before),
    ),
    _Item("torch's default device", _default_device, _put_default_device),
    _Item("torch's handling of denormal numbers", _denormals, lambda before: torch.set_flush_denormal(not before)),
    _Item("hooks for all modules", lambda: [list(hooks.items()) for hooks in _HOOKS], _put_hooks),
    _Item("the call of modules", lambda: nn.Module.__call__, lambda before: setattr(nn.Module, "__call__", before)),
    _methods(_LAYERS, "forward"),
    _functions(nn.functional),
)
"""What another component would notice."""

_ALL = (
    *_EACH,
    _entries("what Pillow opens", PIL.Image.OPEN),
    _entries("what Pillow saves", PIL.Image.SAVE),
    _Item("the umask", _umask, os.umask),
    _Item("handlers of signals", _signals, _put_signals),
    _Item(
        "the locale",
        lambda: locale.setlocale(locale.LC_ALL),
        lambda before: locale.setlocale(locale.LC_ALL, before),
    ),
    _Item("garbage collection", lambda: (gc.isenabled(), gc.get_threshold()), _put_collection),
    _attributes("the hooks of sys", sys, "excepthook", "displayhook"),
    _Item("the switch interval", sys.getswitchinterval, sys.setswitchinterval),
    _Item("NumPy's print options", np.get_printoptions, lambda before: np.set_printoptions(**before)),
)
"""What the caller would notice, too."""
