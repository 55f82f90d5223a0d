"""Datasets of rated images, and values that are known of components."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import attrs

from .ratings import Ratings


@runtime_checkable
class Dataset(Protocol):
    """Reads the official layout of a dataset of rated images."""

    def read(self, root: Path) -> Ratings:
        """The rated images of a folder, with scores as released; image files need not be opened, nor be there.

        Raises:
            DatasetError: a file that says what the folder holds is missing or not in the official form, with its name.
        """
        ...


@attrs.frozen(kw_only=True, eq=False)
class KnownValue:
    """A value that a component must give, known without it.

    Attributes:
        subject: what is measured, such as ``"colour pair"``.
        expected: the value, published, exact or derived independently.
        measure: computes the component's own value.
        tolerance: the largest error that counts as equal.
        origin: how the value is known: ``"closed form"``, ``"independent derivation"``, or where it is published.
        convention: the choices behind the value, such as colour space, window and borders.
    """

    subject: str
    expected: float
    measure: Callable[[], float]
    tolerance: float
    origin: str
    convention: str
