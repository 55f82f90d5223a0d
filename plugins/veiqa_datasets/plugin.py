"""Records of the built-in datasets. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl


@hookimpl
def veiqa_datasets() -> Iterator[Component]:
    """The databases of image quality assessment, and one's own ratings."""
    yield from ()
