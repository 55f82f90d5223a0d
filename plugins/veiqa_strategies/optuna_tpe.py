"""Candidates chosen by a model of those measured, by Optuna."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from veiqa_core.contracts import Proposal, SearchTask

from .plugin import OptunaParams
from .sampling import needed_budget
from .tree import grow, reach

JOURNAL = "optuna-journal.log"


class Optuna:
    """Ask and tell with Optuna's tree-structured Parzen estimator, one coordinate of a candidate after another.

    Source: Bergstra et al., NIPS 24, 2011, section 4. The model may name a candidate again: it is then given the figure
    again, which costs nothing of the budget. In a folder, the study is kept as a journal that Optuna reads.
    """

    def __init__(self, params: OptunaParams) -> None:
        self.params = params

    def propose(self, task: SearchTask) -> Generator[Proposal, Mapping[int, float], None]:
        """Proposals of ``batch`` candidates, all on all images, until the budget is spent or no new one comes.

        Raises:
            UsageError: the task has no budget.
        """
        most = min(needed_budget(task, "optuna"), len(task.candidates))
        if most < 1:
            return
        dialogue = _Dialogue(task, self.params)
        while asked := dialogue.ask(min(self.params.batch, most - len(dialogue.known))):
            dialogue.tell((yield Proposal(asked)))


class _Dialogue:
    """A study, and what it was given: the figure of each candidate, None for those that failed."""

    def __init__(self, task: SearchTask, params: OptunaParams) -> None:
        self.known: dict[int, float | None] = {}
        self._tree = grow(task.candidates)
        self._patience = params.patience
        self._open: list[tuple[optuna.Trial, int]] = []
        with _quiet():
            sampler = optuna.samplers.TPESampler(seed=task.seed % 2**32, n_startup_trials=params.startup)
            self._study = optuna.create_study(
                storage=_storage(task.folder), sampler=sampler, study_name="veiqa", direction="maximize"
            )

    def ask(self, count: int) -> tuple[int, ...]:
        """At most so many new candidates; fewer where the study runs out of patience."""
        new: list[int] = []
        repeats = 0
        with _quiet():
            while len(new) < count and repeats < self._patience:
                trial = self._study.ask()
                candidate = reach(self._tree, trial.suggest_categorical)
                if candidate in self.known:
                    self._answer(trial, candidate)
                else:
                    self._open.append((trial, candidate))
                if candidate in self.known or candidate in new:
                    repeats += 1
                else:
                    repeats = 0
                    new.append(candidate)
        return tuple(new)

    def tell(self, figures: Mapping[int, float]) -> None:
        """Answer the trials that wait."""
        with _quiet():
            for trial, candidate in self._open:
                self.known[candidate] = figures.get(candidate)
                self._answer(trial, candidate)
        self._open.clear()

    def _answer(self, trial: optuna.Trial, candidate: int) -> None:
        figure = self.known[candidate]
        if figure is None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, figure)


def _storage(folder: Path | None) -> optuna.storages.BaseStorage | None:
    """A new journal in the folder; None, for memory, without one."""
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / JOURNAL
    for old in (journal, folder / f"{JOURNAL}.lock"):  # a lock outlives a process that was killed
        old.unlink(missing_ok=True)
    return optuna.storages.JournalStorage(JournalFileBackend(str(journal), JournalFileOpenLock(str(journal))))


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna's log and its warnings of experimental features off, and back to what they were."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        logger.setLevel(level)
