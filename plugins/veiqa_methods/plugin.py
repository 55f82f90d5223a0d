"""Records of the built-in methods. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl

from .records import METHODS, METRICS


@hookimpl
def veiqa_methods() -> Iterator[Component]:
    """Whole no-reference indices, and the statistics that some of them are made of."""
    yield from METHODS


@hookimpl
def veiqa_similarity_metrics() -> Iterator[Component]:
    """The similarity that BPRI is made of; it is here because it shares BPRI's corners."""
    yield from METRICS
