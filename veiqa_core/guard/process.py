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
import socket
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
    """Something that is given back: how it stands, and how it is set as it stood."""

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

    def restore(self) -> None:
        """Set all as it stood."""
        for item, before in zip(self._items, self._before, strict=True):
            if item.get() != before:
                item.put(before)


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


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _default_device() -> Any:
    """What :func:`torch.set_default_device` set for this thread; None for nothing."""
    return getattr(getattr(torch, "_GLOBAL_DEVICE_CONTEXT", None), "device_context", None)


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


def _attribute(of: Any, name: str) -> _Item:
    """An attribute of a module; one that this version of the library lacks stays absent."""
    return _Item(lambda: getattr(of, name, None), lambda before: setattr(of, name, before))


def _methods(classes: Iterable[type], name: str) -> _Item:
    kinds = tuple(classes)
    get = attrgetter(name)

    def put(before: list[Any]) -> None:
        for kind, method in zip(kinds, before, strict=True):
            if get(kind) is not method:
                setattr(kind, name, method)

    return _Item(lambda: list(map(get, kinds)), put)


def _functions(of: Any) -> _Item:
    """The functions of a namespace that were there: what is added stays."""

    def put(before: dict[str, Any]) -> None:
        now = vars(of)
        for name, value in before.items():
            if now.get(name) is not value:
                setattr(of, name, value)

    return _Item(lambda: dict(vars(of)), put)


def _entries(of: dict[Any, Any]) -> _Item:
    """The entries of a table that were there: what is added stays."""
    return _Item(lambda: {**of}, lambda before: of.update({k: v for k, v in before.items() if of.get(k) is not v}))


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
    _Item(_working_folder, _put_working_folder),
    _Item(_environment, _put_environment),
    _Item(lambda: (sys.stdin, sys.stdout, sys.stderr), lambda before: _set(sys, ("stdin", "stdout", "stderr"), before)),
    _Item(_path, _put_path),
    _Item(sys.getrecursionlimit, sys.setrecursionlimit),
    _Item(_warnings, _put_warnings),
    _Item(np.geterr, lambda before: np.seterr(**before)),
    _Item(_decimal, _put_decimal),
    _Item(limits.callers_limit, limits.set_callers_limit),
    _attribute(PIL.ImageFile, "LOAD_TRUNCATED_IMAGES"),
    _attribute(PIL.ImageFile, "MAXBLOCK"),
    _attribute(PIL.PngImagePlugin, "MAX_TEXT_CHUNK"),
    _attribute(PIL.PngImagePlugin, "MAX_TEXT_MEMORY"),
    _Item(torch.get_num_threads, torch.set_num_threads),
    _Item(_deterministic, lambda before: torch.use_deterministic_algorithms(before[0], warn_only=before[1])),
    _Item(
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda before: torch.autograd.set_detect_anomaly(*before),
    ),
    _Item(_default_device, lambda before: torch.set_default_device(None if before is None else before.device)),
    _Item(_denormals, lambda before: torch.set_flush_denormal(not before)),
    _Item(lambda: [list(hooks.items()) for hooks in _HOOKS], _put_hooks),
    _Item(lambda: nn.Module.__call__, lambda before: setattr(nn.Module, "__call__", before)),
    _methods(_LAYERS, "forward"),
    _functions(nn.functional),
)
"""What another component would notice."""

_ALL = (
    *_EACH,
    _entries(PIL.Image.OPEN),
    _entries(PIL.Image.SAVE),
    _Item(_umask, os.umask),
    _Item(_signals, _put_signals),
    _Item(lambda: locale.setlocale(locale.LC_ALL), lambda before: locale.setlocale(locale.LC_ALL, before)),
    _Item(lambda: (gc.isenabled(), gc.get_threshold()), _put_collection),
    _Item(lambda: (sys.excepthook, sys.displayhook), lambda before: _set(sys, ("excepthook", "displayhook"), before)),
    _Item(sys.getswitchinterval, sys.setswitchinterval),
    _Item(socket.getdefaulttimeout, socket.setdefaulttimeout),
    _Item(np.get_printoptions, lambda before: np.set_printoptions(**before)),
)
"""What the caller would notice, too."""


def _set(of: Any, names: Iterable[str], values: Iterable[Any]) -> None:
    for name, value in zip(names, values, strict=True):
        setattr(of, name, value)
