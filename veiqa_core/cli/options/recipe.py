"""The options that name a recipe, or build one, the same in every command that scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click

from ...functions.recipes import RecipeChoice, changed
from ...functions.settings import values
from ..printing import note
from .completion import component_names, shipped_names
from .grouped import option

if TYPE_CHECKING:
    from ...devices import Device
    from ...extension.registry import Registry
    from ...recipes.recipe import Recipe, RecipeSet
    from ...scorer import Scorer
    from ...store import Store


PRIS = option(
    "--pri",
    shell_complete=component_names("pri"),
    multiple=True,
    metavar="P",
    help="PRI generator; repeatable. Default: all four.",
)
EXTRACTOR = option(
    "--extractor",
    shell_complete=component_names("extractor"),
    metavar="E",
    help="Feature extractor. Default: efficientnet-lite0.",
)
LAYER = option("--layer", metavar="L", help="Layer, by name or index. Default: the extractor's own.")
EXPLAINER = option(
    "--explainer", shell_complete=component_names("explainer"), metavar="X", help="Explainer. Default: gradcam."
)
METRIC = option(
    "--metric", shell_complete=component_names("metric"), metavar="M", help="Similarity metric. Default: psnr."
)
METHODS = option(
    "--method",
    shell_complete=component_names("method"),
    multiple=True,
    metavar="N",
    help="Method: a whole no-reference index; repeatable. Alone, or beside branches where their parts are named.",
)
MAPPER = option("--mapper", shell_complete=component_names("mapper"), metavar="Q", help="Score mapper. Default: none.")
VIEW = option(
    "--view",
    metavar="native|N",
    help="Images whose longer side exceeds N pixels are reduced to it before anything else. Default: as the recipe "
    "says.",
)
SETTINGS = option("-p", multiple=True, metavar="KIND.NAME=VALUE", help="A parameter of every component of a kind.")
OVERRIDES = option(
    "--set",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Another part or parameter in every branch of the recipe, or in those that match: metric=ssim, "
    "extractor.resize=224, 'branch[jpeg*].metric=nae', mapper=ridge, view=native; repeatable.",
)


@attrs.frozen
class OverrideOptions:
    """``--set``."""

    overrides: tuple[str, ...] = OVERRIDES

    def applied(self, recipe: Recipe | RecipeSet, registry: Registry) -> Recipe | RecipeSet:
        """A recipe with what is set, which a note tells where something fitted is lost.

        Raises:
            UsageError: an override does not fit the recipe.
        """
        return changed(recipe, self.overrides, registry, note)


@attrs.frozen
class SettingOptions:
    """``-p``."""

    settings: tuple[str, ...] = SETTINGS


@attrs.frozen
class RecipeOptions(RecipeChoice):
    """A recipe by name or file, or the parts of one, and ``-p``."""

    recipe: str | None = option(
        "--recipe",
        metavar="NAME|FILE",
        shell_complete=shipped_names("recipes"),
        help="A shipped recipe, or one in TOML; excludes the options that build one. Default: default.",
    )
    pris: tuple[str, ...] = PRIS
    extractor: str | None = EXTRACTOR
    layer: str | None = LAYER
    explainer: str | None = EXPLAINER
    metric: str | None = METRIC
    methods: tuple[str, ...] = METHODS
    mapper: str | None = MAPPER
    overrides: tuple[str, ...] = OVERRIDES
    view: str | None = VIEW
    settings: tuple[str, ...] = SETTINGS

    @property
    def read(self) -> tuple[str | None, ...]:
        """The recipe and what parameters are set to: what may be files that are read."""
        return (self.recipe, *values(self.settings), *values(self.overrides))


@attrs.frozen
class ScoringOptions(RecipeOptions):
    """The same, and the type that picks from a recipe set."""

    distortion: str | None = option(
        "--distortion", metavar="TYPE", help="The images' distortion type, for a recipe set: GB, WN, ..."
    )


@attrs.frozen
class DeviceOptions:
    """``--device``, ``--precision`` and ``--runtime``."""

    device: str = option(
        "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True, help="Where."
    )
    precision: str = option(
        "--precision",
        type=click.Choice(["float32", "bfloat16"]),
        default="float32",
        show_default=True,
        help="What networks compute in. bfloat16 is faster where the processor or card has it; scores move a little.",
    )

    runtime: str = option(
        "--runtime",
        type=click.Choice(["auto", "torch", "onnxruntime"]),
        default="auto",
        show_default=True,
        help="What makes forward passes. onnxruntime is faster on a processor, where explainers ask for activations "
        "only; auto takes it wherever it serves.",
    )

    def found(self) -> Device:
        """The device that is meant.

        Raises:
            UsageError: this machine has none such, or it does not go together with the others.
        """
        from ...devices import Device

        return Device.find(self.device, self.precision, self.runtime)

    def scorer(
        self, recipe: Recipe | RecipeSet, registry: Registry, store: Store | None, distortion: str | None = None
    ) -> Scorer:
        """A scorer that computes there.

        Raises:
            UsageError: as for :class:`.Scorer`.
        """
        from ...scorer import Scorer

        return Scorer(
            recipe,
            device=self.device,
            precision=self.precision,
            runtime=self.runtime,
            distortion=distortion,
            registry=registry,
            store=store,
        )


device_option = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True, help="Where."
)
