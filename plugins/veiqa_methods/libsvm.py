"""Support vector machines in LIBSVM's text format, evaluated with NumPy: regression, and classes with probabilities."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np
from scipy.special import expit

from veiqa_core.api import WeightsError

from .common import Array
from .model_files import read_text

_SWEEPS = 100  # LIBSVM's limit of its iteration for probabilities
_LEAST = 1e-7  # and of a pairwise probability


@attrs.frozen(eq=False)
class Scaling:
    """The linear scaling of features that ``svm-scale`` keeps in a file of ranges; nothing is clipped."""

    low: float
    high: float
    least: Array
    most: Array
    digest: str = ""

    @classmethod
    def read(cls, path: Path, features: int) -> Scaling:
        """Read the file.

        Raises:
            WeightsError: it cannot be read, or is not one of so many features.
        """
        text, digest = read_text(path)
        try:
            lines = [line.split() for line in text.splitlines() if line.strip()]
            if lines[0] != ["x"]:
                raise ValueError("no x")
            low, high = map(float, lines[1])
            ranges = {int(index): (float(least), float(most)) for index, least, most in lines[2:]}
            least, most = np.array([ranges[index] for index in range(1, features + 1)]).T
        except (ValueError, KeyError, IndexError) as error:
            raise WeightsError(f"{path} is no file of svm-scale with ranges of {features} features") from error
        if not (np.isfinite([*least, *most, low, high]).all() and (most > least).all()):
            raise WeightsError(f"{path} holds ranges that are empty or not finite")
        return cls(low, high, least.copy(), most.copy(), digest)

    def scaled(self, features: Array) -> Array:
        """The features as the machine takes them."""
        return self.low + (self.high - self.low) * (features - self.least) / (self.most - self.least)


@attrs.frozen(eq=False)
class Machine:
    """A machine with a radial kernel.

    Attributes:
        gamma: of the kernel.
        vectors: support vectors ``[S, F]``.
        coefficients: ``[K - 1, S]``; one row for a regression.
        rho: offsets, one a pair of classes.
        counts: support vectors of each class; empty for a regression.
        slopes, offsets: of the logistic curve of each pair.
    """

    gamma: float
    vectors: Array
    coefficients: Array
    rho: Array
    counts: tuple[int, ...] = ()
    slopes: Array = attrs.field(factory=lambda: np.zeros(0))
    offsets: Array = attrs.field(factory=lambda: np.zeros(0))
    digest: str = ""

    @classmethod
    def read(cls, path: Path, features: int) -> Machine:
        """Read the file.

        Raises:
            WeightsError: it cannot be read, or is no machine with a radial kernel on so many features.
        """
        text, digest = read_text(path)
        try:
            machine = _machine(text, features, digest)
        except (ValueError, KeyError, IndexError) as error:
            raise WeightsError(f"{path} is no LIBSVM model with a radial kernel on {features} features") from error
        if not all(np.isfinite(part).all() for part in (machine.vectors, machine.coefficients, machine.rho)):
            raise WeightsError(f"{path} holds numbers that are not finite")
        return machine

    def _kernels(self, point: Array) -> Array:
        kernels: Array = np.exp(-self.gamma * ((self.vectors - point) ** 2).sum(axis=1))
        return kernels

    def values(self, point: Array) -> Array:
        """What a regression gives ``[1]`` for scaled features ``[F]``."""
        values: Array = (self.coefficients * self._kernels(point)).sum(axis=1) - self.rho
        return values

    def probabilities(self, point: Array) -> Array:
        """Of the classes ``[K]``, in the order of the file, as LIBSVM couples them (Wu, Lin and Weng, JMLR 5, 2004)."""
        kernels = self._kernels(point)
        ends = np.cumsum((0, *self.counts))
        classes = len(self.counts)
        parts = [slice(ends[k], ends[k + 1]) for k in range(classes)]
        pairwise = np.zeros((classes, classes))
        for number, (i, j) in enumerate(itertools.combinations(range(classes), 2)):
            total = self.coefficients[j - 1, parts[i]] @ kernels[parts[i]]
            total += self.coefficients[i, parts[j]] @ kernels[parts[j]]
            chance = expit(-self.slopes[number] * (total - self.rho[number]) - self.offsets[number])
            pairwise[i, j] = min(max(chance, _LEAST), 1 - _LEAST)
            pairwise[j, i] = 1 - pairwise[i, j]
        return _coupled(pairwise)


@attrs.frozen(eq=False)
class ScaledMachine:
    """A machine with the scaling of the features that it takes."""

    scaling: Scaling
    machine: Machine

    @classmethod
    def read(cls, model: str, ranges: str, features: int) -> ScaledMachine:
        """Read both files.

        Raises:
            WeightsError: one cannot be read, or is not of so many features.
        """
        return cls(Scaling.read(Path(ranges), features), Machine.read(Path(model), features))

    @property
    def digest(self) -> str:
        """Of both files."""
        return f"{self.machine.digest} {self.scaling.digest}"

    def values(self, features: Array) -> Array:
        """What a regression gives ``[1]`` for features ``[F]``."""
        return self.machine.values(self.scaling.scaled(features))

    def probabilities(self, features: Array) -> Array:
        """Of the classes ``[K]``, for features ``[F]``."""
        return self.machine.probabilities(self.scaling.scaled(features))


def _coupled(pairwise: Array) -> Array:
    """Probabilities ``[K]`` from pairwise ones, by LIBSVM's iteration, which stops early: its stop is part of it."""
    classes = len(pairwise)
    form = -pairwise.T * pairwise
    np.fill_diagonal(form, (pairwise**2).sum(axis=0))
    found = np.full(classes, 1 / classes)
    for _ in range(_SWEEPS):
        products = form @ found
        total = found @ products
        if np.abs(products - total).max() < 0.005 / classes:
            break
        for t in range(classes):
            step = (total - products[t]) / form[t, t]
            found[t] += step
            total = (total + step * (step * form[t, t] + 2 * products[t])) / (1 + step) ** 2
            products = (products + step * form[t]) / (1 + step)
            found = found / (1 + step)
    return found


def _machine(text: str, features: int, digest: str) -> Machine:
    head, _, body = text.partition("\nSV")
    fields = {words[0]: words[1:] for words in (line.split() for line in head.splitlines()) if words}
    if fields["kernel_type"] != ["rbf"]:
        raise ValueError("another kernel")
    classes = int(fields["nr_class"][0])
    lines = [line.split() for line in body.splitlines() if line.strip()]
    if len(lines) != int(fields["total_sv"][0]):
        raise ValueError("cut off")
    vectors = np.zeros((len(lines), features))
    for vector, words in zip(vectors, lines, strict=True):
        for word in words[classes - 1 :]:
            index, value = word.split(":")
            vector[_position(index, features)] = float(value)
    coefficients = np.array([[float(word) for word in words[: classes - 1]] for words in lines]).T
    counts: Sequence[str] = fields["nr_sv"] if "svc" in fields["svm_type"][0] else ()
    return Machine(
        float(fields["gamma"][0]),
        vectors,
        np.ascontiguousarray(coefficients),
        _numbers(fields, "rho"),
        tuple(map(int, counts)),
        _numbers(fields, "probA"),
        _numbers(fields, "probB"),
        digest,
    )


def _position(index: str, features: int) -> int:
    position = int(index) - 1
    if not 0 <= position < features:
        raise ValueError("another number of features")
    return position


def _numbers(fields: Mapping[str, Sequence[str]], name: str) -> Array:
    return np.array([float(word) for word in fields.get(name, ())])
