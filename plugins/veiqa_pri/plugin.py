"""What this plugin offers: a PRI generator for each distortion of Ahmed et al. 2024, and further ones.

The ranges in the trait ``strength`` are about those of the LIVE database: blur of sigma 0.4 to 15, JPEG from 3 bits per
pixel to 0.2, JPEG2000 from 3 to 0.03; but noise of deviation 0.01 to 0.7, beyond which hardly anything is left to see.
"""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Component, hookimpl, param, params

PAPER = "Ahmed et al., IJEECS 36(3), 2024"


def _even_problem(size: int) -> str | None:
    return None if size % 2 else "must be odd, so that the square has a centre"


@params
class MeanBlurParams:
    """Of the mean filter."""

    size: int = param(
        default=3, help="Side of the square in pixels, odd.", ge=3, le=255, check=_even_problem, search=(3, 5, 9)
    )


@params
class GaussianBlurParams:
    """Of the Gaussian filter."""

    sigma: float = param(
        default=2.0,
        help="Standard deviation of the Gaussian in pixels.",
        ge=0.1,
        le=100,
        search=(1.0, 2.0, 4.0),
    )


@params
class WhiteNoiseParams:
    """Of the noise."""

    variance: float = param(
        default=0.5, help="Variance of the noise, for values in [0, 1].", gt=0, le=100, search=(0.02, 0.1, 0.5)
    )


@params
class JpegParams:
    """Of the JPEG codec."""

    quality: int = param(default=0, help="JPEG quality; libjpeg takes 0 as 1.", ge=0, le=100, search=(0, 10, 25))


@params
class Jpeg2000Params:
    """Of the JPEG2000 codec."""

    rate: float = param(
        default=100.0,
        help="Compression ratio: bytes as 24-bit RGB to bytes in the file.",
        gt=1,
        search=(50.0, 100.0, 200.0),
    )


@params
class MotionBlurParams:
    """Of the motion blur."""

    length: float = param(default=9.0, help="Length of the path in pixels.", gt=0, le=255, search=(5.0, 9.0, 21.0))
    angle: float = param(
        default=0.0, help="Its direction in degrees, anticlockwise from the horizontal.", ge=-180, le=180
    )


@params
class PixelateParams:
    """Of the lower resolution."""

    size: int = param(default=4, help="Side of the squares in pixels.", ge=2, le=256, search=(2, 4, 8))


@params
class QuantiseParams:
    """Of the fewer levels."""

    levels: int = param(default=8, help="Levels of each channel.", ge=2, le=128, search=(4, 8, 16))


@params
class ContrastParams:
    """Of the lower contrast."""

    factor: float = param(
        default=0.5, help="What remains of each value's distance from the mean.", gt=0, lt=1, search=(0.25, 0.5, 0.75)
    )


@hookimpl
def veiqa_pri_generators() -> Iterator[Component]:
    """One generator for each distortion of the paper, and further ones."""
    yield Component(
        name="mean-blur",
        summary="Mean of a square of pixels.",
        factory="veiqa_pri.blur:MeanBlur",
        params=MeanBlurParams,
        requires=("numpy", "torch"),
        traits={"distortion": "GB"},
        reference=f"{PAPER}, eq. 1",
    )
    yield Component(
        name="gaussian-blur",
        summary="Gaussian blur.",
        factory="veiqa_pri.blur:GaussianBlur",
        params=GaussianBlurParams,
        requires=("numpy", "scipy", "torch"),
        traits={"distortion": "GB", "strength": ("sigma", 0.4, 15.0)},
        reference="The blur of the LIVE database: Sheikh et al., IEEE Trans. Image Processing 15(11), 2006",
    )
    yield Component(
        name="white-noise",
        summary="White Gaussian noise added.",
        factory="veiqa_pri.noise:WhiteNoise",
        params=WhiteNoiseParams,
        requires=("numpy", "torch"),
        traits={"distortion": "WN", "strength": ("variance", 0.0001, 0.5)},
        reference=f"{PAPER}, eq. 2 and section 3.2",
    )
    yield Component(
        name="jpeg",
        summary="Encoded once more as JPEG.",
        factory="veiqa_pri.codecs:Jpeg",
        params=JpegParams,
        requires=("numpy", "PIL", "torch"),
        traits={"distortion": "JPEG", "strength": ("quality", 95, 2)},
        reference=f"{PAPER}, eq. 3",
    )
    yield Component(
        name="jpeg2000",
        summary="Encoded once more as JPEG2000 at a low rate.",
        factory="veiqa_pri.codecs:Jpeg2000",
        params=Jpeg2000Params,
        requires=("numpy", "PIL", "torch"),
        traits={"distortion": "JP2K", "strength": ("rate", 8.0, 800.0)},
        reference=f"After {PAPER}, eq. 3, with the codec of ISO/IEC 15444-1",
    )
    yield Component(
        name="motion-blur",
        summary="Mean along a straight path.",
        factory="veiqa_pri.motion:MotionBlur",
        params=MotionBlurParams,
        requires=("numpy", "torch"),
        traits={"distortion": "MB", "strength": ("length", 2.0, 40.0)},
        reference="The motion blur of KADID-10k: Lin et al., QoMEX 2019",
    )
    yield Component(
        name="pixelate",
        summary="Squares of pixels replaced by their means.",
        factory="veiqa_pri.tone:Pixelate",
        params=PixelateParams,
        requires=("numpy", "torch"),
        traits={"distortion": "PIXEL", "strength": ("size", 2, 16)},
        reference="The pixelation of KADID-10k: Lin et al., QoMEX 2019",
    )
    yield Component(
        name="quantise",
        summary="Each channel rounded to a few levels.",
        factory="veiqa_pri.tone:Quantise",
        params=QuantiseParams,
        requires=("numpy", "torch"),
        traits={"distortion": "QN", "strength": ("levels", 48, 3)},
        reference="The quantisation noise of TID2013: Ponomarenko et al., Signal Processing: Image Communication, 2015",
    )
    yield Component(
        name="contrast",
        summary="Every value drawn towards the image's mean.",
        factory="veiqa_pri.tone:Contrast",
        params=ContrastParams,
        requires=("numpy", "torch"),
        traits={"distortion": "CC", "strength": ("factor", 0.9, 0.1)},
        reference="The contrast decrements of CSIQ: Larson and Chandler, J. Electronic Imaging 19(1), 2010",
    )
