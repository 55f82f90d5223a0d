"""Groups of options: an attrs class declares the options, checks them, and is passed to the command as one object.

A field made by :func:`option` or :func:`argument` is one parameter of click, under the field's name::

    @attrs.frozen
    class StoreOptions:
        path: Path | None = option("--store", type=PATH, help="...")

    @click.command()
    @groups(store=StoreOptions)
    def run(store: StoreOptions) -> None: ...
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import click

_CLICK = "click"


def option(*names: str, **settings: Any) -> Any:
    """A field of a group that is an option, declared as :func:`click.option` takes it."""
    return attrs.field(kw_only=True, metadata={_CLICK: lambda field: click.option(*names, field, **settings)})


def argument(**settings: Any) -> Any:
    """A field of a group that is an argument, declared as :func:`click.argument` takes it."""
    return attrs.field(kw_only=True, metadata={_CLICK: lambda field: click.argument(field, **settings)})


def groups(**wanted: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command groups of options, which its help lists in this order, each as one object under its name.

    A group that finds its options not to go together raises a :class:`~veiqa_core.errors.UsageError` when it is made,
    before the command begins.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def called(*args: Any, **given: Any) -> Any:
            made = {
                name: kind(**{field.name: given.pop(field.name) for field in _declared(kind)})
                for name, kind in wanted.items()
            }
            return command(*args, **made, **given)

        decorated: Callable[..., Any] = called
        for kind in reversed(wanted.values()):
            for field in reversed(list(_declared(kind))):
                decorated = field.metadata[_CLICK](field.name)(decorated)
        return decorated

    return decorate


def _declared(kind: type) -> Iterator[attrs.Attribute[Any]]:
    return (field for field in attrs.fields(kind) if _CLICK in field.metadata)
