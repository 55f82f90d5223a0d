"""Names that are URLs: which places they may name, and how they are shown.

A text that begins with a scheme, such as ``s3://bucket/photo.png``, is a URL; a :class:`~pathlib.Path` never is, since
it holds no two slashes in a row. So what is joined to a folder, as names in a table of ratings are, reaches no network.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

import attrs

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]+"
_URL = re.compile(rf"(?P<before>(?:{_SCHEME}::)*)(?P<scheme>{_SCHEME})://(?P<rest>.*)", re.DOTALL)
_FRAME = re.compile(r"(?s)(.+)#([1-9][0-9]{0,8})")
_WEB = ("http", "https")
_SIGNED = ("az", "abfs")
"""Stores whose addresses may end in a key, as those of web servers may."""

ZIP = "zip"
STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
"""Schemes of places that have folders, and that can be written to."""
SCHEMES = (*_WEB, *STORES, ZIP)
"""The closed list of schemes: others start programs, read other machines' files, or lead back to this one's."""


Located = Path | str
"""Where a file is: a path, or as text a URL."""


class PlaceError(Exception):
    """What is at a URL cannot be had, or nothing can be put there; the text says why, without the URL."""


class NotThereError(PlaceError):
    """There is nothing at a URL."""


@attrs.frozen
class Url:
    """The parts of a URL.

    Attributes:
        scheme: in lower case.
        rest: what follows ``://``; of an archive the path in it.
        archive: what follows ``::``: the path or URL of the archive; None without one.
    """

    scheme: str
    rest: str
    archive: str | None = None

    @property
    def has_folders(self) -> bool:
        """Whether what is there can be listed."""
        return self.scheme not in _WEB

    @property
    def path(self) -> str:
        """The path, without what is asked of a web server."""
        return re.split(r"[?#]", self.rest, maxsplit=1)[0] if self.scheme in _WEB else self.rest


def is_url(name: object) -> TypeGuard[str]:
    """Whether a name is a URL."""
    return isinstance(name, str) and _URL.match(name) is not None


def parsed(url: str) -> Url:
    """The parts of a URL.

    Raises:
        PlaceError: it names no place that can be reached.
    """
    found = _URL.fullmatch(url)
    assert found is not None
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme not in SCHEMES or found["before"]:
        named = f"{found['before']}{scheme}://".lower()
        raise PlaceError(f"{named} is none of the places that are known: {', '.join(f'{one}://' for one in SCHEMES)}")
    if scheme != ZIP:
        return Url(scheme, rest)
    inner, _, archive = rest.partition("::")
    if not archive or (is_url(archive) and parsed(archive).scheme == ZIP):
        raise PlaceError("names no archive; write zip://PATH::ARCHIVE, such as zip://a/b.png::photos.zip")
    return Url(scheme, inner, archive)


def public(name: str) -> str:
    """A name as it may be shown: of a URL without what may be a key: user and password, and a web address's query."""
    found = _URL.fullmatch(name)
    if found is None:
        return name
    before, scheme, rest = found["before"], found["scheme"], found["rest"]
    if scheme.lower() == ZIP:
        inner, colons, archive = rest.partition("::")
        return f"{before}{scheme}://{inner}::{public(archive)}" if colons else f"{before}{scheme}://{public(inner)}"
    plain, frame = _FRAME.fullmatch(rest), ""
    if plain is not None:
        rest, frame = plain[1], f"#{plain[2]}"
    rest = _without_password(rest)
    if scheme.lower() in STORES and not scheme.lower().startswith(_SIGNED):  # "?" is a letter of names there
        return f"{before}{scheme}://{rest}{frame}"
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = place.partition("/")
    if scheme.lower() in _WEB or scheme.lower() not in SCHEMES:
        host = host.rpartition("@")[2]
    return f"{before}{scheme}://{host}{slash}{path}{frame}"


