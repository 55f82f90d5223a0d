"""Numbers on the command line, read as strictly as those in files: no ``9_0``, ``nan`` or digits of other scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..errors import brief
from ..files.values import parse_number, parse_whole

Parameter = click.Parameter | None
Context = click.Context | None


class Number(click.FloatRange):
    """A finite number, within bounds if there are any."""

    name = "float"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> Any:
        """The number that a text stands for."""
        return super().convert(_strictly(parse_number, value, param, ctx), param, ctx)

    def _describe_range(self) -> str:
        return "" if self.min is self.max is None else super()._describe_range()


class Whole(click.IntRange):
    """A whole number, within bounds if there are any."""

    name = "integer"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> Any:
        """The number that a text stands for."""
        return super().convert(_strictly(parse_whole, value, param, ctx), param, ctx)

    def _describe_range(self) -> str:
        return "" if self.min is self.max is None else super()._describe_range()


def _strictly(parse: Callable[[str], float], value: Any, param: Parameter, ctx: Context) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse(value)
    except ValueError as error:
        raise click.BadParameter(f"{brief(value)} {error}", ctx, param) from None
