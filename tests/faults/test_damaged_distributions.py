"""Installed distributions with damaged metadata: named in one remark, and everything else works without them."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from veiqa_core.extension import discovery
from veiqa_core.measuring import fingerprint

METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n"
PLUGIN = "[veiqa]\nmain = no_such_module\n"


def _with_entry_points(content: bytes) -> Callable[[Path], None]:
    return lambda info: info.joinpath("entry_points.txt").write_bytes(content) and None


def _folder_in_its_place(info: Path) -> None:
    (info / "entry_points.txt").mkdir()


def _without_metadata(info: Path) -> None:
    (info / "entry_points.txt").write_text(PLUGIN)
    (info / "METADATA").unlink()


def _nameless(info: Path) -> None:
    (info / "entry_points.txt").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\n")


def _binary_metadata(info: Path) -> None:
    (info / "entry_points.txt").write_text(PLUGIN)
    (info / "METADATA").write_bytes(b"\xff\xfe\x00")


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no-value": (_with_entry_points(b"[console_scripts]\nfoo\n"), "its entry_points.txt is malformed"),
    "no-text": (_with_entry_points(b"[veiqa]\nmain = \xff\xfe\n"), "its entry_points.txt is not UTF-8 text"),
    "utf-16": (_with_entry_points("[veiqa]\nmain = a\n".encode("utf-16")), "its entry_points.txt is not UTF-8 text"),
    "folder": (_folder_in_its_place, "its entry_points.txt cannot be read"),
    "no-metadata": (_without_metadata, "its METADATA is missing or names no distribution"),
    "nameless": (_nameless, "its METADATA is missing or names no distribution"),
    "binary-metadata": (_binary_metadata, "its METADATA is missing or names no distribution"),
}


def _install(folder: Path, name: str, version: str = "1.0") -> Path:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA.format(name))
    return info


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on the path, with one distribution for each kind of damage."""
    for name, (damage, _) in DAMAGE.items():
        damage(_install(tmp_path, name))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_each_is_named_with_its_damage_and_the_others_are_found(site: Path) -> None:
    _install(site, "sound").joinpath("entry_points.txt").write_text(PLUGIN)
    found = discovery.discover()
    assert {"sound", "veiqa"} <= {plugin.dist for plugin in found.plugins}
    said = {damaged.dist: damaged.reason for damaged in found.damaged}
    assert said.keys() == DAMAGE.keys()
    for name, (_, reason) in DAMAGE.items():
        assert reason in said[name]


def test_the_allow_list_hides_no_damage(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what is damaged ends other libraries' imports whichever plugins are allowed."""
    monkeypatch.setenv("VEIQA_PLUGINS", "veiqa")
    found = discovery.discover()
    assert {plugin.dist for plugin in found.plugins} == {"veiqa"}
    assert {damaged.dist for damaged in found.damaged} == DAMAGE.keys()


def test_what_is_no_folder_or_has_no_entry_points_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file-1.0.dist-info").write_text("no folder")
    (tmp_path / "old-1.0-py3.11.egg-info").write_text(METADATA.format("old"))
    (tmp_path / "empty-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert discovery.discover().damaged == ()


def test_of_two_copies_the_first_on_the_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path / "later", "twice", "2.0").joinpath("entry_points.txt").write_text("[veiqa]\nother = later\n")
    _install(tmp_path / "first", "twice").joinpath("entry_points.txt").write_text(PLUGIN)
    for folder in ("later", "first"):
        monkeypatch.syspath_prepend(tmp_path / folder)
    (own,) = [plugin for plugin in discovery.find() if plugin.dist == "twice"]
    assert (own.entry, own.version) == ("main", "1.0")


def test_a_finder_that_fails_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def distributions() -> object:
        yield from list(importlib.metadata.Distribution.discover(name="veiqa"))
        raise RuntimeError("out of order")

    monkeypatch.setattr(importlib.metadata, "distributions", distributions)
    found = discovery.discover()
    assert "veiqa" in {plugin.dist for plugin in found.plugins}
    assert "cannot be listed: RuntimeError: out of order" in str(*found.damaged)


def test_versions_are_read_beside_damage(site: Path) -> None:
    assert discovery.version_of("binary-metadata") is None
    assert discovery.requires_of("binary-metadata") == []
    assert discovery.version_of("veiqa") is not None
    assert discovery.versions_of_module("PIL") == [discovery.version_of("pillow")]
    assert fingerprint._version.__wrapped__("yaml") == discovery.version_of("PyYAML")


def test_commands_work_beside_damage(site: Path) -> None:
    """In processes of their own, for torch and triton read all metadata when they are imported."""
    code = f"""
import sys
from click.testing import CliRunner
from veiqa_core.cli import main
run = ["run", {str(_photo(site))!r}, "--recipe", "fast"]
for arguments in (["--version"], ["plugins"], ["plugins", "--check"], run):
    done = CliRunner().invoke(main, arguments)
    print(done.exit_code, all(name in done.output for name in {list(DAMAGE)}), "score" in done.output)
"""
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.stdout.splitlines() == ["0 True False", "0 True False", "1 True False", "0 True True"], done.stderr


def _photo(folder: Path) -> Path:
    import numpy as np
    from PIL import Image

    path = folder / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)).save(path)
    return path
