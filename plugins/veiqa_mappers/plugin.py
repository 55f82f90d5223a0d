"""Records of the built-in score mappers. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl


@hookimpl
def veiqa_score_mappers() -> Iterator[Component]:
    """The paper's five-parameter logistic, and simpler ways from similarity to quality."""
    yield Component(
        name="logistic5",
        summary="Five-parameter logistic: an S-shaped curve on a line.",
        factory="veiqa_mappers.logistic:Logistic5",
        requires=("numpy", "scipy"),
        traits={"fitted": True, "branches": "one"},
        reference="Ahmed et al. 2024, eq. 6; Sheikh et al., IEEE Trans. Image Processing 15(11), 2006.",
    )
    yield Component(
        name="logistic4",
        summary="Four-parameter logistic: an S-shaped curve between two levels.",
        factory="veiqa_mappers.logistic:Logistic4",
        requires=("numpy", "scipy"),
        traits={"fitted": True, "branches": "one"},
        reference="VQEG, Final report on the validation of objective models, phase II, 2003.",
    )
    yield Component(
        name="linear",
        summary="Least squares on the similarities of one branch or several, with an intercept.",
        factory="veiqa_mappers.linear:Linear",
        requires=("numpy", "scipy"),
        traits={"fitted": True, "branches": "many"},
        reference="Ordinary least squares.",
    )
    yield Component(
        name="identity",
        summary="Minus the similarity, the mean over several branches; nothing is fitted.",
        factory="veiqa_mappers.identity:Identity",
        requires=("numpy",),
        traits={"fitted": False, "branches": "many"},
        reference="Ahmed et al. 2024, section 2.1: the closer an image is to its PRI, the worse it is.",
    )
