"""Names of files as people's tables write them, found as the disk spells them."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Literal

_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")  # which systems and archivers take in place of each other


def name_key(name: str) -> str:
    """What two names have in common that some file system takes for one: it ignores case and Unicode normalisation."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, in whatever Unicode normalisation."""
    return one == other or unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def on_disk(path: Path) -> Path:
    """A path as the disk spells it where that differs in Unicode normalisation only; else the path itself."""
    if str(path).isascii() or os.path.lexists(path):
        return path
    found = Path(path.anchor)
    for part in path.relative_to(path.anchor).parts:
        spellings = (found / spelling for spelling in (part, *(unicodedata.normalize(form, part) for form in _FORMS)))
        known = next(filter(os.path.lexists, spellings), None)
        if known is None:
            return path
        found = known
    return found


class Spelling:
    """Names relative to a folder, found whatever their case and Unicode normalisation.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listings: dict[Path, tuple[set[str], dict[str, str]]] = {}

    def of(self, name: str) -> str:
        """A name with forward slashes as the disk spells it; unchanged from the part on that is not there.

        A name that is there counts as it is. Else the one file counts that differs in case or normalisation only; of
        several none does.
        """
        at, parts = self._root, []
        for part in name.split("/"):
            names, by_key = self._listing(at)
            parts.append(part if part in names else by_key.get(name_key(part), part))
            at /= parts[-1]
        return "/".join(parts)

    def _listing(self, directory: Path) -> tuple[set[str], dict[str, str]]:
        """The names in a directory, and those that no other shares its key with by their keys."""
        if directory not in self._listings:
            try:
                names = {path.name for path in directory.iterdir()}
            except (OSError, ValueError):  # not there, or closed to us: whoever needs a file in it reports that one
                names = set()
            shared = Counter(map(name_key, names))
            self._listings[directory] = names, {name_key(name): name for name in names if shared[name_key(name)] == 1}
        return self._listings[directory]
