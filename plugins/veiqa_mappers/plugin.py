"""Records of the built-in score mappers. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from veiqa_core.api import Component, hookimpl, param, params


@params
class IsotonicParams:
    """Of the monotone regression."""

    direction: Literal["auto", "decreasing", "increasing"] = param(
        default="auto", help="How quality goes with similarity; auto: what fits better."
    )


@params
class RidgeParams:
    """Of the ridge regression."""

    strength: float | None = param(
        default=None,
        help="Weight of the penalty, in units of the variances; chosen by leaving points out where none is given.",
        gt=0,
        le=1e6,
        search=(None, 0.01, 0.1, 1.0),
    )


@params
class SvrParams:
    """Of the support vector regression, in units of the standard deviations."""

    c: float = param(default=1.0, help="Price of an error beyond epsilon.", gt=0, le=1e6, search=(0.3, 1.0, 3.0, 10.0))
    epsilon: float = param(default=0.1, help="Errors below it are free.", ge=0, le=10, search=(0.05, 0.1, 0.3))
    gamma: float | None = param(
        default=None,
        help="Narrowness of the radial basis functions; one over the number of branches where none is given.",
        gt=0,
        le=1e6,
        search=(None, 0.03, 0.1, 0.3),
    )


@params
class PcaSvrParams(SvrParams):
    """Of the support vector regression on principal components."""

    components: int = param(default=20, help="How many principal components.", ge=1, le=1000, search=(10, 20, 40))


@params
class TrendSvrParams(PcaSvrParams):
    """Of the support vector regression of what a trend leaves."""

    trend: tuple[str, ...] = param(
        default=("*",),
        help="Which values make the trend, by patterns of their names: * stands for anything.",
    )
    strength: float = param(
        default=0.1, help="Weight of the penalty on the trend's squared weights, in standard deviations.", gt=0, le=1e6
    )


@hookimpl
def veiqa_score_mappers() -> Iterator[Component]:
    """The paper's five-parameter logistic, and simpler ways from similarity to quality."""
    yield Component(
        name="logistic5",
        summary="Five-parameter logistic: an S-shaped curve on a line.",
        factory="veiqa_mappers.logistic:Logistic5",
        requires=("numpy", "scipy"),
        traits={"fitted": True, "branches": "one", "contents": True},
        reference="Ahmed et al. 2024, eq. 6; Sheikh et al., IEEE Trans. Image Processing 15(11), 2006.",
        known_values="veiqa_mappers.known:logistic5",
    )
    yield Component(
        name="logistic4",
        summary="Four-parameter logistic: an S-shaped curve between two levels.",
        factory="veiqa_mappers.logistic:Logistic4",
        requires=("numpy", "scipy"),
        traits={"fitted": True, "branches": "one", "contents": True},
        reference="VQEG, Final report on the validation of objective models, phase II, 2003.",
        known_values="veiqa_mappers.known:logistic4",
    )
    yield Component(
        name="linear",
        summary="Least squares on the similarities of one branch or several, with an intercept.",
        factory="veiqa_mappers.linear:Linear",
        requires=("numpy",),
        traits={"fitted": True, "branches": "many", "contents": True},
        reference="Ordinary least squares.",
        known_values="veiqa_mappers.known:linear",
    )
    yield Component(
        name="isotonic",
        summary="The monotone function nearest to the data; no shape is assumed.",
        factory="veiqa_mappers.isotonic:Isotonic",
        params=IsotonicParams,
        requires=("numpy", "sklearn"),
        traits={"fitted": True, "branches": "one", "contents": True},
        reference="Barlow et al., Statistical Inference under Order Restrictions, Wiley, 1972.",
    )
    yield Component(
        name="ridge",
        summary="Least squares with small weights, for branches that say nearly the same.",
        factory="veiqa_mappers.ridge:Ridge",
        params=RidgeParams,
        requires=("numpy", "sklearn"),
        traits={"fitted": True, "branches": "many", "contents": True},
        reference="Hoerl and Kennard, Technometrics 12(1), 1970; "
        "left-out errors: Golub et al., Technometrics 21(2), 1979.",
    )
    yield Component(
        name="svr",
        summary="Support vector regression with radial basis functions on one branch or several.",
        factory="veiqa_mappers.svr:Svr",
        params=SvrParams,
        requires=("numpy", "sklearn"),
        traits={"fitted": True, "branches": "many", "contents": True},
        reference="Drucker et al., NIPS 9, 1997; Smola and Schölkopf, Statistics and Computing 14, 2004.",
    )
    yield Component(
        name="pca-svr",
        summary="Support vector regression on the principal components of many branches.",
        factory="veiqa_mappers.svr:PcaSvr",
        params=PcaSvrParams,
        requires=("numpy", "sklearn"),
        traits={"fitted": True, "branches": "many", "contents": True},
        reference="Jolliffe, Principal Component Analysis, 2nd ed., Springer, 2002, chapter 8; "
        "Smola and Schölkopf, Statistics and Computing 14, 2004.",
    )
    yield Component(
        name="trend-svr",
        summary="A linear trend of some values, and support vector regression of what it leaves on many.",
        factory="veiqa_mappers.trend:TrendSvr",
        params=TrendSvrParams,
        requires=("numpy", "sklearn"),
        traits={"fitted": True, "branches": "many", "contents": True, "names": True},
        reference="Smola, Frieß and Schölkopf, Semiparametric support vector and linear programming machines, NIPS 11, "
        "1999; Hoerl and Kennard, Technometrics 12(1), 1970.",
    )
    yield Component(
        name="identity",
        summary="Minus the similarity, the mean over several branches; nothing is fitted.",
        factory="veiqa_mappers.identity:Identity",
        requires=("numpy",),
        traits={"fitted": False, "branches": "many"},
        reference="Ahmed et al. 2024, section 2.1: the closer an image is to its PRI, the worse it is.",
        known_values="veiqa_mappers.known:identity",
    )
