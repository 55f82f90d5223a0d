"""Values that the metrics must give, known without them.

Closed forms of small and flat images, worked out by hand, and the values of the image pairs in ``pairs/``, found by an
independent implementation. Images are 8-bit; flat ones have the levels 0 to 255 that their subject names.
"""

from __future__ import annotations

import importlib.resources
import json
import math
import statistics
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from veiqa_core.contracts import KnownValue, SimilarityMetric

from . import functional
from .indices.gmsd import Gmsd
from .indices.vsi import Vsi
from .plugin import GmsdParams, VsiParams

Pixels = NDArray[np.uint8]
Metric = Callable[[Pixels, Pixels], float]

_PAIRS = importlib.resources.files(__package__) / "pairs"
_TOLERANCE = 1e-11  # for values up to 1, relative beyond: float64 on any machine
_SIDE = 48  # of flat images: the smallest that FSIM takes
_CORNER = 13 * math.sqrt(2) / 16  # Scharr gradient at the corner of a flat image of level 1; at its edge it is 1


def psnr() -> Iterator[KnownValue]:
    """Of PSNR."""
    case = partial(_case, functional.psnr, "peak 255; MSE over all channels; at most 100 dB")
    yield _identical(case, 100)
    yield case("black, white", 0, _flat(0), _flat(255))
    yield case("flat 51, 102", 10 * math.log10(25), _flat(51), _flat(102))
    yield case("red off by 51", 10 * math.log10(75), _flat(51, 51, 51), _flat(102, 51, 51))
    yield from _pairs(case, "psnr")


def ncc() -> Iterator[KnownValue]:
    """Of NCC."""
    case = partial(_case, functional.ncc, "Σxy / Σx² over all channels, x the reference; 0 where x alone is black")
    yield _identical(case, 1)
    yield case("10 20 30 40, flat 20", 2 / 3, _row(10, 20, 30, 40), _row(20, 20, 20, 20))
    yield case("twice the reference", 2, _row(10, 20, 30), _row(20, 40, 60))
    yield case("black, white", 0, _flat(0), _flat(255))
    yield from _pairs(case, "ncc")


def nae() -> Iterator[KnownValue]:
    """Of NAE."""
    case = partial(_case, functional.nae, "Σ|x-y| / Σ|x| over all channels, x the reference; 1 where x alone is black")
    yield _identical(case, 0)
    yield case("10 20 30 40, flat 20", 0.4, _row(10, 20, 30, 40), _row(20, 20, 20, 20))
    yield case("black, white", 1, _flat(0), _flat(255))
    yield from _pairs(case, "nae")


def ad() -> Iterator[KnownValue]:
    """Of AD."""
    case = partial(_case, functional.ad, "mean of x - y over all channels, x the reference, of levels from 0 to 1")
    yield _identical(case, 0)
    yield case("flat 102, 51", 0.2, _flat(102), _flat(51))
    yield case("flat 51, 102", -0.2, _flat(51), _flat(102))
    yield case("10 20 30 40, flat 25", 0, _row(10, 20, 30, 40), _row(25, 25, 25, 25))
    yield from _pairs(case, "ad")


def ssim() -> Iterator[KnownValue]:
    """Of SSIM. Flat images differ by their levels alone."""
    case = partial(
        _case,
        functional.ssim,
        "rgb2gray rounded to whole levels; Gaussian window of 11x11 and 1.5, wholly inside; K = 0.01, 0.03; "
        "not downsampled",
    )
    c1 = (0.01 * 255) ** 2
    yield _identical(case, 1)
    yield case("flat 51, 102", _alike(51, 102, c1), _flat(51), _flat(102))
    yield case("black, white", _alike(0, 255, c1), _flat(0), _flat(255))
    yield case("red, green", _alike(76, 150, c1), _flat(255, 0, 0), _flat(0, 255, 0))
    yield from _pairs(case, "ssim")


def gmsd() -> Iterator[KnownValue]:
    """Of GMSD. A dot has a gradient of √2/3 of its level at its four diagonal neighbours and 1/3 at the four others."""
    case = partial(
        _case,
        functional.gmsd,
        "rgb2gray rounded to whole levels; means of 2x2 pixels, the first at row and column 0; Prewitt / 3, zeros "
        "beyond the border; T = 170; deviation over N - 1",
    )
    yield _identical(case, 0)
    black, block = np.zeros((2, 12, 16), np.uint8)
    block[4:6, 6:8] = 255
    diagonal, beside = _alike(0, 255 * math.sqrt(2) / 3, 170), _alike(0, 255 / 3, 170)
    yield case("black, white 2x2 block", statistics.stdev([diagonal, beside, 1] * 4 + [1] * 36), black, block)
    yield from _pairs(case, "gmsd")
    black, dot = np.zeros((2, 5, 6), np.uint8)
    dot[2, 3] = 255
    spread = statistics.stdev([diagonal, beside, 1] * 4 + [1] * 18)
    yield _map_case(Gmsd(GmsdParams()), "maps: not halved", "zero map, dot", spread, black, dot)


