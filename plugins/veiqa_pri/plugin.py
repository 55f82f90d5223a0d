"""What this plugin offers: a PRI generator for each distortion of Ahmed et al. 2024, and further ones."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl

from .records import COMPONENTS


@hookimpl
def veiqa_pri_generators() -> Iterator[Component]:
    """One generator for each distortion of the paper, and further ones."""
    yield from COMPONENTS
