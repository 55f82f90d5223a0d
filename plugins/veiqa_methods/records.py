"""The records of this plugin's methods; none imports the code of a method."""

from __future__ import annotations

import attrs

from veiqa_core.api import Component, NoParams

from .parameters import (
    Bliinds2ScoreParams,
    BlurEffectParams,
    BmpriScoreParams,
    BpriScoreParams,
    BrisqueScoreParams,
    DeepParams,
    DiivineScoreParams,
    PristineParams,
    PseudoStructureParams,
    QacParams,
    TrainedParams,
)

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
PSEUDO_MIN_SIZE = 16  # BPRI and BMPRI: two blocks of JPEG
STRUCTURE_MIN_SIZE = 48  # 25 places where four blocks meet; no more than FSIM needs
DEEP_MIN_SIZE = 32  # one patch
DIIVINE_MIN_SIZE = 64  # the farthest pairs of samples lie 25 apart, inside a border of 17

_NEEDS = ("torch", "scipy")

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


BPRI_FEATURES = ("sharpness", "noise", "blocking")
BMPRI_STEPS = {
    "jpeg": (0, 2, 4, 6, 8),  # quality
    "jpeg2000": (150, 175, 200, 225, 250),  # compression ratio
    "blur": (0.5, 1, 1.5, 2, 2.5),  # sigma
    "noise": (0.3, 0.4, 0.5, 0.6, 0.7),  # variance
}
BMPRI_FEATURES = tuple(f"{kind}_{step:g}" for kind, steps in BMPRI_STEPS.items() for step in steps)


