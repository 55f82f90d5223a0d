"""A dataset's folder: files found whatever the case of their names, and errors of one line."""

from __future__ import annotations

from pathlib import Path

from veiqa_core.api import DatasetError

from .releases import Release


class Folder:
    """The folder of a dataset.

    Args:
        root: the folder.
        dataset: the component's name, with which every error begins.
        advice: a sentence that ends the error about a missing file: what is expected, and where to get it.
    """

    def __init__(self, root: Path, dataset: str, advice: str) -> None:
        self.root = root
        self._dataset = dataset
        self._advice = advice
        self._listings: dict[Path, dict[str, str]] = {}

    @classmethod
    def of(cls, release: Release, root: Path) -> Folder:
        """The folder of a public dataset."""
        return cls(root, release.name, f"{release.title} can be had at {release.home}")

    def error(self, problem: str) -> DatasetError:
        """The problem as an error that names the dataset."""
        return DatasetError(f"{self._dataset}: {problem}")

    def spelled(self, name: str) -> str:
        """A name relative to the folder as the disk spells it; unchanged from the part on that is not there."""
        at, parts = self.root, []
        for part in name.split("/"):
            names = self._names(at)
            parts.append(names.get(part) or names.get(part.casefold(), part))
            at /= parts[-1]
        return "/".join(parts)

    def has(self, name: str) -> bool:
        """Whether the folder holds such a file."""
        try:
            return (self.root / self.spelled(name)).is_file()
        except (OSError, ValueError):  # no possible name of a file
            return False

    def file(self, name: str, note: str = "") -> Path:
        """A file that the dataset must hold.

        Raises:
            DatasetError: it is missing; ``note`` adds what else helps.
        """
        path = self.root / self.spelled(name)
        if not path.is_file():
            raise self.error(f"{self.root} has no {name}, which this dataset needs. {self._advice}{note}")
        return path

    def text(self, name: str) -> str:
        """The text of a file that the dataset must hold.

        Raises:
            DatasetError: it is missing or not UTF-8.
        """
        path = self.file(name)
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(f"{name} is not UTF-8 text; save it as UTF-8") from error
        except OSError as error:
            raise self.error(f"{name} cannot be read: {error.strerror}") from error

    def _names(self, directory: Path) -> dict[str, str]:
        """The names in a directory by themselves and, for want of that, by their folded case."""
        if directory not in self._listings:
            try:
                names = sorted(path.name for path in directory.iterdir())
            except (OSError, ValueError):  # not there, or closed to us: whoever needs a file in it reports that one
                names = []
            self._listings[directory] = {name.casefold(): name for name in names} | {name: name for name in names}
        return self._listings[directory]
