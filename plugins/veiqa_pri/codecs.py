"""Lossy codecs, by way of Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from veiqa_core.api import ImageError

from .eight_bit import from_uint8, to_uint8
from .plugin import Jpeg2000Params, JpegParams


class _Codec:
    """Each image saved to a file in memory with Pillow's ``options``, and read back."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Encode and decode each image of a batch; ``seeds`` are not used.

        Raises:
            ImageError: the encoder cannot take images of this size.
        """
        pixels = to_uint8(images).transpose(0, 2, 3, 1)
        decoded = np.stack([self._round_trip(image) for image in pixels])
        return from_uint8(decoded.transpose(0, 3, 1, 2))

    def _round_trip(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        file = io.BytesIO()
        try:
            Image.fromarray(pixels).save(file, **self._options)
            return np.asarray(Image.open(file))
        except (OSError, ValueError) as error:
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
