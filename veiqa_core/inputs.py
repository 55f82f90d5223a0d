"""Which images are meant: files, folders and lists, as names that come one after another and are never all held."""

from __future__ import annotations

import functools
import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn

import attrs

from .errors import UsageError, brief
from .files import places, urls
from .files.marks import is_picture
from .files.names import on_disk
from .files.paths import display_name
from .files.reading import MOST_TEXT
from .files.urls import PlaceError, is_url

STDIN = "-"

_CHUNK = 1 << 12  # bytes
_MARK = b"\xef\xbb\xbf"  # with which some editors begin UTF-8
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BEGINNING = 4  # bytes, which tell the encoding
_LONGEST = 2**16  # bytes of a path, beyond what systems take

Parts = tuple[str, ...]
Report = Callable[[str], object]


@functools.cache
def known_suffixes() -> frozenset[str]:
    """The suffixes, in lower case and with their dots, of files that can be read as images."""
    from .images import suffixes  # imports torch

    return suffixes()


def is_image_name(name: str) -> bool:
    """Whether a file's suffix is one of an image."""
    return os.path.splitext(name)[1].lower() in known_suffixes()  # noqa: PTH122  # names need not be text


def _pattern(text: str) -> Parts:
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if not parts:
        raise UsageError(f"{text!r} is no pattern; say one such as '*.png' or 'holiday/**'")
    return parts if "/" in text.rstrip("/") else ("**", *parts)


def _patterns(texts: Iterable[str]) -> tuple[Parts, ...]:
    return tuple(map(_pattern, texts))


@attrs.frozen
class Choice:
    """Which files of a folder are meant: images that are not hidden, and of them what the patterns choose.

    A pattern is compared with the path relative to the folder, a part with a part: ``*``, ``?`` and ``[...]`` stay in
    their part, ``**`` stands for any number of parts. One without a slash may match in any folder. A folder that is
    excluded is not looked into.

    Attributes:
        include: of these patterns one must match; none for every image.
        exclude: of these none may match.

    Raises:
        UsageError: a pattern is empty.
    """

    include: tuple[Parts, ...] = attrs.field(default=(), converter=_patterns)
    exclude: tuple[Parts, ...] = attrs.field(default=(), converter=_patterns)

    def excludes(self, path: Parts) -> bool:
        """Whether a file or folder is left out."""
        return any(_matches(path, pattern) for pattern in self.exclude)

    def takes(self, path: Parts) -> bool:
        """Whether a file is meant."""
        included = not self.include or any(_matches(path, pattern) for pattern in self.include)
        return included and is_image_name(path[-1]) and not self.excludes(path)


def _matches(path: Parts, pattern: Parts) -> bool:
    if not pattern:
        return not path
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        return any(_matches(path[skipped:], rest) for skipped in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], first) and _matches(path[1:], rest)


def _refuse(problem: str) -> NoReturn:
    raise UsageError(problem)


def _ignore(path: str) -> None:
    """Take no notice."""


def walk(root: str, choice: Choice = Choice(), report: Report = _refuse, left_out: Report = _ignore) -> Iterator[str]:
    """The images in a folder and the folders in it, hidden ones left out, each as ``root`` and the path in it.

    Pictures that VEIQA made of what it found in images are left out, too: they are no photos.

    They come in the order of the paths' parts, the same on every file system, and only the names of the folders on the
    way are held. Links to files are followed, links to folders are not; links that lead nowhere are named like files.

    Args:
        root: a folder's path or URL.
        report: takes one line for a folder that cannot be listed; by default it raises :class:`UsageError`.
        left_out: takes the path of each picture that VEIQA made.
    """
    levels: list[tuple[Parts, Iterator[tuple[str, bool]]]] = [((), _listing(root, report))]
    while levels:
        parents, entries = levels[-1]
        entry = next(entries, None)
        if entry is None:
            levels.pop()
            continue
        name, is_folder = entry
        parts = (*parents, name)
        path = joined(root, parts)
        if not is_folder:
            if choice.takes(parts):
                if is_picture(path):
                    left_out(path)
                else:
                    yield path
        elif not choice.excludes(parts):
            levels.append((parts, _listing(path, report)))


def joined(folder: str, parts: Parts) -> str:
    """A path or URL in a folder, which stays as the user wrote it."""
    return urls.joined(folder, parts) if is_url(folder) else os.path.join(folder, *parts)  # noqa: PTH118


