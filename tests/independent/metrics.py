"""Eight full-reference metrics written a second time, from the papers, in plain numpy and scipy (float64).

They exist to check the package's own metrics and share nothing with them. Every function takes two arrays of one
shape, grey ``[H, W]`` or RGB ``[H, W, 3]``, with values from 0 to 255, and gives a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Array = NDArray[np.float64]
Image = NDArray[Any]

# NTSC (1953): red, green and blue from Y, I and Q. MATLAB's rgb2gray takes its luma weights from the inverse.
RGB_FROM_YIQ = np.array([[1, 0.956, 0.621], [1, -0.272, -0.647], [1, -1.106, 1.703]])
LUMA = np.linalg.inv(RGB_FROM_YIQ)[0]
LUMA_601 = np.array([0.299, 0.587, 0.114])

SCHARR_X = np.outer([3, 10, 3], [1, 0, -1]) / 16
PREWITT_X = np.outer([1, 1, 1], [1, 0, -1]) / 3


# --- What several metrics share ---------------------------------------------------------------------------------------


def grey(image: Image) -> Array:
    """Grey as MATLAB's rgb2gray gives it for uint8 images: whole numbers, halves rounded up."""
    if image.ndim == 2:
        return image.astype(np.float64)
    return np.asarray(np.floor(image.astype(np.float64) @ LUMA + 0.5))


