"""Canonical names of distortion types, the same in every dataset, PRI and recipe set."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DISTORTIONS: Mapping[str, str] = MappingProxyType(
    {
        "GB": "Gaussian blur",
        "WN": "white Gaussian noise",
        "JPEG": "JPEG compression",
        "JP2K": "JPEG2000 compression",
        "FF": "JPEG2000 sent over a fast-fading channel",
        "LB": "lens blur",
        "MB": "motion blur",
        "BRIGHT": "brighter",
        "DARK": "darker",
        "CA": "chromatic aberration",
        "CB": "colour blocks",
        "CC": "contrast change",
        "CDIFF": "colour diffusion",
        "CN": "comfort noise",
        "CQ": "colour quantisation with dither",
        "CS": "change of colour saturation",
        "CS2": "change of colour saturation in Lab",
        "CSHIFT": "colour shift",
        "DN": "denoised",
        "HFN": "high-frequency noise",
        "IN": "impulse noise",
        "JITTER": "jitter of pixels",
        "JPEG-TE": "JPEG with transmission errors",
        "JP2K-TE": "JPEG2000 with transmission errors",
        "LBD": "local block-wise distortions of different intensity",
        "LC": "lossy compression of a noisy image",
        "LSC": "layer segmentation based compression",
        "MN": "masked noise",
        "MS": "mean shift of intensity",
        "MULN": "multiplicative Gaussian noise",
        "NEP": "non-eccentricity pattern noise",
        "PIXEL": "pixelation",
        "PN": "pink (1/f) Gaussian noise",
        "QN": "quantisation noise",
        "SCN": "spatially correlated noise",
        "SHARP": "over-sharpened",
        "AVIF": "AVIF compression",
        "BLOCK": "lost blocks",
        "CAMERA": "noise, denoising and JPEG of a camera",
        "CAST": "colour cast",
        "CC-UP": "higher contrast",
        "DOWN": "reduced and enlarged",
        "FOG": "fog",
        "GAMMA": "wrong gamma",
        "POISSON": "noise of a sensor in little light",
        "SSR": "sparse sampling and reconstruction",
        "UPLOAD": "reduced, sharpened and compressed as WebP",
        "WEBP": "WebP compression",
        "WNC": "noise in the colour components too",
    }
)
"""What each name means. Datasets may use further names of their own."""

PRISTINE = "none"
"""The type of photos as they are."""
