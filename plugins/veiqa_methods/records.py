"""The records of this plugin's methods, and their parameters; none imports the code of a method."""

from __future__ import annotations

from veiqa_core.api import Component, param, params

NIQE_MIN_SIZE = 96  # one patch
BRISQUE_MIN_SIZE = 16
QAC_MIN_SIZE = 12  # one patch and the margins
PIQE_MIN_SIZE = 16  # one block
JPEG_MIN_SIZE = 16  # two blocks
BLIINDS2_MIN_SIZE = 16
ILNIQE_MIN_SIZE = 16
BLUR_MIN_SIZE = 16
NOISE_MIN_SIZE = 8
LAPLACIAN_MIN_SIZE = 3
DIIVINE_MIN_SIZE = 64  # the farthest pairs of samples lie 25 apart, inside a border of 17

_NEEDS = ("torch", "scipy")
_LOW = {"better": "low", "bounds": (None, None)}
_HIGH = {"better": "high", "bounds": (None, None)}
_FEATURES = {"better": "none", "bounds": (None, None)}

_DIRECTIONS = ("horizontal", "vertical", "diagonal", "antidiagonal")
BRISQUE_FEATURES = tuple(
    f"{name}_{scale}"
    for scale in (1, 2)
    for name in (
        "shape",
        "variance",
        *(f"{direction}_{what}" for direction in _DIRECTIONS for what in ("shape", "mean", "left", "right")),
    )
)
BLIINDS2_FEATURES = tuple(
    f"{name}_{pool}_{level}"
    for level in (1, 2, 3)
    for name in ("variation", "shape", "energy", "orientation")
    for pool in ("mean", "tenth")
)
_BANDS = tuple(f"{level}{orientation}" for level in (1, 2) for orientation in range(1, 7))  # level and orientation
DIIVINE_FEATURES = (
    *(f"variance_{band}" for band in _BANDS),
    *(f"shape_{band}" for band in _BANDS),
    *(f"shape_{orientation}" for orientation in range(1, 7)),
    "shape",
    *(f"structure_{band}" for band in _BANDS),
    *(
        f"correlation_{band}_{what}"
        for band in _BANDS[:6]
        for what in ("cubic", "square", "linear", "constant", "residual")
    ),
    *(f"structure_{first}_{second}" for first in range(1, 7) for second in range(first + 1, 7)),
)


@params
class NiqeParams:
    """Of NIQE."""

    model: str = param(
        default="", help="File of the pristine model, .npz or the release's .mat; empty: the one trained by VEIQA."
    )


@params
class BrisqueScoreParams:
    """Of BRISQUE's score."""

    model: str = param(default="", help="The release's allmodel; needed.")
    ranges: str = param(default="", help="The release's allrange; needed.")


@params
class Bliinds2ScoreParams:
    """Of BLIINDS-II's score."""

    model: str = param(default="", help="File of the release's mu and sigma_inv, .npz or .mat; needed.")


@params
class BlurEffectParams:
    """Of the blur effect."""

    size: int = param(default=11, help="Side of the mean filter that blurs again.", ge=3, le=15)


@params
class DiivineScoreParams:
    """Of DIIVINE's score."""

    model: str = param(default="", help="Folder of the release's machines and their scaling; needed.")


@params
class IlniqeParams:
    """Of IL-NIQE."""

    model: str = param(
        default="", help="File of the pristine model, .npz or the release's .mat; empty: the one trained by VEIQA."
    )


@params
class QacParams:
    """Of QAC."""

    model: str = param(default="", help="File of the release's centroids, cluster_center.mat or .npz; needed.")