def conv_same(image: Array, kernel: Array) -> Array:
    """Convolution with zeros outside, of the image's size and centred as MATLAB's conv2(..., 'same')."""
    (rows, cols), (top, left) = image.shape, (kernel.shape[0] // 2, kernel.shape[1] // 2)
    full = signal.convolve2d(image, kernel, mode="full")
    return np.asarray(full[top : top + rows, left : left + cols])


def shrink(image: Array, factor: int) -> Array:
    """Mean over ``factor`` × ``factor`` pixels, then every ``factor``-th pixel."""
    return conv_same(image, np.full((factor, factor), 1 / factor**2))[::factor, ::factor]


def shrink_factor(image: Image) -> int:
    """The factor that brings the shorter side near 256 pixels (Wang's suggestion for SSIM; used by FSIM and VSI)."""
    return max(1, int(np.floor(min(image.shape[:2]) / 256 + 0.5)))


def gradient_magnitude(image: Array, kernel_x: Array) -> Array:
    """Length of the gradient for a derivative kernel and its transpose."""
    return np.hypot(conv_same(image, kernel_x), conv_same(image, kernel_x.T))


def similarity(a: Array, b: Array, constant: float) -> Array:
    """The form that all the structural metrics use: 1 where both agree."""
    return (2 * a * b + constant) / (a**2 + b**2 + constant)


def real_power(base: Array, exponent: float) -> Array:
    """Real part of the principal power: ``base`` may be negative."""
    return np.real(base.astype(np.complex128) ** exponent)


def frequency_grid(rows: int, cols: int) -> tuple[Array, Array]:
    """Vertical and horizontal frequency in cycles per pixel, zero first; an odd side counts one pixel less (Kovesi)."""

    def axis(n: int) -> Array:
        return np.fft.ifftshift(np.arange(n) - n // 2) / (n - n % 2)

    vertical, horizontal = np.meshgrid(axis(rows), axis(cols), indexing="ij")
    return vertical, horizontal


def log_gabor(radius: Array, centre: float, log_width: float) -> Array:
    """Radial log-Gabor filter (Field 1987): a Gaussian over the logarithm of frequency; none of the mean passes."""
    octaves = np.log(np.where(radius > 0, radius, 1) / centre)
    return np.where(radius > 0, np.exp(-(octaves**2) / (2 * log_width**2)), 0.0)


# --- Pointwise --------------------------------------------------------------------------------------------------------


def psnr(reference: Image, distorted: Image) -> float:
    """Peak signal-to-noise ratio in dB for the peak 255, over all channels, at most 100."""
    error = np.mean((reference.astype(np.float64) - distorted) ** 2)
    return 100.0 if error == 0 else min(100.0, float(10 * np.log10(255**2 / error)))


def ncc(reference: Image, distorted: Image) -> float:
    """Normalised cross-correlation (Eskicioglu and Fisher 1995): Σxy / Σx²."""
    x, y = reference.astype(np.float64), distorted.astype(np.float64)
    return float((x * y).sum() / (x * x).sum())


def nae(reference: Image, distorted: Image) -> float:
    """Normalised absolute error (Eskicioglu and Fisher 1995): Σ|x − y| / Σ|x|."""
    x, y = reference.astype(np.float64), distorted.astype(np.float64)
    return float(np.abs(x - y).sum() / np.abs(x).sum())


def ad(reference: Image, distorted: Image) -> float:
    """Average difference (Eskicioglu and Fisher 1995): mean of x − y, levels from 0 to 1."""
    return float((reference.astype(np.float64) - distorted).mean() / 255)


# --- SSIM -------------------------------------------------------------------------------------------------------------


def ssim(reference: Image, distorted: Image, *, downsample: bool = False) -> float:
    """Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004, eq. 13): mean over where the window fits entirely.

    ``downsample`` shrinks large images first, mirrored at their edges, as Wang's later release does.
    """
    x, y = grey(reference), grey(distorted)
    if downsample and (factor := shrink_factor(x)) > 1:
        rows, cols = x.shape
        x, y = (np.pad(image, factor, mode="symmetric") for image in (x, y))
        kernel = np.full((factor, factor), 1 / factor**2)
        inside = (slice(factor, factor + rows, factor), slice(factor, factor + cols, factor))
        x, y = conv_same(x, kernel)[inside], conv_same(y, kernel)[inside]

    profile = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(profile, profile) / profile.sum() ** 2

    def local_mean(image: Array) -> Array:
        return np.asarray(signal.convolve2d(image, window, mode="valid"))

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = local_mean(x), local_mean(y)
    var_x, var_y = local_mean(x * x) - mean_x**2, local_mean(y * y) - mean_y**2
    covariance = local_mean(x * y) - mean_x * mean_y
    quality = similarity(mean_x, mean_y, c1) * (2 * covariance + c2) / (var_x + var_y + c2)
    return float(quality.mean())


# --- GMSD -------------------------------------------------------------------------------------------------------------


def gmsd(reference: Image, distorted: Image) -> float:
    """Gradient magnitude similarity deviation (Xue, Zhang, Mou, Bovik 2014, eqs. 1-6)."""
    g1, g2 = (gradient_magnitude(shrink(grey(image), 2), PREWITT_X) for image in (reference, distorted))
    return float(np.std(similarity(g1, g2, 170), ddof=1))


# --- FSIM -------------------------------------------------------------------------------------------------------------


def phase_congruency(image: Array) -> Array:
    """Phase congruency by log-Gabor filters (Kovesi 1999), summed over orientations, as FSIM's authors set it.

    Per orientation: the energy along the mean phase, less its part across it and less the noise expected, over the
    sum of the amplitudes.
    """
    scales, orientations = 4, 4
    min_wavelength, scale_step = 6.0, 2.0
    log_width = np.log(0.55)  # sigmaOnf
    angle_width = np.pi / orientations / 1.2  # dThetaOnSigma
    noise_sigmas, epsilon = 2.0, 1e-4

    fy, fx = frequency_grid(*image.shape)
    radius = np.hypot(fx, fy)
    angle = np.arctan2(-fy, fx)
    low_pass = 1 / (1 + (radius / 0.45) ** (2 * 15))  # Butterworth
    radial = [low_pass * log_gabor(radius, 1 / (min_wavelength * scale_step**s), log_width) for s in range(scales)]
    spectrum = np.fft.fft2(image)

    total_energy, total_amplitude = np.zeros_like(image), np.zeros_like(image)
    for orientation in range(orientations):
        turn = np.abs(np.angle(np.exp(1j * (angle - orientation * np.pi / orientations))))  # from 0 to π
        filters = np.stack([r * np.exp(-(turn**2) / (2 * angle_width**2)) for r in radial])
        responses = np.fft.ifft2(spectrum * filters)  # real part: even filter; imaginary part: odd filter
        amplitudes = np.abs(responses)

        # Each response is split along and across the direction of their sum (Kovesi 1999, eq. 13)
        direction = responses.sum(axis=0)
        direction = direction / (np.abs(direction) + epsilon)
        turned = responses * direction.conj()
        energy = (turned.real - np.abs(turned.imag)).sum(axis=0)

        # Noise: squared amplitudes at the smallest scale follow an exponential law, whose mean is median / log 2. The
        # noise energy is Rayleigh distributed; its power follows from the filters' shapes (Kovesi 1999, appendix).
        noise_power = np.median(amplitudes[0] ** 2) / np.log(2) / (filters[0] ** 2).sum()
        even = np.fft.ifft2(filters).real.sum(axis=0) * np.sqrt(image.size)
        rayleigh = np.sqrt(noise_power * (even**2).sum())
        threshold = rayleigh * (np.sqrt(np.pi / 2) + noise_sigmas * np.sqrt(2 - np.pi / 2))
        total_energy += np.maximum(energy - threshold / 1.7, 0)  # 1.7: Kovesi's empirical correction
        total_amplitude += amplitudes.sum(axis=0)
    return np.asarray(total_energy / total_amplitude)


def _fsim_maps(luma1: Array, luma2: Array) -> tuple[Array, Array]:
    """Similarity of phase congruency and gradient (FSIM, eqs. 4-6 with exponents 1), and the weights."""
    p1, p2 = phase_congruency(luma1), phase_congruency(luma2)
    g1, g2 = gradient_magnitude(luma1, SCHARR_X), gradient_magnitude(luma2, SCHARR_X)
    return similarity(p1, p2, 0.85) * similarity(g1, g2, 160), np.maximum(p1, p2)


def fsim(reference: Image, distorted: Image) -> float:
    """Feature similarity of the grey images (Zhang, Zhang, Mou, Zhang 2011, eq. 7)."""
    x, y = (shrink(grey(image), shrink_factor(image)) for image in (reference, distorted))
    quality, weight = _fsim_maps(x, y)
    return float((quality * weight).sum() / weight.sum())


def fsimc(reference: Image, distorted: Image) -> float:
    """Feature similarity with colours (Zhang, Zhang, Mou, Zhang 2011, eqs. 8-10); for grey images the same as FSIM."""
    yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    (y1, i1, q1), (y2, i2, q2) = (_shrunk_channels(image, yiq) for image in (reference, distorted))
    quality, weight = _fsim_maps(y1, y2)
    colour = similarity(i1, i2, 200) * similarity(q1, q2, 200)
    return float((quality * real_power(colour, 0.03) * weight).sum() / weight.sum())


def _colour(image: Image) -> Array:
    """RGB; a grey image is three equal channels."""
    image = image.astype(np.float64)
    return image if image.ndim == 3 else np.repeat(image[..., np.newaxis], 3, axis=2)


def _shrunk_channels(image: Image, matrix: Array) -> list[Array]:
    """The channels of another linear colour space, shrunk by FSIM's rule."""
    channels = _colour(image) @ matrix.T
    return [shrink(channels[..., c], shrink_factor(image)) for c in range(3)]


# --- VSI --------------------------------------------------------------------------------------------------------------


def resize(image: Array, rows: int, cols: int) -> Array:
    """Bilinear interpolation that maps corner pixels onto corner pixels."""

    def weights(old: int, new: int) -> Array:
        at = np.linspace(0, old - 1, new)
        return np.stack([np.interp(at, np.arange(old), unit) for unit in np.eye(old)], axis=1)

    return np.asarray(weights(image.shape[0], rows) @ image @ weights(image.shape[1], cols).T)


def lab(rgb: Array) -> Array:
    """CIE L*a*b* of sRGB values from 0 to 255 (IEC 61966-2-1; CIE 15), for the white that SDSP takes: D50."""
    xyz_from_rgb = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    v = rgb / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    ratio = linear @ xyz_from_rgb.T / np.array([0.9642, 1.0, 0.8251])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), (903.3 * ratio + 16) / 116)
    fx, fy, fz = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=-1)


