"""What kinds of files are read, and by whom: a file's content decides, its suffix only where content cannot.

The list is closed. Other formats that Pillow could open are left out: some start programs, some cannot be distinguished
from text, and hardly any holds photos.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

import attrs
import PIL.Image

from .decoded import Decoded, Unreadable

_PLUGINS = ("Avif", "Bmp", "Gif", "Jpeg", "Jpeg2K", "Mpo", "Png", "Ppm", "Qoi", "Sgi", "Tga", "Tiff", "WebP")
for _plugin in _PLUGINS:
    with contextlib.suppress(ImportError):  # an older Pillow's list is shorter
        importlib.import_module(f"PIL.{_plugin}ImagePlugin")

_MARKED = ("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "SGI", "TIFF", "WEBP")
PILLOW = tuple(name for name in _MARKED if name in PIL.Image.OPEN)
"""Formats, by Pillow's names, that are recognised by how they begin; MPO begins as JPEG."""

BY_SUFFIX = {".tga": "TGA", ".icb": "TGA", ".vda": "TGA", ".vst": "TGA"}
"""Formats without a mark of their own, tried where the name says so."""

HEADER = 132  # bytes by which a format is recognised
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_AVIF = (b"avif", b"avis")
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_RAW = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM", b"\0\0\0\x18ftypcrx ")
_RAW_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mos", "mrw", "nef"),
        *("nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    )
)


class Reader(Protocol):
    """A module that decodes a kind of files."""

    def decode(self, stream: BinaryIO, frame: int | None) -> Decoded:
        """A frame, counted from 1; for None the first, with a remark where there are others."""

    def count(self, stream: BinaryIO) -> int:
        """How many frames there are."""


@attrs.frozen
class Extra:
    """A kind of files that needs a package which is not always installed.

    Attributes:
        title: what the files are called.
        package: what must be importable.
        name: of the optional dependency, and of the module here.
        suffixes: usual ones, in lower case.
        claims: whether a file is of the kind, by its first bytes and its suffix.
    """

    title: str
    package: str
    name: str
    suffixes: frozenset[str]
    claims: Callable[[bytes, str], bool]

    def reader(self) -> Reader:
        """The module that decodes them.

        Raises:
            Unreadable: the package is not installed.
        """
        try:
            importlib.import_module(self.package)
        except ImportError:
            raise Unreadable(f"is {self.title}, which needs {self.package}: pip install 'veiqa[{self.name}]'") from None
        reader: Reader = importlib.import_module(f".extras.{self.name}", __package__)
        return reader


HEIF = Extra(
    title="HEIF",
    package="pillow_heif",
    name="heif",
    suffixes=frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"}),
    claims=lambda header, suffix: header[4:8] == b"ftyp" and header[8:12] in _HEIF and not is_avif(header),
)
DICOM = Extra(
    title="DICOM",
    package="pydicom",
    name="dicom",
    suffixes=frozenset({".dcm", ".dicom"}),
    claims=lambda header, suffix: header[128:132] == b"DICM",
)
RAW = Extra(
    title="a camera's raw file",
    package="rawpy",
    name="raw",
    suffixes=_RAW_SUFFIXES,
    claims=lambda header, suffix: header.startswith(_RAW) or (suffix in _RAW_SUFFIXES and header.startswith(TIFF)),
)
DEEP_TIFF = Extra(
    title="TIFF of a kind that Pillow does not read",
    package="tifffile",
    name="tiff",
    suffixes=frozenset({".tif", ".tiff"}),
    claims=lambda header, suffix: header.startswith(TIFF[2:]),  # BigTIFF; others only where Pillow gives up
)
EXTRAS = (HEIF, DICOM, RAW, DEEP_TIFF)


def is_avif(header: bytes) -> bool:
    """Whether a file names AVIF among its brands."""
    if header[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(header[:4], "big"), len(header))
    return any(header[at : at + 4] in _AVIF for at in (8, *range(16, end, 4)))


def suffixes() -> frozenset[str]:
    """The usual suffixes of all files that can be read here or with an extra, in lower case."""
    known = {suffix for suffix, name in PIL.Image.registered_extensions().items() if name in (*PILLOW, "MPO")}
    return frozenset(known).union(BY_SUFFIX, *(extra.suffixes for extra in EXTRAS))
