"""What figures and notebooks show of a result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from torch import Tensor

from .heatmaps import Heatmaps


class DisplayedResult(Protocol):
    """The attributes of :class:`veiqa_core.result.Result` that are displayed, as that class describes them."""

    @property
    def image(self) -> str: ...
    @property
    def path(self) -> Path | None: ...
    @property
    def error(self) -> str | None: ...
    @property
    def score(self) -> float | None: ...
    @property
    def scale(self) -> tuple[float, float] | None: ...
    @property
    def interval(self) -> tuple[float, float] | None: ...
    @property
    def distortion(self) -> Mapping[str, float] | None: ...
    @property
    def similarities(self) -> Mapping[str, float | None]: ...
    @property
    def flags(self) -> tuple[str, ...]: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...
    @property
    def heatmaps(self) -> tuple[Heatmaps, ...]: ...
    @property
    def quality_map(self) -> Tensor | None: ...
