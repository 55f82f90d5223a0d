"""No mapping at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from veiqa_core.api import NoParams, brief
from veiqa_core.contracts import FloatArray, Prediction, canonical_array


class Identity:
    """Minus the similarity, the mean over several branches: more similar to the PRI is worse. No scale, no interval."""

    def __init__(self, params: NoParams) -> None:
        pass

    def fit(self, similarities: FloatArray, quality: FloatArray) -> None:
        """Nothing to fit."""

    def predict(self, similarities: FloatArray) -> Prediction:
        """Minus the mean similarity of each row of ``[N, B]``."""
        score: FloatArray = -canonical_array(similarities).mean(axis=1)
        unknown = np.full_like(score, np.nan)
        return Prediction(score, unknown, unknown)

    def sensitivity(self, similarities: FloatArray) -> FloatArray:
        """The same for every branch, ``[N, B]``."""
        return np.full(np.shape(similarities), -1.0 / np.shape(similarities)[1])

    def state(self) -> Mapping[str, Any]:
        """Empty: nothing is fitted."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back the empty state.

        Raises:
            ValueError: the state is not empty.
        """
        if state:
            raise ValueError(f"unknown field {brief(min(state))}; identity keeps nothing")
