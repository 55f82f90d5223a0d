"""``veiqa compare``: an image against its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..common import registry
from ..options.completion import component_names
from ..options.grouped import groups
from ..options.recipe import SettingOptions
from ..options.settings import Settings
from ..printing import json_data, line, say

if TYPE_CHECKING:
    from ...full_reference import MetricValue


@click.command()
@click.argument("reference")
@click.argument("distorted")
@click.option(
    "--metric",
    "metrics",
    shell_complete=component_names("metric"),
    multiple=True,
    metavar="M",
    help="Metric; repeatable. Default: all for images.",
)
@groups(parameters=SettingOptions)
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Output format."
)
@click.pass_context
def compare(
    ctx: click.Context,
    /,
    reference: str,
    distorted: str,
    metrics: tuple[str, ...],
    parameters: SettingOptions,
    form: str,
) -> None:
    """Compare an image with its reference by full-reference metrics.

    The exit status is 0, or 1 if an image or a metric failed, or 2 if the command cannot be run as given.
    """
    found = registry()
    wanted = Settings(found, parameters.settings)
    choices = [wanted.choice("metric", name) for name in metrics]
    from ... import full_reference

    if not choices:
        choices = [wanted.choice("metric", item.ref) for item in full_reference.image_metrics(found)]
    wanted.check_all_used()
    values = full_reference.compare(reference, distorted, choices, found)
    if form == "json":
        rows = [{"metric": item.metric.key, "value": item.value} for item in values]
        json_data(rows)
    else:
        _show(values)
    for item in values:
        if item.error is not None:
            say(f"Error: {item.error}")
    ctx.exit(1 if any(item.error is not None for item in values) else 0)


def _show(values: Sequence[MetricValue]) -> None:
    width = max((len(item.metric.key) for item in values), default=0)
    for item in values:
        value = "failed" if item.value is None else f"{item.value:.6g}"
        line(f"{item.metric.key:<{width}}  {value:>12}  {_meaning(item.metric.traits)}")


def _meaning(traits: Mapping[str, Any]) -> str:
    if traits["identity"] in ("max", "min", "none"):
        return f"{traits['similar']}er is closer"
    return f"{traits['identity']} for identical images"
