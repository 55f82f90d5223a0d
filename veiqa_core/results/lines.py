"""Results in JSON lines or CSV, resumed."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import attrs

from ..errors import UsageError
from ..files.marks import head
from ..files.values import is_number, parse_number
from .columns import OTHERS, TEXTS, Columns, csv_line, pair
from .formats import CommaSeparated, JsonLines
from .resume import NAMES, Draft, ResultSink, Resumption
from .sinks import PreviousRow, Sink

if TYPE_CHECKING:
    from ..result import Result


_LONGEST = 2**26  # bytes of a line


class Rows:
    """The rows of a file; what was cut off at its end is left out.

    Attributes:
        end: the bytes up to the end of the last row that was given, or of the header.

    Raises:
        UsageError: on iteration: the file has other columns, or what is no row.
    """

    def __init__(self, path: Path, form: str, columns: Columns) -> None:
        self._path = path
        self._form = form
        self._read = self._csv if form == "csv" else self._json
        self._columns = columns
        self._header = columns.header
        self._lines: list[bytes] = []  # of the row that is being read
        self.end = 0

    def __iter__(self) -> Iterator[PreviousRow]:
        for row in self._read():
            written = b"".join(self._lines)
            self._lines.clear()
            self.end += len(written)
            if row is not None:
                yield attrs.evolve(row, written=written)
        if self.end == 0:
            self._check_beginning()

    def _check_beginning(self) -> None:
        """What was cut off before its first line ended must be a beginning of results, not somebody's text."""
        text = head(self._path)
        first = csv_line(self._header).encode(errors=NAMES) if self._form == "csv" else b'{"image": "'
        if not text.startswith(first[: len(text)]):
            raise self._damage(1)

    def _whole_lines(self) -> Iterator[str]:
        with self._path.open("rb") as stream:
            while line := stream.readline(_LONGEST):
                if not line.endswith(b"\n"):
                    if len(line) == _LONGEST:
                        raise UsageError(f"--resume: {self._path} holds a line of 64 MiB, and is no file of results")
                    return
                self._lines.append(line)
                yield line.decode(errors=NAMES)

    def _json(self) -> Iterator[PreviousRow | None]:
        for number, line in enumerate(self._whole_lines(), 1):
            try:
                row = _of_json(json.loads(line, parse_constant=_refused))
            except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
                raise self._damage(number) from None
            yield row

    def _csv(self) -> Iterator[PreviousRow | None]:
        """The header is None."""
        lines = self._whole_lines()
        records = csv.reader(lines, strict=True)
        number = 0
        try:
            for number, record in enumerate(records):
                if number == 0:
                    if record and record[0].startswith("\ufeff"):
                        raise UsageError(f"--resume: {self._path} begins with a byte-order mark; save it without one")
                    if record != self._header:
                        raise UsageError(f"--resume: {self._path} {OTHERS}")
                    yield None
                    continue
                if len(record) != len(self._header):
                    raise ValueError
                cells = [_value(*cell) for cell in zip(self._header, record, strict=True)]
                yield self._columns.previous_row(cells, None)
        except (csv.Error, ValueError, IndexError):
            if next(lines, None) is not None:  # else a record was cut off between its lines
                raise self._damage(number + 1) from None

    def _damage(self, number: int) -> UsageError:
        return UsageError(f"--resume: row {number} of {self._path} is no result; mend it, or name another --output")


def _value(column: str, text: str) -> str | float | None:
    """What a cell of a CSV stands for."""
    if not text:
        return None
    return text if column in TEXTS else parse_number(text)


def _of_json(item: Any) -> PreviousRow:
    """What a line of JSON stands for."""
    interval, distortion = item["interval"], item["distortion"]
    values = {**item["similarities"], **item["methods"]}
    sizes = [*(item["size"] or ()), *(item["judged_size"] or ())]
    numbers = [item["score"], item["novelty"], *(interval or ()), *sizes]
    numbers += [*values.values(), *(distortion or {}).values()]
    texts = [item["image"], item["recipe"], *item["flags"], item["error"] or ""]
    if not all(value is None or is_number(value) for value in numbers) or not all(isinstance(t, str) for t in texts):
        raise ValueError
    return PreviousRow(
        image=item["image"],
        score=item["score"],
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
        likely=max(distortion.items(), key=lambda share: share[1]) if distortion else None,
        novelty=item["novelty"],
        values=values,
        flags=tuple(item["flags"]),
        error=item["error"],
        recipe=item["recipe"],
        size=pair(*item["size"] or (None, None)),
        judged_size=pair(*item["judged_size"] or (None, None)),
        written=None,
    )


def _refused(constant: str) -> None:
    """NaN and the like, which Python takes for JSON."""
    raise ValueError(constant)


class Appended(ResultSink):
    """Goes on at the end of a file, where what was cut off is removed first."""

    def __init__(self, resumption: Resumption, form: str, columns: Columns) -> None:
        self._resumption = resumption
        self._form = form
        self._columns = columns
        self._rows = Rows(resumption.output, form, columns)
        self._compared = False
        self._stream: TextIO | None = None
        self._sink: Sink | None = None

    def remaining(self, names: Iterator[str], skip: Callable[[PreviousRow], object]) -> Iterator[str]:
        """The images without a row."""
        return self._resumption.remaining(names, self._all_rows(), skip)

    def _all_rows(self) -> Iterator[PreviousRow]:
        yield from self._rows
        self._compared = True

    def add(self, result: Result) -> None:
        """Write one row."""
        self._opened().add(result)

    def _opened(self) -> Sink:
        if self._sink is None:
            os.truncate(self._resumption.output, self._rows.end)
            self._stream = self._resumption.output.open("a", encoding="utf-8", errors=NAMES, newline="")
            self._sink = _WRITERS[self._form](self._stream, self._columns, begun=self._rows.end > 0)
        return self._sink

    def close(self) -> None:
        """End the file; it stays as it is where its rows did not agree with the images."""
        if self._compared:
            self._opened()
        if self._stream is not None:
            self._stream.close()


class LinesDraft(Draft):
    """A file of lines that is made anew."""

    def __init__(self, output: Path, form: str, columns: Columns) -> None:
        super().__init__(output)
        self._stream = self._path.open("w", encoding="utf-8", errors=NAMES, newline="")
        self._sink = _WRITERS[form](self._stream, columns)

    def add(self, result: Result) -> None:
        """Write one row."""
        self._sink.add(result)

    def copy(self, row: PreviousRow) -> None:
        """Write a row as it was."""
        assert isinstance(row.written, bytes)
        self._stream.flush()
        self._stream.buffer.write(row.written)

    def settle(self) -> None:
        """Take the file's place at once, and go on there."""
        self._stream.flush()
        super().close()

    def close(self) -> None:
        """Take the file's place."""
        self._stream.close()
        super().close()

    def discard(self) -> None:
        """Leave the file that was there."""
        self._stream.close()
        super().discard()


_WRITERS: dict[str, type[JsonLines] | type[CommaSeparated]] = {"jsonl": JsonLines, "csv": CommaSeparated}
