"""The workers of a Dask cluster."""

from __future__ import annotations

import functools
import importlib
import warnings
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any

from ...errors import UsageError, one_line
from ...images import Image
from ..meter import Computed, Meter
from ..vei_files import VeiFolder
from ..worker import Job, execute
from .sent import Sent


class DaskCluster(Sent):
    """The workers of a running Dask cluster, which need not see the folder.

    Raises:
        UsageError: Dask is not installed, or nothing answers at the address.
    """

    def __init__(self, meter: Meter, root: Path, address: str, veis: VeiFolder | None = None) -> None:
        super().__init__(meter, root, veis)
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError as error:
            raise UsageError("--dask needs Dask: pip install 'veiqa[dask]'") from error
        try:
            self._client = distributed.Client(address, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise UsageError(f"--dask {address}: no cluster answers there: {one_line(error)}") from error
        self.workers = len(self._client.nthreads())
        if self.workers == 0:
            self._client.close()
            raise UsageError(f"--dask {address}: the cluster has no workers; start some")
        self._tasks: dict[Future[Computed], Any] = {}  # Dask gives up tasks that nobody holds
        self._job = self._client.scatter(Job.of(meter, veis is not None), broadcast=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def _send(self, image: Image, missing: tuple[int, ...]) -> Future[Computed]:
        answer: Future[Computed] = Future()
        with warnings.catch_warnings():  # of big images, which cannot be scattered: a lost worker would take them along
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            task = self._client.submit(execute, self._job, image, missing, pure=False)
        self._tasks[answer] = task
        task.add_done_callback(functools.partial(self._pass_on, answer))
        return answer

    def _pass_on(self, answer: Future[Computed], task: Any) -> None:
        del self._tasks[answer]
        try:
            answer.set_result(task.result())
        except BaseException as error:  # also cancelled tasks, whose workers are gone
            answer.set_exception(error)
