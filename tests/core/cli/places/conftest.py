"""Images on a disk, and the same in memory and on the web."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from at_urls import NAMES
from making import photo, save
from web import Web, serving

from veiqa_core.files import places


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate((*NAMES, ".hidden/x.png", "notes.txt")):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save(photo(64, 72 + 8 * number, number), path) if path.suffix == ".png" else path.write_text("no image")
    return tmp_path / "photos"


@pytest.fixture
def memory(folder: Path) -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    for path in folder.rglob("*"):
        if path.is_file():
            system.pipe_file(f"/photos/{path.relative_to(folder)}", path.read_bytes())
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def web(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(places, "WAIT", 0.0)
    with serving() as web:
        web.files |= {f"/{name}": (folder / name).read_bytes() for name in NAMES}
        yield web
