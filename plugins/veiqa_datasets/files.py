"""A dataset's folder: files found whatever case and Unicode normalisation their names have, errors of one line."""

from __future__ import annotations

from pathlib import Path

from veiqa_core.api import DatasetError, Spelling, text_of

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
        self._spelling = Spelling(root)

    @classmethod
    def of(cls, release: Release, root: Path) -> Folder:
        """The folder of a public dataset."""
        return cls(root, release.name, f"{release.title} can be had at {release.home}")

    def error(self, problem: str) -> DatasetError:
        """The problem as an error that names the dataset."""
        return DatasetError(f"{self._dataset}: {problem}")

    def spelled(self, name: str) -> str:
        """A name relative to the folder as the disk spells it; unchanged from the part on that is not there."""
        return self._spelling.of(name)

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
            DatasetError: it is missing, not UTF-8, or larger than 256 MiB.
        """
        path = self.file(name)
        try:
            return text_of(path)
        except ValueError as error:
            raise self.error(f"{name} {error}") from error
