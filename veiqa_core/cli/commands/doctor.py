"""``veiqa doctor``: whether this installation works."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from ...extension.registry import installed
from ..paths import PATH
from ..printing import json_data, line


@click.command()
@click.option("--store", type=PATH, metavar="FILE", help="The store. Default: in the cache.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, store: Path | None, as_json: bool) -> None:
    """Look at versions, plugins, extras, memory, store, devices and weights, and score an image on trial.

    Works where torch is broken or missing, too, and fetches nothing. The exit status is 1 if there is a problem.
    """
    from ...doctor import examine

    findings = []
    for finding in examine(installed(), store):
        findings.append(finding)
        if not as_json:
            line(f"{finding.state:<7}  {finding.about:<8}  {finding.text}")
            if finding.advice is not None:
                line(f"{'':<19}to do: {finding.advice}")
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        json_data([attrs.asdict(finding) for finding in findings])
    elif problems == 0:
        line("Everything that VEIQA needs is there and works.")
    ctx.exit(1 if problems else 0)
