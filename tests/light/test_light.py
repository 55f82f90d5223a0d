"""Start-up is light, tested by what gets imported and, in nox's session ``light``, where nothing heavy is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from veiqa_core.store import Store, Value

HEAVY = ("torch", "numpy", "timm", "captum", "scipy", "PIL", "matplotlib", "skimage", "sklearn", "openpyxl", "jinja2")

SPY = f"""
import sys
sys.argv = ["veiqa", *sys.argv[1:]]
from veiqa_core.cli import main
try:
    main()
finally:
    print("HEAVY:", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""
without_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is not None, reason="torch is installed here; nox -s light has none"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", SPY, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["plugins"],
        ["plugins", "--json"],
        ["components"],
        ["components", "metric"],
        ["components", "--json"],
        ["components", "show", "explainer/gradcam"],
        ["components", "show", "metric/psnr", "--json"],
        ["components", "show", "metric/psnrr"],
        ["run", "photo.jpg", "--metric", "psnrr"],
        ["run", "photo.jpg", "-p", "pri.sizes=3"],
        ["run", "photo.jpg", "--recipe", "absent.toml"],
        ["run", "photo.jpg", "--recipe", "papre"],
        ["serve", "--help"],
        ["evaluate", "--help"],
        ["evaluate", "livee", "."],
        ["evaluate", "live", ".", "--range", "0", "1"],
        ["evaluate", "csv", ".", "--recipe", "papre"],
        ["fit", "--help"],
        ["compare", "--help"],
        ["verify", "--help"],
        ["datasets"],
        ["datasets", "--json"],
        ["datasets", "make", "--help"],
        ["recipes"],
        ["recipes", "show", "paper"],
        ["store", "--help"],
        ["store", "info", "--store", "absent.sqlite"],
        ["store", "verify", "--store", "absent.sqlite"],
        ["store", "prune"],
        ["completion", "bash"],
        ["doctor", "--help"],
        ["run"],
        ["run", "-", "--list", "-"],
        ["run", "photo.jpg", "--resume"],
    ],
)
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.stderr.splitlines()[-1] == "HEAVY:", done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["info"], ["verify"], ["prune", "--all"]])
def test_looking_after_a_store_is_light(arguments: list[str], tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        store.put("image", {"branch": Value(1.0)})
    done = run("store", *arguments, "--store", str(tmp_path / "store.sqlite"))
    assert (done.returncode, done.stderr.splitlines()) == (0, ["HEAVY:"])


def test_importing_the_package_and_the_plugin_face_is_light() -> None:
    code = f"import sys, veiqa_core, veiqa_core.api; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_kind_of_component_is_listed() -> None:
    done = run("components", "--json")
    rows = json.loads(done.stdout)
    assert {row["kind"] for row in rows} == {
        "pri",
        "extractor",
        "explainer",
        "metric",
        "method",
        "mapper",
        "classifier",
        "dataset",
        "strategy",
        "control",
    }
    assert all(row["summary"] and row["reference"] for row in rows if row["dist"] == "veiqa")


@without_torch
def test_without_numpy_and_torch_a_run_says_what_is_missing() -> None:
    done = run("run", "photo.jpg", "--pri", "mean-blur")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "Error: this needs numpy, which is not installed here: pip install veiqa"


def test_completing_names_is_light() -> None:
    words = {"_VEIQA_COMPLETE": "bash_complete", "COMP_WORDS": "veiqa run --metric p", "COMP_CWORD": "3"}
    done = subprocess.run([sys.executable, "-c", SPY], capture_output=True, text=True, env={**os.environ, **words})
    assert (done.stdout, done.stderr.splitlines()[-1]) == ("plain,psnr\nplain,pss\n", "HEAVY:")


@without_torch
def test_without_torch_the_doctor_says_so_and_tells_the_rest() -> None:
    done = run("doctor")
    assert done.returncode == 1
    assert "problem  versions  torch is not installed" in done.stdout
    assert "ok       plugins   veiqa 0.1.0" in done.stdout
    assert "Traceback" not in done.stderr


@without_torch
def test_without_torch_the_check_names_every_component_that_cannot_load() -> None:
    done = run("plugins", "--check")
    assert done.returncode == 1
    assert "metric 'psnr' (veiqa 0.1.0) needs what is not installed here: torch" in done.stdout
