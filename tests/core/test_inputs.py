"""Which images are meant: folders walked in one order, patterns, lists as they are written."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.datasets.photos import find_photos
from veiqa_core.errors import ImageError, UsageError
from veiqa_core.images import read
from veiqa_core.inputs import Choice, Inputs, listed, walk


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "photos"
    for name in ("b.png", "a/2.JPG", "a/10.jpg", "a/deep/er/x.webp", "a.tif", "notes.txt", ".hidden.png", ".git/y.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def inside(folder: Path, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    return [os.path.relpath(name, folder) for name in walk(str(folder), Choice(include, exclude))]


def test_a_folder_gives_its_images_in_one_order_without_hidden_ones(folder: Path) -> None:
    assert inside(folder) == ["a/10.jpg", "a/2.JPG", "a/deep/er/x.webp", "a.tif", "b.png"]
    assert list(Inputs(("photos", "other.dat", "photos/b.png")).names())[-2:] == ["other.dat", "photos/b.png"]
    assert [path.relative_to(folder) for path in find_photos(folder).values()] == [Path(p) for p in inside(folder)]


def test_links_to_files_are_followed_and_links_to_folders_are_not(folder: Path) -> None:
    (folder / "a" / "loop").symlink_to(folder)
    (folder / "a" / "again.png").symlink_to(folder / "b.png")
    (folder / "a" / "dangling.png").symlink_to("absent")
    assert inside(folder / "a") == ["10.jpg", "2.JPG", "again.png", "dangling.png", "deep/er/x.webp"]
    (folder.parent / "linked").symlink_to(folder)
    assert len(list(walk("linked"))) == 7  # the folder that was named is entered


def test_links_that_lead_nowhere_are_named_and_fail_alone(folder: Path) -> None:
    (folder / "closed").mkdir()
    for name, target in (("self.png", "self.png"), ("gone.png", "absent"), ("shut.png", "closed/x.png")):
        (folder / "deep" / name).parent.mkdir(exist_ok=True)
        (folder / "deep" / name).symlink_to(target if name != "shut.png" else f"../{target}")
    (folder / "deep" / "folder.png").mkdir()
    (folder / "deep" / "linked.png").symlink_to(folder / "a")
    os.mkfifo(folder / "deep" / "pipe.png")
    (folder / "closed").chmod(0)
    try:
        assert inside(folder, ("deep/*",)) == ["deep/gone.png", "deep/self.png", "deep/shut.png"]
        reasons = []
        for name in walk(str(folder / "deep")):
            with pytest.raises(ImageError) as reported:
                read(name)
            reasons.append(str(reported.value).rpartition(": ")[2])
    finally:
        (folder / "closed").chmod(0o700)
    assert reasons[:2] == ["is a link to a file that is not there", "Too many levels of symbolic links"]
    assert len(list(walk(str(folder)))) == 8


@pytest.mark.parametrize(
    ("include", "exclude", "chosen"),
    [
        (("*.jpg",), (), ["a/10.jpg"]),
        (("a/*",), (), ["a/10.jpg", "a/2.JPG"]),
        (("a/**",), (), ["a/10.jpg", "a/2.JPG", "a/deep/er/x.webp"]),
        (("**/er/*", "b.*"), (), ["a/deep/er/x.webp", "b.png"]),
        ((), ("a",), ["a.tif", "b.png"]),
        ((), ("deep/", "?.png"), ["a/10.jpg", "a/2.JPG", "a.tif"]),
        (("*.[jw]*",), ("a/[0-9]0.*",), ["a/deep/er/x.webp"]),
        ((), ("./a/deep",), ["a/10.jpg", "a/2.JPG", "a.tif", "b.png"]),
    ],
)
def test_patterns_choose_by_the_path_in_the_folder(
    folder: Path, include: tuple[str, ...], exclude: tuple[str, ...], chosen: list[str]
) -> None:
    assert inside(folder, include, exclude) == chosen


def test_what_cannot_be_meant_is_said_before_anything_is_scored(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "none.txt").touch()
    for inputs, message in (
        (lambda: Inputs(()), "name images or folders"),
        (lambda: Inputs(("-",), ("-",)), "standard input can be read once"),
        (lambda: Inputs(("x.png",), null=True), "--null goes with"),
        (lambda: Inputs(("x.png",), choice=Choice(("*",))), "no folder is named"),
        (lambda: Inputs((str(folder),), choice=Choice(("",))), "'' is no pattern"),
        (lambda: Inputs((str(folder / "empty"),)), "empty: holds no images$"),
        (lambda: Inputs((str(folder),), choice=Choice(("*.gif",))), "holds no images that the patterns choose"),
        (lambda: Inputs((), (str(folder / "none.txt"),)), "none.txt: lists no images"),
        (lambda: Inputs((), ("absent.txt",)), "--list absent.txt: cannot be read: No such file"),
    ):
        with pytest.raises(UsageError, match=message):
            inputs().names()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_told_and_the_others_go_on(folder: Path) -> None:
    (folder / "a" / "deep").chmod(0)
    reported: list[str] = []
    names = list(Inputs((str(folder),), report=reported.append).names())
    (folder / "a" / "deep").chmod(0o700)
    assert (len(names), len(reported)) == (4, 1)
    assert "deep: cannot be listed: Permission denied" in reported[0]


def test_a_folder_that_goes_away_is_told(folder: Path) -> None:
    reported: list[str] = []
    names = Inputs((str(folder),), report=reported.append).names()
    assert next(names).endswith("10.jpg")
    (folder / "a/deep/er/x.webp").unlink()
    (folder / "a/deep/er").rmdir()
    (folder / "a/deep").rmdir()
    assert [Path(name).name for name in names] == ["2.JPG", "a.tif", "b.png"]
    assert [line.rpartition("photos/")[2] for line in reported] == [
        "a/deep: cannot be listed: No such file or directory"
    ]


def test_lists_are_counted_where_that_is_known(folder: Path) -> None:
    Path("list.txt").write_text("x.png\ny.png\n")
    inputs = Inputs(("photos", "z.png"), ("list.txt", "list.txt"))
    assert inputs.count() == 10 == len(list(inputs.names()))
    assert Inputs(("-",)).count() is None
    os.mkfifo("pipe")
    assert Inputs((), ("pipe",)).count() is None


@given(st.lists(st.binary(min_size=1).filter(lambda name: not {0, 10, 13} & set(name))), st.integers(1, 9))
def test_any_names_can_be_listed(names: list[bytes], chunk: int) -> None:
    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            return super().read1(chunk)

    if names and names[0].startswith(b"\xef\xbb\xbf"):
        return
    wanted = [os.fsdecode(name) for name in names]
    assert list(listed(Slow(b"".join(name + b"\n" for name in names)))) == wanted
    assert list(listed(Slow(b"\r\n\r\n".join(names)))) == wanted
    assert list(listed(Slow(b"\0".join(names)), null=True)) == wanted


def test_a_list_s_mark_and_line_ends_are_no_part_of_names() -> None:
    assert list(listed(io.BytesIO(b"\xef\xbb\xbfa b.png\r\n\n c.png"))) == ["a b.png", " c.png"]
    assert list(listed(io.BytesIO(b"\xef\xbb\xbfone.png"))) == ["one.png"]
    assert list(listed(io.BytesIO(b"two\nlines.png\0"), null=True)) == ["two\nlines.png"]


def test_a_list_is_read_while_it_is_written() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        names = listed(stream)
        os.write(writing, b"first.png\nsec")
        assert next(names) == "first.png"
        threading.Timer(0.05, lambda: (os.write(writing, b"ond.png\n"), os.close(writing))).start()
        assert list(names) == ["second.png"]
