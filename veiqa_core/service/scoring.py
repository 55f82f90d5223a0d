"""The process that scores: it opens the recipe once, then answers one job after another."""

from __future__ import annotations

import signal
import traceback
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from ..errors import ImageError, OutOfMemoryError, UsageError, VeiqaError, is_out_of_memory, one_line, strict
from ..measuring import processes
from ..text import json_text
from .messages import Answer, Failed, Job, Ready, Setup

if TYPE_CHECKING:
    from ..scorer import Scorer

UNEXPECTED = "scoring failed unexpectedly; the server's own messages say more"
_NO_MEMORY = "too little memory for this image; send a smaller one"


def work(connection: Connection, setup: Setup) -> None:
    """Answer jobs until the other end is closed."""
    processes.prepare()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it may reach all processes; the other one finishes what runs
    try:
        scorer = _opened(setup)
        ready = _ready(scorer)
    except Exception as error:
        connection.send(Failed(one_line(error), isinstance(error, UsageError)))
        return
    connection.send(ready)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        connection.send(answer(scorer, job))


def answer(scorer: Scorer, job: Job) -> Answer:
    """What comes of a job, whatever happens."""
    try:
        return Answer(200, _made(scorer, job))
    except ImageError as error:
        return Answer(422, str(error))
    except OutOfMemoryError as error:
        return Answer(503, _NO_MEMORY, str(error))
    except VeiqaError as error:
        return Answer(500, str(error), str(error))
    except Exception as error:
        if is_out_of_memory(error):
            return Answer(503, _NO_MEMORY, one_line(error))
        log = "".join(traceback.format_exception(error)) if strict() else one_line(error)
        return Answer(500, UNEXPECTED, f"{job.name}: {log}")


def _made(scorer: Scorer, job: Job) -> str:
    result = scorer.score(job.content, name=job.name, heatmaps=job.form != "json")
    if job.form == "page":
        from ..report.article import article

        return str(article(result, 1))
    found = result.to_dict()
    if job.form == "maps":
        from .maps import maps

        found["maps"] = maps(result)
    return json_text(found)


def _opened(setup: Setup) -> Scorer:
    import torch

    from ..recipes import files as recipe_files
    from ..scorer import Scorer

    if setup.threads is not None:
        torch.set_num_threads(setup.threads)
    recipe = recipe_files.loads(setup.recipe, "the recipe", setup.name)
    return Scorer(recipe, device=setup.device, precision=setup.precision, runtime=setup.runtime)


def _ready(scorer: Scorer) -> Ready:
    import torch

    from ..page.rendering import render
    from ..report import about

    meaning, recipe = about.meaning(scorer), about.recipe(scorer)
    return Ready(
        recipe=scorer.recipe.label,
        calibrated=scorer.calibrated,
        scores=scorer.recipe.mapper is not None,
        threads=torch.get_num_threads(),
        remarks=scorer.meter.remarks,
        about=(
            str(render("report/templates/meaning.html.jinja", view=meaning)),
            str(render("report/templates/recipe.html.jinja", view=recipe)),
        ),
    )
