"""``veiqa fit-map``: the local mapper behind a recipe's quality map, fitted to photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from ...errors import UsageError, VeiqaError
from ...files.paths import display_name, is_stream
from ...files.urls import Located
from ...functions.settings import Settings
from ...functions.workers import set_up
from ...results.progress import bar
from ..common import registry
from ..files import check_new, check_target, is_standard_output, refuse_input_target, write_text
from ..numbers import Whole
from ..options.completion import component_names
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions, RecipeOptions
from ..paths import PATH, PLACE
from ..printing import note, say

if TYPE_CHECKING:
    from ...evaluation.local_fit import LocalFit


@attrs.frozen
class LocalFitOptions:
    """What is fitted, and to how many pictures."""

    output: Path = option("--output", type=PATH, metavar="FILE", required=True, help="The recipe with it, TOML.")
    force: bool = option("--force", is_flag=True, help="Overwrite FILE.")
    local: str | None = option(
        "--local-mapper",
        metavar="Q",
        shell_complete=component_names("mapper"),
        help="The score mapper that is fitted. Default: ridge with a strength of 0.1; named, it chooses its own.",
    )
    draws: int = option(
        "--draws", type=Whole(min=1), default=6, show_default=True, metavar="N", help="Pictures made of each photo."
    )
    distortions: tuple[str, ...] = option(
        "--distortion",
        multiple=True,
        metavar="TYPE",
        help="As for 'datasets make'; repeatable. Default: all that have a strength.",
    )
    seed: int = option("--seed", type=Whole(), default=0, show_default=True, metavar="N", help="For other pictures.")


@click.command("fit-map")
@click.argument("photos", nargs=-1, required=True, type=PLACE, metavar="PHOTO...")
@groups(fit=LocalFitOptions, recipe=RecipeOptions)
@click.option("--threads", type=Whole(min=1), metavar="N", help="Default: as PyTorch chooses.")
@groups(device=DeviceOptions)
@click.pass_context
def fit_map(
    ctx: click.Context,
    /,
    photos: tuple[Located, ...],
    fit: LocalFitOptions,
    recipe: RecipeOptions,
    threads: int | None,
    device: DeviceOptions,
) -> None:
    """Fit what a recipe's quality map is made by to good photos, and write the recipe.

    Each photo is made worse in one place, again and again. There the quality is the score of the photo made worse as a
    whole, elsewhere that of the photo as it is. A mapper learns by how much a place is better or worse than the image,
    from how the similarities around it differ from the image's. Scores stay as they are.

    The exit status is 0, or 1 if a photo failed, or 2 if the command cannot be run as given.
    """
    from ...evaluation.ladder import distortions_of
    from ...evaluation.local_fit import LocalFit, default_mapper
    from ...functions.ladders import photos_of
    from ...recipes import files as recipe_files
    from ...recipes.recipe import Recipe

    check_target("--output", fit.output, None, read=(*recipe.read, *photos))
    if not fit.force:
        check_new("--output", fit.output, ", or say --force")
    found = registry()
    settings = Settings(found, recipe.settings)
    chosen = recipe.chosen(found, settings, note)
    mapper = default_mapper(found) if fit.local is None else found.part("mapper", fit.local)
    settings.check_all_used()
    if not isinstance(chosen, Recipe):
        raise UsageError(f"{chosen.name} is a recipe set: fit the map of each of its recipes by itself")
    kinds, files = distortions_of(fit.distortions, found), photos_of(photos, note)
    for path in files:
        refuse_input_target("--output", fit.output, str(path))
    set_up(threads)
    made = LocalFit(device.scorer(chosen, found, None), mapper, kinds, fit.draws, fit.seed)
    failures = _take_in(made, files)
    for failure in failures:
        say(f"warning: {failure}")
    name = f"{chosen.name}-map" if is_standard_output(fit.output) or is_stream(fit.output) else fit.output.stem
    write_text(recipe_files.dumps(attrs.evolve(chosen, name=name, local=made.fitted())), fit.output)
    say(f"{fit.output}: {name}, the map of {chosen.name} fitted to {len(files) - len(failures)} photos")
    ctx.exit(1 if failures else 0)


def _take_in(made: LocalFit, files: Sequence[Located]) -> list[str]:
    from ...images import read

    failures: list[str] = []
    with bar("photos", len(files), " photos") as shown:
        for path in files:
            try:
                made.add(read(path))
            except UsageError:
                raise
            except VeiqaError as error:
                name = display_name(path)
                failures.append(str(error) if name in str(error) else f"{name}: {error}")
            shown.advance()
    return failures