def _listing(folder: str, report: Report) -> Iterator[tuple[str, bool]]:
    """The sorted names of the files and folders in a folder that are not hidden, and whether each is a folder."""
    try:
        entries = places.listing(folder) if is_url(folder) else list(_scanned(folder))
    except (OSError, PlaceError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        report(f"{display_name(folder)}: cannot be listed: {reason}")
        return
    entries.sort(reverse=True)
    while entries:  # those that are done need no memory
        name, is_folder = entries.pop()
        if name and not name.startswith("."):
            yield name, is_folder


def _scanned(folder: str) -> Iterator[tuple[str, bool]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and (kind := _kind(entry)) is not None:
                yield entry.name, kind == "folder"


def _kind(entry: os.DirEntry[str]) -> Literal["file", "folder"] | None:
    """None for what is neither: pipes, devices and links to folders.

    What cannot be looked at counts as a file, so that it is named and fails there: links that lead nowhere, to
    themselves, or to where nobody may look.
    """
    try:
        if entry.is_dir(follow_symlinks=False):
            return "folder"
        if not entry.is_file():
            entry.stat()  # which fails where only False was said of a link
            return None
    except OSError:
        pass
    return "file"


def listed(stream: BinaryIO, null: bool = False) -> Iterator[str]:
    """The paths in a list, each as soon as it is there.

    Args:
        stream: the list; anything with ``read1``.
        null: whether paths end with NUL, not with a line's end of any system; then any path can be listed.

    Raises:
        UsageError: on iteration: it is UTF-16, or holds a path of more than 64 KiB.
    """
    end = b"\0" if null else b"\n"
    rest, begun = b"", False
    while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]  # which the type of streams lacks
        rest += chunk if null else chunk.replace(b"\r", b"\n")
        if not begun and len(rest) < _BEGINNING:
            continue
        if not begun:
            rest, begun = _without_mark(rest, null), True
        *whole, rest = rest.split(end)
        if len(rest) > _LONGEST:
            raise UsageError(f"holds a path of more than {_LONGEST:,} bytes; it is no list of files")
        yield from map(os.fsdecode, filter(None, whole))
    yield from map(os.fsdecode, filter(None, (rest if begun else _without_mark(rest, null)).split(end)))


def _without_mark(beginning: bytes, null: bool) -> bytes:
    if not null and beginning.startswith(_WIDE_MARKS) and b"\0" in beginning:
        raise UsageError("is UTF-16 text; save it as UTF-8")
    return beginning.removeprefix(_MARK)


@attrs.frozen
class Inputs:
    """Files, folders and lists that were named, by paths or by URLs.

    A list that came from a URL may name URLs only, as :func:`veiqa_core.files.urls.check_listed` has it.

    Attributes:
        named: files and folders, and :data:`STDIN` for a list on standard input.
        lists: files that list files, one path a line; :data:`STDIN`, too.
        null: whether the paths in lists end with NUL.
        choice: which files of folders are meant.
        report: takes one line for a folder in a folder that cannot be listed.
        left_out: takes the path of each picture in a folder that VEIQA made, and that is no photo.

    Raises:
        UsageError: nothing is named, or standard input twice, or there are patterns and no folder, or it cannot be
            found out whether a URL is one of a folder.
    """

    named: tuple[str, ...]
    lists: tuple[str, ...] = ()
    null: bool = False
    choice: Choice = Choice()
    report: Report = _refuse
    left_out: Report = _ignore
    _folders: dict[str, bool] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        everything = (*self.named, *self.lists)
        if not everything:
            raise UsageError("name images or folders, or - for a list on standard input, or --list FILE")
        if everything.count(STDIN) > 1:
            raise UsageError("standard input can be read once: say - once")
        if self.null and not self.lists and STDIN not in self.named:
            raise UsageError("--null goes with --list FILE or -")
        if (self.choice.include or self.choice.exclude) and not any(map(self._is_folder, self.named)):
            raise UsageError("--include and --exclude choose among the files of folders, and no folder is named")

    def names(self) -> Iterator[str]:
        """All images: those named in their order, then those of the lists.

        Raises:
            UsageError: before the first one: a folder or a list cannot be read, or holds none.
        """
        for name in filter(self._is_folder, self.named):
            own: list[str] = []
            if next(walk(name, self.choice, left_out=own.append), None) is None:
                patterns = bool(self.choice.include or self.choice.exclude)
                what = f"images{' that the patterns choose' if patterns else ''}"
                raise UsageError(
                    f"{display_name(name)}: holds no {what}{' but pictures that VEIQA made' if own else ''}"
                )
        sources = [self._source(name) for name in self.named]
        return chain.from_iterable([*sources, *map(self._begun, self.lists)])

    @property
    def listed_already(self) -> bool:
        """Whether all lists can be read before the images are, and once more."""
        return STDIN not in self.named and all(map(_is_regular, self.lists))

    def count(self) -> int | None:
        """How many images there are; None where that is only known at the end, or a folder at a URL would be listed."""
        if not self.listed_already or any(is_url(name) and self._is_folder(name) for name in self.named):
            return None
        quiet = attrs.evolve(self, report=_ignore, left_out=_ignore)  # what is wrong is reported when the names come
        sources = [*map(quiet._source, self.named), *map(self._list, self.lists)]
        return sum(1 for _ in chain.from_iterable(sources))

    def _source(self, name: str) -> Iterator[str]:
        if name == STDIN:
            return self._begun(name)
        return walk(name, self.choice, self.report, self.left_out) if self._is_folder(name) else iter((name,))

    def singly(self) -> Iterator[str] | None:
        """The images that were named or listed one by one; None where that is only known at the end."""
        if not self.listed_already:
            return None
        return chain((name for name in self.named if not self._is_folder(name)), *map(self._list, self.lists))

    def _begun(self, name: str) -> Iterator[str]:
        """A list's paths, the first one read."""
        paths = self._list(name)
        first = next(paths, None)
        if first is None:
            what = "standard input" if name == STDIN else f"--list {display_name(name)}"
            raise UsageError(f"{what}: lists no images")
        return chain((first,), paths)

    def _list(self, name: str) -> Iterator[str]:
        if name == STDIN:
            if sys.stdin is None:
                raise UsageError("standard input is closed: - needs a list there")
            yield from self._paths("standard input", sys.stdin.buffer)
            return
        if is_url(name):
            yield from self._fetched_list(name)
            return
        try:
            with Path(name).open("rb") as stream:
                yield from self._paths(f"--list {name}", stream)
        except OSError as error:
            raise UsageError(f"--list {name}: cannot be read: {error.strerror}") from error

    def _fetched_list(self, url: str) -> Iterator[str]:
        """The paths in a list at a URL, all of which it may name."""
        what = f"--list {display_name(url)}"
        try:
            text = places.content(url, MOST_TEXT)
        except PlaceError as error:
            raise UsageError(f"{what}: {error}") from None
        entries = list(self._paths(what, io.BytesIO(text)))
        for entry in entries:
            try:
                urls.check_listed(entry, url)
            except PlaceError as error:
                raise UsageError(f"{what}: names {brief(display_name(entry))}: {error}") from None
        yield from entries

    def _is_folder(self, name: str) -> bool:
        """Whether a folder is named."""
        if not is_url(name):
            return name != STDIN and os.path.isdir(name)  # noqa: PTH112  # knows names that no file system takes
        if name not in self._folders:
            self._folders[name] = is_folder_at(name)
        return self._folders[name]

    def _paths(self, what: str, stream: BinaryIO) -> Iterator[str]:
        """A list's paths; of those made on Windows, with backslashes between their parts, as they are called here."""
        paths = listed(stream, self.null)
        while True:
            try:
                path = next(paths)
            except StopIteration:
                return
            except UsageError as error:
                raise UsageError(f"{what}: {error}") from error
            if is_url(path):
                yield path
                continue
            slashed = path.replace("\\", "/")
            yield slashed if slashed != path and not _is_there(path) and _is_there(slashed) else path


def is_folder_at(url: str) -> bool:
    """Whether a URL is one of a folder; of one with an image's suffix that is not asked.

    Raises:
        UsageError: it cannot be found out.
    """
    file = urls.addressed(url)[0]
    if not file.endswith("/") and is_image_name(urls.last_part(file)):
        return False
    try:
        return places.is_folder(url)
    except PlaceError as error:
        raise UsageError(f"{display_name(url)}: {error}") from None


def _is_there(name: str) -> bool:
    return os.path.lexists(on_disk(Path(name)))


def _is_regular(name: str) -> bool:
    if is_url(name):
        return True
    try:
        return name != STDIN and stat.S_ISREG(Path(name).stat().st_mode)
    except OSError:
        return False
