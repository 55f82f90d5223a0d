"""What a distribution offers by name, and look-up by ``name`` or ``dist:name``."""

from __future__ import annotations

import importlib
import importlib.resources
import importlib.util
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import attrs

from ..api import Component, Resource
from ..errors import UsageError, near_miss, one_line
from ..isolation.prints import redirect_prints

OWN_DIST = "veiqa"


Record = TypeVar("Record", Component, Resource)


@attrs.frozen(eq=False)
class Entry(Generic[Record]):
    """A record with the kind of thing it describes and the distribution that it comes from."""

    kind: str
    record: Record
    dist: str
    version: str

    @property
    def name(self) -> str:
        """The bare name, which other distributions may use too."""
        return self.record.name

    @property
    def ref(self) -> str:
        """The name that means this one and no other: ``dist:name``."""
        return f"{self.dist}:{self.name}"

    @property
    def label(self) -> str:
        """The shortest name that no other distribution can take over: bare for VEIQA's own."""
        return self.name if self.dist == OWN_DIST else self.ref

    @property
    def origin(self) -> str:
        """Kind, name and distribution, for messages."""
        return f"{self.kind} {self.name!r} ({self.dist} {self.version})"


@attrs.frozen(eq=False)
class Registered(Entry[Component]):
    """A component that is offered."""

    @property
    def component(self) -> Component:
        """Its record."""
        return self.record

    @property
    def missing(self) -> list[str]:
        """The packages that it needs and that are not installed."""
        return [name for name in self.component.requires if not _is_importable(name)]

    def load(self) -> Any:
        """Import the factory.

        Raises:
            UsageError: a required package is missing, or the import fails.
        """
        return self.load_name(self.component.factory)

    def load_name(self, where: str) -> Any:
        """Import ``"package.module:name"`` of this component's plugin.

        Raises:
            UsageError: a required package is missing, or the import fails.
        """
        missing = self.missing
        if missing:
            hint = f"; run: pip install '{self.component.extra}'" if self.component.extra else ""
            raise UsageError(f"{self.origin} needs what is not installed here: {', '.join(missing)}{hint}")
        module, _, name = where.partition(":")
        try:
            with redirect_prints():
                return getattr(importlib.import_module(module), name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may do anything at import, sys.exit() included
            raise UsageError(f"{self.origin} cannot be loaded from {where}: {one_line(error)}") from error


@attrs.frozen(eq=False)
class Shipped(Entry[Resource]):
    """A file that is offered."""

    def read_text(self) -> str:
        """The file's text.

        Raises:
            UsageError: it is not there, or not text.
        """
        where = f"{self.record.package}/{self.record.file}"
        try:
            return importlib.resources.files(self.record.package).joinpath(self.record.file).read_text("utf-8")
        except (OSError, ImportError, ValueError) as error:
            raise UsageError(f"{self.origin}: {where} cannot be read: {one_line(error)}") from error


AnyEntry = TypeVar("AnyEntry", bound=Entry[Any])


class Catalogue(Generic[AnyEntry]):
    """Offers of one kind. A distribution offers a name once; several distributions may offer the same.

    Args:
        title: what such a thing is called in messages.
        page: of the documentation that describes what there is.
    """

    def __init__(self, title: str, page: str) -> None:
        self.title = title
        self.page = page
        self._by_name: dict[str, list[AnyEntry]] = {}

    def __iter__(self) -> Iterator[AnyEntry]:
        """Sorted by name, then distribution."""
        for name in sorted(self._by_name):
            yield from self._by_name[name]

    def holds(self, dist: str, name: str) -> bool:
        """Whether a distribution already offers a name."""
        return any(item.dist == dist for item in self._by_name.get(name, []))

    def add(self, item: AnyEntry) -> None:
        """Take one more."""
        self._by_name.setdefault(item.name, []).append(item)

    def get(self, name: str) -> AnyEntry:
        """What ``name`` or ``dist:name`` means.

        Raises:
            UsageError: nothing has that name, or several have and it is bare.
        """
        dist, _, bare = name.rpartition(":")
        candidates = [item for item in self._by_name.get(bare, []) if not dist or item.dist == dist]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            offers = " and ".join(f"{item.dist} {item.version}" for item in candidates)
            choices = " or ".join(repr(item.ref) for item in candidates)
            raise UsageError(f"{self.title} {name!r} is offered by {offers}: say {choices}")
        known = [item.ref for item in self] if dist else list(self._by_name)
        raise UsageError(f"{near_miss(self.title, name, known)} More: {self.page}")


def _is_importable(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False
