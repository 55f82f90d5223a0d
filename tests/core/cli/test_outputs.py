"""What commands never write over: stores, and what lies beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from making import veiqa

from veiqa_core.errors import StoreError, UsageError
from veiqa_core.store import Store, Value, default_path

PARTS = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
RUN = ("run", "a.png", *PARTS, "--mapper", "identity", "--pri", "jpeg", "--device", "cpu", "--threads", "1")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default store, with a value in it, and an image in the working directory."""
    monkeypatch.chdir(tmp_path)
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 72, 3)).astype(np.uint8)).save("a.png")
    _fill(default_path())
    return default_path()


def _fill(path: Path) -> None:
    with Store(path) as store:
        store.put("image", {"branch": Value(0.5)})


def _holds(path: Path) -> bool:
    with Store(path) as store:
        return store.get("image", ["branch"]) == [Value(0.5)]


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".lock"])
@pytest.mark.parametrize("option", ["--report", "--output"])
def test_results_and_reports_never_take_the_place_of_a_store(kept: Path, option: str, end: str) -> None:
    _fill(Path("other.sqlite"))
    Path("link").symlink_to(f"{kept}{end}")
    for target, more in (
        (f"{kept}{end}", ()),
        ("link", ()),
        (f"{kept}{end}", ("--no-store",)),
        (f"{kept}{end}", ("--store", "other.sqlite")),
        (f"other.sqlite{end}", ("--store", "other.sqlite")),
        (f"new.csv{end}", ("--store", "new.csv")),
    ):
        done = veiqa(*RUN, option, target, "--format", "csv", *more)
        (line,) = done.stderr.splitlines()
        assert done.exit_code == 2
        assert line.startswith(f"Error: {option} {target}: is a store of similarities, or lies beside it; name another")
    assert veiqa(*RUN, option, "other.sqlite").exit_code == 2  # a store that is not in use
    assert _holds(kept)
    assert _holds(Path("other.sqlite"))
    assert not Path("new.csv").exists()


def test_no_command_writes_over_a_store_or_what_it_reads(kept: Path) -> None:
    Path("set").mkdir()
    Path("out").mkdir()
    Path("mine.toml").write_text("not looked at")
    _fill(Path("out/results.csv"))
    before = kept.read_bytes()
    for arguments, refused in (
        (("evaluate", "csv", "set", *PARTS, "--output", kept), f"{kept}: is a store"),
        (("evaluate", "csv", "set", "--recipe", "mine.toml", "--output", "mine.toml"), "mine.toml: is one of the"),
        (("fit", "csv", "set", *PARTS, "--output", kept, "--force"), f"{kept}: is a store"),
        (("fit", "csv", "set", *PARTS, "--output", "x", "--store", "x", "--force"), "x: is a store"),
    ):
        done = veiqa(*arguments)
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
        assert refused in done.stderr
    assert kept.read_bytes() == before


@pytest.mark.parametrize("content", [b"x", b"image,score\na.png,3\n", b"GIF89a" + bytes(5000)])
def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"scores\.csv: file is not a database; name another with --store"):
        Store(path)
    assert [item.name for item in tmp_path.iterdir()] == ["scores.csv"]
    assert path.read_bytes() == content


def test_what_took_a_store_s_place_while_it_was_open_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = Store(path)
    store.put("image", {"branch": Value(0.5)})
    store.get("image", ["branch"])
    path.unlink()
    path.write_bytes(b"image,score\n" * 9)
    store.put("other", {"branch": Value(0.5)})
    with pytest.raises(StoreError, match="file is not a database"):
        store.get("other", ["branch"])
    assert path.read_bytes() == b"image,score\n" * 9
