"""A plugin with a method that does as images of certain widths ask it: waits, fails, or takes its process down."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from veiqa_core.api import Component, hookimpl

VEIQA_API = (2, 0)

WAITS, FAILS, DIES = 77, 78, 79
"""Widths of images. One of the first waits until there is a file that the variable ``PATIENT_GATE`` names."""


@hookimpl
def veiqa_methods() -> Iterator[Component]:
    yield Component(
        name="patient",
        summary="A mean.",
        factory="patient:Patient",
        requires=("torch",),
        traits={"better": "high", "bounds": (0, 1), "min_size": 1},
    )


class Patient:
    """The mean of an image."""

    outputs = ("patient",)

    def __init__(self, given: Any) -> None:
        pass

    def measure(self, images: Any) -> Any:
        width = images.shape[3]
        while width == WAITS and not Path(os.environ["PATIENT_GATE"]).exists():
            time.sleep(0.01)
        if width == FAILS:
            raise RuntimeError("no patience")
        if width == DIES:
            os._exit(3)
        return images.double().mean((1, 2, 3))[:, None]
