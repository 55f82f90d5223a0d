"""An executor: what all who measure have in common, and the one that measures in this process.

Whoever measures, this process alone decodes every image, reduces it to its view, looks up what is known, and writes the
store and the folder of VEIs; a worker gets what is seen of the image and what is missing, and gives back measurements,
with VEIs where they are to be kept (:mod:`veiqa_core.measuring.worker`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from types import TracebackType

import attrs

from ...errors import ImageError, VeiqaError
from ...images import Image, Sizes, display_name, read
from ...recipes.view import View
from ..branches.outcome import Measurement
from ..meter import Computed, Meter
from ..vei_files import VeiFolder

_ROUND = 64  # tasks for each worker that are carried out in any order before those of the next round


@attrs.frozen
class Task:
    """Quantities of an image that are wanted, by index, with the view under which they are measured.

    Attributes:
        name: of the file in the executor's folder.
        url: where the image is, if not there.
    """

    name: str
    wanted: tuple[int, ...]
    view: View = None
    url: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(eq=False)
class TaskResult:
    """A task carried out: what was measured, or why the image cannot be read.

    Attributes:
        digest, remarks, sizes, kind: of the image, as :class:`veiqa_core.images.Image` has them.
    """

    name: str
    digest: str | None
    measured: dict[int, Measurement]
    error: VeiqaError | None = None
    remarks: tuple[str, ...] = ()
    sizes: Sizes | None = None
    kind: str | None = None


@attrs.frozen
class _About:
    """What is known of an image that was decoded: the properties of :class:`veiqa_core.images.Image`."""

    digest: str
    key: str
    remarks: tuple[str, ...]
    sizes: Sizes
    kind: str | None

    def result(self, name: str, measured: dict[int, Measurement], error: VeiqaError | None = None) -> TaskResult:
        """What a task on the image gave."""
        return TaskResult(name, self.digest, measured, error, self.remarks, self.sizes, self.kind)


class Executor(AbstractContextManager["Executor"], ABC):
    """Carries out tasks on the images of a folder; a context manager.

    Args:
        meter: what can be measured; its store, if any, is written here only.
        root: the folder; tasks may also name files elsewhere by absolute paths.
        veis: where VEIs are kept, those that lack there being made again; None for nowhere.
    """

    workers: int = 1

    def __init__(self, meter: Meter, root: Path, veis: VeiFolder | None = None) -> None:
        self.meter = meter
        self.root = root
        self._about: dict[tuple[str, View], _About] = {}
        self._veis = veis
        self._vei_digests = () if veis is None else meter.vei_digests()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the workers go."""

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Carry out tasks, as they are done."""
        return self._execute(self._prepared(tasks))

    def run_in_order(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Carry out any number of tasks, and give what is done in their order, as soon as all before it is done."""
        remaining = iter(tasks)
        while batch := list(islice(remaining, self._round)):
            done: dict[str, TaskResult] = {}
            waiting = deque(task.name for task in batch)
            wanted: dict[str, Task] = {}
            for task in batch:
                wanted.setdefault(task.name, task)
            for item in self.run(wanted.values()):
                done[item.name] = item
                while waiting and waiting[0] in done:
                    yield done[waiting.popleft()]
            self._about.clear()  # memory must not grow with the number of images

    @property
    def _round(self) -> int:
        """How many tasks are awaited before any is carried out."""
        return _ROUND * self.workers

    @abstractmethod
    def _execute(self, prepared: Iterator[Prepared]) -> Iterator[TaskResult]:
        """What is missing of the prepared tasks, measured and kept."""

    def _prepared(self, tasks: Iterable[Task]) -> Iterator[Prepared]:
        for task in tasks:
            try:
                yield self._prepare(task)
            except ImageError as error:
                yield Prepared(task, None, (), {}, error)

    def _prepare(self, task: Task) -> Prepared:
        """What is known and missing of a task; its image is decoded unless it was before and nothing is missing."""
        image = None if (task.name, task.view) in self._about else self._read(task)
        about = self._about[task.name, task.view]
        known = self._known(about.key, task.wanted)
        missing = tuple(index for index in task.wanted if index not in known)
        if missing and image is None:
            image = self._read(task)
            if image.digest != about.digest:  # what was measured of it before is of another image
                raise ImageError(f"{image.name}: changed while it was measured; measure it again")
        return Prepared(task, image, missing, known)

    def _read(self, task: Task) -> Image:
        source = self.root / task.name if task.url is None else task.url
        image = read(source, display_name(task.name), task.view)
        about = _About(image.digest, image.key, image.remarks, image.sizes, image.kind)
        self._about.setdefault((task.name, task.view), about)
        return image

    def _known(self, image: str, wanted: Sequence[int]) -> dict[int, Measurement]:
        """What need not be measured of an image: its value is known, and its VEIs lie in the folder or are not due."""
        if self._veis is not None:
            lacking = self._veis.lacking(image, self._digests_of_veis(wanted))
            wanted = [index for index in wanted if lacking.isdisjoint(self._vei_digests[index])]
        return self.meter.known(image, wanted)

    def _digests_of_veis(self, quantities: Iterable[int]) -> dict[str, str]:
        return {key: digest for index in quantities for key, digest in self._vei_digests[index].items()}

    def _settled(self, prepared: Prepared) -> TaskResult:
        """A task of which nothing is measured."""
        about = self._about.get((prepared.name, prepared.task.view))
        if about is None:
            return TaskResult(prepared.name, None, prepared.known, prepared.error)
        return about.result(prepared.name, prepared.known, prepared.error)

    def _kept(self, prepared: Prepared, found: Computed) -> TaskResult:
        """A task of which all that was missing is measured, which is kept."""
        about, measured = self._about[prepared.name, prepared.task.view], prepared.known | found.measured
        self.meter.keep(about.key, found.measured)
        if self._veis is not None:
            self._veis.put(about.key, prepared.name, found.veis, self._digests_of_veis(found.measured))
        return about.result(prepared.name, measured)


@attrs.frozen(eq=False)
class Prepared:
    """A task with what is known of it; the image is there where something is missing."""

    task: Task
    image: Image | None
    missing: tuple[int, ...]
    known: dict[int, Measurement]
    error: VeiqaError | None = None

    @property
    def name(self) -> str:
        """The image's."""
        return self.task.name


class InProcess(Executor):
    """This process measures, one image after another."""

    @property
    def _round(self) -> int:
        """One: tasks are carried out in order anyway, and more may be long in coming."""
        return 1

    def _execute(self, prepared: Iterator[Prepared]) -> Iterator[TaskResult]:
        for item in prepared:
            if item.image is None or not item.missing:
                yield self._settled(item)
            else:
                yield self._kept(item, self.meter.compute(item.image, item.missing, veis=self._veis is not None))
