"""Records of the built-in distortion classifiers. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl, param, params


@params
class MultinomialParams:
    """Of the multinomial logistic regression."""

    strength: float | None = param(
        default=None,
        help="Weight of the penalty on squared weights, in units of the standard deviations; chosen by leaving a fifth "
        "of the points out where none is given.",
        gt=0,
        le=1e6,
    )
    types: tuple[str, ...] = param(
        default=(),
        help="Types that are distinguished, all others being 'other'; each that occurs where none is given.",
    )
    balanced: bool = param(default=True, help="Whether all types count alike, however many images each has.")


@hookimpl
def veiqa_distortion_classifiers() -> Iterator[Component]:
    """A linear classifier of similarities."""
    yield Component(
        name="multinomial",
        summary="Multinomial logistic regression on the similarities.",
        factory="veiqa_classifiers.multinomial:Multinomial",
        params=MultinomialParams,
        requires=("numpy", "sklearn"),
        reference="Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed., 2009, section 4.4.",
    )
