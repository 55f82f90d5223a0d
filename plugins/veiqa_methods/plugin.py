"""Records of the built-in methods. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl


@hookimpl
def veiqa_methods() -> Iterator[Component]:
    """Whole no-reference indices."""
    yield Component(
        name="laplacian-variance",
        summary="Variance of the Laplacian of the luma: how sharp an image is, and how noisy.",
        factory="veiqa_methods.sharpness:LaplacianVariance",
        requires=("torch",),
        traits={"better": "high", "bounds": (0, None), "min_size": 3},
        reference="Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000 (LAP4 with variance).",
    )
