"""Records of the recipes and recipe sets that come with VEIQA."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Resource, hookimpl


@hookimpl
def veiqa_recipes() -> Iterator[Resource]:
    """The paper's recipes, for several networks."""
    yield from ()
