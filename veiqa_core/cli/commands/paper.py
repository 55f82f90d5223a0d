"""``veiqa paper``: the paper's tables from the databases and weights that are here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import attrs
import click

from ...errors import UsageError
from ...functions.folders import check_folder
from ..common import registry, resumable
from ..files import Made, check_target, refuse_dataset_target, write_text
from ..options.dataset import StoreOptions, interruption_note
from ..options.grouped import groups, option
from ..options.recipe import DeviceOptions
from ..options.workers import WorkerOptions
from ..paths import PATH
from ..printing import line, note, say

if TYPE_CHECKING:
    from ...datasets.rated_set import RatedSet
    from ...evaluation.measured import MeasuredSet
    from ...extension.registry import Registry
    from ...recipes.resolution import ResolvedSet

_TABLES = ("3", "4", "5", "6", "7")


@attrs.frozen
class PaperOptions:
    """What is measured, and where the pages go."""

    databases: tuple[tuple[str, str, Path], ...] = option(
        "--database",
        multiple=True,
        required=True,
        nargs=3,
        type=(str, str, PATH),
        metavar="NAME DATASET PATH",
        help="A database of the paper (live, csiq, tid2013), the dataset that reads it, and its folder; repeatable.",
    )
    weights: tuple[str, ...] = option(
        "--weights",
        multiple=True,
        metavar="NETWORK=FILE",
        help="Weights of vgg16, darknet19 or inception-resnet-v2; repeatable. Default: those that veiqa weights finds.",
    )
    parameters: tuple[str, ...] = option(
        "-p",
        multiple=True,
        metavar="METHOD.NAME=VALUE",
        help="A parameter of a method, such as qac.model=cluster_center.mat; repeatable.",
    )
    ranges: tuple[tuple[str, float, float], ...] = option(
        "--range",
        multiple=True,
        nargs=3,
        type=(str, float, float),
        metavar="NAME LOW HIGH",
        help="Of a database's scores, for a dataset that declares none: csv; repeatable. Default: the paper's.",
    )
    tables: tuple[str, ...] = option(
        "--table", multiple=True, type=click.Choice(_TABLES), help="Only this table; repeatable. Default: all five."
    )
    methods: tuple[str, ...] = option(
        "--method",
        multiple=True,
        metavar="NAME",
        help="Of the methods of tables 6 and 7 only this one, such as niqe; repeatable. Default: all.",
    )
    output: Path = option(
        "--output", type=PATH, required=True, metavar="DIR", help="Folder for paper.html, paper.md and the figures."
    )

    @property
    def files(self) -> dict[str, str]:
        """Weights files by network.

        Raises:
            UsageError: an entry does not read NETWORK=FILE.
        """
        wrong = [text for text in self.weights if not all(text.partition("=")[::2])]
        if wrong:
            raise UsageError(f"--weights takes NETWORK=FILE, such as vgg16=vgg16.pth, not {wrong[0]!r}")
        return {name: file for name, _, file in (text.partition("=") for text in self.weights)}

    @property
    def wanted(self) -> frozenset[int]:
        """The tables that are wanted."""
        return frozenset(map(int, self.tables or _TABLES))


@click.command()
@groups(paper=PaperOptions, store=StoreOptions, workers=WorkerOptions, device=DeviceOptions)
def paper(paper: PaperOptions, store: StoreOptions, workers: WorkerOptions, device: DeviceOptions) -> None:
    """Make the paper's tables and figures from the databases and weights that are here.

    Figures are given twice: fitted to the images that they are tested on, as the paper does, and on contents that
    nothing was fitted on. What is missing is named, and the closest substitute is measured in its place. What was
    measured is kept, so a run that was stopped goes on.
    """
    from ...files.marks import begins, is_page
    from ...files.writing import write_whole
    from ...paper import figures
    from ...paper.pages import HEADING, KIND, markdown, page
    from ...paper.study import Settings, check_names, study, titles
    from ...paper.times import parameters
    from ..means import means

    files = paper.files
    ranges = {name: (low, high) for name, low, high in paper.ranges}
    names = [name for name, _, _ in paper.databases]
    check_names(names, [text.partition("=")[0] for text in paper.weights], list(ranges))
    targets = (
        (paper.output / "paper.html", Made("a page of the paper's tables", lambda path: is_page(path, KIND))),
        (paper.output / "paper.md", Made("such tables", lambda path: begins(path, f"# {HEADING}"))),
    )
    check_folder("--output", paper.output, *(folder for _, _, folder in paper.databases))
    for target, made in targets:
        if not paper.output.is_dir():
            break
        refuse_dataset_target(target, *(folder for _, _, folder in paper.databases))
        check_target("--output", target, made, store=store.store, read=files.values())
    for name in figures.names(names):
        _check_figure(paper.output / name, [folder for _, _, folder in paper.databases])
    on, found = device.found(), registry()
    settings = Settings(
        {name: _database(name, dataset, folder, found, ranges.get(name)) for name, dataset, folder in paper.databases},
        files,
        parameters(paper.parameters, found),
        paper.wanted,
        titles(paper.methods),
    )
    with store.opened() as kept, resumable(interruption_note(kept)):
        using = attrs.evolve(means(found, store, workers, device), keep=lambda: nullcontext(kept))

        def measure(rated: RatedSet, recipes: ResolvedSet) -> MeasuredSet:
            return using.measured([rated], [recipes], on)[0][0]

        made_study = study(settings, found, measure, say)
    write_text(page(made_study, paper.wanted), targets[0][0])
    write_text(markdown(made_study, paper.wanted), targets[1][0])
    for name, content in figures.files(made_study).items():
        write_whole(paper.output / name, partial(_written, content))
    for gap in (*made_study.gaps, *made_study.remarks):
        note(gap)
    line(f"{targets[0][0]} and {targets[1][0].name}")


def _check_figure(target: Path, folders: Sequence[Path]) -> None:
    """Refuse to write over a picture that is not this figure of an earlier run."""
    from ...files.marks import is_picture_of
    from ...paper.figures import MARK

    refuse_dataset_target(target, *folders)
    if target.exists() and not is_picture_of(target, MARK):
        raise UsageError(f"--output {target}: is there already, and is no figure of the paper that VEIQA drew; move it")


def _written(content: bytes, stream: IO[bytes]) -> int:
    return stream.write(content)


def _database(
    name: str, dataset: str, folder: Path, found: Registry, ends: tuple[float, float] | None = None
) -> RatedSet:
    """The images of a database of the paper's types, on a range where the dataset declares none: else the published."""
    from ...api.parameters import describe
    from ...datasets.rated_set import load
    from ...paper.published import published
    from ...paper.study import of_paper

    described = describe(found.get("dataset", dataset).component.params)
    given = {}
    if any(info.name == "range" for info in described):
        given["range"] = published().databases[name]["range"] if ends is None else list(ends)
    elif ends is not None:
        raise UsageError(f"--range {name}: the dataset {dataset} has a range of its own")
    return of_paper(load(found.part("dataset", dataset, given), folder), name)