METHODS = (
    Component(
        name="niqe",
        summary="NIQE: distance of local statistics from those of pristine photos.",
        factory="veiqa_methods.niqe:Niqe",
        params=NiqeParams,
        requires=_NEEDS,
        traits={**_LOW, "bounds": (0, None), "min_size": NIQE_MIN_SIZE, "outputs": ("niqe",)},
        reference="Mittal, Soundararajan and Bovik, IEEE Signal Processing Letters 20(3), 2013",
    ),
    Component(
        name="brisque",
        summary="BRISQUE: 36 statistics of locally normalised levels.",
        factory="veiqa_methods.brisque:Brisque",
        requires=_NEEDS,
        traits={**_FEATURES, "min_size": BRISQUE_MIN_SIZE, "outputs": BRISQUE_FEATURES},
        reference="Mittal, Moorthy and Bovik, IEEE Trans. Image Processing 21(12), 2012",
    ),
    Component(
        name="brisque-score",
        summary="BRISQUE's score, by files of its release.",
        factory="veiqa_methods.brisque:BrisqueScore",
        params=BrisqueScoreParams,
        requires=_NEEDS,
        traits={**_LOW, "min_size": BRISQUE_MIN_SIZE, "outputs": ("brisque-score",)},
        reference="Mittal, Moorthy and Bovik, IEEE Trans. Image Processing 21(12), 2012",
    ),
    Component(
        name="qac",
        summary="QAC: likeness of patches to centroids of ten levels of quality, given by its release.",
        factory="veiqa_methods.qac:Qac",
        params=QacParams,
        requires=_NEEDS,
        traits={**_HIGH, "bounds": (0.1, 1), "min_size": QAC_MIN_SIZE, "outputs": ("qac",)},
        reference="Xue, Zhang and Mou, CVPR 2013",
    ),
    Component(
        name="piqe",
        summary="PIQE: distortion of the blocks that are noticed.",
        factory="veiqa_methods.piqe:Piqe",
        requires=_NEEDS,
        traits={**_LOW, "min_size": PIQE_MIN_SIZE, "outputs": ("piqe",)},
        reference="Venkatanath et al., National Conference on Communications, 2015",
    ),
    Component(
        name="ilniqe",
        summary="IL-NIQE: distance of each patch's statistics from those of pristine photos.",
        factory="veiqa_methods.ilniqe:Ilniqe",
        params=IlniqeParams,
        requires=_NEEDS,
        traits={**_LOW, "bounds": (0, None), "min_size": ILNIQE_MIN_SIZE, "outputs": ("ilniqe",)},
        reference="Zhang, Zhang and Bovik, IEEE Trans. Image Processing 24(8), 2015",
    ),
    Component(
        name="bliinds2",
        summary="BLIINDS-II: 24 statistics of local cosine transforms.",
        factory="veiqa_methods.bliinds2:Bliinds2",
        requires=_NEEDS,
        traits={**_FEATURES, "min_size": BLIINDS2_MIN_SIZE, "outputs": BLIINDS2_FEATURES},
        reference="Saad, Bovik and Charrier, IEEE Trans. Image Processing 21(8), 2012",
    ),
    Component(
        name="bliinds2-score",
        summary="BLIINDS-II's score, by files of its release.",
        factory="veiqa_methods.bliinds2:Bliinds2Score",
        params=Bliinds2ScoreParams,
        requires=_NEEDS,
        traits={**_LOW, "min_size": BLIINDS2_MIN_SIZE, "outputs": ("bliinds2-score",)},
        reference="Saad, Bovik and Charrier, IEEE Trans. Image Processing 21(8), 2012",
    ),
    Component(
        name="diivine",
        summary="DIIVINE: 88 statistics of a steerable pyramid.",
        factory="veiqa_methods.diivine:Diivine",
        requires=_NEEDS,
        traits={**_FEATURES, "min_size": DIIVINE_MIN_SIZE, "outputs": DIIVINE_FEATURES},
        reference="Moorthy and Bovik, IEEE Trans. Image Processing 20(12), 2011",
    ),
    Component(
        name="diivine-score",
        summary="DIIVINE's score, by files of its release.",
        factory="veiqa_methods.diivine:DiivineScore",
        params=DiivineScoreParams,
        requires=_NEEDS,
        traits={**_LOW, "min_size": DIIVINE_MIN_SIZE, "outputs": ("diivine-score",)},
        reference="Moorthy and Bovik, IEEE Trans. Image Processing 20(12), 2011",
    ),
    Component(
        name="jpeg-quality",
        summary="Quality of JPEG images from blockiness and activity.",
        factory="veiqa_methods.jpeg_quality:JpegQuality",
        requires=_NEEDS,
        traits={**_HIGH, "min_size": JPEG_MIN_SIZE, "outputs": ("jpeg-quality",)},
        reference="Wang, Sheikh and Bovik, IEEE International Conference on Image Processing, 2002",
    ),
    Component(
        name="blur-effect",
        summary="Blur: how little of the gradients another blur takes away.",
        factory="veiqa_methods.simple:BlurEffect",
        params=BlurEffectParams,
        requires=(*_NEEDS, "skimage"),
        traits={**_LOW, "bounds": (0, 1), "min_size": BLUR_MIN_SIZE, "outputs": ("blur-effect",)},
        reference="Crete et al., Proc. SPIE 6492, 2007; scikit-image's blur_effect",
    ),
    Component(
        name="noise-sigma",
        summary="Deviation of white noise, from the finest wavelet details.",
        factory="veiqa_methods.simple:NoiseSigma",
        requires=_NEEDS,
        traits={**_LOW, "bounds": (0, None), "min_size": NOISE_MIN_SIZE, "outputs": ("noise-sigma",)},
        reference="Donoho and Johnstone, Biometrika 81(3), 1994; scikit-image's estimate_sigma",
    ),
    Component(
        name="laplacian-variance",
        summary="Variance of the Laplacian of the luma: how sharp an image is, and how noisy.",
        factory="veiqa_methods.sharpness:LaplacianVariance",
        requires=("torch",),
        traits={**_HIGH, "bounds": (0, None), "min_size": LAPLACIAN_MIN_SIZE},
        reference="Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000 (LAP4 with variance).",
    ),
)
