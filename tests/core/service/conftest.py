"""Processes that score, which the tests here share: each opens networks, and takes seconds to begin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from veiqa_core.errors import UsageError
from veiqa_core.service import check_installed
from veiqa_core.service.messages import Setup
from veiqa_core.service.worker import Worker

try:
    check_installed()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)

INSTALLED = Path(__file__).parents[2] / "shared" / "installed"


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file: while it is not there, the method ``patient`` waits. Processes that are begun find it, and its plugin."""
    file = tmp_path_factory.mktemp("gate") / "open"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATIENT_GATE", str(file))
        patch.syspath_prepend(INSTALLED)  # which processes that are begun anew take over
        paths = (str(INSTALLED), os.environ.get("PYTHONPATH"))
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))
        yield file


@pytest.fixture(scope="package")
def patient(gate: Path) -> Iterator[Worker]:
    """Scores by a tiny network, without a mapper."""
    from serving import PATIENT

    worker = Worker(Setup(PATIENT, "patient", "cpu", "float32", "auto", 1))
    yield worker
    worker.close()


@pytest.fixture(scope="package")
def fast() -> Iterator[Worker]:
    """Scores by the recipe ``fast``."""
    from serving import setup

    worker = Worker(setup("fast"))
    yield worker
    worker.close()
