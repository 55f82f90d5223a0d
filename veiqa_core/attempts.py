"""A component's work, and its failure as one of our errors with the component named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from .errors import ComponentError, OutOfMemoryError, UsageError, VeiqaError, one_line, strict
from .isolation import isolated
from .registry import Part

T = TypeVar("T")

_WANT_OF_MEMORY = ("DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
"""What torch's errors say that are of no class of their own."""


def attempt(part: Part, work: Callable[[], T]) -> T | VeiqaError:
    """The result of a component's work, or its error with the component named; it works isolated from all else."""
    try:
        with isolated():
            return work()
    except OutOfMemoryError as error:
        return error
    except ComponentError as error:
        return ComponentError(f"{part.registered.origin}: {error}")
    except VeiqaError as error:
        return error
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # SystemExit too, which would end the command without a word
        if _is_want_of_memory(error):
            return OutOfMemoryError(
                f"{part.registered.origin} ran out of memory; use a smaller image, fewer processes, or the CPU"
            )
        if strict() and isinstance(error, Exception):
            raise
        return ComponentError(f"{part.registered.origin} failed: {one_line(error)}")


def _is_want_of_memory(error: BaseException) -> bool:
    """Whether memory was too small, of the machine or of the card."""
    told = one_line(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(word in told for word in _WANT_OF_MEMORY)


def or_usage_error(result: T | VeiqaError) -> T:
    """The result of an attempt before the first image, where any failure is final."""
    if isinstance(result, VeiqaError):
        raise result if isinstance(result, UsageError) else UsageError(str(result)) from result
    return result
