"""What this plugin offers. Light: nothing heavy is imported here."""

from veiqa_core.api import Component, hookimpl, param, params

VEIQA_API = (2, 0)


@params
class MinkowskiParams:
    """Of the Minkowski distance."""

    p: float = param(
        default=2.0, help="Exponent: 1 counts all differences alike, more the large ones.", ge=1, search=(1.0, 2.0, 4.0)
    )


@hookimpl
def veiqa_similarity_metrics():
    """The metric of this plugin."""
    yield Component(
        name="minkowski",
        summary="Minkowski distance of two maps.",
        factory="veiqa_minkowski.component:Minkowski",
        params=MinkowskiParams,
        requires=("torch",),
        reference="Wang and Bovik, IEEE Signal Processing Magazine 26(1), 2009, eq. 4.",
        traits={"similar": "low", "bounds": (0, 1), "identity": "min", "symmetric": True},
    )
