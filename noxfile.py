"""What is checked, and how: ``nox -l`` lists it, ``nox`` runs the default sessions, ``nox -s NAME`` one.

Every session installs the built wheel into an environment of its own, so that what is tested is what users get.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "build", "tests", "light", "third_party(all)", "examples"]
nox.options.error_on_missing_interpreters = False

TEST_TOOLS = (
    "pytest>=8",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
    "markdown-it-py>=3",
    "selenium>=4.20",
    "openapi-spec-validator>=0.7",
)
DOC_TOOLS = ("sphinx>=8", "myst-parser>=4", "furo>=2024.8", "sphinx-copybutton>=0.5", "piq>=0.8")
IN_PARALLEL = ("-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")
"""A process a core; tests that stand together share one, and so their fixtures, for as long as all are busy."""
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""Threads of several processes that share the cores only wait for each other; tests/conftest.py says the same."""
EXTRAS = "[lite,optuna,export,dask,places,parquet,heif,dicom,raw,tiff,torchmetrics,serve]"
ELSEWHERE = ("tests/third_party", "tests/docs/test_pages.py", "tests/docs/test_cookbook.py")
"""Tests in sessions of their own."""
MATRIX = "tests/cross/test_matrix.py::test_every_combination_of_an_extractor_works"
LARGE = tuple(f"--deselect={MATRIX}[veiqa:{name}]" for name in ("vgg16", "inception-resnet-v2"))
"""Large networks in all combinations, which the session ``cross`` tries."""
SAMPLES = {path.name: path for path in sorted(Path("tests/plugins").glob("veiqa-*"))}
EXAMPLES = sorted(Path("docs/examples").glob("veiqa-*"))


def install_wheel(session: nox.Session, extra: str = "", *more: str) -> None:
    """Install the package as built.

    What tests import is kept as bytecode, since many start a new interpreter; to compile all of torch takes longer.
    """
    session.env["PYTHONDONTWRITEBYTECODE"] = None
    session.install(f".{extra}", *more)


def ignoring(*paths: str) -> list[str]:
    """pytest's options to leave these out."""
    return [f"--ignore={path}" for path in paths]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, and that imports run downward."""
    session.install("ruff>=0.12", "import-linter>=2.1")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": f".{os.pathsep}plugins"})


@nox.session
def types(session: nox.Session) -> None:
    """Check types (mypy, strict)."""
    session.install(".[testing,serve,torchmetrics]", "mypy>=1.15")
    session.run("mypy")


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel without a warning, and check what the wheel holds and how indexes will show it."""
    session.install("build", "hatchling", "twine>=5")
    folder = session.create_tmp()
    strict = {"PYTHONWARNINGS": "error"}
    session.run("python", "-m", "build", "--no-isolation", "--outdir", folder, silent=True, env=strict)
    session.run("python", "tests/check_wheel.py", folder)
    session.run("twine", "check", "--strict", *(str(file) for file in Path(folder).glob("veiqa-*")))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, except those of third-party plugins and the pages' code. Arguments go to pytest.

    Those of the report look at it in Chromium, where Debian's chromium and chromium-driver are installed.
    """
    install_wheel(session, EXTRAS, *TEST_TOOLS)
    session.run("pytest", *IN_PARALLEL, *ignoring(*ELSEWHERE), *LARGE, *session.posargs)


@nox.session
def light(session: nox.Session) -> None:
    """Without torch and numpy: listing works, and running says what is missing."""
    install_wheel(session, "", "--no-deps")
    session.install("attrs", "click", "platformdirs", "pluggy", "tomli-w", "pytest>=8")
    session.run("pytest", "tests/light", *session.posargs)


@nox.session
@nox.parametrize("dist", [nox.param(name, id=name) for name in ("all", *SAMPLES)])
def third_party(session: nox.Session, dist: str) -> None:
    """Install real third-party distributions beside the built-ins, all or one alone, and run the tests of them."""
    dists = list(SAMPLES) if dist == "all" else [dist]
    install_wheel(session, "", "pytest>=8", "pytest-xdist>=3.6", "hatchling")
    session.install("--no-deps", "--no-build-isolation", *(str(SAMPLES[name]) for name in dists))
    installed = {"VEIQA_TEST_THIRD_PARTY": ",".join(dists)}
    session.run("pytest", "-n", "2", "tests/third_party", *session.posargs, env={**ONE_THREAD, **installed})


@nox.session
def examples(session: nox.Session) -> None:
    """Install all plugins of docs/examples beside the built-ins, and run their tests."""
    install_examples(session)
    session.run("pytest", *IN_PARALLEL, *(str(path / "tests") for path in EXAMPLES), *session.posargs, env=ONE_THREAD)


@nox.session
def all_plugins(session: nox.Session) -> None:
    """Run the core's tests with all plugins of docs/examples installed: none may disturb another."""
    install_examples(session, EXTRAS)
    session.run("pytest", *IN_PARALLEL, *ignoring(*ELSEWHERE), *LARGE, *session.posargs)


@nox.session
def cross(session: nox.Session) -> None:
    """Run every two components of different kinds together, all examples among them; ``-- -k vgg16``: one network."""
    install_examples(session, "[lite]")
    session.run("pytest", "tests/cross", "-rP", *session.posargs)


def install_examples(session: nox.Session, extra: str = "") -> None:
    """The wheel and every example, with what they need."""
    install_wheel(session, extra, *TEST_TOOLS, "hatchling", "piq>=0.8")
    session.install("--no-deps", "--no-build-isolation", *(str(path) for path in EXAMPLES))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of docs/ without a warning, and execute every code block of the pages. Arguments go to pytest."""
    install_wheel(session, "", *TEST_TOOLS, *DOC_TOOLS)
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-n", "docs", "docs/_build")
    session.run("pytest", "tests/docs", "-n", "2", *session.posargs, env=ONE_THREAD)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest versions that pyproject.toml allows; needs uv, and Python 3.11.

    torchvision, which timm brings, has to be as old as torch, or torch would be as new as torchvision.
    """
    install_wheel(session, EXTRAS, *TEST_TOOLS, "torchvision<0.20", "--resolution", "lowest-direct")
    session.run("pytest", *IN_PARALLEL, *ignoring("tests/third_party", "tests/docs"), *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure: ``-- speed`` (the default), or another name in benchmarks/; further arguments go on to it."""
    install_wheel(session, "", "grad-cam>=1.5")
    name, *arguments = session.posargs or ["speed"]
    threads = str(os.cpu_count() or 1) if name == "speed" else "1"
    session.run("python", f"benchmarks/{name}.py", *arguments, env={"OMP_NUM_THREADS": threads})
