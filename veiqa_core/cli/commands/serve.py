"""``veiqa serve``: score images that come over HTTP."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

import click

from ...errors import UsageError
from ...functions.settings import Settings
from ..common import terminable
from ..options.grouped import groups
from ..options.recipe import DeviceOptions, ScoringOptions
from ..options.service import ServiceOptions
from ..printing import line, note, say

if TYPE_CHECKING:
    from ...service.messages import Ready, Setup


@click.command()
@groups(service=ServiceOptions, recipe=ScoringOptions, device=DeviceOptions)
def serve(service: ServiceOptions, recipe: ScoringOptions, device: DeviceOptions) -> None:
    """Serve a page on which a photo is dropped, and an interface for programs.

    Programs ask POST /v1/score, which /openapi.json describes. Only this machine reaches the server, unless --host says
    otherwise. Ctrl-C ends it once what was begun is answered.
    """
    from ...service import check_installed

    check_installed()
    setup = _setup(service, recipe, device)
    from ...service.server import serve as answer_requests
    from ...service.worker import Worker

    address = service.address
    with suppress(KeyboardInterrupt), terminable(), address.bound() as bound, closing(Worker(setup)) as worker:
        _say_what_is_served(worker.ready, address.local)
        line(f"{worker.ready.recipe} on {address.url(bound)} (Ctrl-C ends it)")
        answer_requests(address, bound, worker, service.queue, service.limits, say)
    line("ended")


def _setup(service: ServiceOptions, recipe: ScoringOptions, device: DeviceOptions) -> Setup:
    """What the process that scores needs to know.

    Raises:
        UsageError: there is no such recipe, or an option does not fit it.
    """
    from ...recipes import files as recipe_files
    from ...recipes.recipe import RecipeSet
    from ...service.messages import Setup
    from ..common import registry

    found = registry()
    settings = Settings(found, recipe.settings)
    chosen = recipe.chosen(found, settings, note)
    settings.check_all_used()
    if isinstance(chosen, RecipeSet):
        chosen = chosen.pick(recipe.distortion)
    elif recipe.distortion is not None:
        raise UsageError(f"--distortion {recipe.distortion} picks from a recipe set, and this is one recipe")
    return Setup(
        recipe=recipe_files.dumps(chosen),
        name=chosen.name,
        device=device.device,
        precision=device.precision,
        runtime=device.runtime,
        threads=service.threads,
    )


def _say_what_is_served(ready: Ready, local: bool) -> None:
    for remark in ready.remarks:
        note(remark)
    if not ready.scores:
        note("the recipe has no mapper: answers hold similarities and no score")
    elif not ready.calibrated:
        note("the recipe is not fitted to ratings: scores are on no scale of quality")
    if not local:
        note("other machines reach this server, and it asks nobody who they are; put a proxy before it that does")
