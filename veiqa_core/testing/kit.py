"""Subjects, checks and their outcomes; how the checks for a component are found."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import attrs

from ..errors import WeightsError, one_line, plain, strict
from ..extension.registry import Part, installed

Function = TypeVar("Function", bound=Callable[..., None])


class CheckFailed(AssertionError):
    """What a component does not keep to, in one line."""


class NotHere(Exception):
    """Why a check says nothing here, such as for want of weights."""


def require(holds: object, otherwise: str) -> None:
    """Fail the check unless something holds."""
    if not holds:
        raise CheckFailed(otherwise)


@attrs.frozen
class Subject:
    """A component under test.

    Attributes:
        part: it, with its parameters.
        data: a folder in the official layout, for datasets; without it only what is refused is checked.
    """

    part: Part
    data: Path | None = None

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.part.registered.kind

    @property
    def traits(self) -> Mapping[str, Any]:
        """What it declares."""
        return self.part.traits

    def make(self, **given: Any) -> Any:
        """Build it, some parameters changed.

        Raises:
            NotHere: a package of its extra is not installed.
        """
        registered = self.part.registered
        if registered.component.extra and registered.missing:
            raise NotHere(f"needs {', '.join(registered.missing)}: pip install '{registered.component.extra}'")
        part = self.part if not given else attrs.evolve(self.part, params=attrs.evolve(self.part.params, **given))
        return part.create()


def refuse_foreign_state(of: Subject) -> None:
    """Check that what is fitted takes no state of something else."""
    try:
        of.make().restore({"no such field": 1.0})
    except ValueError:
        return
    raise CheckFailed("takes a state that it never gave; restore must raise ValueError")


@attrs.frozen
class Check:
    """One thing that components must keep to.

    Attributes:
        name: such as ``"bounds"``.
        help: what is to hold, in a sentence.
        needs: the checks without which this one says nothing.
    """

    name: str
    help: str
    function: Callable[[Subject], None]
    needs: tuple[Check, ...] = ()

    def run(self, of: Subject) -> Outcome:
        """Check a component; whatever it raises is its failure.

        It is skipped where it fails and a check that it needs fails too, so that one cause is one failure.
        """
        outcome = self._outcome(of)
        if outcome.state == "failed":
            for need in self.needs:
                if _once(need, of).state == "failed":
                    return Outcome(self, of, "skipped", f"says nothing before the check {need.name!r} passes")
        return outcome

    def _outcome(self, of: Subject) -> Outcome:
        try:
            self.function(of)
        except NotHere as reason:
            return Outcome(self, of, "skipped", str(reason))
        except WeightsError as reason:
            return Outcome(self, of, "skipped", one_line(reason))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too
            ours = issubclass(type(error), CheckFailed)
            if strict() and issubclass(type(error), Exception) and not ours:
                raise
            problem = plain(str(error)) if ours else f"raised {one_line(error)}"
            return Outcome(self, of, "failed", problem)
        return Outcome(self, of, "passed", "")


@functools.lru_cache(maxsize=8)  # several checks of one component need the same
def _once(check: Check, of: Subject) -> Outcome:
    return check.run(of)


@attrs.frozen
class Outcome:
    """What came of a check on a component, and why where it did not pass."""

    check: Check
    subject: Subject
    state: Literal["passed", "failed", "skipped"]
    reason: str

    def __str__(self) -> str:
        said = f": {self.reason}" if self.reason else ""
        return f"{self.subject.part.registered.origin}: {self.check.name} {self.state}{said}"


def where(trait: str) -> Callable[[Function], Function]:
    """Mark a check as one for components that declare a trait."""

    def mark(function: Function) -> Function:
        function.trait = trait  # type: ignore[attr-defined]  # read by _checks_in
        return function

    return mark


def needs(what: Literal["nothing", "building"]) -> Callable[[Function], Function]:
    """Mark a check as one that does not try the component: all that it needs is that it can be built, or not even that.

    Any other check needs its kind's ``FOUNDATION`` too: what it gives must be sound before more can be said of it.
    """

    def mark(function: Function) -> Function:
        function.needs = what  # type: ignore[attr-defined]  # read by _needed
        return function

    return mark


def checks_for(of: Subject) -> tuple[Check, ...]:
    """The checks that apply to a component: those for all, and those for its kind and traits."""
    common, own = dict(_checks_in("common")), dict(_checks_in(of.kind))
    built = next(check for check in common if check.name == "protocol")
    needed = [built, *(check for name in _foundation(of.kind) for check in own if check.name == name)]
    found = {**common, **own}
    return tuple(
        attrs.evolve(check, needs=tuple(_needed(check, needed)))
        for check, trait in found.items()
        if trait is None or trait in of.traits
    )


def _needed(check: Check, foundation: Sequence[Check]) -> Iterator[Check]:
    """What a check needs of its kind's foundation: all that comes before it."""
    scope = getattr(check.function, "needs", "all")
    if scope == "nothing":
        return
    for need in foundation[:1] if scope == "building" else foundation:
        if need.name == check.name:
            return
        yield need


def _foundation(kind: str) -> tuple[str, ...]:
    """The checks of a kind that the others of it need, in their order."""
    named: tuple[str, ...] = importlib.import_module(f".checks.{kind}", __package__).FOUNDATION
    return named


def _checks_in(module: str) -> Iterator[tuple[Check, str | None]]:
    loaded = importlib.import_module(f".checks.{module}", __package__)
    for name, function in inspect.getmembers(loaded, inspect.isfunction):
        if name.startswith("check_") and function.__module__ == loaded.__name__:
            doc = inspect.getdoc(function) or ""
            check = Check(name.removeprefix("check_").replace("_", "-"), doc.split("\n\n")[0], function)
            yield check, getattr(function, "trait", None)


def subject(ref: str, params: Mapping[str, Any] | None = None, data: Path | None = None) -> Subject:
    """The installed component that ``kind/name`` or ``kind/dist:name`` means.

    Raises:
        UsageError: there is none, or a parameter is not valid.
    """
    registered = installed().named(ref)
    return Subject(installed().part(registered.kind, registered.ref, params), data)


def check_component(ref: str, params: Mapping[str, Any] | None = None, data: Path | None = None) -> list[Outcome]:
    """Run every check that applies to an installed component.

    Args:
        ref: such as ``"metric/minkowski"`` or ``"metric/veiqa-minkowski:minkowski"``.
        params: other than its defaults.
        data: for a dataset, a folder in its official layout.

    Returns:
        The outcomes, those that were skipped with the reason.

    Raises:
        CheckFailed: some failed; a line for each.
        UsageError: there is no such component.
    """
    of = subject(ref, params, data)
    outcomes = [check.run(of) for check in checks_for(of)]
    failed = [str(outcome) for outcome in outcomes if outcome.state == "failed"]
    if failed:
        raise CheckFailed("\n".join(failed))
    return outcomes
