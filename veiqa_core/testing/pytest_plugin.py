"""The marker ``veiqa_conformance``: one test for each check on each component of a distribution.

::

    @pytest.mark.veiqa_conformance(dist="veiqa-foo")
    def test_conformance(veiqa_check):
        veiqa_check()

Arguments of the marker: ``dist``, whose components are checked; ``expected_failures``, what is known to fail and why,
by check (``"symmetry"``) or by component and check (``"metric/foo: symmetry"``); ``data``, a folder in the official
layout for each dataset by name. That the distribution offers nothing is a failure, and so is a name in
``expected_failures`` that no check has. Light until a marked test is collected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .kit import Check, Subject

MARK = "veiqa_conformance"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    purpose = "run VEIQA's conformance checks on every component of a distribution"
    config.addinivalue_line("markers", f"{MARK}(dist, expected_failures={{}}, data={{}}): {purpose}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each check on each component."""
    mark = metafunc.definition.get_closest_marker(MARK)
    if mark is None:
        return
    if "veiqa_check" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: @{MARK} needs the argument veiqa_check")
    metafunc.parametrize("veiqa_check", _tests(**mark.kwargs), indirect=True)


@pytest.fixture
def veiqa_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs the check that this test is for."""
    given: Callable[[], None] = request.param
    return given


def _tests(
    *, dist: str, expected_failures: Mapping[str, str] | None = None, data: Mapping[str, str | Path] | None = None
) -> list[Any]:
    from ..extension.discovery import normalise
    from ..extension.registry import installed
    from .kit import Subject, checks_for

    registry, expected = installed(), dict(expected_failures or {})
    problems = [str(problem) for problem in registry.problems if problem.plugin.dist == normalise(dist)]
    items = [item for item in registry if item.dist == normalise(dist)]
    if problems or not items:
        nothing = f"{dist} offers no component: is it installed, and its entry point in the group 'veiqa'?"
        problem = "; ".join(problems) or nothing
        return [pytest.param(lambda: pytest.fail(problem, pytrace=False), id="registration")]
    made, met = [], set()
    for item in items:
        folder = (data or {}).get(item.name)
        of = Subject(registry.part(item.kind, item.ref), None if folder is None else Path(folder))
        for check in checks_for(of):
            names = {check.name, f"{item.kind}/{item.name}: {check.name}"} & set(expected)
            met |= names
            marks = [pytest.mark.xfail(reason=expected[name], strict=True) for name in names]
            made.append(pytest.param(_test(check, of), id=f"{item.kind}/{item.name}: {check.name}", marks=marks))
    if unknown := sorted(set(expected) - met):
        problem = f"expected_failures names {', '.join(unknown)}, which no check of these components has"
        made.append(pytest.param(lambda: pytest.fail(problem, pytrace=False), id="expected_failures"))
    return made


def _test(check: Check, of: Subject) -> Callable[[], None]:
    def run() -> None:
        outcome = check.run(of)
        if outcome.state == "failed":
            pytest.fail(f"{outcome.reason}\n({check.help})", pytrace=False)
        if outcome.state == "skipped":
            pytest.skip(outcome.reason)

    return run
