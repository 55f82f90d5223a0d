"""What executors have in common that send tasks to others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path

from ...errors import UsageError, VeiqaError, one_line
from ...images import Image, display_name
from ..fingerprint import passing
from ..meter import Computed, Meter
from ..vei_files import VeiFolder
from .executor import Executor, Prepared, TaskResult

_AHEAD = 4  # tasks waiting for each worker, so that none idles
_BYTES_AHEAD = 2**28  # of decoded images that wait, beyond which a task a worker must do


class Sent(Executor):
    """Others measure: tasks are sent, a few ahead of their results."""

    def __init__(self, meter: Meter, root: Path, veis: VeiFolder | None = None) -> None:
        super().__init__(meter, root, veis)
        self._passing = passing()  # workers go on with it, and what they measure is kept under it

    @abstractmethod
    def _send(self, image: Image, missing: tuple[int, ...]) -> Future[Computed]:
        """Have a worker measure an image."""

    def _again(self, sent: dict[Future[Computed], Prepared], failed: Future[Computed]) -> bool:
        """After a worker was lost: whether tasks were sent anew."""
        return False

    def _execute(self, prepared: Iterator[Prepared]) -> Iterator[TaskResult]:
        sent: dict[Future[Computed], Prepared] = {}
        for item in prepared:
            if passing() != self._passing:
                raise UsageError("threads or precision changed while workers measure; make them anew")
            if item.image is None or not item.missing:
                yield self._settled(item)
                continue
            sent[self._send(item.image, item.missing)] = item
            while self._enough(sent.values()):
                yield from self._collected(sent)
        while sent:
            yield from self._collected(sent)

    def _enough(self, sent: Collection[Prepared]) -> bool:
        """Whether results must come before more is sent: all workers are busy for long, or memory would be."""
        waiting = sum(item.image.bytes for item in sent if item.image is not None)
        return len(sent) >= _AHEAD * self.workers or (len(sent) > self.workers and waiting > _BYTES_AHEAD)

    def _collected(self, sent: dict[Future[Computed], Prepared]) -> Iterator[TaskResult]:
        """Those that are done; at least one."""
        done = [future for future in sent if future.done()] or list(wait(sent, return_when=FIRST_COMPLETED).done)
        for future in done:
            if future not in sent:  # sent anew
                continue
            try:
                answer = future.result()
            except Exception as error:
                if self._again(sent, future):
                    return
                if isinstance(error, UsageError):  # this worker cannot work at all
                    raise
                # To go on without the image would give another result than other workers would.
                raise VeiqaError(
                    f"{display_name(sent[future].name)}: its worker failed: {one_line(error)}; the same command goes on"
                ) from error
            yield self._kept(sent.pop(future), answer)
