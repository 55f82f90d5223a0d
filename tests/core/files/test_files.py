"""Files that are written: whole or not at all, links and devices kept, names that file systems take."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.cli.files import check_place
from veiqa_core.errors import UsageError
from veiqa_core.files.paths import file_stem, is_file
from veiqa_core.files.writing import write_whole


def fail(stream: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_whole(path, lambda stream: stream.write(b"old"))
    with pytest.raises(UsageError, match="file.txt: cannot be written: No space left on device"):
        write_whole(path, fail)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_link_keeps_pointing_where_it_did(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", lambda stream: stream.write(b"new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, lambda stream: stream.write(b"through"))
    assert os.read(reader, 100) == b"through"
    assert pipe.is_fifo()


def test_a_stream_behind_a_descriptor_is_written_to() -> None:
    """What a shell hands over for ``>(command)``, and ``/dev/stdout`` before a pipe."""
    reading, writing = os.pipe()
    write_whole(Path(f"/dev/fd/{writing}"), lambda stream: stream.write(b"through"))
    assert os.read(reading, 100) == b"through"
    for descriptor in (reading, writing):
        os.close(descriptor)


def test_a_device_needs_no_folder_that_may_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    check_place(Path(os.devnull))
    with pytest.raises(UsageError, match="Permission denied"):
        check_place(Path("new.txt"))


@given(st.text(min_size=1))
def test_any_text_becomes_a_name(text: str) -> None:
    stem = file_stem(text)
    assert stem
    assert "/" not in stem
    assert "\0" not in stem
    assert len(os.fsencode(stem)) <= 200


def test_a_name_that_no_file_system_takes_is_no_file(tmp_path: Path) -> None:
    assert not is_file(tmp_path / ("x" * 5000))
