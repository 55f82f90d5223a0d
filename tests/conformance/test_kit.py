"""The checks themselves: for each a component that breaks what it is for, in a distribution of its own."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import PIL.Image
import pytest
from click.testing import CliRunner
from torch import nn

from veiqa_core.cli import main
from veiqa_core.errors import UsageError
from veiqa_core.extension import registry
from veiqa_core.extension.kinds import KINDS
from veiqa_core.testing import CheckFailed, Subject, check_component, checks_for, kit, samples, subject
from veiqa_core.testing.kit import _checks_in

HERE = Path(__file__).parent
HEAVY = """
import numpy
from bad_plugin import hookimpl, one

@hookimpl
def veiqa_similarity_metrics():
    yield from one()
"""
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
COMMON = [check.name for check, _ in _checks_in("common")]
OF_KIND = [(kind, check.name) for kind in KINDS for check, _ in _checks_in(kind)]


def offer(folder: Path, name: str, module: str) -> None:
    """A distribution in the folder, as pip would leave it there."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA.format(name=name))
    (info / "entry_points.txt").write_text(f"[veiqa]\nmain = {module}\n")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The distributions ``veiqa-bad`` and ``veiqa-heavy``, here and in every process that is begun."""
    folder = tmp_path_factory.mktemp("site")
    for module in ("bad_plugin", "bad_components"):
        (folder / f"{module}.py").write_text((HERE / f"{module}.py").read_text())
    (folder / "heavy_plugin.py").write_text(HEAVY)
    offer(folder, "veiqa-bad", "bad_plugin")
    offer(folder, "veiqa-heavy", "heavy_plugin")
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(folder)
    patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    registry.installed.cache_clear()
    assert [problem.plugin.dist for problem in registry.installed().problems] == []
    yield folder
    patch.undo()
    registry.installed.cache_clear()


def failing(of: Subject) -> dict[str, str]:
    """The checks that a component fails, with the reasons."""
    outcomes = [check.run(of) for check in checks_for(of)]
    return {outcome.check.name: outcome.reason for outcome in outcomes if outcome.state == "failed"}


def outcome(of: Subject, name: str) -> tuple[str, str]:
    (check,) = (check for check in checks_for(of) if check.name == name)
    found = attrs.evolve(check, needs=()).run(of)
    return found.state, found.reason


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("kind", "name"), OF_KIND, ids=[f"{kind}-{name}" for kind, name in OF_KIND])
def test_every_check_catches_what_it_is_for(kind: str, name: str, tmp_path: Path) -> None:
    of = subject(f"{kind}/veiqa-bad:{name}", data=tmp_path if name == "ratings" else None)
    state, reason = outcome(of, name)
    assert state == "failed", reason
    assert reason
    assert "\n" not in reason
    assert not reason.startswith("raised") or name in ("sizes", "constant-image")  # what is for the component to raise


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", [name for name in COMMON if name != "registration-is-light"])
def test_every_common_check_catches_what_it_is_for(name: str) -> None:
    state, reason = outcome(subject(f"metric/veiqa-bad:{name}"), name)
    assert state == "failed", reason
    assert "\n" not in reason


@pytest.mark.usefixtures("installed")
def test_a_heavy_registration_is_caught() -> None:
    of = subject("metric/veiqa-heavy:good")
    state, reason = outcome(of, "registration-is-light")
    assert state == "failed"
    assert reason == "importing heavy_plugin imports numpy; import them in the component's module"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dataset"])
def test_a_good_component_of_the_kind_passes(kind: str) -> None:
    assert failing(subject(f"{kind}/veiqa-bad:good")) == {}


LEFT = {
    "Pillow's limit of pixels": ("metric", "compare", lambda: setattr(PIL.Image, "MAX_IMAGE_PIXELS", None)),
    "the recursion limit": ("metric", "compare", lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1)),
    "the methods forward of torch.nn": ("metric", "compare", lambda: setattr(nn.ReLU, "forward", nn.Identity.forward)),
    "the environment": ("metric", "compare", lambda: os.environ.update(LEFT=str(os.times()))),
}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("left", LEFT)
def test_what_a_component_leaves_of_the_process_is_named_and_given_back(
    left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, name, work = LEFT[left]
    of = subject(f"{kind}/veiqa-bad:good")
    good, before = getattr(type(of.make()), name), (PIL.Image.MAX_IMAGE_PIXELS, nn.ReLU.forward, dict(os.environ))
    monkeypatch.setattr(type(of.make()), name, lambda *given: (work(), good(*given))[1])
    assert outcome(of, "leaves-no-trace") == ("failed", f"changes {left}")
    assert (PIL.Image.MAX_IMAGE_PIXELS, nn.ReLU.forward) == before[:2]


@pytest.mark.usefixtures("installed")
def test_a_sum_that_threads_share_is_no_batch_of_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    of = subject("metric/veiqa-bad:good")
    monkeypatch.setattr(type(of.make()), "compare", lambda self, x, y: (x - y).abs().sum(dim=(1, 2)))
    assert outcome(of, "batch") == ("passed", "")
    record = of.part.registered.record
    traits = {**record.traits, "batch": True}
    registered = attrs.evolve(of.part.registered, record=attrs.evolve(record, traits=traits))
    sure = attrs.evolve(of, part=attrs.evolve(of.part, registered=registered))
    due = "gives a pair other bits alone than in a batch, and its trait batch says that it does not"
    assert outcome(sure, "batch") == ("failed", due)


@pytest.mark.usefixtures("installed")
def test_weights_written_into_behind_torch_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    of = subject("explainer/veiqa-bad:good")
    good = type(of.make()).explain

    def explain(self: Any, view: Any) -> Any:
        next(view.network.module.parameters()).data.mul_(2)
        return good(self, view)

    monkeypatch.setattr(type(of.make()), "explain", explain)
    reported = "an EfficientNet: changes weights of the network"
    assert outcome(of, "network-untouched") == ("failed", reported)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("ref", "reported"),
    [
        ("metric/arbitrary-maps", r"gives \S+, and \S+ with the maps swapped; declared symmetric, for x = 4x5 all "),
        ("metric/arbitrary-maps-bounds", r"gives 1.2; bounds are 0 and 1, for x = 4x5 all [01]; y = 4x5 all [01]$"),
        (
            "metric/arbitrary-maps-identity",
            r"gives \S+, and \S+ at equal maps, declared as the least, for x = 4x5 all ",
        ),
        ("pri/arbitrary-images", r"gives values from -0.0784314 to .*, for image = 3x32x32 all "),
        (
            "mapper/arbitrary-ratings",
            r"fit raises ZeroDivisionError: float division by zero, for similarities = 4x3 all ",
        ),
    ],
)
def test_arbitrary_data_find_what_fixed_samples_miss(ref: str, reported: str) -> None:
    of = subject(ref)
    ((check, reason),) = failing(of).items()
    assert check.startswith("arbitrary-")
    assert re.match(reported, reason), reason
    assert "\n" not in reason
    assert outcome(of, check) == ("failed", reason)  # the same examples every time


def not_finite(made: Any) -> Any:
    """NaN in one place of what a component gives."""
    if isinstance(made, float):
        return math.nan
    values = getattr(made, "score", made)
    values[(0,) * values.ndim] = math.nan
    return made


def failing_here(made: Any) -> Any:
    raise RuntimeError("out of order")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("spoil", [not_finite, failing_here])
@pytest.mark.parametrize(
    ("kind", "method", "cause"),
    [
        ("metric", "compare", "values"),
        ("pri", "generate", "image"),
        ("explainer", "explain", "map"),
        ("method", "measure", "values"),
        ("mapper", "predict", "fit-and-predict"),
        ("classifier", "probabilities", "probabilities"),
        ("control", "value", "value"),
    ],
)
def test_one_cause_is_one_failure(
    kind: str, method: str, cause: str, spoil: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    of = subject(f"{kind}/veiqa-bad:good")
    cls = type(of.make())
    good = getattr(cls, method)
    monkeypatch.setattr(cls, method, lambda self, *given: spoil(good(self, *given)))
    kit._once.cache_clear()
    outcomes = [check.run(of) for check in checks_for(of)]
    kit._once.cache_clear()
    assert [outcome.check.name for outcome in outcomes if outcome.state == "failed"] == [cause]
    skipped = {outcome.reason for outcome in outcomes if outcome.state == "skipped"}
    assert skipped <= {f"says nothing before the check {cause!r} passes"}
    assert skipped


def test_a_network_that_is_not_finite_is_one_failure(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = subject("extractor/veiqa-bad:good")
    cls = type(of.make())
    good = cls.open

    def spoilt(self: Any, device: Any) -> Any:
        network = good(self, device)
        next(network.module.parameters()).data[0] = math.nan
        return network

    monkeypatch.setattr(cls, "open", spoilt)
    samples.opened.cache_clear()
    kit._once.cache_clear()
    assert failing(of) == {"layers": "layer one gives a map that is not finite"}
    samples.opened.cache_clear()
    kit._once.cache_clear()


@pytest.mark.usefixtures("installed")
def test_what_does_not_depend_on_a_failure_still_fails() -> None:
    of = subject("metric/veiqa-bad:protocol")
    assert set(failing(of)) == {"protocol"}
    values = subject("metric/veiqa-bad:values")
    described = attrs.evolve(values.part.registered.component, summary="no sentence")
    part = attrs.evolve(values.part, registered=attrs.evolve(values.part.registered, record=described))
    assert set(failing(Subject(part))) == {"values", "described"}


@pytest.mark.usefixtures("installed")
def test_without_hypothesis_the_kit_says_what_it_does_not_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    outcomes = {str(outcome) for outcome in check_component("metric/veiqa-bad:good") if outcome.state == "skipped"}
    assert outcomes == {
        "metric 'good' (veiqa-bad 1.0): arbitrary-maps skipped: hypothesis is not installed, so it is tried on a few "
        "fixed samples alone: pip install 'veiqa[testing]'"
    }


@pytest.mark.usefixtures("installed")
def test_check_component_returns_outcomes_or_says_all_that_failed() -> None:
    assert {outcome.state for outcome in check_component("metric/veiqa-bad:good")} == {"passed"}
    with pytest.raises(
        CheckFailed, match=r"metric 'bounds' \(veiqa-bad 1.0\): bounds failed: gives .* bounds say 0.5 or less"
    ):
        check_component("metric/veiqa-bad:bounds")
    with pytest.raises(UsageError, match="say KIND/NAME"):
        check_component("psnr")


@pytest.mark.usefixtures("installed")
def test_the_marker_makes_a_test_of_each_check(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.veiqa_conformance(dist='veiqa-bad', expected_failures={'metric/bounds: bounds': 'as meant'})\n"
        "def test_conformance(veiqa_check): veiqa_check()\n"
        "@pytest.mark.veiqa_conformance(dist='veiqa-bad', expected_failures={'bunds': 'misspelt'})\n"
        "def test_misspelt(veiqa_check): veiqa_check()\n"
        "@pytest.mark.veiqa_conformance(dist='veiqa-absent')\n"
        "def test_absent(veiqa_check): veiqa_check()\n"
    )
    chosen = "(bounds and metric and not misspelt) or expected_failures or absent"
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(tmp_path), "-k", chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "XFAIL test_it.py::test_conformance[metric/bounds: bounds] - as meant" in done.stdout
    assert "PASSED test_it.py::test_conformance[metric/good: bounds]" in done.stdout
    assert "expected_failures names bunds, which no check of these components has" in done.stdout
    assert "veiqa-absent offers no component: is it installed, and its entry point in the group 'veiqa'?" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.usefixtures("installed")
def test_plugins_check_deep_tells_what_components_do_not_keep_to() -> None:
    done = CliRunner().invoke(main, ["plugins", "--check", "--deep", "--dist", "veiqa-heavy"])
    assert done.exit_code == 1
    (reported,) = (line for line in done.stdout.splitlines() if "registration-is-light" in line)
    assert reported.startswith("problem: metric 'good' (veiqa-heavy 1.0): registration-is-light failed: importing")
    assert "another process" not in done.stdout
    for more, reported in (
        (["--deep"], "--deep goes with --check"),
        (["--check", "--deep", "--dist", "x"], "distribution"),
    ):
        refused = CliRunner().invoke(main, ["plugins", *more])
        assert refused.exit_code == 2
        assert reported in refused.stderr
