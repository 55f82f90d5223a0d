"""Distortion classifiers."""

from __future__ import annotations

import json

import numpy as np

from ...errors import FitError
from ..kit import CheckFailed, Subject, refuse_foreign_state, require
from ..samples import typed

FOUNDATION = ("probabilities",)


def check_probabilities(of: Subject) -> None:
    """Each row of its probabilities sums to 1, and finds types that are well apart."""
    similarities, types = typed()
    classifier = of.make()
    require(not classifier.classes, "has classes before it is fitted")
    classifier.fit(similarities, types)
    made = classifier.probabilities(similarities)
    due = (len(types), len(classifier.classes))
    require(made.shape == due, f"gives {made.shape}; {due} is due")
    require(
        bool((made >= 0).all()) and np.allclose(made.sum(axis=1), 1),
        "its probabilities are not 0 or more, with a sum of 1",
    )
    require(
        set(types) & set(classifier.classes), f"knows none of the types that it was fitted to: {classifier.classes}"
    )
    known = [index for index, kind in enumerate(types) if kind in classifier.classes]
    predicted = [classifier.classes[place] for place in made.argmax(axis=1)]
    right = np.mean([predicted[index] == types[index] for index in known])
    require(right > 0.9, f"finds {100 * right:.0f} % of types that are well apart")


def check_state(of: Subject) -> None:
    """Its state is plain and brings back the same probabilities."""
    similarities, types = typed()
    classifier = of.make()
    require(not classifier.state(), "has a state before it is fitted")
    classifier.fit(similarities, types)
    again = of.make()
    again.restore(json.loads(json.dumps(dict(classifier.state()), allow_nan=False)))
    require(again.classes == classifier.classes, "has other classes after its state was put back")
    same = np.array_equal(again.probabilities(similarities), classifier.probabilities(similarities))
    require(same, "gives other probabilities after its state was put back")


def check_bad_state(of: Subject) -> None:
    """A state of something else is refused with a ValueError."""
    refuse_foreign_state(of)


def check_one_type(of: Subject) -> None:
    """Images of a single type are refused with a FitError."""
    similarities, types = typed()
    try:
        of.make().fit(similarities, [types[0]] * len(types))
    except FitError:
        return
    raise CheckFailed("fits images of one type; fit must raise FitError")
