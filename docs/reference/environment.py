"""``environment.md``: environment variables, exit statuses and errors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from veiqa_core import errors

from .markdown import docstring, table

ROOT = Path(__file__).parents[2]
_READ = re.compile(
    r"""(?:environ\.get\(|environ\[|environ\.pop\(|environ\.setdefault\(|getenv\(|envvar=)\s*["'](\w+)["']"""
)
_OWN = re.compile(r"\bVEIQA_[A-Z][A-Z_]*\b")
_NO_VARIABLES = {"VEIQA_API"}

READ_BY_VEIQA = {
    "VEIQA_STORE": "The file of the [store](../store.md), where `--store` names none; `~` is the home folder.",
    "VEIQA_PLUGINS": "Distributions whose plugins are used, separated by commas (VEIQA's own is `veiqa`); empty: none. "
    "Without it, all that are installed.",
    "VEIQA_MAX_PIXELS": "The most pixels that an image may have by its header; default: 268435456.",
    "VEIQA_STRICT": "`1` lets tracebacks through, where otherwise an error is one line.",
    "OMP_WAIT_POLICY": "How idle threads wait. Commands set `passive`, for themselves and their workers, where neither "
    "it nor `GOMP_SPINCOUNT`, `KMP_BLOCKTIME` or `KMP_LIBRARY` is set. No bit of a result depends on it.",
}
READ_BY_TESTS = {
    "VEIQA_SHARED": "A folder with published image pairs, which are not part of the repository; without it the tests "
    "that need them are skipped.",
    "VEIQA_FUZZ": "How many damaged files the fuzz test reads; default: 3000.",
    "VEIQA_TEST_THIRD_PARTY": "Set by `nox -s third_party`: the sample plugins must then be installed.",
}
_ELSEWHERE = {
    "OMP_NUM_THREADS": "Threads that torch uses where `--threads` names no number; part of what decides the last bits.",
    "MALLOC_…": "Where one of glibc's settings or `GLIBC_TUNABLES` is given, VEIQA leaves memory to it; else its "
    "commands keep up to half a gigabyte of freed memory, which is quicker.",
    "XDG_CACHE_HOME": "On Linux, where the user's cache folder is, and so the store.",
    "TORCH_DEVICE_BACKEND_AUTOLOAD": "Set to `0` by VEIQA beside an installed distribution whose metadata are damaged, "
    "so that torch can be imported.",
    "HF_HOME": "Where timm's hub keeps weights that `-p extractor.weights=hub` has downloaded.",
}
_STATUSES = (
    ("0", "Done."),
    ("1", "Something failed: an image, a metric, a value out of tolerance, a fit. What could be done was done."),
    ("2", "It cannot be done as asked: an unknown name, a bad parameter, a missing file, missing weights."),
    ("3", "Some image lies below `veiqa run --fail-under`, and none failed."),
    ("130", "Stopped by Ctrl-C. What was done is kept, where the command keeps anything."),
    ("143", "Ended from outside (SIGTERM); as Ctrl-C, where the command keeps anything."),
)


def page() -> str:
    """The page.

    Raises:
        ValueError: a variable that the source reads is not described here, or one is that it does not read.
    """
    _compare(set(found("veiqa_core", "plugins")) - set(_ELSEWHERE), set(READ_BY_VEIQA), "veiqa_core and plugins")
    in_tests = {name for name in found("tests", "benchmarks") if name.startswith("VEIQA_")}
    _compare(in_tests - set(READ_BY_VEIQA), set(READ_BY_TESTS), "tests and benchmarks")
    return "\n\n".join(
        [
            "# Environment and errors",
            "## Environment variables",
            _variables(READ_BY_VEIQA),
            "Libraries that VEIQA uses read these, among others:",
            _variables(_ELSEWHERE),
            "Tests read these:",
            _variables(READ_BY_TESTS),
            "## Exit statuses",
            table(("status", "meaning"), _STATUSES),
            "## Errors",
            "Every error meant for a user is a `veiqa_core.errors.VeiqaError` whose text is one line. "
            "What plugins raise, they import from `veiqa_core.api`.",
            table(("class", "is a", "exit status", "meaning"), _errors()),
        ]
    )


def found(*folders: str) -> Iterator[str]:
    """The environment variables that the sources in these folders of the repository name."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            yield from _READ.findall(text)
            yield from set(_OWN.findall(text)) - _NO_VARIABLES


def _compare(read: set[str], described: set[str], where: str) -> None:
    for names, problem in ((read - described, "read but not described"), (described - read, "described but not read")):
        if names:
            raise ValueError(f"environment variables of {where} that are {problem} in {__name__}: {sorted(names)}")


def _variables(described: dict[str, str]) -> str:
    return table(("variable", "meaning"), [(f"`{name}`", text) for name, text in described.items()])


def error_classes() -> list[type[errors.VeiqaError]]:
    """Every error meant for a user, in the order of the source."""
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    return [cls for cls in classes if issubclass(cls, errors.VeiqaError)]


def _errors() -> Iterator[tuple[str, str, str, str]]:
    for cls in error_classes():
        status = "2" if issubclass(cls, errors.UsageError) else "1"
        yield f"`{cls.__name__}`", f"`{cls.__bases__[0].__name__}`", status, docstring(cls)
