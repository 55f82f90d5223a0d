"""Controls that leave out one part of a branch each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from veiqa_core.api import NoParams, UsageError
from veiqa_core.contracts import Pair

from .plugin import RandomNetworkParams


class Pixels:
    """The branch's metric on the Rec. 601 luma of the PRI and the image, in [0, 1]: what it says without a network."""

    def __init__(self, params: NoParams) -> None:
        pass

    def branch(self, branch: Mapping[str, Any]) -> Mapping[str, Any]:
        """The branch itself."""
        return branch

    def value(self, pair: Pair) -> float:
        """The metric of the pixels."""
        return pair.compare(_grey(pair.pri), _grey(pair.image))


class RandomNetwork:
    """The similarity that the branch gives where its network has random weights.

    Source: Adebayo et al., NeurIPS 2018: an explanation that does not depend on the weights says nothing of what the
    network learnt.
    """

    def __init__(self, params: RandomNetworkParams) -> None:
        self.params = params

    def branch(self, branch: Mapping[str, Any]) -> Mapping[str, Any]:
        """The branch with random weights. Whether its extractor knows such weights shows when it is resolved.

        Raises:
            UsageError: its weights are random already.
        """
        given = branch["extractor"]
        extractor = {"name": given} if isinstance(given, str) else given
        weights = str(extractor.get("weights", ""))
        if weights.startswith("random:"):
            raise UsageError(f"the network of this branch is random already (weights = {weights!r})")
        return {**branch, "extractor": {**extractor, "weights": f"random:{self.params.seed}"}}

    def value(self, pair: Pair) -> float:
        """The similarity."""
        return pair.similarity


class VeiMean:
    """The mean of the image's VEI as it is, not rescaled: what its magnitude says, with nothing compared."""

    def __init__(self, params: NoParams) -> None:
        pass

    def branch(self, branch: Mapping[str, Any]) -> Mapping[str, Any]:
        """The branch itself."""
        return branch

    def value(self, pair: Pair) -> float:
        """The mean, in float64."""
        return float(pair.image_vei.double().mean())


def _grey(image: Tensor) -> Tensor:
    """Luma ``[1, H, W]``, float64, of ``[1, 3, H, W]``."""
    red, green, blue = image.double().unbind(dim=1)
    return 0.299 * red + 0.587 * green + 0.114 * blue
