"""A world for the pages, and a shell in it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pages.shell import Shell

sys.path.insert(0, str(Path(__file__).parent))
collect_ignore_glob = [] if importlib.util.find_spec("markdown_it") else ["*.py"]  # a tool of nox -s docs


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every page finds in its folder."""
    folder: Path = tmp_path_factory.mktemp("world")
    from pages.world import build

    build(folder)
    return folder


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all pages, which speak of the same images."""
    path: Path = tmp_path_factory.mktemp("store") / "store.sqlite"
    return path


@pytest.fixture(autouse=True)
def _own_store(shared_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the store for each test that other tests have."""
    monkeypatch.setenv("VEIQA_STORE", str(shared_store))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder where the page's ``pip`` installs plugins."""
    folder = tmp_path / "site"
    from pages.shell import found_by_python

    folder.mkdir()
    with found_by_python(folder):
        yield folder


@pytest.fixture
def shell(site: Path, tmp_path: Path) -> Iterator[Shell]:
    """A shell whose ``pip`` installs into the site."""
    from pages.shell import Shell

    made = Shell(tmp_path / "shell", site)
    yield made
    made.close()
