"""Known values, checked in Python and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from making import with_plugin

from veiqa_core.cli import main
from veiqa_core.extension.registry import Registry
from veiqa_core.verification import Check, verify

_KNOWN = """
from veiqa_core.api import Component, hookimpl

METRIC = {"similar": "high", "bounds": (None, None), "identity": "max", "symmetric": True}

def metric(name, known):
    return Component(name=name, summary="S.", factory="known:Nothing", traits=METRIC, known_values=known)

@hookimpl
def veiqa_similarity_metrics():
    for name in ("good", "mixed", "breaks", "not-known", "senseless"):
        yield metric(name, "known:" + name.replace("-", "_"))
    yield metric("nowhere", "known.absent:values")
    yield metric("unchecked", "")

@hookimpl
def veiqa_pri_generators():
    yield Component(name="also-good", summary="S.", factory="known:Nothing", known_values="known:good")

class Nothing:
    def __init__(self, params): pass

def value(subject, expected, measure, tolerance=0.01):
    from veiqa_core.contracts import KnownValue
    return KnownValue(subject=subject, expected=expected, measure=measure, tolerance=tolerance, origin="A|B 2001",
                      convention="as they say")

def good():
    yield value("exact", 1.5, lambda: 1.5, 0)
    yield value("on the edge", 2.0, lambda: 2.25, 0.25)

def mixed():
    yield value("too far", 1.0, lambda: 1.02)
    yield value("raises", 1.0, lambda: 1 / 0)
    yield value("not finite", 1.0, lambda: float("nan"))
    yield value("no number", 1.0, lambda: None)
    yield value("right", 1.0, lambda: 1)

def breaks():
    yield value("right", 1.0, lambda: 1.0)
    raise OSError("no pairs here")

def not_known():
    return ["psnr is 100"]

