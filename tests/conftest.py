"""What all tests share."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks gain nothing from more, and busy machines lose much

with contextlib.suppress(ImportError):  # the light session has no hypothesis
    from hypothesis import settings

    settings.register_profile("repeatable", derandomize=True, deadline=None)
    settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _own_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's store."""
    folder: Path = tmp_path_factory.mktemp("store")
    monkeypatch.setenv("VEIQA_STORE", str(folder / "store.sqlite"))
