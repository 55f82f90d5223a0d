"""What can go wrong, as one clear line each.

Every error that a user may meet is a :class:`VeiqaError`. Its text is one line that names the thing at fault and what
to do; the command line prints it without a traceback.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from typing import TypeVar

from .text import printable

T = TypeVar("T")

_LONGEST = 200  # characters of a name that is compared with known ones, which takes the square of it
_LONGEST_MESSAGE = 2000  # characters: more is no message
_WANT_OF_MEMORY = ("DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
"""What errors of torch say that have no class of their own."""


class VeiqaError(Exception):
    """Base of all errors meant for a user. As text it is one line without control characters, whatever it names."""

    def __str__(self) -> str:
        return printable(super().__str__())


class UsageError(VeiqaError):
    """What was asked for cannot be done for any image: an unknown name, a bad parameter, parts that do not fit."""


class RecipeError(UsageError):
    """A recipe cannot be read or does not make sense."""


class WeightsError(UsageError):
    """Weights are missing, damaged, unsafe or of another network."""


class DamagedWeightsError(WeightsError):
    """Weights are there, and are not what they should be: cut off, replaced, or no numbers."""


class IncompatibleError(UsageError):
    """Components that cannot work together, such as ``cam`` on a network without a pooling-plus-linear head."""


class DatasetError(UsageError):
    """A folder is not the dataset it is said to be, or lacks part of it."""


class StoreError(VeiqaError):
    """A store that was asked for by name can no longer be used; what was measured until then is not lost."""


class TableError(UsageError):
    """A text is no table as it should be: malformed, empty, or without a column that is needed.

    Attributes:
        row: the line of the row at fault; None for the whole.
    """

    def __init__(self, problem: str, row: int | None = None) -> None:
        super().__init__(problem)
        self.row = row

    def of(self, file: str) -> str:
        """The problem with the file's name and the row."""
        return f"{file} {self}" if self.row is None else f"{file}, row {self.row}: {self}"


class FitError(VeiqaError):
    """A mapper cannot be fitted to these data."""


class ImageError(VeiqaError):
    """This one image cannot be scored; others can."""


class ComponentError(VeiqaError):
    """A component raised while it worked on one image."""


class NetworkError(ComponentError):
    """A network does not do what a network must, whoever used it; the text names its extractor."""


class OutOfMemoryError(ComponentError):
    """The device's memory is too small for what a component wanted of it."""


def unwrap(result: T | VeiqaError) -> T:
    """The result of an attempt, or its failure raised."""
    if isinstance(result, VeiqaError):
        raise result
    return result


def reraised_as(error: VeiqaError, text: str) -> VeiqaError:
    """An error with another text, of the closest class of ours: one of a plugin's own may be made otherwise."""
    kind: type[VeiqaError] = next(kind for kind in type(error).__mro__ if kind.__module__ == __name__)
    return kind(text)


def near_miss(what: str, name: str, known: Iterable[str]) -> str:
    """One line for an unknown name: the closest known one, then all of them."""
    names = sorted(known)
    close = [own for own in names if own.casefold() == name.casefold()]
    if not close and len(name) <= _LONGEST:
        close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"unknown {what} {brief(name)}.{hint} Known: {', '.join(names) or 'none'}."


def brief(value: object, longest: int = 80, quoted: bool = True) -> str:
    """A value of somebody else's as a message quotes it: on one line, printable, not longer than it need be.

    Args:
        longest: the most characters.
        quoted: whether a text stands in quotes.
    """
    if isinstance(value, str):
        cut = value[: longest + 1]
        text = repr(cut) if quoted else printable(cut)
        length = len(value)
    else:
        try:
            text = repr(value)
        except (ValueError, RecursionError):  # a number beyond Python's limit of digits, or nested beyond its own
            text = f"this {type(value).__name__}"
        length = len(text)
    return text if length <= longest and len(text) <= longest + 2 else f"{text[:longest]}... ({length:,} characters)"


def strict() -> bool:
    """Whether ``VEIQA_STRICT=1`` asks for tracebacks in place of one line."""
    return os.environ.get("VEIQA_STRICT") == "1"


def one_line(error: BaseException) -> str:
    """An exception as a single line of text of bounded length, its type first unless it is one of ours.

    It may be of somebody else's making: nothing that it does when it is asked for its text goes further.
    """
    ours = issubclass(type(error), VeiqaError)
    try:
        text = _bounded(str(error)) if ours else plain(str(error))
    except BaseException:  # SystemExit too: a failure must not end the run because of how it describes itself
        text = "its own text cannot be made"
    if ours:
        return text
    name = plain(_type_name(error))
    return f"{name}: {text}" if text else name


def plain(text: str) -> str:
    """A text as one line that any output can hold: bounded, its blanks single, no control characters."""
    return _bounded(text, single_blanks=True)


def _bounded(text: str, single_blanks: bool = False) -> str:
    beginning = str.__getitem__(text, slice(_LONGEST_MESSAGE))  # of a subclass, whatever that makes of it
    line = printable(" ".join(beginning.split()) if single_blanks else beginning)
    return line if len(beginning) == str.__len__(text) else f"{line} ..."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was too small, of the machine or of a card."""
    text = one_line(error)
    named = issubclass(type(error), MemoryError) or _type_name(error) == "OutOfMemoryError"
    return named or any(word in text for word in _WANT_OF_MEMORY)


def _type_name(error: BaseException) -> str:
    """The name of an exception's type, whatever a metaclass says."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name
