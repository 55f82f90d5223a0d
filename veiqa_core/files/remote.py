"""Files that are written at URLs: by a copy on this machine, for what is at a URL cannot grow there."""

from __future__ import annotations

import posixpath
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import VeiqaError, reraised_as
from . import places
from .urls import NotThereError, PlaceError, last_part, public, same_place

_LONGEST = 16  # characters of a copy's suffix


class RemoteFile:
    """A file at a URL, and its copy in a temporary folder, which is written, read back and looked at in its place.

    The copy goes with the process, unless it holds what could not be sent.

    Attributes:
        url: with whatever is secret in it; as text it is shown without.
        path: of the copy.
        pending: whether the copy holds what was not sent.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._state = {"pending": False}
        self._folder: Path | None = None

    def __str__(self) -> str:
        return public(self.url)

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return last_part(self.url)

    @property
    def suffix(self) -> str:
        """The name's suffix."""
        return posixpath.splitext(self.name)[1]

    @property
    def path(self) -> Path:
        """The copy."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="veiqa-"))
            weakref.finalize(self, _remove, self._folder, self._state)
        return self._folder / f"copy{re.sub(r'[^.A-Za-z0-9]', '', self.suffix)[:_LONGEST]}"

    @property
    def pending(self) -> bool:
        """Whether the copy holds what was not sent."""
        return self._state["pending"]

    @pending.setter
    def pending(self, value: bool) -> None:
        self._state["pending"] = value

    def is_at(self, name: object) -> bool:
        """Whether a name is a URL of this file."""
        return isinstance(name, str) and same_place(self.url, name)

    def fetch(self) -> None:
        """Bring what is there into the copy; where nothing is, there is no copy.

        Raises:
            PlaceError: it cannot be read, or nothing can be written there.
        """
        places.check_writable(self.url)
        try:
            with self.path.open("wb") as stream:
                places.fetch(self.url, stream, places.MOST_ARCHIVE)
        except NotThereError:
            self.path.unlink()

    def send(self) -> None:
        """Put the copy at the URL; what is there is replaced in one step.

        Raises:
            PlaceError: it cannot be written.
        """
        places.send(self.path, self.url)
        self.pending = False

    def finish(self) -> None:
        """Send the copy at the end of the work.

        Raises:
            VeiqaError: it cannot be written; the text says where the copy is, which stays.
        """
        if not self.path.exists():
            return
        self.pending = True
        try:
            self.send()
        except PlaceError as error:
            raise VeiqaError(f"{self}: cannot be written: {error}; {self.kept}") from None

    @property
    def kept(self) -> str:
        """Where the copy is, in words."""
        return f"what it was to hold is in {self.path}, which stays"

    @contextmanager
    def named(self) -> Iterator[None]:
        """A block in which errors that name the copy name the URL."""
        try:
            yield
        except VeiqaError as error:
            text, copy = str(error), str(self.path)
            if copy not in text or self.pending:
                raise
            raise reraised_as(error, text.replace(copy, str(self))) from error


Target = Path | RemoteFile
"""What a command writes."""


def local(target: Target | None) -> Path | None:
    """The file on this machine that is written; None for standard output."""
    return target.path if isinstance(target, RemoteFile) else target


@contextmanager
def sent(target: Target | None, *, partial: bool = False) -> Iterator[Path | None]:
    """A block that writes a file, which is then sent where it belongs.

    Args:
        partial: whether what there is of it is sent also where the block fails.

    Raises:
        VeiqaError: it cannot be sent; the text says where the copy is.
    """
    done = False
    try:
        with named(target):
            yield local(target)
        done = True
    finally:
        if isinstance(target, RemoteFile) and (done or partial):
            target.finish()


@contextmanager
def named(target: Target | None) -> Iterator[None]:
    """A block in which errors that name the copy of a file at a URL name the URL."""
    if not isinstance(target, RemoteFile):
        yield
        return
    with target.named():
        yield


def _remove(folder: Path, state: dict[str, bool]) -> None:
    if not state["pending"]:
        shutil.rmtree(folder, ignore_errors=True)
