"""Arguments by keyword, each declared once: its type, its default and what it means.

A group of arguments is a :class:`~typing.TypedDict` beside the code that reads it. Functions combine groups::

    class ProcessArguments(TypedDict, total=False):
        workers: Annotated[int, Arg(1, "how many processes measure")]

    class AuditArguments(ProcessArguments, HearingArguments, total=False): ...

    @keywords(AuditArguments)
    def audit(images: Place, **given: Unpack[AuditArguments]) -> Audit: ...

So a call stays flat, type checkers know its keywords, and at run time its signature and docstring show them all.
"""

from __future__ import annotations

import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args, get_type_hints

import attrs

from ..errors import near_miss

F = TypeVar("F", bound=Callable[..., Any])

_WIDTH = 120
_MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")


@attrs.frozen
class Arg:
    """What is to be known of an argument besides its type: its default, and what it means."""

    default: Any
    text: str


def keywords(group: type) -> Callable[[F], F]:
    """Let a function whose last parameter is ``**given: Unpack[group]`` show the keywords of the group, refuse others,
    and get them all, those that are left out at their defaults.

    The entries of its docstring's ``Args`` are followed by those of the group.
    """
    declared = {name: get_args(hint) for name, hint in get_type_hints(group, include_extras=True).items()}
    defaults = {name: about.default for name, (_, about) in declared.items()}

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        *first, _ = own.parameters.values()
        more = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=about.default, annotation=_shown(kind))
            for name, (kind, about) in declared.items()
        ]
        signature = own.replace(parameters=[*first, *more])

        @functools.wraps(function)
        def called(*args: Any, **given: Any) -> Any:
            for name in given:
                if name not in signature.parameters:
                    problem = near_miss("keyword argument", name, signature.parameters)
                    raise TypeError(f"{function.__name__}(): {problem}")
            return function(*args, **{**defaults, **given})

        made: Any = called
        made.__signature__ = signature
        made.__doc__ = _documented(function, {name: about.text for name, (_, about) in declared.items()})
        return made  # type: ignore[no-any-return]

    return decorate


def _shown(kind: Any) -> str:
    """A type as signatures in source name it."""
    return _MODULES.sub("", inspect.formatannotation(kind))


def _documented(function: Callable[..., Any], arguments: dict[str, str]) -> str:
    """Its docstring, with further arguments at the end of its ``Args``, which come before ``Raises``."""
    before, raises, after = (inspect.getdoc(function) or "").partition("\n\nRaises:")
    return "\n".join([before, *_entries(arguments)]) + raises + after


def _entries(arguments: dict[str, str]) -> Iterator[str]:
    for name, text in arguments.items():
        yield textwrap.fill(f"{name}: {text}.", _WIDTH - 8, initial_indent="    ", subsequent_indent="        ")
