"""Executes the blocks of a page in order."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from veiqa_core.datasets.rated_set import load
from veiqa_core.extension.registry import installed
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.resolution import resolve_all
from veiqa_core.searching import space

from .blocks import Block
from .printed import matches
from .shell import Shell


class Failed(AssertionError):
    """A block does not do what the page says."""


@attrs.define
class Page:
    """A page that is being executed.

    Attributes:
        folder: where its commands and its Python run, and its files lie.
        names: what its Python has defined so far.
    """

    folder: Path
    shell: Shell
    names: dict[str, Any] = attrs.field(factory=lambda: {"__name__": "__main__"})
    _printed: str | None = None

    def run(self, blocks: Iterable[Block]) -> None:
        """Execute the blocks in order.

        Raises:
            Failed: one fails, or prints something else than the page shows.
        """
        for block in blocks:
            self.execute(block)

    def execute(self, block: Block) -> None:
        """Execute one block.

        Raises:
            Failed: it fails, or prints something else than the page shows.
        """
        if block.skipped:
            self._printed = None
        elif block.file:
            self._write(*block.file)
        else:
            try:
                _RUNNERS[block.language](self, block)
            except Failed:
                raise
            except Exception as error:
                raise Failed(f"{block.where}: {type(error).__name__}: {error}") from error

    def _write(self, name: str, continued: bool, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        so_far = f"{path.read_text(encoding='utf-8')}\n\n" if continued else ""
        path.write_text(so_far + text, encoding="utf-8")

    def _sh(self, block: Block) -> None:
        done = self.shell.run(block.text, self.folder)
        if done.status:
            raise Failed(f"{block.where}: exit status {done.status}\n{block.text}\n{done.stdout}\n{done.stderr}")
        self._printed = done.stdout

    def _python(self, block: Block) -> None:
        code = compile("\n" * (block.line - 1) + block.text, str(block.page), "exec")
        before, path = Path.cwd(), list(sys.path)
        sys.path.insert(0, str(self.folder))
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(code, self.names)
        finally:
            os.chdir(before)
            sys.path[:] = path
        self._printed = out.getvalue()

    def _toml(self, block: Block) -> None:
        """A recipe or space must be one; it is kept under its name, by which commands further down take it."""
        table = tomllib.loads(block.text)
        path = self.folder / f"{table.get('name', 'unnamed')}.toml"
        if "branch" in table or "distortion" in table:
            path.write_text(block.text)
            resolve_all(recipe_files.find(str(path), installed()), installed())
        elif "metric" in table:
            path.write_text(block.text)
            space.find(str(path), installed())

    def _csv(self, block: Block) -> None:
        """A table of ratings, whose images only have to be there."""
        folder = self.folder / f"ratings-{block.line}"
        for row in csv.DictReader(io.StringIO(block.text)):
            for name in filter(None, (row.get("image"), row.get("reference"))):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).touch()
        folder.mkdir(exist_ok=True)
        (folder / "scores.csv").write_text(block.text)
        load(installed().part("dataset", "csv"), folder)

    def _text(self, block: Block) -> None:
        if self._printed is None:
            raise Failed(f"{block.where}: output of nothing that was executed; mark it, or leave out its language")
        if not matches(block.text, self._printed):
            raise Failed(f"{block.where}: shows\n{block.text}\nbut this was printed:\n{self._printed}")

    def _nothing(self, block: Block) -> None:
        """Neither code nor output."""


_RUNNERS: Mapping[str, Callable[[Page, Block], None]] = {
    "sh": Page._sh,
    "python": Page._python,
    "toml": Page._toml,
    "csv": Page._csv,
    "text": Page._text,
    "": Page._nothing,
}