def _method(
    name: str,
    summary: str,
    factory: str,
    reference: str,
    params: type = NoParams,
    needs: tuple[str, ...] = (),
    *,
    better: str,
    least: int,
    outputs: tuple[str, ...] | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Component:
    """A record; a method of one output has its own name for it."""
    return Component(
        name=name,
        summary=summary,
        factory=f"veiqa_methods.{factory}",
        params=params,
        requires=(*_NEEDS, *needs),
        traits={"better": better, "bounds": bounds, "min_size": least, "outputs": outputs or (name,)},
        reference=reference,
    )


def _deep(name: str, summary: str, factory: str, reference: str, params: type, *, version: int = 1) -> Component:
    """A record of a trained network."""
    network = _method(
        name, summary, factory, reference, params, needs=("safetensors",), better="high", least=DEEP_MIN_SIZE
    )
    return attrs.evolve(network, version=version)


_BRISQUE = "Mittal, Moorthy and Bovik, IEEE Trans. Image Processing 21(12), 2012"
_BLIINDS2 = "Saad, Bovik and Charrier, IEEE Trans. Image Processing 21(8), 2012"
_DIIVINE = "Moorthy and Bovik, IEEE Trans. Image Processing 20(12), 2011"
_BPRI = "Min et al., IEEE Trans. Multimedia 20(8), 2018"
_BMPRI = "Min et al., IEEE Trans. Broadcasting 64(2), 2018"

METHODS = (
    _method(
        "niqe",
        "NIQE: distance of local statistics from those of pristine photos.",
        "niqe:Niqe",
        "Mittal, Soundararajan and Bovik, IEEE Signal Processing Letters 20(3), 2013",
        PristineParams,
        better="low",
        least=NIQE_MIN_SIZE,
        bounds=(0, None),
    ),
    _method(
        "brisque",
        "BRISQUE: 36 statistics of locally normalised levels.",
        "brisque:Brisque",
        _BRISQUE,
        better="none",
        least=BRISQUE_MIN_SIZE,
        outputs=BRISQUE_FEATURES,
    ),
    _method(
        "brisque-score",
        "BRISQUE's score, by files of its release.",
        "brisque:BrisqueScore",
        _BRISQUE,
        BrisqueScoreParams,
        better="low",
        least=BRISQUE_MIN_SIZE,
    ),
    _method(
        "qac",
        "QAC: likeness of patches to centroids of ten levels of quality, given by its release.",
        "qac:Qac",
        "Xue, Zhang and Mou, CVPR 2013",
        QacParams,
        better="high",
        least=QAC_MIN_SIZE,
        bounds=(0.1, 1),
    ),
    _method(
        "piqe",
        "PIQE: distortion of the blocks that are noticed.",
        "piqe:Piqe",
        "Venkatanath et al., National Conference on Communications, 2015",
        better="low",
        least=PIQE_MIN_SIZE,
    ),
    _method(
        "ilniqe",
        "IL-NIQE: distance of each patch's statistics from those of pristine photos.",
        "ilniqe:Ilniqe",
        "Zhang, Zhang and Bovik, IEEE Trans. Image Processing 24(8), 2015",
        PristineParams,
        better="low",
        least=ILNIQE_MIN_SIZE,
        bounds=(0, None),
    ),
    _method(
        "bliinds2",
        "BLIINDS-II: 24 statistics of local cosine transforms.",
        "bliinds2:Bliinds2",
        _BLIINDS2,
        better="none",
        least=BLIINDS2_MIN_SIZE,
        outputs=BLIINDS2_FEATURES,
    ),
    _method(
        "bliinds2-score",
        "BLIINDS-II's score, by files of its release.",
        "bliinds2:Bliinds2Score",
        _BLIINDS2,
        Bliinds2ScoreParams,
        better="low",
        least=BLIINDS2_MIN_SIZE,
    ),
    _method(
        "diivine",
        "DIIVINE: 88 statistics of a steerable pyramid.",
        "diivine:Diivine",
        _DIIVINE,
        better="none",
        least=DIIVINE_MIN_SIZE,
        outputs=DIIVINE_FEATURES,
    ),
    _method(
        "diivine-score",
        "DIIVINE's score, by files of its release.",
        "diivine:DiivineScore",
        _DIIVINE,
        DiivineScoreParams,
        better="low",
        least=DIIVINE_MIN_SIZE,
    ),
    _method(
        "jpeg-quality",
        "Quality of JPEG images from blockiness and activity.",
        "jpeg_quality:JpegQuality",
        "Wang, Sheikh and Bovik, IEEE International Conference on Image Processing, 2002",
        better="high",
        least=JPEG_MIN_SIZE,
    ),
    _method(
        "blur-effect",
        "Blur: how little of the gradients another blur takes away.",
        "simple:BlurEffect",
        "Crete et al., Proc. SPIE 6492, 2007; scikit-image's blur_effect",
        BlurEffectParams,
        needs=("skimage",),
        better="low",
        least=BLUR_MIN_SIZE,
        bounds=(0, 1),
    ),
    _method(
        "noise-sigma",
        "Deviation of white noise, from the finest wavelet details.",
        "simple:NoiseSigma",
        "Donoho and Johnstone, Biometrika 81(3), 1994; scikit-image's estimate_sigma",
        better="low",
        least=NOISE_MIN_SIZE,
        bounds=(0, None),
    ),
    _method(
        "laplacian-variance",
        "Variance of the Laplacian of the luma: how sharp an image is, and how noisy.",
        "sharpness:LaplacianVariance",
        "Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000 (LAP4 with variance).",
        better="high",
        least=LAPLACIAN_MIN_SIZE,
        bounds=(0, None),
    ),
    _method(
        "bpri",
        "BPRI: three likenesses to pseudo-references; corners and noise are near the release's, not the same.",
        "bpri:Bpri",
        _BPRI,
        better="none",
        least=PSEUDO_MIN_SIZE,
        outputs=BPRI_FEATURES,
        bounds=(0, 1),
    ),
    _method(
        "bpri-score",
        "BPRI's score, by files of its release; near the release's, not the same.",
        "bpri:BpriScore",
        _BPRI,
        BpriScoreParams,
        better="low",
        least=PSEUDO_MIN_SIZE,
    ),
    _method(
        "bmpri",
        "BMPRI: 20 overlaps with pseudo-references; noise and JPEG2000 are near the release's, not the same.",
        "bmpri:Bmpri",
        _BMPRI,
        better="none",
        least=PSEUDO_MIN_SIZE,
        outputs=BMPRI_FEATURES,
        bounds=(0, 1),
    ),
    _method(
        "bmpri-score",
        "BMPRI's score, by files of its release; near the release's, not the same.",
        "bmpri:BmpriScore",
        _BMPRI,
        BmpriScoreParams,
        better="low",
        least=PSEUDO_MIN_SIZE,
    ),
    _deep(
        "cnniqa",
        "CNNIQA: a small convolutional network on patches, with weights trained on LIVE.",
        "cnniqa:Cnniqa",
        "Kang, Ye, Li and Doermann, CVPR 2014",
        TrainedParams,
    ),
    _deep(
        "wadiqam-nr",
        "WaDIQaM-NR: a deep network on patches, which also says how much each counts; veiqa finetune trains it.",
        "wadiqam:WadiqamNr",
        "Bosse et al., IEEE Trans. Image Processing 27(1), 2018",
        DeepParams,
        version=2,  # RGB from 0 to 255
    ),
)

METRICS = (
    Component(
        name="pss",
        summary="Pseudo-structure similarity: the corners between blocks of 8x8 that both have.",
        factory="veiqa_methods.pseudo_structure:PseudoStructure",
        params=PseudoStructureParams,
        requires=(*_NEEDS, "skimage"),
        traits={
            "similar": "high",
            "bounds": (0, 1),
            "identity": "none",
            "symmetric": False,
            "min_size": STRUCTURE_MIN_SIZE,
            "batch": True,
            "image": "grey",
        },
        reference=_BPRI,
    ),
)
