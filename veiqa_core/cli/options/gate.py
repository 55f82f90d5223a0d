"""``--fail-under``: a gate for pipelines."""

from __future__ import annotations

import click

from ..numbers import Number

fail_under_option = click.option(
    "--fail-under", type=Number(), metavar="SCORE", help="Exit with status 3 if some image scores below."
)
