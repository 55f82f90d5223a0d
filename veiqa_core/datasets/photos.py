"""Photos in a folder that something is made from, each under a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

from ..errors import UsageError
from ..files.names import name_key
from ..files.paths import display_name, file_stem
from ..inputs import walk


def find_photos(root: Path, note: Callable[[str], object] = lambda text: None) -> dict[str, Path]:
    """The photos in a folder and the folders in it, hidden ones left out, by the name that their images get.

    Args:
        note: takes one line where pictures that VEIQA made are left out.

    Raises:
        UsageError: it is no folder, a folder in it cannot be listed, or it holds no photos.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: {'is a file, not a folder' if root.exists() else 'no such folder'}")
    paths = [Path(path).relative_to(root) for path in photos_at(str(root), note)]
    return {name: root / path for name, path in zip(_names(paths), paths, strict=True)}


def photos_at(root: str, note: Callable[[str], object]) -> list[str]:
    """The photos in a folder, by its path or URL, and the folders in it.

    Args:
        note: as for :func:`find_photos`.

    Raises:
        UsageError: a folder in it cannot be listed, or it holds no photos.
    """
    own: list[str] = []
    found = list(walk(root, left_out=own.append))
    if own:
        note(f"{display_name(root)}: {len(own)} pictures that VEIQA made are left out, the first {own[0]}")
    if not found:
        raise UsageError(f"{display_name(root)}: holds no photos that can be read")
    return found


def _names(paths: Iterable[PurePath]) -> Iterator[str]:
    """A name for each relative path that file systems take, none twice, not even where case does not count."""
    taken: set[str] = set()
    for path in paths:
        stem = file_stem("-".join(path.with_suffix("").parts))
        name, count = stem, 1
        while name_key(name) in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name_key(name))
        yield name
