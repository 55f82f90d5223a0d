"""Noise."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .checks import even_problem
from .sources import KADID, PAPER, TID2013

_OF_VALUES = "Variance of the noise, for values in [0, 1]."


@params
class WhiteNoiseParams:
    """Of the noise."""

    variance: float = param(default=0.5, help=_OF_VALUES, gt=0, le=100, search=(0.02, 0.1, 0.5))


@params
class ColourNoiseParams:
    """Of the noise in luma and chroma."""

    variance: float = param(
        default=0.02,
        help="Variance of the noise in each of Y, Cb and Cr, which span 219/255 and 224/255.",
        gt=0,
        le=100,
        search=(0.005, 0.02, 0.1),
    )
    luma: float = param(
        default=0.0,
        help="Deviation of the noise in Y over that in Cb and Cr; 0: drawn for each image, from 1/4 to 1.",
        ge=0,
        le=1,
    )


@params
class CorrelatedNoiseParams:
    """Of the noise that neighbours share."""

    variance: float = param(default=0.02, help=_OF_VALUES, gt=0, le=100, search=(0.005, 0.02, 0.1))
    size: int = param(
        default=3,
        help="Side in pixels of the square over which white noise is averaged, odd.",
        ge=3,
        le=63,
        check=even_problem,
    )


@params
class HighFrequencyNoiseParams:
    """Of the noise without slow changes."""

    variance: float = param(default=0.02, help=_OF_VALUES, gt=0, le=100, search=(0.005, 0.02, 0.1))


@params
class ImpulseNoiseParams:
    """Of salt and pepper."""

    share: float = param(
        default=0.05, help="Share of the pixels that become 0 or 1.", gt=0, le=1, search=(0.02, 0.05, 0.2)
    )
    channels: str = param(
        default="either",
        help="Whether a pixel's channels are struck together, apart, or either way, drawn for each image.",
        choices=("together", "apart", "either"),
    )


@params
class MultiplicativeNoiseParams:
    """Of the noise that grows with the value."""

    variance: float = param(
        default=0.1, help="Variance of the factor, whose mean is 1.", gt=0, le=100, search=(0.02, 0.1, 0.5)
    )


@params
class CameraNoiseParams:
    """Of the noise of a sensor."""

    photons: float = param(
        default=300.0,
        help="Mean count of photons that white gives: 10000 is a bright day, 20 nearly darkness.",
        ge=1,
        le=1e6,
        search=(2000.0, 300.0, 50.0),
    )
    read: float = param(
        default=2.0, help="Standard deviation of the noise of reading the sensor, in photons.", ge=0, le=1000
    )


COMPONENTS = (
    Component(
        name="white-noise",
        summary="White Gaussian noise added.",
        factory="veiqa_pri.noise:WhiteNoise",
        params=WhiteNoiseParams,
        requires=("numpy", "torch"),
        traits={"distortion": "WN", "strength": ("variance", 0.0001, 0.5)},
        reference=f"{PAPER}, eq. 2 and section 3.2",
    ),
    Component(
        name="colour-noise",
        summary="White Gaussian noise added to luma and chroma, so that it is coloured.",
        version=2,
        factory="veiqa_pri.noise:ColourNoise",
        params=ColourNoiseParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "WNC", "strength": ("variance", 0.00003, 0.1)},
        reference=f"The white noise in colour components of {KADID}; weaker in luma, as in {TID2013}",
    ),
    Component(
        name="correlated-noise",
        summary="Gaussian noise added that neighbouring pixels share.",
        factory="veiqa_pri.noise:CorrelatedNoise",
        params=CorrelatedNoiseParams,
        requires=("numpy", "scipy", "torch"),
        traits={"distortion": "SCN", "strength": ("variance", 0.0001, 0.15)},
        reference=f"After the spatially correlated noise of {TID2013}",
    ),
    Component(
        name="high-frequency-noise",
        summary="Gaussian noise added that changes from pixel to pixel and is even on the whole.",
        factory="veiqa_pri.noise:HighFrequencyNoise",
        params=HighFrequencyNoiseParams,
        requires=("numpy", "scipy", "torch"),
        traits={"distortion": "HFN", "strength": ("variance", 0.0001, 0.2)},
        reference=f"After the high-frequency noise of {TID2013}",
    ),
    Component(
        name="impulse-noise",
        summary="Salt and pepper: some pixels become 0 or 1.",
        version=2,
        factory="veiqa_pri.noise:ImpulseNoise",
        params=ImpulseNoiseParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "IN", "strength": ("share", 0.001, 0.4)},
        reference=f"The impulse noise of {TID2013} and {KADID}",
    ),
    Component(
        name="multiplicative-noise",
        summary="Every value multiplied by a Gaussian random number around 1.",
        factory="veiqa_pri.noise:MultiplicativeNoise",
        params=MultiplicativeNoiseParams,
        requires=("numpy", "scipy", "skimage", "torch"),
        traits={"distortion": "MULN", "strength": ("variance", 0.0005, 1.0)},
        reference=f"The multiplicative Gaussian noise of {TID2013}",
    ),
    Component(
        name="camera-noise",
        summary="Noise of a sensor in little light: photons are counted, and the count is read with an error.",
        factory="veiqa_pri.camera:CameraNoise",
        params=CameraNoiseParams,
        requires=("numpy", "torch"),
        traits={"distortion": "POISSON", "strength": ("photons", 20000.0, 15.0)},
        reference="The Poisson-Gaussian model of raw data: Foi et al., IEEE Trans. Image Processing 17(10), 2008",
    ),
)
