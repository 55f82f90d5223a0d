"""Files whose headers claim more frames than they hold, chains of pages without an end, and very many pages."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from veiqa_core.errors import ImageError
from veiqa_core.functions.frames import ALL, with_frames
from veiqa_core.images import counting, frame_name, frames, read

MANY = 2**31 - 1
LEVELS = [np.full((24, 32, 3), 40 * number, np.uint8) for number in range(1, 5)]


def saved(form: str, count: int = 4, **options: Any) -> bytes:
    stream = io.BytesIO()
    first, *rest = map(PIL.Image.fromarray, LEVELS[:count])
    first.save(stream, form, save_all=True, append_images=rest, **options)
    return stream.getvalue()


def put(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def grey(path: Path, frame: int) -> int:
    return round(float(read(frame_name(path, frame)).pixels[0, 0, 0, 0] * 255))


def names(path: Path) -> list[str]:
    return [name.rpartition("/")[2] for name in with_frames([str(path)], ALL)]


def with_claim(png: bytes, count: int) -> bytes:
    """An animated PNG whose header claims another number of frames."""
    at = png.index(b"acTL")
    body = b"acTL" + struct.pack(">II", count, 0)
    return png[:at] + body + struct.pack(">I", zlib.crc32(body)) + png[at + 16 :]


@pytest.mark.parametrize(("options", "held"), [({}, 4), ({"default_image": True}, 4)])
def test_frames_that_an_animated_png_only_claims_are_no_rows(
    tmp_path: Path, options: dict[str, Any], held: int
) -> None:
    path = put(tmp_path, "a.png", with_claim(saved("PNG", **options), MANY))
    assert frames(path) == held
    assert names(path) == [f"a.png#{number}" for number in range(1, held + 1)]
    claimed = MANY + bool(options)
    assert read(path).remarks[:2] == (f"first of {held} frames", f"names {claimed} frames and holds {held}")
    for number, levels in enumerate(LEVELS, 1):
        shown = read(frame_name(path, number)).pixels[0, :, 0, 0] * 255
        assert np.allclose(shown, levels[0, 0])
    with pytest.raises(ImageError, match="has no frame 5: it has 4$"):
        read(frame_name(path, 5))


def test_fewer_frames_than_there_are_and_a_cut_file(tmp_path: Path) -> None:
    png = saved("PNG")
    assert frames(put(tmp_path, "few.png", with_claim(png, 2))) == 2
    cut = put(tmp_path, "cut.png", png[: png.rindex(b"fcTL")])
    assert (frames(cut), read(cut).remarks[1]) == (3, "names 4 frames and holds 3")
    still = put(tmp_path, "still.png", with_claim(png[: png.index(b"fcTL", png.index(b"IDAT")) - 4], MANY))
    assert names(still) == ["still.png"]


def chain(order: str, pages: int, back_to: int | None, big: bool = False) -> bytes:
    """A TIFF of grey pages of one pixel, in one chain of directories, the last of which leads back to another."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 43 if big else 42)
    head += struct.pack(f"{order}HHQ", 8, 0, 16) if big else struct.pack(f"{order}I", 8)
    values = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 1, 279: 1}
    count, entry, link = (
        (f"{order}Q", f"{order}HHQQ", f"{order}Q") if big else (f"{order}H", f"{order}HHII", f"{order}I")
    )
    size = struct.calcsize(count) + len(values) * struct.calcsize(entry) + struct.calcsize(link) + 1
    made, start = bytearray(head), len(head)
    for page in range(pages):
        after = start + (page + 1) * size
        made += struct.pack(count, len(values))
        for tag, value in values.items():
            made += struct.pack(entry, tag, 4, 1, after - 1 if tag == 273 else value)
        last = 0 if back_to is None else start + back_to * size
        made += struct.pack(link, after if page < pages - 1 else last) + bytes([page % 251])
    return bytes(made)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("back_to", [None, 0, 2, 4])
def test_a_chain_of_tiff_pages_that_leads_back_ends(tmp_path: Path, order: str, back_to: int | None) -> None:
    path = put(tmp_path, "a.tif", chain(order, 5, back_to))
    assert names(path) == [f"a.tif#{number}" for number in range(1, 6)]
    assert [grey(path, number) for number in range(1, 6)] == [*range(5)]


@pytest.mark.parametrize("back_to", [None, 0, 3])
def test_a_chain_in_a_big_tiff(tmp_path: Path, back_to: int | None) -> None:
    pytest.importorskip("tifffile")
    path = put(tmp_path, "a.tif", chain("<", 4, back_to, big=True))
    assert frames(path) == 4
    assert [grey(path, number) for number in range(1, 5)] == [*range(4)]


def test_pages_are_looked_at_once_however_many_there_are(tmp_path: Path) -> None:
    """Counted are reads, for time depends on the machine."""

    class Counted(io.FileIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
            type(self).reads += 1
            return super().read(size)  # type: ignore[arg-type]

    path = put(tmp_path, "many.tif", chain("<", 20_000, None))
    with Counted(path) as stream:
        assert len(counting.pages(stream)) == 20_000  # type: ignore[arg-type]
        once = Counted.reads
        assert once <= 2 * 20_000 + 2
        assert len(counting.pages(stream)) == 20_000  # type: ignore[arg-type]
        assert Counted.reads == once
    assert read(frame_name(path, 20_000)).size == (1, 1)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_each_page_of_a_tiff_is_what_pillow_makes_of_it(tmp_path: Path, compression: str) -> None:
    path = put(tmp_path, "a.tif", saved("TIFF", compression=compression))
    with PIL.Image.open(path) as image:
        for number in range(1, 5):
            image.seek(number - 1)
            own = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
            assert np.array_equal((read(frame_name(path, number)).pixels[0] * 255).round().numpy(), own)


def test_pictures_that_an_mpo_only_claims_are_no_rows(tmp_path: Path) -> None:
    mpo = saved("MPO", 3)
    path = put(tmp_path, "cut.mpo", mpo[: mpo.rindex(b"\xff\xd8\xff")])
    assert frames(put(tmp_path, "whole.mpo", mpo)) == 3
    assert frames(path) == 2
    assert read(path).remarks[:2] == ("first of 2 frames", "names 3 frames and holds 2")


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_other_animations_are_counted_by_their_decoders(tmp_path: Path, form: str) -> None:
    assert frames(put(tmp_path, f"a.{form}", saved(form))) == 4


@pytest.mark.parametrize("claim", [3, 2**31 - 1])
@pytest.mark.parametrize("packed", [False, True])
def test_frames_that_dicom_only_claims_are_one_row_that_says_so(tmp_path: Path, claim: int, packed: bool) -> None:
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.Dataset()
    syntax = pydicom.uid.RLELossless if packed else pydicom.uid.ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    data.Rows, data.Columns, data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 8, 8, 7
    data.SamplesPerPixel, data.PixelRepresentation, data.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    data.NumberOfFrames = 2
    data.PixelData = bytes(range(128))
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    if packed:
        data.compress(syntax)
    data.save_as(tmp_path / "sound.dcm", enforce_file_format=True)
    data.NumberOfFrames = claim
    data.save_as(tmp_path / "claims.dcm", enforce_file_format=True)
    assert frames(tmp_path / "sound.dcm") == 2
    assert names(tmp_path / "claims.dcm") == ["claims.dcm"]
    with pytest.raises(ImageError, match=f"names {claim} frames and does not hold them"):
        read(tmp_path / "claims.dcm")
