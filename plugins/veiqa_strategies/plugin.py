"""Records of the built-in search strategies. Light: their code is imported at first use."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl, param, params


@params
class HalvingParams:
    """Of successive halving."""

    eta: int = param(
        default=3, help="One in so many candidates goes on to the next round, on so many times the contents.", ge=2
    )
    first: float = param(default=0.25, help="Share of the contents in the first round.", gt=0, le=1)
    finalists: int = param(
        default=10,
        help="At least so many candidates reach the last round, on all contents, where so many started and have a "
        "figure; rounds end early where no more are left.",
        ge=1,
    )


@params
class OptunaParams:
    """Of Optuna's tree-structured Parzen estimator."""

    startup: int = param(default=10, help="So many candidates are drawn at random before the model is used.", ge=1)
    batch: int = param(
        default=1, help="Candidates chosen at once: the model learns more rarely, the measuring shares more.", ge=1
    )
    patience: int = param(
        default=50, help="The search ends early when the model names known candidates so many times in a row.", ge=1
    )


@hookimpl
def veiqa_search_strategies() -> Iterator[Component]:
    """Everything, a random sample, rounds on more and more images, and a model of what was measured."""
    yield Component(
        name="exhaustive",
        summary="Every candidate on all images.",
        factory="veiqa_strategies.sampling:Exhaustive",
        requires=("numpy",),
        traits={"budget": "none"},
        reference="Complete enumeration.",
    )
    yield Component(
        name="random",
        summary="As many different candidates as the budget says, each equally likely, on all images.",
        factory="veiqa_strategies.sampling:Random",
        requires=("numpy",),
        traits={"budget": "required"},
        reference="Bergstra and Bengio, JMLR 13, 2012.",
    )
    yield Component(
        name="halving",
        summary="Many candidates on few images, the best of them on more; the budget bounds how many start.",
        factory="veiqa_strategies.halving:Halving",
        params=HalvingParams,
        requires=("numpy",),
        traits={"budget": "optional"},
        reference="Jamieson and Talwalkar, AISTATS 2016, section 3 (successive halving); "
        "eta: Li et al., JMLR 18(185), 2018, algorithm 1.",
    )
    yield Component(
        name="optuna",
        summary="Candidates that a model of those measured finds promising.",
        factory="veiqa_strategies.optuna_tpe:Optuna",
        params=OptunaParams,
        requires=("optuna", "numpy"),
        extra="veiqa[optuna]",
        traits={"budget": "required"},
        reference="Bergstra et al., NIPS 24, 2011, section 4 (TPE); Akiba et al., KDD 2019 (Optuna).",
    )
