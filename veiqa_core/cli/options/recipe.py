"""The options that name a recipe, or build one, the same in every command that scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

from ...errors import UsageError
from ...files.values import parse_whole
from ..printing import note
from .completion import component_names, shipped_names
from .grouped import option
from .settings import Settings, values

if TYPE_CHECKING:
    from ...devices import Device
    from ...extension.registry import Registry
    from ...recipes.recipe import Recipe, RecipeSet
    from ...recipes.view import View
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
        from ...recipes.overrides import overridden

        return overridden(recipe, self.overrides, registry, note) if self.overrides else recipe


@attrs.frozen
class SettingOptions:
    """``-p``."""

    settings: tuple[str, ...] = SETTINGS


@attrs.frozen
class RecipeOptions:
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

    def __attrs_post_init__(self) -> None:
        viewed(self.view)

    @property
    def read(self) -> tuple[str | None, ...]:
        """The recipe and what parameters are set to: what may be files that are read."""
        return (self.recipe, *values(self.settings), *values(self.overrides))

    def chosen(self, registry: Registry, settings: Settings) -> Recipe | RecipeSet:
        """:meth:`named`, with the view that is given, if any.

        Raises:
            UsageError: as for :meth:`named`.
        """
        return self.at_view(self.named(registry, settings))

    def at_view(self, recipe: Recipe | RecipeSet) -> Recipe | RecipeSet:
        """A recipe with the view that is given, if any."""
        return recipe if self.view is None else recipe.at_view(viewed(self.view))

    def named(self, registry: Registry, settings: Settings) -> Recipe | RecipeSet:
        """:meth:`_named`, with what ``--set`` sets.

        Raises:
            UsageError: as for :meth:`_named`; or an override does not fit the recipe.
        """
        return OverrideOptions(overrides=self.overrides).applied(self._named(registry, settings), registry)

    def _named(self, registry: Registry, settings: Settings) -> Recipe | RecipeSet:
        """The recipe named, or an ad-hoc one of the parts named, the others at their defaults; the default recipe
        where nothing is named.

        Raises:
            UsageError: a recipe and parts are named together, or something named is not there.
        """
        from ...recipes import files as recipe_files
        from ...recipes import recipe as recipes

        parts = {name: getattr(self, name) for name in ("extractor", "layer", "explainer", "metric")}
        given = {name: value for name, value in parts.items() if value is not None}
        branches_named = bool(self.pris or given or settings.kinds & {*recipes.BRANCH_KINDS})
        parts_named = bool(branches_named or self.methods or self.mapper or settings.kinds & {"method", "mapper"})
        if self.recipe is not None and parts_named:
            raise UsageError(
                "--recipe already names every part: change one with --set, such as --set metric=ssim or --set "
                "explainer.target=0, instead of --pri, --extractor, --layer, ..., --method, -p"
            )
        if not parts_named:
            return recipe_files.find(self.recipe or recipes.DEFAULT_RECIPE, registry)
        mapper = None if self.mapper is None else settings.choice("mapper", self.mapper)
        methods = tuple(settings.choice("method", name) for name in self.methods)
        if methods and not branches_named:
            return recipes.Recipe("ad-hoc", (), mapper, methods=methods)
        layer = given.pop("layer", None)
        names = {
            "extractor": recipes.DEFAULT_EXTRACTOR,
            "explainer": recipes.DEFAULT_EXPLAINER,
            "metric": recipes.DEFAULT_METRIC,
            **given,
        }
        chosen: dict[str, Any] = {kind: settings.choice(kind, name) for kind, name in names.items()}
        return recipes.ad_hoc(
            pris=[settings.choice("pri", pri) for pri in self.pris or recipes.DEFAULT_PRIS],
            mapper=mapper,
            methods=methods,
            layer=None if layer is None else _name_or_index(layer),
            **chosen,
        )


def viewed(view: str | None) -> View:
    """The view that ``--view`` means; where it is not given, the native size.

    Raises:
        UsageError: it is none.
    """
    from ...recipes.view import parse_view

    return None if view is None else parse_view(view)


def _name_or_index(layer: str) -> str | int:
    try:
        return parse_whole(layer)
    except ValueError:
        return layer


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
