"""Lossy codecs."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

from .sources import PAPER


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
class WebpParams:
    """Of the WebP codec."""

    quality: int = param(default=5, help="libwebp's quality, lossy.", ge=0, le=100, search=(0, 5, 25))


@params
class AvifParams:
    """Of the AVIF codec."""

    quality: int = param(default=20, help="libavif's quality.", ge=0, le=100, search=(5, 20, 40))


COMPONENTS = (
    Component(
        name="jpeg",
        summary="Encoded once more as JPEG.",
        factory="veiqa_pri.codecs:Jpeg",
        params=JpegParams,
        requires=("numpy", "PIL", "torch"),
        traits={"distortion": "JPEG", "strength": ("quality", 95, 2)},
        reference=f"{PAPER}, eq. 3",
    ),
    Component(
        name="jpeg2000",
        summary="Encoded once more as JPEG2000 at a low rate.",
        factory="veiqa_pri.codecs:Jpeg2000",
        params=Jpeg2000Params,
        requires=("numpy", "PIL", "torch"),
        traits={"distortion": "JP2K", "strength": ("rate", 8.0, 800.0)},
        reference=f"After {PAPER}, eq. 3, with the codec of ISO/IEC 15444-1",
    ),
    Component(
        name="webp",
        summary="Encoded once more as lossy WebP.",
        factory="veiqa_pri.codecs:Webp",
        params=WebpParams,
        requires=("numpy", "PIL._webp", "torch"),
        traits={"distortion": "WEBP", "strength": ("quality", 95, 1)},
        reference="VP8 key frames in WebP: RFC 9649, 2024; RFC 6386, 2011",
    ),
    Component(
        name="avif",
        summary="Encoded once more as AVIF, where Pillow can.",
        factory="veiqa_pri.codecs:Avif",
        params=AvifParams,
        requires=("numpy", "PIL._avif", "torch"),
        extra="veiqa[avif]",
        traits={"distortion": "AVIF", "strength": ("quality", 90, 4)},
        reference="AV1 Image File Format 1.1, Alliance for Open Media, 2022",
    ),
)
