"""The options that say where the rows of other commands than ``run`` go, and that a page shows them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import attrs
import click

from ...errors import UsageError
from ...files.marks import is_page
from ...files.paths import is_stream
from ...files.remote import Target, local, named, sent
from ...files.writing import write_whole
from ...isolation.terminal import data_output
from ...results import records
from ...results.records import Layout, Record
from ...results.resume import NAMES
from ...results.streams import reported
from ..files import Made, check_target, is_standard_output, same_target
from ..paths import TARGET
from .grouped import option

if TYPE_CHECKING:
    from ...results.record_parquet import ParquetWriter

_RESUMABLE = ("jsonl", "csv", "parquet")
_GROWING = ("jsonl", "csv")
"""Formats of files that grow row by row."""


def _file_or_none(ctx: click.Context, param: click.Parameter, value: Target | None) -> Target | None:
    """None for standard output by any of its names."""
    return None if is_standard_output(value) else value


@attrs.frozen
class RecordOptions:
    """``--output``, ``--format``, ``--report``, ``--resume`` and ``--quiet``.

    Raises:
        UsageError: there is no file to go on with.
    """

    output: Target | None = option(
        "--output",
        type=TARGET,
        metavar="FILE|URL",
        help="Write here, not to standard output.",
        callback=_file_or_none,
    )
    format_named: str | None = option(
        "--format",
        type=click.Choice(records.FORMATS),
        help="Output format. Default: as the suffix of --output says, else table.",
    )
    report: Target | None = option(
        "--report",
        type=TARGET,
        metavar="FILE.html|URL",
        help="Write a page on all of it; it loads nothing from anywhere.",
    )
    resume: bool = option(
        "--resume",
        is_flag=True,
        help="Keep the rows that are in FILE (jsonl, csv or parquet), and go on with the others.",
    )
    quiet: bool = option("-q", "--quiet", is_flag=True, help="No progress bar, also on a terminal.")

    @property
    def file(self) -> Path | None:
        """The file on this machine that is written; None for standard output."""
        return local(self.output)

    @property
    def form(self) -> str:
        """The format: that of the file's suffix where none is named."""
        if self.format_named is not None:
            return self.format_named
        suffix = "" if self.output is None else self.output.suffix[1:]
        return suffix if suffix in records.FORMATS else "table"

    def __attrs_post_init__(self) -> None:
        if self.resume and (self.file is None or self.form not in _RESUMABLE or is_stream(self.file)):
            raise UsageError("--resume goes on with a file in jsonl, csv or parquet: name it with --output")

    def check(self, layout: Layout, page: str, read: Iterable[str | Path]) -> None:
        """Refuse files that cannot be written, before any work is done.

        Args:
            page: the kind of the page.
            read: files that the command reads.

        Raises:
            UsageError: as for :func:`veiqa_core.cli.files.check_target`, or both are one file.
        """
        named = tuple(map(str, read))
        made = None if self.resume else Made("a file of this command", partial(records.is_written, layout=layout))
        if self.form == "parquet":
            if self.file is None or is_stream(self.file):
                raise UsageError("--format parquet writes a file: name it with --output")
            from ...results.parquet import check_installed

            check_installed()
        if self.form == "table" and made is not None:
            made = Made(made.what, lambda path: False)  # a text of anybody's may look like it
        check_target("--output", self.output, made, read=named)
        if self.report is None:
            return
        if is_standard_output(self.report):
            raise UsageError(f"--report {self.report}: a page needs a file; name one, such as report.html")
        if same_target(self.output, self.report):
            raise UsageError(f"--report {self.report}: is where --output writes too; name another file")
        check_target("--report", self.report, Made("such a report", partial(is_page, kind=page)), read=named)

    @property
    def where(self) -> str:
        """Where rows go, in words."""
        return "standard output" if self.output is None else f"--output {self.output}"

    @property
    def grows(self) -> bool:
        """Whether rows come into a file one by one, so that those before an interruption are there."""
        return self.file is not None and self.form in _GROWING and not is_stream(self.file)

    @contextmanager
    def writer(
        self, layout: Layout, end: int | None = None, earlier: Iterable[Record] = ()
    ) -> Iterator[Callable[[Record], None]]:
        """What writes a row; a failure to write is one line.

        Args:
            end: where the rows end that stay in the file; None to begin it anew.
            earlier: those rows, which a file that cannot grow needs again.

        Raises:
            UsageError: the file cannot be opened.
            VeiqaError: it takes no more, or cannot be sent to its URL.
        """
        with sent(self.output, partial=True), self._made(layout, end, earlier) as made:
            try:
                yield lambda row: _guarded(self.where, lambda: made.add(row))
            finally:
                _guarded(self.where, made.close)

    @contextmanager
    def _made(
        self, layout: Layout, end: int | None, earlier: Iterable[Record]
    ) -> Iterator[records.Writer | ParquetWriter]:
        if self.form != "parquet" or self.file is None:
            with self._stream(end) as stream:
                yield records.Writer(stream, self.form, layout, begun=bool(end))
            return
        from ...results.record_parquet import ParquetWriter

        try:
            made = ParquetWriter(self.file, layout)
        except OSError as error:
            raise UsageError(f"--output {self.output}: cannot be written: {error.strerror}") from error
        for row in earlier:
            made.add(row)
        yield made

    @contextmanager
    def _stream(self, end: int | None) -> Iterator[TextIO]:
        if self.file is None:
            if sys.stdout is None:  # closed before the command began
                raise UsageError("standard output is closed: name a file with --output")
            stream = data_output() if self.form == "csv" else sys.stdout
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=NAMES)
            yield stream
            return
        try:
            if end is not None:
                os.truncate(self.file, end)
            opened = self.file.open("w" if end is None else "a", encoding="utf-8", errors=NAMES, newline="")
        except OSError as error:
            raise UsageError(f"--output {self.output}: cannot be written: {error.strerror}") from error
        with self._closing(opened):
            yield opened

    def _closing(self, stream: TextIO) -> AbstractContextManager[None]:
        @contextmanager
        def closing() -> Iterator[None]:
            try:
                yield
            finally:
                with reported(self.where):
                    stream.close()

        return closing()

    @contextmanager
    def replacing(self, layout: Layout) -> Iterator[Callable[[Record], None]]:
        """The same; what is in a file stays until all rows are written.

        Raises:
            UsageError: the file cannot be written.
            VeiqaError: it cannot be sent to its URL.
        """
        if not self.grows or self.file is None:
            with self.writer(layout) as add:
                yield add
            return
        stream = io.StringIO(newline="")
        made = records.Writer(stream, self.form, layout)
        yield made.add
        made.close()
        with sent(self.output):
            write_whole(self.file, lambda file: file.write(stream.getvalue().encode(errors=NAMES)))

    def earlier(self, layout: Layout) -> tuple[list[Record], int | None]:
        """The rows that an earlier run wrote, and where they end; None where the file is begun anew.

        Raises:
            UsageError: the file holds something else.
        """
        if not self.resume or self.file is None or not self.file.is_file():
            return [], None
        with named(self.output):
            return records.read(self.file, self.form, layout)

    def going_on(self, done: str) -> str:
        """What an interruption leaves.

        Args:
            done: what was done with each, such as ``compared``.
        """
        if self.file is None:
            return f"what was {done} is written"
        if self.form not in _RESUMABLE or is_stream(self.file):
            return f"what was {done} is in {self.output}"
        return f"what was {done} is in {self.output}; the same command{'' if self.resume else ' with --resume'} goes on"


def _guarded(where: str, write: Callable[[], object]) -> None:
    with reported(where):
        write()
