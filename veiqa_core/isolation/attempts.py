"""A component's work, and its failure as one of our errors with the component named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from ..errors import (
    ComponentError,
    NetworkError,
    OutOfMemoryError,
    UsageError,
    VeiqaError,
    is_out_of_memory,
    one_line,
    reraised_as,
    strict,
)
from .isolated import isolated
from .process import hooks_for_all_modules

T = TypeVar("T")


class Named(Protocol):
    """What works, as far as messages name it."""

    @property
    def origin(self) -> str:
        """The component, its kind and its plugin."""
        ...


def attempt(part: Named, work: Callable[[], T]) -> T | VeiqaError:
    """The result of a component's work, or its error with the component named; it works isolated from all else."""
    try:
        with isolated():
            result = work()
            if hooks_for_all_modules():
                raise ComponentError("leaves a hook for all modules of all networks behind; remove it")
            return result
    except (OutOfMemoryError, NetworkError) as error:
        return reraised_as(error, one_line(error))
    except ComponentError as error:
        return ComponentError(f"{part.origin}: {one_line(error)}")
    except VeiqaError as error:  # which may be a plugin's own, that other processes cannot make
        return reraised_as(error, one_line(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and GeneratorExit too, which would end the command without a word
        if is_out_of_memory(error):
            return OutOfMemoryError(
                f"{part.origin} ran out of memory; use a smaller image, fewer processes, or the CPU"
            )
        if strict() and issubclass(type(error), Exception):
            raise
        return ComponentError(f"{part.origin} failed: {one_line(error)}")


def or_usage_error(result: T | VeiqaError) -> T:
    """The result of an attempt before the first image, where any failure is final."""
    if isinstance(result, VeiqaError):
        raise result if isinstance(result, UsageError) else UsageError(str(result)) from result
    return result
