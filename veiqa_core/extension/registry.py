"""From found plugins to registered components and recipes, and look-up by ``name`` or ``dist:name``.

A plugin is registered whole or not at all; what keeps one out is recorded as a :class:`Problem` and breaks nothing
else.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import pluggy

from ..api import parameters as params
from ..errors import UsageError, one_line, plain
from ..isolation.prints import redirect_prints
from . import hookspecs
from .catalogue import Catalogue, Registered, Shipped
from .discovery import Damaged, Found, discover, pass_over_damaged
from .kinds import KINDS, check_kind
from .registration import Refused, Watch, collect


@attrs.frozen
class Problem:
    """Why a plugin was not registered, or what is wrong with one that was."""

    plugin: Found
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.plugin.dist} {self.plugin.version} (entry point {self.plugin.entry!r}): {self.reason}"


@attrs.frozen
class Part:
    """A registered component with its parameters; equal parts do the same work.

    Attributes:
        names: of the values that a mapper maps, where these are known.
    """

    registered: Registered = attrs.field(eq=lambda registered: (registered.kind, registered.ref))
    params: Any
    names: tuple[str, ...] = attrs.field(default=(), eq=False)

    def __hash__(self) -> int:
        return hash((self.registered.kind, self.registered.ref, self.params))

    @property
    def key(self) -> str:
        """Its name, with the parameters that differ from their defaults: ``jpeg(quality=5)``."""
        changed = ",".join(f"{name}={value}" for name, value in sorted(params.changed(self.params).items()))
        return f"{self.registered.label}({changed})" if changed else self.registered.label

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides what it does, as plain values."""
        names = (field.name for field in attrs.fields(type(self.params)))
        values = {name: params.plain(getattr(self.params, name)) for name in names}
        return {"component": self.registered.ref, "params": values}

    @property
    def origin(self) -> str:
        """The component, its kind and its plugin, as messages name them."""
        return self.registered.origin

    @property
    def traits(self) -> Mapping[str, Any]:
        """The traits that the component declares."""
        return self.registered.component.traits

    def create(self) -> Any:
        """Build the component."""
        return self.registered.load()(self.params)


class Registry:
    """The components and recipes of the given plugins.

    Attributes:
        plugins: all plugins found, also those left out.
        problems: why some were left out.
        remarks: what others do that slows every command down.
        damaged: installed distributions whose metadata cannot be read.
        recipes: the recipes and recipe sets that they ship.
        spaces: the search spaces that they ship.
    """

    def __init__(self, plugins: Iterable[Found], damaged: Iterable[Damaged] = ()) -> None:
        self.plugins = tuple(plugins)
        self.damaged = tuple(damaged)
        self.problems: list[Problem] = []
        self.remarks: list[Problem] = []
        self.recipes: Catalogue[Shipped] = Catalogue("recipe", "docs/recipes.md")
        self.spaces: Catalogue[Shipped] = Catalogue("search space", "docs/search.md#spaces")
        self._components: dict[str, Catalogue[Registered]] = {
            kind.name: Catalogue(kind.title, kind.page) for kind in KINDS.values()
        }
        manager = pluggy.PluginManager("veiqa")
        manager.add_hookspecs(hookspecs)
        for plugin in self.plugins:
            watch = Watch()
            try:
                with redirect_prints():
                    self._add(collect(plugin, manager))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a plugin may do anything at import, sys.exit() included
                reason = plain(str(error)) if type(error) is Refused else one_line(error)
                self.problems.append(Problem(plugin, reason))
            self.remarks += (Problem(plugin, reported) for reported in watch.remarks())

    def __iter__(self) -> Iterator[Registered]:
        for catalogue in self._components.values():
            yield from catalogue

    def _add(self, items: list[Registered | Shipped]) -> None:
        for item in items:
            if self._shelf(item).holds(item.dist, item.name):
                raise Refused(f"gives the {item.kind} {item.name!r}, as another entry point of {item.dist} does")
        for item in items:
            self._shelf(item).add(item)

    def _shelf(self, item: Registered | Shipped) -> Catalogue[Any]:
        if isinstance(item, Registered):
            return self._components[item.kind]
        return self.spaces if item.kind == "space" else self.recipes

    def of_kind(self, kind: str) -> list[Registered]:
        """The components of one kind, sorted by name, then distribution."""
        return list(self._components[kind])

    def get(self, kind: str, name: str) -> Registered:
        """The component that ``name`` or ``dist:name`` means.

        Raises:
            UsageError: no component has that name, or several have and it is bare.
        """
        return self._components[kind].get(name)

    def named(self, name: str) -> Registered:
        """The component that ``KIND/NAME`` means, NAME as for :meth:`get`.

        Raises:
            UsageError: the text does not read so, or there is none.
        """
        kind, slash, bare = name.partition("/")
        if not slash:
            raise UsageError(f"say KIND/NAME, such as metric/psnr, not {name!r}")
        check_kind(kind)
        return self.get(kind, bare)

    def part(self, kind: str, name: str, given: Mapping[str, Any] | None = None) -> Part:
        """A component with parameters from plain values, the others at their defaults.

        Raises:
            UsageError: the name or a parameter is unknown, or a value does not fit.
        """
        registered = self.get(kind, name)
        return Part(registered, params.build(registered.component.params, given or {}, f"{kind} {registered.label}"))


@functools.cache
def installed() -> Registry:
    """The registry of everything installed here."""
    found = discover()
    if found.damaged:
        pass_over_damaged()
    return Registry(found.plugins, found.damaged)
