"""Which branches and methods can work at all, found before the first image is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import UsageError, VeiqaError
from ..extension.registry import Part
from ..isolation.attempts import attempt
from ..measuring.branches.engine import Engine
from ..measuring.branches.plan import distinct
from ..measuring.methods import Methods
from ..recipes.recipe import BRANCH_KINDS
from ..recipes.resolution import ResolvedBranch
from .candidates import Candidate, branches_of
from .context import SearchContext


def split_viable(candidates: Sequence[Candidate], context: SearchContext) -> tuple[list[Candidate], Mapping[str, str]]:
    """The candidates that can work, and by key why the others cannot.

    Raises:
        UsageError: none can.
    """
    of_branches = problems(branches_of(candidates), context)
    reasons = {
        candidate.key: reason
        for candidate in candidates
        if (reason := _method_problem(candidate) if candidate.branch is None else of_branches.get(candidate.branch))
    }
    able = [candidate for candidate in candidates if candidate.key not in reasons]
    if not able:
        raise UsageError(f"no candidate can work; the first: {next(iter(reasons.values()))}")
    return able, reasons


def _method_problem(candidate: Candidate) -> str | None:
    try:
        Methods(candidate.parts)
    except UsageError as error:
        return str(error)
    return None


def problems(branches: Sequence[ResolvedBranch], context: SearchContext) -> Mapping[ResolvedBranch, str]:
    """Why branches cannot work: a component that cannot be built, or an explainer that its network cannot serve."""
    parts = distinct(getattr(branch, kind) for branch in branches for kind in BRANCH_KINDS)
    broken = {part: str(error) for part in parts if isinstance(error := attempt(part, part.create), VeiqaError)}
    found: dict[ResolvedBranch, str] = {}
    tried: dict[tuple[Part, Part, object], str | None] = {}
    for branch in branches:
        reason = next((broken[part] for kind in BRANCH_KINDS if (part := getattr(branch, kind)) in broken), None)
        explained = (branch.extractor, branch.explainer, branch.layer)
        if reason is None and explained not in tried:
            tried[explained] = _try(branch, context)
        reason = reason or tried.get(explained)
        if reason is not None:
            found[branch] = reason
    return found


def _try(branch: ResolvedBranch, context: SearchContext) -> str | None:
    try:
        Engine([branch], context.device, context.networks)
    except UsageError as error:
        return str(error)
    return None
