"""Damaged files by the thousand: each is an image or one line, in bounded time, and no decoder takes its process down.

``VEIQA_FUZZ=100000`` runs as many. The files are read in a process of its own, where a watchdog that no decoder can
hold up ends what takes too long; the case is then named. Files of extras are left out where those are not installed.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import ImageCms

from veiqa_core.errors import ImageError
from veiqa_core.images import frames, read
from veiqa_core.text import printable

CASES = int(os.environ.get("VEIQA_FUZZ", "3000"))
LIMIT = 60  # seconds for one file, by the clock of a machine that may be busy: what hangs never ends
FAILURES = 5  # after so many it is enough

Mutation = Callable[[np.random.Generator, bytes, list[bytes]], bytes]


def seeds() -> Iterator[tuple[str, bytes]]:
    """Small real files of each kind."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:20, :24]
    waves = 127 + 90 * np.sin(x / 3)[..., None] * np.cos(y[..., None] / (2, 3, 4)) + rng.normal(0, 10, (20, 24, 3))
    levels = np.clip(waves, 0, 255).astype(np.uint8)
    colour = PIL.Image.fromarray(levels)
    clear = colour.copy()
    clear.putalpha(PIL.Image.fromarray(levels[..., 0]))
    deep = PIL.Image.fromarray(levels[..., 0].astype(np.uint16) * 257)
    others = [colour.transpose(PIL.Image.Transpose.ROTATE_180), colour.transpose(PIL.Image.Transpose.FLIP_TOP_BOTTOM)]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = colour.getexif()
    exif[0x0112] = 6
    yield "rgb.png", saved(colour, "PNG", icc_profile=profile, exif=exif)
    yield "palette.png", saved(colour.quantize(16), "PNG", transparency=3)
    yield "clear.png", saved(clear, "PNG")
    yield "grey16.png", saved(deep, "PNG")
    yield "rgb16.png", png16(levels)
    yield "moving.png", saved(colour, "PNG", more=others)
    yield "plain.jpg", saved(colour, "JPEG", icc_profile=profile, exif=exif)
    yield "progressive.jpg", saved(colour, "JPEG", progressive=True)
    yield "cmyk.jpg", saved(colour.convert("CMYK"), "JPEG")
    yield "pair.mpo", saved(colour, "MPO", more=others)
    yield "moving.gif", saved(colour.quantize(16), "GIF", more=[item.quantize(8) for item in others])
    yield "plain.bmp", saved(colour, "BMP")
    yield "palette.bmp", saved(colour.quantize(16), "BMP")
    yield "plain.webp", saved(colour, "WEBP")
    yield "moving.webp", saved(clear, "WEBP", lossless=True, more=others)
    yield "plain.jp2", saved(colour, "JPEG2000")
    yield "plain.tga", saved(colour, "TGA")
    yield "plain.ppm", saved(colour, "PPM")
    yield "plain.sgi", saved(colour, "SGI")
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        yield f"{compression}.tif", saved(colour, "TIFF", compression=compression, icc_profile=profile)
    yield "pages.tif", saved(colour, "TIFF", more=others)
    yield "grey16.tif", saved(deep, "TIFF")
    yield "lab.tif", saved(PIL.Image.frombytes("LAB", (24, 20), levels.tobytes()), "TIFF")
    yield "float.tif", saved(PIL.Image.fromarray(levels[..., 0].astype(np.float32) / 255), "TIFF")
    yield "fax.tif", saved(colour.convert("1"), "TIFF", compression="group4")
    if "AVIF" in PIL.Image.SAVE:
        yield "plain.avif", saved(colour, "AVIF", icc_profile=profile)
    if importlib.util.find_spec("pillow_heif"):
        yield "plain.heic", heif(levels)
    if importlib.util.find_spec("tifffile"):
        yield "floats.tif", float_tiff(levels)
    if importlib.util.find_spec("pydicom"):
        yield "plain.dcm", dicom("MR_small.dcm")
        yield "colour.dcm", dicom("SC_rgb_rle_2frame.dcm")


def saved(image: PIL.Image.Image, form: str, more: Sequence[PIL.Image.Image] = (), **options: Any) -> bytes:
    if more:
        options |= {"save_all": True, "append_images": [item.copy() for item in more]}
    stream = io.BytesIO()
    image.copy().save(stream, form, **options)  # copies, for images remember how they were saved
    return stream.getvalue()


def png16(levels: np.ndarray) -> bytes:
    """A PNG with 16 bits a channel, which Pillow does not write."""
    height, width = levels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels * np.uint16(257))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def heif(levels: np.ndarray) -> bytes:
    import pillow_heif

    stream = io.BytesIO()
    pillow_heif.from_pillow(PIL.Image.fromarray(levels)).save(stream)
    return stream.getvalue()


def float_tiff(levels: np.ndarray) -> bytes:
    import tifffile

    stream = io.BytesIO()
    tifffile.imwrite(stream, levels.astype(np.float32) / 255, photometric="rgb")
    return stream.getvalue()


