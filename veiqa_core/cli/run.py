"""``veiqa run``: score images."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ..errors import UsageError
from ..files import file_stem
from .crew_options import CrewOptions, crew_options
from .dataset_options import opened_store, store_options
from .output import FORMATS
from .recipe_options import chosen_recipe, device_option, recipe_options
from .report_options import Adds, ReportOptions, report_options
from .settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..scorer import Result

_MOST_PAIRS = 6  # pairs of VEIs drawn where a quality map says which matter


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@recipe_options
@click.option("--distortion", metavar="TYPE", help="The images' distortion type, for a recipe set: GB, WN, ...")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="Output format."
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write here, not to standard output.")
@click.option(
    "--vei",
    "vei_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write pictures here: where quality is lost, and the heat maps that tell it.",
)
@report_options
@store_options
@crew_options
@device_option
@click.pass_context
def run(
    ctx: click.Context,
    /,
    images: tuple[str, ...],
    settings: tuple[str, ...],
    distortion: str | None,
    form: str,
    output: Path | None,
    vei_dir: Path | None,
    report: Path | None,
    report_details: int,
    store: Path | None,
    no_store: bool,
    device: str,
    workers: int,
    threads: int | None,
    dask: str | None,
    **parts: Any,
) -> None:
    """Score images, and show the similarities behind each score. What was measured is kept, and not measured again.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given.
    """
    from .common import registry

    options = CrewOptions(workers, threads, dask)
    if vei_dir is not None and not options.alone:
        raise UsageError("--vei draws what this process measures: leave out --workers and --dask")
    reporting = ReportOptions(report, report_details)
    reporting.check(images, output)
    found = registry()
    wanted = Settings(found, settings)
    chosen = chosen_recipe(found, wanted, **parts)
    wanted.check_all_used()
    from ..scorer import Scorer

    pictures = None if vei_dir is None else _Pictures(vei_dir)
    options.set_threads()
    with opened_store(store, no_store) as kept:
        scorer = Scorer(chosen, device=device, distortion=distortion, registry=found, store=kept)
        heatmaps = pictures is not None or (options.alone and reporting.at_once(len(images)))
        with reporting.opened(scorer) as page, options.crew(scorer.meter, Path()) as crew:
            results = scorer.score_many(images, heatmaps=heatmaps, crew=crew)
            failed = _write(results, scorer.keys, images, output, form, page, pictures)
    ctx.exit(1 if failed else 0)


def _write(
    results: Iterable[Result],
    keys: tuple[str, ...],
    images: tuple[str, ...],
    output: Path | None,
    form: str,
    page: Adds,
    pictures: _Pictures | None,
) -> bool:
    """Write results as they come; whether anything failed."""
    failed = False
    with _opened(output, images) as stream, FORMATS[form](stream, keys) as write:
        for result in results:
            write(result)
            page.add(result)
            failed |= result.error is not None
            if pictures is not None:
                failed |= not pictures.add(result)
    return failed


def _opened(output: Path | None, images: Iterable[str]) -> AbstractContextManager[TextIO]:
    """The stream for results; an image is never overwritten by them."""
    if output is None or str(output) == "-":
        return nullcontext(sys.stdout)
    if any(os.path.realpath(image) == os.path.realpath(output) for image in images):
        raise UsageError(f"--output {output}: is one of the images; name another file")
    try:
        return output.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from error


class _Pictures:
    """Writes the pictures of results into a folder, each under a name of its own."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--vei {folder}: cannot be made: {error.strerror}") from error
        self._folder = folder
        self._taken: set[str] = set()

    def add(self, result: Result) -> bool:
        """Write one result's pictures; False, and a line on standard error, where one cannot be written."""
        from ..pictures import save

        for title, figure in _figures(result):
            path = self._folder / f"{self._free(f'{Path(result.image).stem}--{title}')}.png"
            try:
                save(figure, path)
            except OSError as error:
                click.echo(f"warning: {path}: cannot be written: {error.strerror or error}", err=True)
                return False
        return True

    def _free(self, wanted: str) -> str:
        """A name that no picture of this run has, and that file systems take."""
        stem = file_stem(wanted)
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}-{count}"
        self._taken.add(name)
        return name


def _figures(result: Result) -> Iterator[tuple[str, Figure]]:
    """The pictures of a result by title: the quality map, and the pairs of VEIs that shape it most, or all."""
    from ..pictures import quality_figure, vei_figure

    name = Path(result.image).name
    if result.quality_map is not None and result.scale is not None and result.score is not None and result.heatmaps:
        title = f"{name}: {result.score:.1f} on a scale from {result.scale[0]:g} to {result.scale[1]:g}"
        image = result.heatmaps[0].input_image
        yield "quality", quality_figure(image, result.quality_map, result.scale, title)
    shown = result.heatmaps if result.quality_map is None else result.heatmaps[:_MOST_PAIRS]
    for heatmaps in shown:
        yield heatmaps.title, vei_figure(heatmaps, name)
