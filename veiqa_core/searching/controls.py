"""Controls: what a winner must beat before its agreement can be put down to what the network sees."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs

from .. import contracts
from ..contracts import FloatArray
from ..errors import UsageError
from ..extension.registry import Part, Registry
from ..isolation.attempts import attempt, or_usage_error
from ..measuring.branches.plan import distinct
from ..measuring.quantity import Control
from ..measuring.table import Indices
from ..recipes.recipe import Branch
from ..recipes.resolution import ResolvedBranch, resolve_branch
from .context import SearchContext
from .feasibility import problems
from .trials import Trials

Winners = Mapping[str | None, tuple[ResolvedBranch | None, Indices]]
"""For each key a branch, or None of a method, and the rows of the images that it is for."""


@attrs.frozen(eq=False)
class Controlled:
    """A control for one branch.

    Attributes:
        values: ``[n]`` of the images asked for, NaN where it failed; None where there is no such control.
        reason: why there is none.
    """

    name: str
    summary: str
    values: FloatArray | None
    reason: str | None = None


def control(winners: Winners, trials: Trials, context: SearchContext) -> Mapping[str | None, list[Controlled]]:
    """Every installed control for the branch and the images of each key."""
    registry = context.registry
    parts = [registry.part("control", item.ref) for item in registry.of_kind("control")]
    made = {(key, part): _quantity(part, branch, registry) for key, (branch, _) in winners.items() for part in parts}
    sound = [item.branch for item in made.values() if isinstance(item, Control)]
    refused = problems(distinct(sound), context)
    reasons = {at: item if isinstance(item, str) else refused.get(item.branch) for at, item in made.items()}
    usable = {at: item for at, item in made.items() if isinstance(item, Control) and reasons[at] is None}
    values = _measured(usable, {key: rows for key, (_, rows) in winners.items()}, trials, context)
    return {
        key: [
            Controlled(
                part.registered.label, part.registered.component.summary, values.get((key, part)), reasons[key, part]
            )
            for part in parts
        ]
        for key in winners
    }


def _quantity(part: Part, branch: ResolvedBranch | None, registry: Registry) -> Control | str:
    """What is to be measured, or why it cannot be."""
    if branch is None:
        return "a method has neither PRI nor network that could be left out"

    def work() -> Control:
        control: contracts.Control = or_usage_error(attempt(part, part.create))
        table = or_usage_error(attempt(part, lambda: control.branch(branch.written.write())))
        return Control(resolve_branch(Branch.read(table, part.registered.origin), registry), part)

    try:
        return work()
    except UsageError as error:
        return str(error)


def _measured(
    usable: Mapping[tuple[str | None, Part], Control],
    rows: Mapping[str | None, Indices],
    trials: Trials,
    context: SearchContext,
) -> Mapping[tuple[str | None, Part], FloatArray]:
    if not usable:
        return {}
    quantities = distinct(usable.values())
    table = trials.rated.measurements(quantities)
    columns = {at: quantities.index(control) for at, control in usable.items()}
    with context.executor(quantities) as executor:
        for key in dict.fromkeys(key for key, _ in usable):
            wanted = [column for (own, _), column in columns.items() if own == key]
            columns_of = {int(row): wanted for row in rows[key]}
            table.fill(executor, columns_of, views=dict.fromkeys(columns_of, trials.view))
    for row, (own, other) in enumerate(zip(table.digests, trials.table.digests, strict=True)):
        if own != other:  # another picture by now
            table.values[row] = math.nan
    return {at: table.values[rows[at[0]], column] for at, column in columns.items()}
