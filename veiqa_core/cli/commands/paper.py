"""``veiqa paper``: the paper's tables from the databases and weights that are here."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

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
from ..printing import line, note

if TYPE_CHECKING:
    from ...datasets.rated_set import RatedSet
    from ...evaluation.measured import MeasuredSet
    from ...extension.registry import Registry
    from ...recipes.resolution import ResolvedSet

_TABLES = ("3", "4", "5", "6")


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
    tables: tuple[str, ...] = option(
        "--table", multiple=True, type=click.Choice(_TABLES), help="Only this table; repeatable. Default: all four."
    )
    output: Path = option(
        "--output", type=PATH, required=True, metavar="DIR", help="Folder for paper.html and paper.md."
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
    """Make the paper's tables from the databases and weights that are here.

    Figures are given twice: fitted to the images that they are tested on, as the paper does, and on contents that
    nothing was fitted on. What is missing is named, and the closest substitute is measured in its place. What was
    measured is kept, so a run that was stopped goes on.
    """
    from ...files.marks import begins, is_page
    from ...paper.pages import HEADING, KIND, markdown, page
    from ...paper.study import Settings, check_names, study
    from ..means import means

    files = paper.files
    check_names([name for name, _, _ in paper.databases], [text.partition("=")[0] for text in paper.weights])
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
    on, found = device.found(), registry()
    settings = Settings(
        {name: _database(name, dataset, folder, found) for name, dataset, folder in paper.databases},
        files,
        paper.wanted,
    )
    with store.opened() as kept, resumable(interruption_note(kept)):
        using = attrs.evolve(means(found, store, workers, device), keep=lambda: nullcontext(kept))

        def measure(rated: RatedSet, recipes: ResolvedSet) -> MeasuredSet:
            return using.measured([rated], [recipes], on)[0][0]

        made_study = study(settings, found, measure)
    write_text(page(made_study, paper.wanted), targets[0][0])
    write_text(markdown(made_study, paper.wanted), targets[1][0])
    for gap in made_study.gaps:
        note(gap)
    line(f"{targets[0][0]} and {targets[1][0].name}")


def _database(name: str, dataset: str, folder: Path, found: Registry) -> RatedSet:
    """The images of a database of the paper's types, on its published range where the dataset declares none."""
    from ...api.parameters import describe
    from ...datasets.rated_set import load
    from ...paper.published import published
    from ...paper.study import of_paper

    described = describe(found.get("dataset", dataset).component.params)
    ends = published().databases[name]["range"]
    given = {"range": ends} if any(info.name == "range" for info in described) else {}
    return of_paper(load(found.part("dataset", dataset, given), folder), name)
