"""MATLAB files of scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.io import loadmat

from .files import Folder


class MatFile:
    """A MATLAB file that a dataset must hold.

    Raises:
        DatasetError: it is missing (``note`` adds what else helps) or unreadable.
    """

    def __init__(self, folder: Folder, name: str, note: str = "") -> None:
        self._folder = folder
        self._name = name
        path = folder.file(name, note)
        try:
            self._content: Mapping[str, Any] = loadmat(path, appendmat=False)
        except Exception as error:  # what a damaged file raises depends on where the damage is
            raise folder.error(f"{name} is not a readable MATLAB file; fetch it again") from error

    def numbers(self, variable: str, count: int) -> list[float]:
        """The numbers of a vector or matrix, column by column as MATLAB counts them.

        Raises:
            DatasetError: it is missing, of another size or not numbers.
        """
        values = self._values(variable, count)
        if values.dtype.kind not in "iuf":  # else texts such as 9_0 and the real parts of complex numbers would do
            raise self._folder.error(f"{self._name}: {variable} does not hold numbers")
        numbers = values.astype(np.float64)
        wrong = np.flatnonzero(~np.isfinite(numbers))
        if wrong.size:
            raise self._folder.error(f"{self._name}: entry {wrong[0] + 1} of {variable} is not a finite number")
        return [float(number) for number in numbers]

    def texts(self, variable: str, count: int) -> list[str]:
        """The texts of a cell array.

        Raises:
            DatasetError: it is missing, of another size or not texts.
        """
        texts = []
        for entry, cell in enumerate(self._values(variable, count), start=1):
            text = np.ravel(cell)[0] if np.size(cell) == 1 else None
            if not (isinstance(text, str) and text):
                raise self._folder.error(f"{self._name}: entry {entry} of {variable} is not a text")
            texts.append(str(text))
        return texts

    def _values(self, variable: str, count: int) -> np.ndarray[Any, Any]:
        if variable not in self._content:
            raise self._folder.error(f"{self._name} holds no variable {variable}; fetch the release's own file")
        values = np.ravel(self._content[variable], order="F")
        if len(values) != count:
            raise self._folder.error(f"{self._name}: {variable} has {len(values)} entries, the release {count}")
        return values
