"""VEIs kept on disk: one safetensors file an image, named by the image's key.

Beside its maps a file holds the image's name and, for each map, what the map depends on and a checksum. A map that
depends on something else by now, or is not what was written, counts as not there.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from ..errors import UsageError
from ..files.marks import head
from ..files.writing import write_whole

_NAME = re.compile(r"[0-9a-f]{64}\.safetensors")
_ENTRY = "veiqa"  # one entry of metadata: safetensors writes several in another order each time


@attrs.frozen(eq=False)
class _Kept:
    vei: NDArray[np.float32]
    digest: str


class VeiFolder:
    """A folder of VEIs, which this process alone writes.

    Args:
        folder: is there.
        cap: bytes that the folder's files may take. Once a file would exceed it nothing more is written.

    Raises:
        UsageError: something else has a name that a file of VEIs may need.

    Attributes:
        without: digests of images of which VEIs are wanted that the cap kept out.
    """

    def __init__(self, folder: Path, cap: int) -> None:
        self._folder = folder
        self._cap = cap
        for path in folder.iterdir():
            if _NAME.fullmatch(path.name.lower()) and not _is_own(path):
                raise UsageError(f"{path}: is no file of VEIs; name another folder with --keep-vei, or move it away")
        self._bytes = sum(_size(path) for path in folder.iterdir())
        self._full = False
        self.without: set[str] = set()

    def lacking(self, image: str, digests: Mapping[str, str]) -> set[str]:
        """The VEIs of an image that have to be made: those not there, none once the folder is full.

        Args:
            digests: of what each wanted VEI depends on, by its key.
        """
        lacking = _lacking(self._read(image), digests)
        if lacking and self._full:
            self.without.add(image)
            return set()
        return lacking

    def put(self, image: str, name: str, veis: Mapping[str, NDArray[np.float32]], digests: Mapping[str, str]) -> None:
        """Keep VEIs ``[h, w]`` of an image, beside others that its file holds.

        Args:
            name: the image's.
            digests: of what each VEI depends on, by its key.

        Raises:
            UsageError: the file cannot be written.
        """
        kept = self._read(image)
        if not _lacking(kept, {key: digests[key] for key in veis}):
            return
        new = {key: _Kept(np.ascontiguousarray(vei), digests[key]) for key, vei in veis.items()}
        content = _content(name, kept | new)
        path = self._path(image)
        grown = self._bytes - _size(path) + len(content)
        self._full |= grown > self._cap
        if self._full:
            self.without.add(image)
            return
        write_whole(path, lambda stream: stream.write(content))
        self._bytes = grown

    def _path(self, image: str) -> Path:
        return self._folder / f"{image}.safetensors"

    def _read(self, image: str) -> dict[str, _Kept]:
        """The sound VEIs in an image's file; none where there is no file, or one that is damaged or another's."""
        try:
            with safetensors.safe_open(self._path(image), "np") as file:
                about = json.loads(file.metadata()[_ENTRY])["veis"]
                veis = {key: file.get_tensor(key) for key in about}
            return {
                key: _Kept(vei, about[key]["digest"])
                for key, vei in veis.items()
                if about[key]["crc32"] == _checksum(vei)
            }
        except (safetensors.SafetensorError, OSError, LookupError, TypeError, ValueError):
            return {}


def _lacking(kept: Mapping[str, _Kept], digests: Mapping[str, str]) -> set[str]:
    return {key for key, digest in digests.items() if key not in kept or kept[key].digest != digest}


def _content(name: str, veis: Mapping[str, _Kept]) -> bytes:
    about = {key: {"digest": item.digest, "crc32": _checksum(item.vei)} for key, item in veis.items()}
    metadata = {_ENTRY: json.dumps({"image": name, "veis": about}, sort_keys=True)}
    return safetensors.numpy.save({key: item.vei for key, item in veis.items()}, metadata)


def _checksum(vei: NDArray[Any]) -> int:
    return zlib.crc32(vei.tobytes(), zlib.crc32(f"{vei.dtype} {vei.shape}".encode()))


def _is_own(path: Path) -> bool:
    """Whether a file holds VEIs, sound or not, as its beginning says; an empty one may have been cut off."""
    mark = f'{{"__metadata__":{{"{_ENTRY}":'.encode()
    return path.is_file() and head(path)[8:].startswith(mark[: max(0, _size(path) - 8)])  # 8 bytes hold its length


def _size(path: Path) -> int:
    """The bytes of a file; none of what is no file, or gone."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
