"""Search strategies."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ...errors import UsageError
from ..kit import NotHere, Subject, require
from ..samples import proposals, task

FOUNDATION = ("proposals",)


def check_proposals(of: Subject) -> None:
    """It proposes candidates that there are, each once a proposal, and some of them on all images."""
    made = proposals(of.make(), task())
    for proposal in made:
        require(0 < proposal.share <= 1, f"proposes a share of {proposal.share}")
        require(proposal.candidates, "proposes nothing")
        require(len(set(proposal.candidates)) == len(proposal.candidates), "proposes a candidate twice at once")
        require(set(proposal.candidates) <= set(range(28)), "proposes candidates that there are not")
    require(any(proposal.share == 1 for proposal in made), "measures no candidate on all images")


def check_budget(of: Subject) -> None:
    """It measures no more candidates on all images than the budget allows."""
    if of.traits.get("budget") == "none":
        raise NotHere("declares that it takes no budget")
    for budget in (1, 7, 1000):
        made = proposals(of.make(), task(budget))
        whole = {index for proposal in made if proposal.share == 1 for index in proposal.candidates}
        require(len(whole) <= budget, f"measures {len(whole)} candidates with a budget of {budget}")


def check_same_again(of: Subject) -> None:
    """The same task has the same proposals, with a folder of its own or none, with what an earlier run left there."""
    first = proposals(of.make(), task())
    with tempfile.TemporaryDirectory() as folder:
        for place in (None, Path(folder), Path(folder)):
            require(proposals(of.make(), task(folder=place)) == first, "proposes otherwise when asked again")


def check_without_a_budget(of: Subject) -> None:
    """Without a budget it proposes, or says that it needs one."""
    try:
        made = proposals(of.make(), task(None))
    except UsageError:
        return
    require(made, "proposes nothing without a budget")