def fsim() -> Iterator[KnownValue]:
    """Of FSIM. Flat images have no phase congruency; their gradients differ at the border."""
    case = partial(
        _case,
        functional.fsim,
        "rgb2gray rounded to whole levels; means by the shorter side over 256; phase congruency of 4 scales and 4 "
        "orientations; Scharr, zeros beyond the border; T = 0.85, 160",
    )
    yield _identical(case, 1)
    yield case("flat 51, 102", _framed(51, 102, 160), _flat(51), _flat(102))
    yield case("red, green", _framed(76, 150, 160), _flat(255, 0, 0), _flat(0, 255, 0))
    yield from _pairs(case, "fsim")


def fsimc() -> Iterator[KnownValue]:
    """Of FSIMc. Flat colours have the same chroma everywhere, here of opposite I."""
    case = partial(
        _case,
        functional.fsimc,
        "Y, I and Q unrounded; T3 = T4 = 200; real part of chroma to the 0.03; otherwise as FSIM",
    )
    yield _identical(case, 1)
    yield case("flat 51, 102", _framed(51, 102, 160), _flat(51), _flat(102))
    chroma = _alike(0.596 * 255, -0.322 * 255, 200) * _alike(0.211 * 255, 0.312 * 255, 200)
    expected = _framed(0.299 * 255, 0.114 * 255, 160) * (complex(chroma) ** 0.03).real
    yield case("red, blue", expected, _flat(255, 0, 0), _flat(0, 0, 255))
    yield from _pairs(case, "fsimc")


def vsi() -> Iterator[KnownValue]:
    """Of VSI. Flat images have no saliency, and the same chroma everywhere."""
    case = partial(
        _case,
        functional.vsi,
        "L, M and N; saliency at 256x256, resized corner on corner and not antialiased, white point D50; means by the "
        "shorter side over 256; Scharr, zeros beyond the border; C = 1.27, 386, 130; exponents 0.4, 0.02",
    )
    yield _identical(case, 1)
    chroma = _alike(-0.01 * 51, -0.01 * 102, 130) * _alike(-0.09 * 51, -0.09 * 102, 130)
    grey = _framed(0.96 * 51, 0.96 * 102, 386, exponent=0.4)
    yield case("flat 51, 102", grey * chroma**0.02, _flat(51), _flat(102))
    chroma = _alike(0.30 * 255, -0.35 * 255, 130) * _alike(0.34 * 255, 0.17 * 255, 130)
    expected = _framed(0.06 * 255, 0.27 * 255, 386, exponent=0.4) * (complex(chroma) ** 0.02).real
    yield case("red, blue", expected, _flat(255, 0, 0), _flat(0, 0, 255))
    yield from _pairs(case, "vsi")
    maps = _flat(51)[..., 0], _flat(102)[..., 0]
    yield _map_case(Vsi(VsiParams()), "maps: luminance without chroma", "flat maps 0.2, 0.4", grey, *maps)


def _case(
    metric: Metric,
    convention: str,
    subject: str,
    expected: float,
    reference: Pixels,
    distorted: Pixels,
    origin: str = "closed form",
) -> KnownValue:
    return KnownValue(
        subject=subject,
        expected=expected,
        measure=lambda: metric(reference, distorted),
        tolerance=_TOLERANCE * max(1, abs(expected)),
        origin=origin,
        convention=convention,
    )


def _map_case(
    metric: SimilarityMetric, convention: str, subject: str, expected: float, x: Pixels, y: Pixels
) -> KnownValue:
    """A value of maps ``[h, w]``, whose levels count as 0 to 1."""

    def compare(*maps: Pixels) -> float:
        x, y = (torch.from_numpy(levels / 255)[None] for levels in maps)
        value: float = metric.compare(x, y).item()
        return value

    return _case(compare, convention, subject, expected, x, y)


def _identical(case: Callable[..., KnownValue], expected: float) -> KnownValue:
    image = _read("colour_ref")
    return case("identical images", expected, image, image)


def _pairs(case: Callable[..., KnownValue], metric: str) -> Iterator[KnownValue]:
    """The values of the image pairs."""
    values: dict[str, dict[str, float]] = json.loads((_PAIRS / "values.json").read_text("utf-8"))
    for name, of_metric in values.items():
        pair = _read(f"{name}_ref"), _read(f"{name}_dist")
        yield case(f"{name} pair", of_metric[metric], *pair, "independent derivation")


def _read(name: str) -> Pixels:
    """An image of the folder, grey ``[H, W]`` or RGB ``[H, W, 3]``."""
    with (_PAIRS / f"{name}.png").open("rb") as file, Image.open(file) as image:
        return np.asarray(image)


def _flat(*levels: int) -> Pixels:
    """An image of one grey or RGB colour."""
    return np.broadcast_to(np.array(levels, np.uint8), (_SIDE, _SIDE, len(levels)))


def _row(*levels: int) -> Pixels:
    """A grey image one pixel high."""
    return np.array([levels], np.uint8)


def _alike(a: float, b: float, constant: float) -> float:
    """The similarity that all the structural metrics use."""
    return (2 * a * b + constant) / (a**2 + b**2 + constant)


def _framed(a: float, b: float, constant: float, exponent: float = 1) -> float:
    """Mean similarity of the Scharr gradients of two flat images of levels a and b: 1 inside the border."""
    edge = math.pow(_alike(a, b, constant), exponent)
    corner = math.pow(_alike(_CORNER * a, _CORNER * b, constant), exponent)
    return ((_SIDE - 2) ** 2 + 4 * (_SIDE - 2) * edge + 4 * corner) / _SIDE**2
