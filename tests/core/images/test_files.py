"""Files: what is none, cannot be opened, is damaged or too large is one line, and nothing hangs."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from veiqa_core import Scorer
from veiqa_core.cli import main
from veiqa_core.errors import ImageError, UsageError
from veiqa_core.images import display_name, frame_name, frames, limits, read, suffixes
from veiqa_core.measuring.executors.executor import InProcess, Task
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Choice

LEVELS = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
TRUNCATED = "is truncated: its end is missing; fetch or copy it again"
FAST = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0", "--no-store")


def saved(form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    PIL.Image.fromarray(LEVELS).save(stream, form, **options)
    return stream.getvalue()


def refused(path: Path, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        read(path)
    assert str(caught.value) == f"{display_name(path)}: {reason}"
    if path.is_file() and os.access(path, os.R_OK):
        with pytest.raises(ImageError) as caught:
            read(path.read_bytes(), display_name(path))
        assert str(caught.value) == f"{display_name(path)}: {reason}"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "QOI"])
def test_content_counts_and_not_the_name(tmp_path: Path, form: str) -> None:
    try:
        data = saved(form)
    except KeyError:
        pytest.skip("this Pillow does not write it")
    for name in ("a.txt", "b.jpg", "c", "d.dng.png", "e\nf \u4f60\u597d.png"):
        (tmp_path / name).write_bytes(data)
        found = read(tmp_path / name)
        assert found.size == (48, 40)
        assert found.name == str(tmp_path / name)
        assert read(data, name).digest == found.digest


def test_the_content_of_a_file_is_read_as_the_file(tmp_path: Path) -> None:
    pages = [PIL.Image.fromarray(np.roll(LEVELS, k, 0)) for k in range(3)]
    for name in ("pages.tif", "film.gif", "film.png", "a.tga"):
        more = {} if name == "a.tga" else {"save_all": True, "append_images": pages[1:]}
        pages[0].save(tmp_path / name, **more)
        held, found = read((tmp_path / name).read_bytes(), name), read(tmp_path / name)
        assert (held.digest, held.remarks, held.name) == (found.digest, found.remarks, name)
        assert held.remarks == (() if name == "a.tga" else ("first of 3 frames",))
    with pytest.raises(ImageError, match="^image: not an image file that can be read"):
        read((tmp_path / "a.tga").read_bytes())  # nothing but its name says what it is
    assert read(saved("PNG")).name == "image"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "WEBP", "SGI"])
def test_what_is_cut_short_is_refused_and_never_half_a_picture(tmp_path: Path, form: str) -> None:
    data = saved(form)
    for share in (0.3, 0.6, 0.9):
        (tmp_path / "cut").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ImageError, match="^.*cut: (is truncated|cannot be decoded|not an image)"):
            read(tmp_path / "cut")


def test_a_truncated_file_is_called_so(tmp_path: Path) -> None:
    for form in ("PNG", "JPEG"):
        path = tmp_path / f"cut.{form}"
        path.write_bytes(saved(form)[:-400])
        refused(path, TRUNCATED)


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    refused(tmp_path / "empty.png", "is an empty file")
    refused(tmp_path / "gone.png", "no such file")
    refused(tmp_path / "gone.png#3", "no such file")
    refused(tmp_path, "is a folder; name the image files in it")
    (tmp_path / "text.png").write_text("P is for picture\n" * 100)
    refused(tmp_path / "text.png", "not an image file that can be read")
    (tmp_path / "text.tga").write_text("text that is no picture, of some length and more")
    with pytest.raises(ImageError, match="text.tga: "):
        read(tmp_path / "text.tga")
    with pytest.raises(ImageError, match="embedded null byte"):
        read("a\0b")


def test_formats_outside_the_list_are_not_tried(tmp_path: Path) -> None:
    """Pillow would start Ghostscript for this one."""
    (tmp_path / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    )
    refused(tmp_path / "a.png", "not an image file that can be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
def test_pipes_devices_and_links(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    refused(tmp_path / "pipe.png", "is a pipe, not a file; save what it gives first")
    refused(Path("/dev/zero"), "is a device, not a file")
    (tmp_path / "broken.png").symlink_to("nowhere.png")
    refused(tmp_path / "broken.png", "is a link to a file that is not there")
    (tmp_path / "loop.png").symlink_to("loop.png")
    refused(tmp_path / "loop.png", "cannot be read: Too many levels of symbolic links")
    (tmp_path / "whole.png").write_bytes(saved("PNG"))
    (tmp_path / "link.png").symlink_to("whole.png")
    assert read(tmp_path / "link.png").size == (48, 40)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "closed.png").write_bytes(saved("PNG"))
    (tmp_path / "closed.png").chmod(0)
    refused(tmp_path / "closed.png", "cannot be read: Permission denied")


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    made = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)


def test_bombs_are_refused_by_their_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = PIL.Image.MAX_IMAGE_PIXELS
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(chunks(header(60000, 60000), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")))
    allowed = f"{limits.MOST_PIXELS:,} that are allowed; set VEIQA_MAX_PIXELS to allow more, if you trust the file"
    refused(bomb, f"has too many pixels, more than the {allowed}")
    bomb.write_bytes(chunks(header(20000, 16000), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")))
    refused(bomb, f"has 20000 × 16000 pixels, more than the {allowed}")
    monkeypatch.setenv("VEIQA_MAX_PIXELS", "320000000")
    refused(bomb, TRUNCATED)
    for bad in ("many", "-1", "0", "1e9", "9" * 30):
        monkeypatch.setenv("VEIQA_MAX_PIXELS", bad)
        with pytest.raises(UsageError, match="VEIQA_MAX_PIXELS=.*: is no number of pixels; the default is 268435456"):
            read(bomb)
    assert before == PIL.Image.MAX_IMAGE_PIXELS


def test_texts_and_profiles_that_swell_are_refused(tmp_path: Path) -> None:
    text = b"Comment\0\0" + zlib.compress(bytes(4 << 20), 9)
    whole = (b"IDAT", zlib.compress(b"\0\0" * 8))
    (tmp_path / "text.png").write_bytes(chunks(header(1, 8), (b"zTXt", text), whole, (b"IEND", b"")))
    with pytest.raises(ImageError, match="(?i)text.png: cannot be decoded: ValueError: decompressed data too large"):
        read(tmp_path / "text.png")


def test_sizes_at_the_edge_are_read(tmp_path: Path) -> None:
    for width, height in ((1, 1), (1, 20000), (20000, 1)):
        PIL.Image.new("RGB", (width, height), (1, 2, 3)).save(tmp_path / "a.png")
        assert read(tmp_path / "a.png").size == (width, height)


def test_every_bad_file_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good one.png").write_bytes(saved("PNG"))
    Path("thin.png").write_bytes(b"")
    PIL.Image.new("RGB", (1, 20000)).save("thin.png")
    Path("cut.png").write_bytes(saved("PNG")[:200])
    odd = os.fsdecode(b"odd-\xff.png")
    done = CliRunner().invoke(
        main,
        ["run", "thin.png", "cut.png", odd, "none.png", "good one.png", *FAST, "--pri", "jpeg", "--format", "jsonl"],
    )
    rows = done.stdout.splitlines()
    assert done.exit_code == 1
    assert len(rows) == 5
    assert "1x20000 pixels are too few" in rows[0] or "20000" in rows[0]
    assert TRUNCATED in rows[1]
    assert "no such file" in rows[3]
    assert '"error": null' in rows[4]


def test_what_changes_or_vanishes_while_running_is_a_row(tmp_path: Path, small: Choice) -> None:
    """Nothing is kept under the digest of what was there before."""
    path = tmp_path / "a.png"
    path.write_bytes(saved("PNG"))
    meter = Scorer(recipes.ad_hoc(pris=[Choice("jpeg")], extractor=small), device="cpu").meter
    executor = InProcess(meter, tmp_path)
    (first,) = executor.run([Task("a.png", (0,))])
    assert first.error is None
    PIL.Image.fromarray(LEVELS[::-1]).save(path)
    (changed,) = executor.run([Task("a.png", (0,))])
    assert str(changed.error) == "a.png: changed while it was measured; measure it again"
    assert changed.measured == {}
    path.unlink()
    (gone,) = executor.run([Task("a.png", (0,))])
    assert str(gone.error) == "a.png: no such file"


def animated(path: Path) -> list[np.ndarray]:
    pictures = [LEVELS, LEVELS[::-1], LEVELS[:, ::-1]]
    images = [PIL.Image.fromarray(levels) for levels in pictures]
    images[0].save(
        path, save_all=True, append_images=images[1:], **({"lossless": True} if path.suffix == ".webp" else {})
    )
    return pictures


@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp", ".gif"])
def test_frames_have_names(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a b#2{suffix}"
    pictures = animated(path)
    assert frames(path) == 3
    assert read(path).remarks == ("first of 3 frames",)
    for number, levels in enumerate(pictures, start=1):
        found = read(frame_name(path, number))
        assert found.name == f"{path}#{number}"
        assert found.remarks == ()
        assert frames(frame_name(path, number)) == 1
        if suffix != ".gif":
            assert np.array_equal(found.pixels[0].permute(1, 2, 0).numpy(), levels.astype(np.float32) / 255)
    assert read(path).digest == read(f"{path}#1").digest != read(f"{path}#3").digest
    with pytest.raises(ImageError, match=r"#4: has no frame 4: it has 3"):
        read(f"{path}#4")
    with pytest.raises(ImageError, match=r"#4: has no frame 4: it has 3"):
        frames(f"{path}#4")
    PIL.Image.fromarray(LEVELS).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(f"{path}#2")
    assert frames(f"{path}#2") == 1
    assert read(f"{path}#2").digest == read(PIL.Image.fromarray(LEVELS)).digest  # a file of that name comes first


def test_frames_are_rows_alike_alone_and_from_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    animated(Path("film.tif"))
    Path("still.png").write_bytes(saved("PNG"))
    options = [*FAST[:-1], "--pri", "jpeg", "--format", "csv", "--store", "kept.sqlite", "film.tif", "still.png"]
    first, again = (CliRunner().invoke(main, ["run", *options]).stdout for _ in range(2))
    assert first == again
    assert "first of 3 frames; uncalibrated" in first.splitlines()[1]
    every = CliRunner().invoke(main, ["run", *options, "--frames", "all", ".#1", "gone.tif"])
    assert [row.split(",")[0] for row in every.stdout.splitlines()[1:]] == [
        *("film.tif#1", "film.tif#2", "film.tif#3", "still.png", ".#1", "gone.tif")
    ]
    assert every.stdout.splitlines()[1].split(",")[5] == first.splitlines()[1].split(",")[5]
    second = CliRunner().invoke(main, ["run", *options, "--frames", "2"]).stdout.splitlines()
    assert second[1].startswith("film.tif#2,")
    assert "still.png#2: has no frame 2: it has 1" in second[2]
    wrong = CliRunner().invoke(main, ["run", *options, "--frames", "0"])
    assert wrong.exit_code == 2
    assert "'0' is neither 'first' nor 'all' nor a number from 1 on" in wrong.stderr


def test_usual_suffixes_are_known() -> None:
    assert suffixes() >= {".jpg", ".png", ".tif", ".webp", ".tga", ".heic", ".dcm", ".dng", ".cr2"}
    assert not suffixes() & {".eps", ".pdf", ".psd", ".txt"}
