"""``veiqa run``: score images."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ..errors import UsageError, near_miss
from ..kinds import KINDS
from .output import FORMATS

if TYPE_CHECKING:
    from ..recipe import Recipe, RecipeSet
    from ..registry import Registry
    from ..scorer import Result

_NOT_IN_NAMES = re.compile(r"[^\w.@=+-]+")
_LONGEST_NAME = 200  # bytes, which leaves room for a number and the suffix
_SETTING = re.compile(r"(?P<kind>\w+)\.(?P<name>\w+)=(?P<text>.*)", re.DOTALL)


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--recipe", metavar="FILE", help="A recipe in TOML; excludes the options that build one.")
@click.option("--distortion", metavar="TYPE", help="The images' distortion type, for a recipe set: GB, WN, ...")
@click.option("--pri", "pris", multiple=True, metavar="P", help="PRI generator; may be repeated. Default: all four.")
@click.option("--extractor", metavar="E", help="Feature extractor. Default: efficientnet-lite0.")
@click.option("--layer", metavar="L", help="Layer, by name or index. Default: the extractor's own.")
@click.option("--explainer", metavar="X", help="Explainer. Default: gradcam.")
@click.option("--metric", metavar="M", help="Similarity metric. Default: psnr.")
@click.option("--mapper", metavar="Q", help="Score mapper. Default: none.")
@click.option(
    "-p", "settings", multiple=True, metavar="KIND.NAME=VALUE", help="A parameter of every component of a kind."
)
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True, help="Output format."
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write here, not to standard output.")
@click.option(
    "--vei", "vei_dir", type=click.Path(path_type=Path), metavar="DIR", help="Write the heat maps as PNG here."
)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True, help="Where."
)
@click.pass_context
def run(
    ctx: click.Context,
    /,
    images: tuple[str, ...],
    recipe: str | None,
    distortion: str | None,
    form: str,
    output: Path | None,
    vei_dir: Path | None,
    device: str,
    **parts: Any,
) -> None:
    """Score images, and show the similarities behind each score.

    The exit status is 0, or 1 if some image failed, or 2 if the command cannot be run as given.
    """
    from .common import registry

    found = registry()
    chosen = _recipe(found, recipe, **parts)
    from ..scorer import Scorer

    scorer = Scorer(chosen, device=device, distortion=distortion, registry=found)
    pictures = None if vei_dir is None else _Pictures(vei_dir)
    failed = False
    with _opened(output, images) as stream, FORMATS[form](stream, scorer.keys) as write:
        for result in scorer.score_many(images, heatmaps=pictures is not None):
            write(result)
            failed |= result.error is not None
            if pictures is not None:
                failed |= not pictures.add(result)
    ctx.exit(1 if failed else 0)


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


def _recipe(
    registry: Registry,
    file: str | None,
    *,
    pris: tuple[str, ...],
    mapper: str | None,
    settings: tuple[str, ...],
    **parts: str | None,
) -> Recipe | RecipeSet:
    """The recipe of a file, or an ad-hoc one of the parts named, the others at their defaults."""
    from .. import recipe as recipes

    given = {name: value for name, value in parts.items() if value is not None}
    if file is not None:
        if pris or mapper or given or settings:
            raise UsageError("--recipe already says everything: leave out --pri, --extractor, --layer, ..., -p")
        return recipes.load(file)
    layer = given.pop("layer", None)
    names = {
        "extractor": recipes.DEFAULT_EXTRACTOR,
        "explainer": recipes.DEFAULT_EXPLAINER,
        "metric": recipes.DEFAULT_METRIC,
        **given,
    }
    wanted = _Settings(registry, settings)
    chosen = recipes.ad_hoc(
        pris=[wanted.choice("pri", pri) for pri in pris or recipes.DEFAULT_PRIS],
        mapper=None if mapper is None else wanted.choice("mapper", mapper),
        layer=int(layer) if layer is not None and re.fullmatch(r"[+-]?\d+", layer) else layer,
        **{kind: wanted.choice(kind, name) for kind, name in names.items()},
    )
    wanted.check_all_used()
    return chosen


class _Settings:
    """The ``-p kind.name=value`` options, each for every component of its kind that has the parameter."""

    def __init__(self, registry: Registry, settings: Iterable[str]) -> None:
        self._registry = registry
        self._settings = [self._read(setting) for setting in settings]
        self._used: set[tuple[str, str]] = set()
        self._known: dict[str, set[str]] = {kind: set() for kind in KINDS}

    def _read(self, setting: str) -> tuple[str, str, str]:
        match = _SETTING.fullmatch(setting)
        if match is None:
            raise UsageError(f"-p takes KIND.NAME=VALUE, such as pri.size=5, not {setting!r}")
        if match["kind"] not in KINDS:
            raise UsageError(f"-p {setting}: {near_miss('kind', match['kind'], KINDS)}")
        return match["kind"], match["name"], match["text"]

    def choice(self, kind: str, name: str) -> Any:
        """A component with the settings that it takes."""
        from .. import params
        from ..recipe import Choice

        item = self._registry.get(kind, name)
        cls = item.component.params
        known = {info.name for info in params.describe(cls)}
        self._known[kind] |= known
        values = {}
        for of_kind, setting, text in self._settings:
            if of_kind == kind and setting in known:
                values[setting] = params.from_text(cls, setting, text, f"{kind} {item.label}")
                self._used.add((kind, setting))
        return Choice(name, values)

    def check_all_used(self) -> None:
        """Raise :class:`UsageError` for a setting that no component took."""
        for kind, name, _ in self._settings:
            if (kind, name) not in self._used:
                problem = near_miss(f"parameter of the chosen {kind}", name, self._known[kind])
                raise UsageError(f"-p {kind}.{name}: {problem}")


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

        for heatmaps in result.heatmaps:
            path = self._folder / f"{self._free(f'{Path(result.image).stem}--{heatmaps.title}')}.png"
            try:
                save(heatmaps, Path(result.image).name, path)
            except OSError as error:
                click.echo(f"warning: {path}: cannot be written: {error.strerror or error}", err=True)
                return False
        return True

    def _free(self, wanted: str) -> str:
        """A name that no picture of this run has, and that file systems take."""
        stem = _NOT_IN_NAMES.sub("-", wanted)
        if len(os.fsencode(stem)) > _LONGEST_NAME:
            stem = f"{stem[: _LONGEST_NAME // 4]}-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]}"
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}-{count}"
        self._taken.add(name)
        return name
