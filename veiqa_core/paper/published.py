"""What the paper prints, as data: its figures, and which recipes and methods stand for its own."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from typing import Any

import attrs

PSNR = "psnr"


@attrs.frozen
class Network:
    """A network of the paper, or what takes its place.

    Attributes:
        recipe: the recipe set that follows the paper with it.
        printed: what table 4 calls it; empty for a substitute.
    """

    name: str
    title: str
    recipe: str
    printed: str = ""


@attrs.frozen
class PublishedMethod:
    """A method of table 6.

    Attributes:
        component, mapper: what measures it here, and what is fitted to its outputs; empty where nothing does.
        missing: why nothing does.
    """

    title: str
    component: str = ""
    mapper: str = ""
    missing: str = ""


@attrs.frozen
class Published:
    """The content of ``published.toml``."""

    types: tuple[str, ...]
    databases: Mapping[str, Mapping[str, Any]]
    networks: tuple[Network, ...]
    substitutes: tuple[Network, ...]
    methods: tuple[PublishedMethod, ...]
    tables: Mapping[int, Mapping[str, Any]]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The similarity measures of table 5."""
        return tuple(self.tables[5])


def _networks(table: Mapping[str, Any]) -> tuple[Network, ...]:
    return tuple(Network(name, **values) for name, values in table.items())


@functools.cache
def published() -> Published:
    """The paper's figures."""
    data = tomllib.loads(importlib.resources.files(__package__).joinpath("published.toml").read_text("utf-8"))
    return Published(
        types=tuple(data["types"]),
        databases=data["database"],
        networks=_networks(data["network"]),
        substitutes=_networks(data["substitute"]),
        methods=tuple(PublishedMethod(**values) for values in data["method"]),
        tables={number: data[f"table{number}"] for number in range(3, 8)},
    )
