"""What all tests share."""

from __future__ import annotations

import contextlib
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks gain nothing from more, and busy machines lose much

with contextlib.suppress(ImportError):  # the light session has no hypothesis
    from hypothesis import settings

    settings.register_profile("repeatable", derandomize=True, deadline=None)
    settings.load_profile("repeatable")
