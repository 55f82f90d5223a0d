"""Formats that need an extra: each read where it is installed, and named where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms

from veiqa_core.errors import ImageError
from veiqa_core.images import formats, frames, read

Y, X = np.mgrid[:64, :96]
HEIC = b"\0\0\0\x1cftypheix\0\0\0\0mif1heixmiaf"
BIG = "is TIFF of a kind that Pillow does not read"
SMOOTH = np.stack([X * 2, Y * 3, 255 - X - Y], -1).astype(np.uint8)


def pixels(source: Any) -> np.ndarray:
    found = read(source)
    if isinstance(source, Path) and source.is_file():
        assert read(source.read_bytes(), source.name).digest == found.digest
    return found.pixels[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(
    ("name", "content", "reported"),
    [
        (
            "a.heic",
            b"\0\0\0\x1cftypheix\0\0\0\0mif1heixmiaf",
            "is HEIF, which needs pillow_heif: pip install 'veiqa[heif]'",
        ),
        ("a.png", bytes(128) + b"DICM" + bytes(20), "is DICOM, which needs pydicom: pip install 'veiqa[dicom]'"),
        ("a.nef", b"MM\0*" + bytes(20), "is a camera's raw file, which needs rawpy: pip install 'veiqa[raw]'"),
        (
            "a.tif",
            b"II+\0" + bytes(20),
            "is TIFF of a kind that Pillow does not read, which needs tifffile: pip install 'veiqa[tiff]'",
        ),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, reported: str
) -> None:
    def absent(package: str) -> None:
        raise ImportError(package)

    monkeypatch.setattr(formats.importlib, "import_module", absent)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {reported}"


def test_heif(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(PIL.Image.fromarray(SMOOTH)).save(tmp_path / "a.jpg", quality=90)
    assert np.abs(pixels(tmp_path / "a.jpg") - SMOOTH / 255).mean() < 0.02
    deep = SMOOTH.astype(np.uint16) * 257
    heif.from_bytes(mode="RGB;16", size=(96, 64), data=deep.tobytes()).save(tmp_path / "deep.heic", quality=90)
    found = pixels(tmp_path / "deep.heic")
    assert np.abs(found - SMOOTH / 255).mean() < 0.02
    assert len(np.unique(found)) > 256
    several = heif.from_pillow(PIL.Image.fromarray(SMOOTH))
    several.add_from_pillow(PIL.Image.fromarray(255 - SMOOTH))
    several.save(tmp_path / "two.heic", quality=90)
    assert frames(tmp_path / "two.heic") == 2
    assert read(tmp_path / "two.heic").remarks == ("the primary one of 2 frames",)
    assert np.abs(pixels(f"{tmp_path / 'two.heic'}#2") - (255 - SMOOTH) / 255).mean() < 0.02


def test_heif_is_turned_and_its_profile_applied(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    made = heif.from_bytes(mode="RGB", size=(96, 64), data=SMOOTH.tobytes())
    made.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made.save(tmp_path / "turned.heic", quality=90, exif=exif.tobytes())
    assert np.abs(pixels(tmp_path / "turned.heic") - np.rot90(SMOOTH, -1) / 255).mean() < 0.02


def dicom(name: str) -> Path:
    data = pytest.importorskip("pydicom.data")
    return Path(str(data.get_testdata_file(name, download=False)))


def test_dicom_shows_its_window() -> None:
    path = dicom("MR_small.dcm")
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.dcmread(path)
    center, width = float(data.WindowCenter), float(data.WindowWidth)
    expected = np.clip((data.pixel_array - (center - 0.5)) / (width - 1) + 0.5, 0, 1)
    assert pixels(path)[..., 0] == pytest.approx(expected, abs=1e-6)
    assert read(path).remarks == ()


def test_dicom_without_a_window_and_with_white_as_its_smallest_value(tmp_path: Path) -> None:
    path = dicom("MR_small.dcm")
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.dcmread(path)
    del data.WindowCenter, data.WindowWidth
    data.PhotometricInterpretation = "MONOCHROME1"
    data.save_as(tmp_path / "a.dcm")
    values = data.pixel_array.astype(float)
    expected = 1 - (values - values.min()) / (values.max() - values.min())
    assert pixels(tmp_path / "a.dcm")[..., 0] == pytest.approx(expected, abs=1e-6)
    assert read(tmp_path / "a.dcm").remarks == ("names no window: shown from its smallest to its largest value",)


def test_dicom_of_colours_frames_and_none() -> None:
    path = dicom("SC_rgb_rle_2frame.dcm")
    assert frames(path) == 2
    assert read(path).remarks == ("first of 2 frames",)
    assert read(f"{path}#1").digest != read(f"{path}#2").digest
    pydicom = pytest.importorskip("pydicom")
    assert np.array_equal(pixels(path), pydicom.dcmread(path).pixel_array[0].astype(np.float32) / 255)
    assert read(dicom("examples_palette.dcm")).size[0] > 1
    with pytest.raises(ImageError, match="test-SR.dcm: is DICOM without a picture"):
        read(dicom("test-SR.dcm"))
    with pytest.raises(ImageError, match="MR_truncated.dcm: "):
        read(dicom("MR_truncated.dcm"))


def test_raw_files_are_rendered_and_not_their_previews(tmp_path: Path) -> None:
    """A raw file made here: grey of one level under a camera whose colours are those of XYZ."""
    pytest.importorskip("rawpy")
    tifffile = pytest.importorskip("tifffile")
    tags = [
        (50706, "B", 4, (1, 4, 0, 0), True),
        (50707, "B", 4, (1, 1, 0, 0), True),
        (50708, "s", 0, "Veiqa Test", True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, (0, 1, 1, 2), True),
        (50714, "H", 1, 0, True),
        (50717, "I", 1, 16383, True),
        (50721, "2i", 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1), True),
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),
        (50778, "H", 1, 21, True),
    ]
    for level in (2000, 8000):
        tifffile.imwrite(
            tmp_path / f"{level}.dng",
            np.full((64, 96), level, np.uint16),
            photometric=32803,
            extratags=tags,
            metadata=None,
        )
    dark, light = read(tmp_path / "2000.dng"), read(tmp_path / "8000.dng")
    assert dark.size == light.size == (96, 64)
    assert read(tmp_path / "2000.dng").digest == dark.digest
    green = light.pixels[0, 1, 20:40, 20:40]
    linear = 8000 / 16383
    assert green.mean().item() == pytest.approx(1.055 * linear ** (1 / 2.4) - 0.055, abs=0.1)
    assert dark.pixels.mean() < light.pixels.mean()


def test_tiffs_that_pillow_does_not_read(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    floats = np.random.default_rng(0).random((8, 9, 3), dtype=np.float32)
    deep = np.random.default_rng(0).integers(0, 65536, (8, 9, 3), dtype=np.uint16)
    path = tmp_path / "a.tif"
    for big in (False, True):
        tifffile.imwrite(path, floats, photometric="rgb", bigtiff=big)
        assert np.array_equal(pixels(path), floats)
    tifffile.imwrite(path, np.moveaxis(deep, -1, 0), photometric="rgb", planarconfig="separate")
    assert np.array_equal(pixels(path), deep.astype(np.float32) / np.float32(65535))
    tifffile.imwrite(path, floats[..., 0].astype(np.float64), photometric="miniswhite")
    assert pixels(path)[..., 0] == pytest.approx(1 - floats[..., 0])
    tifffile.imwrite(path, floats * 2, photometric="rgb")
    with pytest.raises(ImageError, match="a.tif: float pixels must be finite and lie in"):
        read(path)
    tifffile.imwrite(path, deep.astype(np.int8), photometric="rgb")
    with pytest.raises(ImageError, match="a.tif: holds int8; save it with 8 or 16 bits or floats"):
        read(path)
