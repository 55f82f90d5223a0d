"""``--fail-under``: a gate for pipelines."""

from __future__ import annotations

import attrs

from ..numbers import Number
from .grouped import option


@attrs.frozen
class GateOptions:
    """``--fail-under``."""

    fail_under: float | None = option(
        "--fail-under", type=Number(), metavar="SCORE", help="Exit with status 3 if some image scores below."
    )
