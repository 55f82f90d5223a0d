"""The metric."""

from __future__ import annotations

from torch import Tensor

from veiqa_core.api import NoParams


class NegatedError:
    """Minus the mean squared error."""

    def __init__(self, params: NoParams) -> None:
        self.params = params

    def compare(self, x: Tensor, y: Tensor) -> Tensor:
        """Similarity ``[N]``, zero at identity."""
        return -(x - y).square().mean(dim=(1, 2))
