"""What a report keeps of each image until it is written: a line in a temporary file, and a few bytes in memory."""

from __future__ import annotations

import json
import math
import tempfile
from array import array
from pathlib import Path
from typing import Any

import attrs

from ..explanations.drawing import Picture
from ..result import Result, score_digits
from .scores import gauge, split_name

FEW = 6
"""Values that fit into a table beside the score."""

OPTIONAL = ("interval", "likely", "remarks", "error")
"""What not every image of every recipe has."""


@attrs.frozen
class Row:
    """What the table shows of an image.

    Attributes:
        number: its place in the run, from 1.
        likely: its likeliest distortion type and that type's probability, NaN where that is not known.
        values: as :attr:`veiqa_core.result.Result.values`, where there are few.
        thumbnail: a :class:`Picture` as plain data.
        size, judged_size: of the image, and at which it was judged.
    """

    number: int
    name: str
    score: float | None
    scale: tuple[float, float] | None
    interval: tuple[float, float] | None
    likely: tuple[str, float] | None
    values: dict[str, float | None]
    remarks: list[str]
    error: str | None
    thumbnail: dict[str, Any] | None
    size: tuple[int, int] | None
    judged_size: tuple[int, int] | None

    @property
    def file(self) -> str:
        """The name without its folder."""
        return split_name(self.name)[0]

    @property
    def folder(self) -> str | None:
        """The folder, where the name has one."""
        return split_name(self.name)[1]

    @property
    def digits(self) -> int:
        """How many decimals the score deserves."""
        return score_digits(self.scale)

    @property
    def gauge(self) -> str | None:
        """The style of a gauge of score and interval, where there are both and a scale."""
        return None if self.interval is None else gauge(self.score, self.scale, self.interval, 0)

    @property
    def likely_type(self) -> tuple[str, str] | None:
        """The likeliest distortion type, as it is shown and as it is sorted by."""
        if self.likely is None:
            return None
        kind, share = self.likely
        if math.isnan(share):  # an earlier run's, whose file does not hold it
            return kind, kind
        return f"{kind} {100 * share:.0f} %", f"{kind} {share:.3f}"

    @property
    def result(self) -> Result:
        """What is left of the result."""
        interval, scale = (None if ends is None else (ends[0], ends[1]) for ends in (self.interval, self.scale))
        size, judged_size = (None if one is None else (one[0], one[1]) for one in (self.size, self.judged_size))
        distortion = None if self.likely is None else dict([self.likely])
        flags = tuple(self.remarks)
        return Result(
            *(self.name, self.score, self.values, flags, self.error, "", interval, scale, distortion),
            size=size,
            judged_size=judged_size,
        )


def row(result: Result, number: int, thumbnail: Picture | None) -> Row:
    """The row of a result."""
    likely = max(result.distortion.items(), key=lambda item: item[1]) if result.distortion else None
    return Row(
        number=number,
        name=result.image,
        score=result.score,
        scale=result.scale,
        interval=result.interval,
        likely=likely,
        values=result.values if len(result.values) <= FEW else {},
        remarks=list(result.remarks),
        error=result.error,
        thumbnail=None if thumbnail is None else attrs.asdict(thumbnail),
        size=result.size,
        judged_size=result.judged_size,
    )


class Spool:
    """Values put aside in a file without a name, which is gone with the process.

    Raises:
        OSError: the folder takes no file.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (closed by close)
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def put(self, value: Any) -> int:
        """Put plain data at the end, and say under which number."""
        self._file.seek(self._ends[-1])
        self._file.write(json.dumps(value).encode())
        self._ends.append(self._file.tell())
        return len(self._ends) - 2

    def get(self, number: int) -> Any:
        """What was put under a number."""
        self._file.seek(self._ends[number])
        return json.loads(self._file.read(self._ends[number + 1] - self._ends[number]))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
