"""Controls."""

from __future__ import annotations

import copy
import math

from ...recipes.recipe import Branch
from ..kit import Subject, require
from ..samples import pair

FOUNDATION = ("value",)


def check_branch(of: Subject) -> None:
    """It gives a branch that a recipe takes, and leaves the one given as it was."""
    table = Branch.read({"pri": "veiqa:jpeg"}, "conformance").write()
    before = copy.deepcopy(table)
    Branch.read(of.make().branch(table), of.part.registered.origin)
    require(table == before, "changes the branch that it is given")


def check_value(of: Subject) -> None:
    """It gives one finite number for a pair, the same again."""
    control = of.make()
    value = control.value(pair())
    require(isinstance(value, float) and math.isfinite(value), f"gives {value!r}; a finite float is due")
    require(control.value(pair()) == value, "gives another number when asked again")
