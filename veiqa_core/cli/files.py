"""Files and folders that commands write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from ..errors import UsageError
from ..files import writing
from ..files.names import name_key
from ..files.paths import is_file, is_stream, same_file
from ..files.remote import RemoteFile, Target, sent
from ..files.urls import PlaceError
from ..files.writing import obstacle
from ..functions.folders import refuse_store_target
from .printing import data


@attrs.frozen
class Made:
    """Files of a kind that a command writes, which it may write again.

    Attributes:
        what: what they are called, in one word or two.
        known: whether a file is one.
    """

    what: str
    known: Callable[[Path], bool]


def check_target(
    option: str,
    target: Target | None,
    made: Made | None,
    *,
    store: Path | None = None,
    read: Iterable[str | Path | None] = (),
) -> None:
    """Refuse a file that cannot be written, before any work is done.

    Args:
        option: that names it, for the message.
        made: what it may take the place of; None for whatever is there, which the user has said or which is looked at
            later.
        store: the store that was named.
        read: files that the command reads; None for nothing.

    Raises:
        UsageError: it cannot be written, or would take the place of a store, of what is read, or of a file that VEIQA
            did not write.
    """
    if isinstance(target, RemoteFile):
        _check_remote(option, target, made, store, read)
        return
    check_place(target, option)
    if target is None or is_standard_output(target) or is_stream(target):
        return
    refuse_store_target(option, target, store)
    refuse_input_target(option, target, *read)
    if made is not None and target.is_file() and target.stat().st_size and not made.known(target):
        raise UsageError(
            f"{option} {target}: is there already, and is not {made.what} that VEIQA wrote; name another file, or "
            "delete it first"
        )
    from ..inputs import is_image_name

    if is_image_name(target.name):
        raise UsageError(f"{option} {target}: has the name of an image, and will be none; name another file")


def _check_remote(
    option: str, target: RemoteFile, made: Made | None, store: Path | None, read: Iterable[str | Path | None]
) -> None:
    """The same of a file at a URL: what is there is fetched, and looked at."""
    if any(target.is_at(name) for name in read):
        raise UsageError(f"{option} {target}: is one of the files that are read; name another")
    try:
        target.fetch()
    except PlaceError as error:
        raise UsageError(f"{option} {target}: {error}") from None
    with target.named():
        check_target(option, target.path, made, store=store)


def same_target(one: Target | None, other: Target | None) -> bool:
    """Whether two files that are written are one."""
    if isinstance(one, RemoteFile) or isinstance(other, RemoteFile):
        return isinstance(one, RemoteFile) and isinstance(other, RemoteFile) and one.is_at(other.url)
    return None not in (one, other) and _target_key(one) == _target_key(other)


def _target_key(path: Path | None) -> str:
    return name_key(os.path.realpath(str(path)))


def check_new(option: str, target: Path | None, advice: str = "") -> None:
    """Refuse to write over a file.

    Args:
        option: that names it, for the message.
        advice: what else to do, to be added to it.

    Raises:
        UsageError: there is one.
    """
    if target is not None and target.is_file():
        raise UsageError(f"{option} {target}: is there already; name another file{advice}")


def check_place(output: Path | None, option: str = "--output") -> None:
    """Find what would keep a file from being written before any work is done.

    Args:
        option: that names it, for the message.

    Raises:
        UsageError: its folder is not there or may not be written to, its name cannot be, or it is a folder itself.
    """
    if output is None or is_standard_output(output) or is_stream(output):
        return
    folder = Path(os.path.realpath(output)).parent
    problem = None
    try:
        output.stat()
    except FileNotFoundError:
        problem = None if folder.is_dir() else "no such folder"
    except OSError as error:
        problem = error.strerror
    else:
        if output.is_dir():
            raise UsageError(f"{option} {output}: is a folder; name a file")
    problem = problem or obstacle(folder)
    if problem is not None:
        raise UsageError(f"{option} {output}: cannot be written: {problem}")


def is_standard_output(path: Target | None) -> bool:
    """Whether no file is named, or standard output by one of its names, which leads elsewhere in a command."""
    return path is None or str(path) in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def refuse_input_target(option: str, target: Path | None, *named: str | Path | None) -> None:
    """Never write over an image, or over another file that the command reads.

    Args:
        option: that names the target, for the message.
        named: images, lists and whatever else is read; None for nothing.

    Raises:
        UsageError: the target is one.
    """
    if target is None or not target.is_file():
        return
    if any(name is not None and same_file(name, target) for name in named) or _holds_image(target):
        raise UsageError(
            f"{option} {target}: is one of the images, lists or other files that are read; name another file"
        )


def _holds_image(path: Path) -> bool:
    from ..errors import ImageError
    from ..images import frames

    try:
        return frames(path) > 0
    except ImageError:
        return False


def refuse_dataset_target(output: Path | None, *folders: Path, option: str = "--output") -> None:
    """Never write over what a dataset's folder holds.

    Args:
        option: that names the file, for the message.

    Raises:
        UsageError: the file is in one of the folders.
    """
    if output is None or not is_file(output):
        return
    place = Path(os.path.realpath(output))
    if any(place.is_relative_to(os.path.realpath(folder)) for folder in folders):
        raise UsageError(f"{option} {output}: is a file of the dataset; name another")


def write_text(text: str, output: Target | None) -> None:
    """Write to a file in one step, or to standard output.

    Raises:
        UsageError: it cannot be written.
        VeiqaError: it cannot be sent to a URL.
    """
    with sent(output) as path:
        if path is None or is_standard_output(path):
            data(text)
        else:
            writing.write_text(text, path)
