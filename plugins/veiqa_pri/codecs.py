"""Lossy codecs, by way of Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from veiqa_core.api import ImageError

from .one_by_one import OneByOne, Pixels
from .records.codecs import AvifParams, Jpeg2000Params, JpegParams, WebpParams


class _Codec(OneByOne):
    """Each image saved to a file in memory with Pillow's ``options``, and read back."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def spoil(self, pixels: Pixels, seed: int) -> Pixels:
        """Encode and decode an image; ``seed`` is not used.

        Raises:
            ImageError: the encoder cannot take images of this size.
        """
        file = io.BytesIO()
        try:
            Image.fromarray(pixels).save(file, **self._options)
            return np.asarray(Image.open(file))
        except (OSError, ValueError, RuntimeError) as error:
            height, width, _ = pixels.shape
            raise ImageError(
                f"Pillow cannot make a {self._options['format']} of {width}x{height} pixels ({error})"
            ) from error


class Jpeg(_Codec):
    """JPEG at a low quality (Ahmed et al. 2024, eq. 3, whose quality is 0), with Pillow's own 4:2:0 chroma.

    libjpeg takes quality 0 as 1.
    """

    def __init__(self, params: JpegParams) -> None:
        super().__init__(format="JPEG", quality=params.quality)


class Jpeg2000(_Codec):
    """JPEG2000 at a low rate: OpenJPEG's irreversible 9/7 wavelet, the codestream cut to the size that the rate gives.

    Headers and the coarsest data need some 200 bytes, so an image whose file would be smaller is degraded less than the
    rate says. The default of 100 is 0.24 bits per pixel: low enough to degrade all but the worst images that come from
    this codec themselves, high enough that good images do not all end equally far from their PRI.
    """

    def __init__(self, params: Jpeg2000Params) -> None:
        super().__init__(
            format="JPEG2000", quality_mode="rates", quality_layers=[params.rate], irreversible=True, no_jp2=True
        )


class Webp(_Codec):
    """Lossy WebP, with libwebp's usual effort."""

    def __init__(self, params: WebpParams) -> None:
        super().__init__(format="WEBP", quality=params.quality, method=4)


class Avif(_Codec):
    """AVIF with 4:2:0 chroma; one thread and one tile, so that the number of processors does not show."""

    def __init__(self, params: AvifParams) -> None:
        super().__init__(
            format="AVIF", quality=params.quality, speed=8, subsampling="4:2:0", max_threads=1, autotiling=False
        )
