"""What this plugin offers: a PRI generator for each distortion of Ahmed et al. 2024, and a Gaussian blur.

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


@hookimpl
def veiqa_pri_generators() -> Iterator[Component]:
    """One generator for each distortion of the paper, and the Gaussian blur."""
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