def senseless():
    yield value("no tolerance", float("nan"), lambda: 1.0)
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Everything installed, and the components of the distribution ``known``."""
    found = with_plugin("known", _KNOWN, tmp_path, monkeypatch)
    monkeypatch.setattr("veiqa_core.cli.common.installed", lambda: found)
    return found


def veiqa_verify(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", *arguments])


def checks(registry: Registry, *names: str) -> list[Check]:
    return list(verify([registry.get("metric", name) for name in names]))


def test_the_built_ins_reach_their_known_values() -> None:
    done = veiqa_verify("--format", "json")
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    metrics = ("fsim", "fsimc", "gmsd", "nae", "ncc", "psnr", "ssim", "vsi")
    assert {f"metric/{name}" for name in metrics} <= {row["component"] for row in rows}
    assert all(row["passed"] and row["error"] <= row["tolerance"] and row["problem"] is None for row in rows)
    assert done.stderr == f"All {len(rows)} known values are reached.\n"


def test_an_error_up_to_the_tolerance_passes(registry: Registry) -> None:
    exact, edge = checks(registry, "good")
    assert (exact.ours, exact.error, exact.passed) == (1.5, 0, True)
    assert (edge.ours, edge.error, edge.passed) == (2.25, 0.25, True)


def test_one_failing_value_does_not_stop_the_rest(registry: Registry) -> None:
    found = checks(registry, "mixed", "breaks", "not-known", "nowhere", "senseless", "good")
    assert [check.passed for check in found] == [False] * 4 + [True] + [False] * 4 + [True, True]
    too_far, raises, not_finite, no_number, right, breaks, not_known, nowhere, senseless = found[:9]
    assert too_far.error == pytest.approx(0.02)
    assert too_far.problem is None
    assert right.ours == 1
    problems = {
        raises: "metric 'mixed' (known 1.0) failed: ZeroDivisionError: division by zero",
        not_finite: "metric 'mixed' (known 1.0) failed: ValueError: 'not finite' gave nan",
        no_number: "metric 'mixed' (known 1.0) failed: TypeError: ",
        breaks: "metric 'breaks' (known 1.0) failed: OSError: no pairs here",
        not_known: "known:not_known gives str where a KnownValue is due",
        nowhere: "metric 'nowhere' (known 1.0) cannot be loaded from known.absent:values",
        senseless: "known:senseless: 'no tolerance' expects nan within 0.01",
    }
    for check, problem in problems.items():
        assert problem in str(check.problem)
        assert (check.ours, check.error) == (None, None)


def test_components_without_known_values_are_passed_over(registry: Registry) -> None:
    assert checks(registry, "unchecked") == []
    assert [check.component for check in checks(registry, "unchecked", "good")] == ["metric/known:good"] * 2


def test_any_kind_is_checked_and_one_failure_is_exit_status_1(registry: Registry) -> None:
    done = veiqa_verify("--format", "json")
    assert done.exit_code == 1
    rows = json.loads(done.stdout)
    assert {"pri/known:also-good", "metric/known:mixed", "metric/psnr"} <= {row["component"] for row in rows}
    assert {row["component"] for row in rows if not row["passed"]} == {
        f"metric/known:{name}" for name in ("mixed", "breaks", "not-known", "nowhere", "senseless")
    }
    assert f"8 of {len(rows)} known values are not reached: " in done.stderr
    assert "metric/known:mixed (too far), metric/known:mixed (raises)" in done.stderr


def test_json_holds_all_columns(registry: Registry) -> None:
    done = veiqa_verify("metric/mixed", "--format", "json")
    too_far, raises, *_ = json.loads(done.stdout)
    shared = {
        "component": "metric/known:mixed",
        "expected": 1.0,
        "tolerance": 0.01,
        "origin": "A|B 2001",
        "convention": "as they say",
        "passed": False,
    }
    error = pytest.approx(0.02)
    assert too_far == {**shared, "subject": "too far", "ours": 1.02, "error": error, "problem": None}
    problem = "metric 'mixed' (known 1.0) failed: ZeroDivisionError: division by zero"
    assert raises == {**shared, "subject": "raises", "ours": None, "error": None, "problem": problem}


def test_a_table_shows_numbers_sources_and_problems(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = veiqa_verify("metric/mixed", "pri/also-good", "metric/nowhere")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["subject", "expected", "ours", "error", "tolerance"],
        ["metric/known:mixed"],
        ["FAIL", "too", "far", "1", "1.02", "2.0e-02", "1e-02"],
    ]
    assert lines.count("        A|B 2001: as they say") == 2
    assert "  ok    exact" in done.stdout
    assert "FAIL  known values" in done.stdout
    assert "error: metric 'mixed' (known 1.0) failed: ZeroDivisionError" in done.stdout
    assert lines[-1].startswith("5 of 8 known values are not reached: metric/known:mixed (too far), ")


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_a_table_keeps_to_the_terminals_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    done = veiqa_verify("metric/gmsd", "metric/vsi")
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= max(columns, 76)
    squeezed = " ".join(done.stdout.split())
    assert "saliency at 256x256, resized corner on corner and not antialiased" in squeezed


def test_a_markdown_table_has_one_row_a_value(registry: Registry) -> None:
    done = veiqa_verify("metric/mixed", "--format", "md")
    head, rule, *rows, summary = done.stdout.splitlines()
    assert head == "| component | subject | expected | ours | error | tolerance | origin | convention | result |"
    assert rule == "|---" * 9 + "|"
    assert len(rows) == 5
    shown = "| metric/known:mixed | right | 1 | 1 | 0 | 1e-02 | A\\|B 2001 | as they say | ok |"
    assert rows[-1] == shown
    assert rows[1].endswith("**failed** metric 'mixed' (known 1.0) failed: ZeroDivisionError: division by zero |")
    assert summary.startswith("4 of 5 known values")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("psnr", "say KIND/NAME, such as metric/psnr, not 'psnr'"),
        ("metrics/psnr", "unknown kind 'metrics'. Did you mean 'metric'?"),
        ("metric/psnrr", "unknown similarity metric 'psnrr'. Did you mean 'psnr'?"),
        ("metric/unchecked", "metric 'unchecked' (known 1.0) has no known values"),
    ],
)
def test_what_cannot_be_verified_is_one_clear_line(name: str, message: str, registry: Registry) -> None:
    done = veiqa_verify(name)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_nothing_to_verify_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veiqa_core.cli.common.installed", lambda: Registry([]))
    done = veiqa_verify()
    assert (done.exit_code, done.stdout) == (0, "No component here has known values.\n")