def _without_password(rest: str) -> str:
    """What follows ``://``, without user and password; a user alone may name a container.

    A password may hold any character, also an ``@`` or a slash, but what follows a host and its port is a path.
    """
    begin, _, _ = rest.partition("/")
    if "@" in begin:
        user, _, place = begin.rpartition("@")
        return place + rest[len(begin) :] if ":" in user else rest
    host, colon, port = begin.rpartition(":")
    if not colon or port.isdecimal() or host.startswith("["):
        return rest
    return rest.rpartition("@")[2]


def addressed(url: str) -> tuple[str, int | None]:
    """The file that a URL means, and the frame of it: ``https://host/film.gif#3`` is the third."""
    found = _FRAME.fullmatch(url)
    return (url, None) if found is None else (found[1], int(found[2]))


def last_part(url: str) -> str:
    """The name of the file that a URL means, without its folder."""
    return split(url)[0]


def split(url: str) -> tuple[str, str]:
    """The name of the file that a URL means, and the URL of its folder."""
    shown = public(url)
    begin, path, end = _pieces(shown)
    folder, _, name = path.rstrip("/").rpartition("/")
    return name or shown, f"{begin}{folder}{end}"


def joined(folder: str, parts: Iterable[str]) -> str:
    """The URL of a file in a folder."""
    begin, path, end = _pieces(folder)
    return f"{begin}{posixpath.join(path, *parts)}{end}"


def relative(url: str, folder: str) -> str:
    """The path of a file in a folder, by URLs of which one begins as the other does."""
    path, root = _pieces(url)[1], _pieces(folder)[1]
    return path[len(root) :].strip("/")


def lies_in(url: str, folder: str) -> bool:
    """Whether a URL names a folder or what is in it, as far as their texts say."""
    (begin, path, end), (own_begin, root, own_end) = _pieces(_key(url)), _pieces(_key(folder))
    above, below = ([part for part in text.split("/") if part] for text in (root, path))
    return (begin, end) == (own_begin, own_end) and below[: len(above)] == above


def _pieces(url: str) -> tuple[str, str, str]:
    """What stands before a URL's path, the path, and what follows it."""
    begin, separator, rest = url.partition("://")
    if begin.lower() != ZIP:
        return f"{begin}{separator}", rest, ""
    path, colons, archive = rest.partition("::")
    return f"{begin}{separator}", path, f"{colons}{archive}"


def same_place(one: str, other: str) -> bool:
    """Whether two URLs name one file, as far as their texts say; a host's and a scheme's case does not count."""
    return _key(one) == _key(other)


def _key(url: str) -> str:
    found = _URL.fullmatch(addressed(url)[0])
    if found is None:
        return url
    aliases = {"s3a": "s3", "gcs": "gs", "abfss": "abfs"}
    scheme = found["scheme"].lower()
    host, slash, path = found["rest"].partition("/")
    if scheme == "memory":  # memory://a and memory:///a are one
        return f"memory://{found['rest'].strip('/')}"
    host = host.lower() if scheme in _WEB else host
    return f"{found['before']}{aliases.get(scheme, scheme)}://{host}{slash}{path}"


def check_listed(entry: str, where: str) -> None:
    """What a list that was itself fetched may name: web addresses, and files at its own kind of place.

    Such a list is another's text: it must not have files of this machine read, nor use keys for another store.

    Args:
        entry: a line of the list.
        where: the URL of the list.

    Raises:
        PlaceError: it names something else.
    """
    if not is_url(entry):
        raise PlaceError("a list at a URL may name URLs only; fetch the list, and name it as a file")
    own, named = _base(where), _base(entry)
    if named not in (own, *_WEB):
        allowed = ", ".join(f"{scheme}://" for scheme in dict.fromkeys((*_WEB, own)) if scheme in SCHEMES)
        raise PlaceError(f"a list at this URL may name {allowed}; fetch the list, and name it as a file")


def _base(url: str) -> str:
    """The scheme by which a URL's bytes are fetched; of an archive on a disk the archive itself."""
    found = parsed(url)
    if found.archive is None:
        return found.scheme
    return parsed(found.archive).scheme if is_url(found.archive) else found.archive
