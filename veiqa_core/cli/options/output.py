"""The options that say where results go and in which format, and whether an earlier run is resumed."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...files.paths import is_stream
from ...files.remote import RemoteFile, Target, local
from ...isolation.terminal import data_output
from ...results import columns
from ...results.columns import Columns
from ...results.formats import FORMATS, is_results
from ...results.resume import NAMES, Redone, ResultSink, Resumption
from ...results.sent import SentResults
from ...results.streams import Reported, Streamed
from ..files import Made, check_target, is_standard_output
from ..paths import TARGET
from .gate import GateOptions
from .grouped import option

if TYPE_CHECKING:
    from ...scorer import Scorer

_RESUMABLE = ("jsonl", "csv", "parquet")


def _file_or_none(ctx: click.Context, param: click.Parameter, value: Target | None) -> Target | None:
    """None for standard output by any of its names."""
    return None if is_standard_output(value) else value


def _columns(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    try:
        return columns.chosen(value)
    except UsageError as error:
        raise UsageError(f"--columns: {error}") from error


def _column_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The last one of those that are written with commas."""
    before, _, begun = incomplete.rpartition(",")
    names = (*columns.NAMES, columns.ALL)
    return [f"{before},{name}" if before else name for name in names if name.startswith(begun)]


def _is_results(target: Target) -> bool:
    return target.suffix[1:] in {*FORMATS, "parquet"} - {"table"}


@attrs.frozen
class OutputOptions:
    """``--format``, ``--output``, ``--resume``, ``--retry-failed`` and ``--quiet``.

    Attributes:
        output: the file, which may be at a URL; None for standard output.

    Raises:
        UsageError: they do not go together, or the file cannot be written where it is to be.
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
        type=click.Choice([*FORMATS, "parquet"]),
        help="Output format. Default: as the suffix of --output says, else table.",
    )
    columns: tuple[str, ...] | None = option(
        "--columns",
        callback=_columns,
        shell_complete=_column_names,
        metavar="NAME,...",
        help=f"What table, csv and parquet hold: {', '.join(columns.NAMES)}, or {columns.ALL}. Default: what a reader "
        "of scores needs. JSON holds all.",
    )
    resume: bool = option(
        "--resume", is_flag=True, help="Keep the results in FILE (jsonl, csv or parquet), and score the other images."
    )
    retry_failed: bool = option("--retry-failed", is_flag=True, help="With --resume: score images with an error again.")
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
        return self.output.suffix[1:] if self.output is not None and _is_results(self.output) else "table"

    def __attrs_post_init__(self) -> None:
        if self.retry_failed and not self.resume:
            raise UsageError("--retry-failed goes with --resume")
        if self.resume and (self.file is None or self.form not in _RESUMABLE or is_stream(self.file)):
            raise UsageError("--resume goes on with a file in jsonl, csv or parquet: name it with --output")
        if self.columns is not None and self.form in ("json", "jsonl"):
            raise UsageError(f"--columns: --format {self.form} holds everything; leave one of the two out")
        if self.form == "parquet":
            if self.file is None or is_stream(self.file):
                raise UsageError("--format parquet writes a file: name it with --output")
            from ...results.parquet import check_installed

            check_installed()

    def check(self, store: Path | None, read: Iterable[str | None]) -> None:
        """Refuse a file that cannot be written, before any work is done.

        Args:
            store: the store that was named.
            read: files that the command reads.

        Raises:
            UsageError: as for :func:`veiqa_core.cli.files.check_target`.
        """
        made = None if self.resume else Made("a file of results", is_results)  # whoever goes on looks at each row
        check_target("--output", self.output, made, store=store, read=read)

    def interruption_note(self, images: int) -> str:
        """What an interruption leaves.

        Args:
            images: how many have a row.
        """
        if not images:
            return "nothing was scored yet"
        if self.output is None:
            return "what was scored is written"
        if isinstance(self.output, RemoteFile) and self.output.pending:
            return f"what was scored is in {self.output.path}, and was not sent to {self.output}"
        return f"what was scored is in {self.output}{self._going_on}"

    @property
    def _going_on(self) -> str:
        """How to resume, to be added to a message about the file."""
        if self.file is None or self.form not in _RESUMABLE or is_stream(self.file):
            return ""
        return f"; the same command{'' if self.resume else ' with --resume'} goes on"

    def check_gate(self, gate: GateOptions) -> None:
        """Refuse a gate that cannot see what an earlier run found.

        Raises:
            UsageError: a column that it needs is left out.
        """
        if not self.resume or self.columns is None:
            return
        for name, needed, given in (
            ("--fail-under", "score", gate.fail_under),
            ("--fail-unsure", "flags", gate.fail_unsure),
        ):
            if given not in (None, False) and needed not in self.columns:
                raise UsageError(f"{name} counts the rows of earlier runs by the column {needed}: add it to --columns")

    def sink(self, scorer: Scorer) -> ResultSink:
        """Where results go.

        Args:
            scorer: that makes them.

        Raises:
            UsageError: the file cannot be opened, or a package is missing.
        """
        names = self.columns or columns.default(self.form == "table", scorer.calibrated, len(scorer.keys))
        made = Columns(names, scorer.similarity_keys, scorer.method_keys)
        if self.file is None:
            if sys.stdout is None:  # closed before the command began
                raise UsageError("standard output is closed: name a file with --output")
            stream = data_output() if self.form == "csv" else sys.stdout
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=NAMES)
            return Reported(Streamed(FORMATS[self.form], stream, made, closes=False), "standard output", "")
        try:
            sink = self._sink(self.file, made, scorer.recipe.label)
        except OSError as error:
            raise UsageError(f"--output {self.output}: cannot be written: {error.strerror}") from error
        if isinstance(self.output, RemoteFile):
            sink = SentResults(sink, self.output, grows=self.form in ("table", "jsonl", "csv"))
        return Reported(sink, f"--output {self.output}", self._going_on)

    def _sink(self, output: Path, made: Columns, recipe: str) -> ResultSink:
        from ...results import lines, parquet

        going_on = self.resume and output.is_file()
        resumption = Resumption(output, recipe, self.retry_failed, lossy=self.form == "parquet")
        if self.form == "parquet":
            whole = parquet.ParquetDraft(output, made)
            return Redone(resumption, partial(parquet.rows, output, made), whole) if going_on else whole
        if going_on and self.retry_failed:
            draft = lines.LinesDraft(output, self.form, made)
            return Redone(resumption, lambda: iter(lines.Rows(output, self.form, made)), draft)
        if going_on:
            return lines.Appended(resumption, self.form, made)
        return Streamed(FORMATS[self.form], output.open("w", encoding="utf-8", errors=NAMES, newline=""), made)
