"""What this plugin offers: a PRI generator for each distortion of Ahmed et al. 2024."""

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
    """One generator for each distortion of the paper."""
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
        name="white-noise",
        summary="White Gaussian noise added.",
        factory="veiqa_pri.noise:WhiteNoise",
        params=WhiteNoiseParams,
        requires=("numpy", "torch"),
        traits={"distortion": "WN"},
        reference=f"{PAPER}, eq. 2 and section 3.2",
    )
    yield Component(
        name="jpeg",
        summary="Encoded once more as JPEG.",
        factory="veiqa_pri.codecs:Jpeg",
        params=JpegParams,
        requires=("numpy", "PIL", "torch"),
        traits={"distortion": "JPEG"},
        reference=f"{PAPER}, eq. 3",
    )
    yield Component(
        name="jpeg2000",
        summary="Encoded once more as JPEG2000 at a low rate.",
        factory="veiqa_pri.codecs:Jpeg2000",
        params=Jpeg2000Params,
        requires=("numpy", "PIL", "torch"),
        traits={"distortion": "JP2K"},
        reference=f"After {PAPER}, eq. 3, with the codec of ISO/IEC 15444-1",
    )
