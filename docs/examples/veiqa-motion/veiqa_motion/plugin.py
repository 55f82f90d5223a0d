"""What this plugin offers. Light: nothing heavy is imported here."""

from veiqa_core.api import Component, hookimpl, param, params

VEIQA_API = (2, 0)


@params
class ShakeParams:
    """Of camera shake."""

    length: float = param(default=9.0, help="Length of the path in pixels.", gt=0, le=64, search=(5.0, 9.0, 17.0))


@hookimpl
def veiqa_pri_generators():
    """The PRI generator of this plugin."""
    yield Component(
        name="shake",
        summary="Blur along the random path of a hand-held camera.",
        factory="veiqa_motion.component:Shake",
        params=ShakeParams,
        requires=("numpy", "torch"),
        reference="After Boracchi and Foi, IEEE Trans. Image Processing 21(8), 2012: random motion trajectories.",
        traits={"distortion": "MB", "strength": ("length", 2, 40)},
    )
