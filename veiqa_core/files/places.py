"""What is at URLs: files, folders and archives, by fsspec. The one module that reaches a network, and only by a URL.

Reads are tried again after failures that pass, within limits of time and size. Who may read what is decided elsewhere:
credentials are the user's own, from where the packages for each kind of place look for them.
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeVar

from ..errors import one_line, plain
from .reading import NoFile, opened
from .urls import STORES, ZIP, NotThereError, PlaceError, Url, addressed, is_url, parsed, public

TRIES = 3
WAIT = 1.0
"""Seconds before the second try, and twice as many before each further one."""
SILENCE = 60.0
"""Seconds that a web server may take to connect, and then between two pieces of its answer."""
LONGEST = 600.0
"""Seconds that one answer of a web server may take in all."""
MOST = 2**30
"""Bytes of a file that is read whole."""
MOST_ARCHIVE = 2**36
"""Bytes of an archive at a URL, or of results, which go through a temporary file."""

_PIECE = 2**20  # bytes
_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_PACKAGES |= {"abfss": "adlfs", "http": "aiohttp", "https": "aiohttp"}
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_WEB_FAILURES = {  # of aiohttp, by the names of its classes: what they are called here, and whether they may pass
    "ClientConnectorCertificateError": ("its certificate is not valid", False),
    "ClientSSLError": ("no secure connection can be made", False),
    "InvalidURL": ("is no URL that can be asked for", False),
    "TooManyRedirects": ("leads from one address to the next without end", False),
    "ClientPayloadError": ("its answer was cut off", True),
    "ServerDisconnectedError": ("the server closed the connection", True),
    "ClientConnectionError": ("cannot be reached", True),
}
_STATE = ("size", "ETag", "etag", "LastModified", "last_modified", "updated", "generation", "created")
"""What places say of a file that changes with it."""

T = TypeVar("T")


class TooLargeError(PlaceError):
    """A file has more bytes than are read."""


def content(url: str, most: int | None = None) -> bytes:
    """All bytes of a file.

    Args:
        most: beyond which it is not read; None for :data:`MOST`.

    Raises:
        NotThereError: there is none.
        PlaceError: it cannot be read, or is too large.
    """
    stream = io.BytesIO()
    fetch(url, stream, MOST if most is None else most)
    return stream.getvalue()


def fetch(url: str, into: IO[bytes], most: int) -> None:
    """Write all bytes of a file into a stream that is empty.

    Raises:
        NotThereError: there is none.
        PlaceError: it cannot be read, or is too large.
    """
    url = addressed(url)[0]
    found = parsed(url)

    def copy() -> None:
        into.seek(0)
        into.truncate()
        size = 0
        with _opened(found) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise TooLargeError(f"has more than the {most:,} bytes that are read")
                into.write(piece)

    _tried(copy, url)


def head(url: str, size: int) -> bytes:
    """The first bytes of a file in a store or archive; none where they cannot be had."""
    found = parsed(url)
    with suppress(PlaceError):
        beginning: bytes = _tried(lambda: _system(found).cat_file(_path(found), start=0, end=size), url)
        return beginning
    return b""


def is_folder(url: str) -> bool:
    """Whether a URL means a folder; of a web server nothing does.

    Raises:
        PlaceError: it cannot be found out.
    """
    found = parsed(url)
    if not found.has_folders:
        return False
    if found.rest.endswith("/") or not found.rest:
        return True
    return bool(_tried(lambda: _system(found).isdir(_path(found)), url))


def listing(url: str) -> list[tuple[str, bool]]:
    """The names in a folder, and whether each is one of a folder.

    Raises:
        PlaceError: it cannot be listed.
    """
    found = parsed(url)
    own = _path(found).rpartition("://")[2].strip("/")
    entries = _tried(lambda: _system(found).ls(_path(found), detail=True), url)
    named = [(str(entry["name"]).strip("/"), entry["type"] == "directory") for entry in entries]
    return [(name.rpartition("/")[2], is_directory) for name, is_directory in named if name != own]


def check_writable(url: str) -> None:
    """Refuse a URL to which nothing can be written.

    Raises:
        PlaceError: it is one.
    """
    scheme = parsed(url).scheme
    if scheme not in STORES:
        kind = "an archive" if scheme == ZIP else "a web address"
        raise PlaceError(f"{kind} is only read; name a file, or one at {', '.join(f'{one}://' for one in STORES)}")


def send(path: Path, url: str) -> None:
    """Put a file at a URL, in place of what is there.

    Raises:
        PlaceError: it cannot be written.
    """
    check_writable(url)
    found = parsed(url)
    try:
        _tried(lambda: _system(found).put_file(str(path), _path(found)), url)
    except NotThereError:
        raise PlaceError("there is no such bucket or container; make it first") from None


def _path(found: Url) -> str:
    """What the file system of a place calls a file."""
    return found.rest.rstrip("/") if found.scheme == ZIP else f"{found.scheme}://{found.rest}"


def _opened(found: Url) -> BinaryIO:
    system = _system(found)
    # A web server is asked once, from the beginning: neither for a size nor for ranges, which not every one has.
    whole = {} if found.has_folders else {"block_size": 0, "size": 1}
    stream: BinaryIO = system.open(_path(found), "rb", **whole)
    return stream


def _system(found: Url) -> Any:
    """The file system of a place.

    Raises:
        PlaceError: a package is missing, or an archive cannot be read.
    """
    if found.archive is not None:
        return _archive(found.archive)
    options: dict[str, Any] = {"use_listings_cache": False}
    try:
        if not found.has_folders:
            timeout = importlib.import_module("aiohttp").ClientTimeout
            limits = timeout(total=LONGEST, sock_connect=SILENCE, sock_read=SILENCE)
            options = {"client_kwargs": {"timeout": limits}}
        return importlib.import_module("fsspec").filesystem(found.scheme, **options)
    except ImportError:
        package = _PACKAGES.get(found.scheme, "fsspec")
        install = "'veiqa[places]'" if package == "aiohttp" else package
        raise PlaceError(f"{found.scheme}:// needs {package}: pip install {install}") from None


def _archive(where: str) -> Any:
    if is_url(where):
        found = parsed(where)
        try:
            about = _system(found).info(_path(found))
        except FileNotFoundError:  # which also stands for a server that does not answer: the fetch says why
            about = {}
        return _fetched_archive(where, *(str(about.get(name)) for name in _STATE))
    try:
        with opened(Path(where)) as stream:
            state = os.fstat(stream.fileno())
    except FileNotFoundError:
        raise NotThereError("there is no such archive") from None
    except NoFile as error:
        raise PlaceError(f"its archive {error}") from None
    return _local_archive(where, state.st_ino, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=4)
def _local_archive(where: str, *state: int) -> Any:
    """An archive on a disk, whose list of contents is read once while the file stays as it is."""
    return _zip(Path(where).open("rb"))  # which it closes


@functools.lru_cache(maxsize=1)
def _fetched_archive(url: str, *state: str) -> Any:
    """An archive at a URL, fetched whole into a file without a name, once while it stays as it is."""
    stream = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the archive
    fetch(url, stream, MOST_ARCHIVE)
    stream.seek(0)
    return _zip(stream)


def _zip(stream: IO[bytes]) -> Any:
    return importlib.import_module("fsspec").filesystem(ZIP, fo=stream, skip_instance_cache=True)


def _tried(work: Callable[[], T], url: str) -> T:
    """What work gives, tried again after failures that may pass.

    Raises:
        NotThereError: there is nothing at the URL.
        PlaceError: it fails, with the reason.
    """
    for number in range(TRIES):
        try:
            return work()
        except PlaceError:
            raise
        except FileNotFoundError:
            raise NotThereError("no such file") from None
        except Exception as error:
            if not _may_pass(error) or number + 1 == TRIES:
                raise PlaceError(_reason(error, url)) from None  # its own text may hold keys
            time.sleep(WAIT * 2**number)
    raise AssertionError


def _may_pass(error: Exception) -> bool:
    named = _web_failure(error)
    if named is not None:
        return named[1]
    return isinstance(error, TimeoutError | ConnectionError) or getattr(error, "status", None) in _PASSING


def _web_failure(error: Exception) -> tuple[str, bool] | None:
    names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("aiohttp")]
    return next((_WEB_FAILURES[name] for name in names if name in _WEB_FAILURES), None)


def _reason(error: Exception, url: str) -> str:
    """Why something failed, without what is secret in a URL."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    named = _web_failure(error)
    if named is not None:
        return named[0]
    status = getattr(error, "status", None)
    if isinstance(status, int):
        known = status in list(HTTPStatus)
        return f"the server answers {status}{f' {HTTPStatus(status).phrase}' if known else ''}"
    if not parsed(url).has_folders:
        return f"cannot be read: {type(error).__name__}"
    if type(error).__name__ == "BadZipFile":
        return "its archive is no zip file, or is damaged"
    if isinstance(error, PermissionError):
        return "access is denied; see the credentials that are set here"
    if isinstance(error, IsADirectoryError):
        return "is a folder; name the image files in it"
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return "is encrypted in its archive"
    if public(url) != url:  # libraries quote parts of it
        return f"cannot be had: {type(error).__name__}"
    return f"cannot be had: {plain(one_line(error))}"
