"""``veiqa audit`` as a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypedDict, Unpack

import attrs

from ..auditing import look as looking
from ..auditing import problems
from ..auditing.audit import Audit, Scored
from ..auditing.look import Seen
from ..extension.registry import Registry
from ..files.ahead import ahead
from ..pool import in_order
from ..scorer import Scorer
from .arguments import Arg, keywords
from .given import Place, registry_of, texts_of
from .hearing import Hearing, HearingArguments, Report
from .inputs import InputArguments, InputChoice
from .means import Keep, RegistryArguments, StoreArguments, keeping
from .recipes import AnyRecipe, recipe_of
from .workers import ProcessArguments, Processes, Workers


class _Own(TypedDict, total=False):
    """What no other function takes."""

    recipe: Annotated[
        AnyRecipe | None, Arg(None, "scores the images, too, by name or file or as it is; default: no scores")
    ]
    limits: Annotated[
        Mapping[str, float] | Sequence[str],
        Arg((), 'beyond which a kind of problem is found, such as ``{"dark": 0.3}``'),
    ]


class AuditArguments(
    InputArguments, _Own, StoreArguments, ProcessArguments, RegistryArguments, HearingArguments, total=False
):
    """The keywords of :func:`audit`."""


@keywords(AuditArguments)
def audit(images: Place | Sequence[Place], **given: Unpack[AuditArguments]) -> Audit:
    """What there is to know of a folder of images besides scores, as ``veiqa audit`` finds it.

    Args:
        images: images and folders.

    Raises:
        UsageError: it cannot be done as given, in one line that names options as the command does.
    """
    hearing = Hearing.of(given)
    chosen = InputChoice.of(images, given)
    auditing = Auditing(
        recipe=recipe_of("recipe", given["recipe"]),
        registry=registry_of(given["registry"]),
        keep=keeping(given["store"]),
        processes=Processes.of(given),
        hearing=hearing,
    )
    made = Audit([], problems.limits(texts_of("limits", given["limits"])))
    names = named(chosen, made, lambda path: None)
    auditing.run(made, names)
    for problem in made.problems:
        hearing.warn(problem)
    return made


def named(images: InputChoice, made: Audit, left_out: Report) -> list[str]:
    """The images that are meant; folders that cannot be listed are problems of the audit.

    Raises:
        UsageError: something that is named is not there, or there are none.
    """
    images.check_there()
    return list(images.names(images.found(made.problems.append, left_out)))


@attrs.frozen(kw_only=True)
class Auditing:
    """With what an audit is made."""

    recipe: AnyRecipe | None
    registry: Registry
    keep: Keep
    processes: Processes
    hearing: Hearing

    def run(self, made: Audit, names: Sequence[str], seen: Callable[[Seen], object] | None = None) -> None:
        """Look at the images that the audit does not hold yet, which are the last ones, and score all.

        Args:
            seen: takes what is known of each that is looked at.

        Raises:
            UsageError: the recipe cannot be read or run.
        """
        self.processes.set_up()
        with self._scorer() as scorer:
            self._look(made, names, seen)
            if scorer is not None:
                self._score(made, scorer)

    def _look(self, made: Audit, names: Sequence[str], seen: Callable[[Seen], object] | None) -> None:
        rest = names[len(made.images) :]
        fetched = ahead(rest) if self.processes.workers == 1 else rest  # several processes fetch at once as it is
        track = self.hearing.track("looking", " images")
        for image in track(in_order(looking.look, fetched, self.processes.workers), len(rest)):
            made.images.append(image)
            if seen is not None:
                seen(image)

    def _score(self, made: Audit, scorer: Scorer) -> None:
        wanted = [image.source for image in made.images if image.error is None]
        workers = Workers(workers=self.processes.workers, threads=self.processes.threads)
        with workers.executor(scorer.meter, Path(), self.hearing.note) as executor:
            track = self.hearing.track("scoring", " images")
            results = track(scorer.score_many(wanted, executor=executor), len(wanted))
            for source, result in zip(wanted, results, strict=True):
                made.scores[source] = Scored(result.score, result.novelty, result.digits)

    @contextmanager
    def _scorer(self) -> Iterator[Scorer | None]:
        """What scores images, with its store; None where no recipe is named."""
        if self.recipe is None:
            yield None
            return
        with self.keep() as kept:
            yield Scorer(self.recipe, registry=self.registry, store=kept)
