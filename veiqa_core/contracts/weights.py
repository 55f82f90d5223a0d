"""What an extractor can say of its weights before it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import attrs


@attrs.frozen(kw_only=True)
class WeightsStatus:
    """Where the weights of a network are looked for, and what is there.

    Attributes:
        wanted: which weights these are.
        found: the file that serves, and what is meant by it in ``weights``; None where there is none.
        looked: the places where one was looked for.
        sha256: of the published file; None where none is published.
        licence: of the weights.
        obtain: how to get them.
    """

    wanted: str
    found: str | None
    looked: tuple[str, ...]
    sha256: str | None
    licence: str
    obtain: str


@runtime_checkable
class WeightsProvider(Protocol):
    """An extractor that says where its weights are, and brings files in other layouts to its own."""

    def weights_status(self) -> WeightsStatus:
        """What is there; nothing is fetched or opened."""
        ...

    def converted(self, source: Path) -> bytes:
        """The weights in a file as a safetensors file in the network's own layout.

        Raises:
            WeightsError: the file is damaged, unsafe or of another network.
        """
        ...