def dicom(name: str) -> bytes:
    from pydicom.data import get_testdata_file

    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def flipped(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    """A few bits."""
    made = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        made[rng.integers(len(made))] ^= 1 << rng.integers(8)
    return bytes(made)


def header_flipped(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    """Bytes near the beginning, where sizes and kinds stand."""
    made = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        made[rng.integers(min(len(made), 200))] = rng.choice([0, 1, 2, 127, 128, 254, 255, rng.integers(256)])
    return bytes(made)


def extreme(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    """A whole number that is an extreme one."""
    size, order = int(rng.choice([2, 4])), rng.choice(["<", ">"])
    ends = (0, 1, 2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
    value = ends[rng.integers(len(ends))] % 2 ** (8 * size)
    at = int(rng.integers(max(1, min(len(data), 600) - size)))
    return data[:at] + struct.pack(f"{order}{'H' if size == 2 else 'I'}", value) + data[at + size :]


def cut(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    return data[: rng.integers(len(data))]


def removed(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    at, length = rng.integers(len(data)), rng.integers(1, 64)
    return data[:at] + data[at + length :]


def doubled(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    at, length = rng.integers(len(data)), rng.integers(1, 300)
    return data[:at] + data[at : at + length] * int(rng.integers(2, 20)) + data[at:]


def noisy(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    at, length = rng.integers(len(data)), rng.integers(1, 64)
    return data[:at] + rng.bytes(int(length)) + data[at + length :]


def spliced(rng: np.random.Generator, data: bytes, pool: list[bytes]) -> bytes:
    """One file's beginning, another one's end."""
    other = pool[rng.integers(len(pool))]
    return data[: rng.integers(1, len(data))] + other[rng.integers(len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (flipped, header_flipped, extreme, cut, removed, doubled, noisy, spliced)


def with_sums(data: bytes) -> bytes:
    """A PNG whose chunks' check sums are right, so that what is in them is looked at."""
    made, at = data[:8], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        made += chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length])
        at += 12 + length
    return made + data[at:]


def case(number: int, pool: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """A damaged file: its number decides it."""
    rng = np.random.default_rng([number, 20])
    name, data = pool[number % len(pool)]
    for _ in range(1 + (rng.random() < 0.3)):
        data = MUTATIONS[rng.integers(len(MUTATIONS))](rng, data, [other for _, other in pool]) or b"\0"
    if data.startswith(b"\x89PNG") and rng.random() < 0.6:
        data = with_sums(data)
    return f"{number}-{name}", data


def wrong(path: Path | str) -> str | None:
    """What is wrong with how a file is read."""
    made: Any = None
    for work in (frames, read):
        try:
            made = work(path)
        except ImageError as error:
            text = str(error)
            if not text.startswith(printable(f"{path}: ")) or len(text.splitlines()) != 1 or len(text) > 600:
                return f"its line is odd: {text!r}"
            made = None
    if made is None:
        return None
    pixels = made.pixels
    if pixels.dtype != torch.float32 or pixels.shape[:2] != (1, 3) or not ((pixels >= 0) & (pixels <= 1)).all():
        return f"gives no pixels: {pixels.dtype} {tuple(pixels.shape)}"
    return None if all(len(remark.splitlines()) == 1 for remark in made.remarks) else f"remarks {made.remarks}"


def child(folder: Path, start: int, end: int) -> None:
    """Read damaged files, the number of each written down before."""
    import resource

    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    pool = list(seeds())
    for number in range(start, end):
        name, data = case(number, pool)
        path = folder / name
        path.write_bytes(data)
        (folder / "now").write_text(str(number))
        faulthandler.dump_traceback_later(LIMIT, exit=True)
        try:
            found = wrong(path)
        except Exception as error:
            found = f"raises {type(error).__name__}: {error}"
        faulthandler.cancel_dump_traceback_later()
        if found is not None:
            print(f"{name}: {found}", flush=True)
        else:
            path.unlink()
    (folder / "now").write_text(str(end))


@pytest.mark.skipif(sys.platform == "win32", reason="its limits are POSIX's")
def test_damaged_files_are_images_or_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "VEIQA_MAX_PIXELS": "1000000"}  # what a flipped bit makes of a size takes no minutes
    failures: list[str] = []
    start = 0
    while start < CASES and len(failures) < FAILURES:
        arguments = [sys.executable, __file__, str(tmp_path), str(start), str(CASES)]
        done = subprocess.run(arguments, capture_output=True, text=True, env=environment)
        failures += done.stdout.splitlines()
        start = int((tmp_path / "now").read_text())
        if done.returncode != 0:
            failures.append(f"case {start}: exit status {done.returncode}: {done.stderr[-1500:]}")
            start += 1
    assert not failures, "\n".join(failures)


def test_the_fuzz_finds_what_it_looks_for(tmp_path: Path) -> None:
    """Its cases are many kinds of damage, and repeat."""
    pool = list(seeds())
    cases = [case(number, pool) for number in range(len(pool) * 3)]
    assert cases == [case(number, pool) for number in range(len(pool) * 3)]
    assert len({data for _, data in cases}) > 0.95 * len(cases)
    whole = [tmp_path / name for name, _ in pool]
    for path, (_, data) in zip(whole, pool, strict=True):
        path.write_bytes(data)
    assert [wrong(path) for path in whole] == [None] * len(pool)


@given(st.text("./#12a ~:\\\0\x7fé", max_size=8))
@example(".#1")
@example("..#1")
@example("#1")
@example("/#1")
@example("a/.#2")
@example("a/..#2")
@example("./.#1#1")
@example(".#0")
def test_any_name_is_an_image_or_one_line(name: str) -> None:
    for path in (name, f"not-there/{name}"):
        assert wrong(path) is None


@pytest.mark.parametrize("name", [".#1", "..#1", "#1"])
def test_a_file_may_be_called_nearly_like_a_frame(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(ImageError, match="no such file"):
        read(path)
    path.write_bytes(dict(seeds())["moving.png"])
    assert frames(path) == 3
    assert read(f"{path}#2").size == (24, 20)


if __name__ == "__main__":
    child(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
