"""Where pictures go: a folder on this machine, or one at a URL."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from ..files import places
from ..files.urls import Located, NotThereError, PlaceError, is_url, joined, public, same_place
from ..files.writing import write_whole

Identity = tuple[int, int]

_MOST = 2**26  # bytes of a picture; what is larger is none of ours


class PictureFolder(ABC):
    """A folder that pictures are written into, with files in it that may be there already."""

    @abstractmethod
    def find(self, name: str) -> Path:
        """The file of that name as it is on this machine; there is none where nothing has that name."""

    @abstractmethod
    def is_read(self, name: str) -> bool:
        """Whether the file of that name is itself one of the images."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Put a picture there, in place of what has that name.

        Raises:
            UsageError, OSError: it cannot be written.
        """

    @abstractmethod
    def shown(self, name: str) -> str:
        """The file of that name, in messages."""


def picture_folder(where: Located, named: Iterable[str]) -> PictureFolder:
    """The folder at a path or URL.

    Args:
        named: the images that were named one by one.

    Raises:
        UsageError: it cannot be made, listed or written to.
    """
    return _RemoteFolder(where, named) if isinstance(where, str) else _LocalFolder(where, named)


class _LocalFolder(PictureFolder):
    def __init__(self, folder: Path, named: Iterable[str]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder}: cannot be made: {error.strerror}") from error
        self._folder = folder
        self._read = _named_among(folder, named)

    def find(self, name: str) -> Path:
        return self._folder / name

    def is_read(self, name: str) -> bool:
        return _identity(self._folder / name) in self._read

    def write(self, name: str, content: bytes) -> None:
        write_whole(self._folder / name, lambda stream: stream.write(content))

    def shown(self, name: str) -> str:
        return str(self._folder / name)


class _RemoteFolder(PictureFolder):
    """One at a URL; what is there of a name that is wanted is looked at in a temporary folder."""

    def __init__(self, url: str, named: Iterable[str]) -> None:
        self._url = url
        self._named = [name for name in named if is_url(name)]
        self._copies = tempfile.TemporaryDirectory(prefix="veiqa-")
        try:
            places.check_writable(url)
            self._there = dict(places.listing(url))
        except NotThereError:
            self._there = {}
        except PlaceError as error:
            raise UsageError(f"--vei {public(url)}: cannot be written to: {error}") from None

    def find(self, name: str) -> Path:
        copy = Path(self._copies.name, name)
        if name in self._there and not copy.exists():
            copy.touch()  # which is no picture of ours, and stays so where it cannot be read
            with suppress(PlaceError), copy.open("wb") as stream:
                if not self._there[name]:
                    places.fetch(self._place(name), stream, _MOST)
        return copy

    def is_read(self, name: str) -> bool:
        return any(same_place(self._place(name), one) for one in self._named)

    def write(self, name: str, content: bytes) -> None:
        copy = Path(self._copies.name, name)
        try:
            copy.write_bytes(content)
            places.send(copy, self._place(name))
        except PlaceError as error:
            raise UsageError(f"{self.shown(name)}: cannot be written: {error}") from None
        finally:
            copy.unlink(missing_ok=True)

    def shown(self, name: str) -> str:
        return public(self._place(name))

    def _place(self, name: str) -> str:
        return joined(self._url, [name])


def _named_among(folder: Path, named: Iterable[str]) -> set[Identity]:
    """The files of a folder that are among the named ones, by whatever names."""
    there = {_identity(path) for path in folder.iterdir() if path.suffix == ".png"} - {None}
    if not there:  # then nothing need be looked at
        return set()
    found = (_identity(Path(name)) or _identity(Path(name.rpartition("#")[0])) for name in named)  # FILE#FRAME
    return {identity for identity in found if identity is not None and identity in there}


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
