"""Offers a metric under a built-in's name."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl


@hookimpl
def veiqa_similarity_metrics() -> Iterator[Component]:
    """A metric called psnr that is none."""
    yield Component(
        name="psnr",
        summary="Minus the mean squared error.",
        factory="veiqa_clash.metric:NegatedError",
        requires=("torch",),
        traits={"similar": "high", "bounds": (None, 0), "identity": "max", "symmetric": True},
    )