def _stretch(values: Array) -> Array:
    """Linearly onto 0 to 1; all 0 if there is no range."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def saliency(rgb: Array) -> Array:
    """Saliency by simple priors, SDSP (Zhang, Gu, Li 2013): frequency, location and colour, found at 256 × 256."""
    side, sigma_f, omega_0, sigma_d, sigma_c = 256, 1.34, 0.021, 145, 0.001
    small = lab(np.stack([resize(rgb[..., c], side, side) for c in range(3)], axis=-1))

    radius = np.hypot(*frequency_grid(side, side))
    band = np.where(radius <= 0.5, log_gabor(radius, omega_0, sigma_f), 0.0)
    filtered = np.fft.ifft2(np.fft.fft2(small, axes=(0, 1)) * band[..., np.newaxis], axes=(0, 1)).real
    frequency_prior = np.sqrt((filtered**2).sum(axis=-1))

    offset = np.arange(1, side + 1) - side / 2
    location_prior = np.exp(-(offset[:, np.newaxis] ** 2 + offset**2) / sigma_d**2)

    warmth = _stretch(small[..., 1]) ** 2 + _stretch(small[..., 2]) ** 2
    colour_prior = 1 - np.exp(-warmth / sigma_c**2)

    return _stretch(resize(frequency_prior * location_prior * colour_prior, *rgb.shape[:2]))


def vsi(reference: Image, distorted: Image) -> float:
    """Visual saliency-induced index (Zhang, Shen, Li 2014, eqs. 4-8): saliency is both a feature and the weight."""
    lmn = np.array([[0.06, 0.63, 0.27], [0.30, 0.04, -0.35], [0.34, -0.6, 0.17]])
    factor = shrink_factor(reference)
    (l1, m1, n1), (l2, m2, n2) = (_shrunk_channels(image, lmn) for image in (reference, distorted))
    s1, s2 = (shrink(saliency(_colour(image)), factor) for image in (reference, distorted))
    g1, g2 = gradient_magnitude(l1, SCHARR_X), gradient_magnitude(l2, SCHARR_X)
    colour = similarity(m1, m2, 130) * similarity(n1, n2, 130)
    quality = similarity(s1, s2, 1.27) * similarity(g1, g2, 386) ** 0.4 * real_power(colour, 0.02)
    weight = np.maximum(s1, s2)
    return float((quality * weight).sum() / weight.sum())


METRICS: dict[str, Callable[[Image, Image], float]] = {
    "psnr": psnr,
    "ssim": ssim,
    "gmsd": gmsd,
    "fsim": fsim,
    "fsimc": fsimc,
    "vsi": vsi,
    "ncc": ncc,
    "nae": nae,
    "ad": ad,
}
