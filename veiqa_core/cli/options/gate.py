"""``--fail-under`` and ``--fail-unsure``: a gate for pipelines."""

from __future__ import annotations

import attrs

from ..numbers import Number
from .grouped import option


@attrs.frozen
class GateOptions:
    """What the images must hold."""

    fail_under: float | None = option(
        "--fail-under", type=Number(), metavar="SCORE", help="Exit with status 3 if some image scores below."
    )
    fail_unsure: bool = option(
        "--fail-unsure",
        is_flag=True,
        help="Exit with status 3 if some score is a guess: of an image unlike those fitted on, or of no photo.",
    )
