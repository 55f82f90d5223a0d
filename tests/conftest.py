"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks gain nothing from more, and busy machines lose much

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def photos() -> dict[str, Path]:
    """The sample photos that the repository ships, by name."""
    return {path.stem: path for path in sorted((ROOT / "docs" / "images").glob("*.png"))}
