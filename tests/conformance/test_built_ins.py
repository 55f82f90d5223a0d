"""VEIQA's own components under the checks that every plugin can run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from veiqa_core.extension.registry import installed

EXPECTED = {
    "pri": {"mean-blur", "gaussian-blur", "lens-blur", "motion-blur"}
    | {f"{kind}-noise" for kind in ("white", "colour", "correlated", "high-frequency", "impulse", "multiplicative")}
    | {"camera-noise", "jpeg", "jpeg2000", "webp", "avif", "quantise", "colour-quantise", "pixelate", "resample"}
    | {"sharpen", "denoise", "contrast", "raise-contrast", "brighten", "darken", "gamma", "desaturate", "oversaturate"}
    | {"colour-cast", "chromatic-aberration", "block-loss", "fog", "noisy-jpeg", "camera", "upload"},
    "extractor": {f"efficientnet-lite{n}" for n in (0, 1, 2, "0-quality")}
    | {"vgg16", "inception-resnet-v2", "darknet19", "timm"},
    "explainer": {
        "gradcam",
        "gradcam++",
        "hirescam",
        "cam",
        "occlusion",
        "saliency",
        "guided-backprop",
        "activation-norm",
    },
    "metric": {"psnr", "ssim", "gmsd", "fsim", "vsi", "ncc", "nae", "ad", "input-mean"},
    "method": {
        "niqe",
        "ilniqe",
        "brisque",
        "brisque-score",
        "bliinds2",
        "bliinds2-score",
        "diivine",
        "diivine-score",
        "bpri",
        "bpri-score",
        "bmpri",
        "bmpri-score",
        "qac",
        "cnniqa",
        "wadiqam-nr",
        "piqe",
        "jpeg-quality",
        "blur-effect",
        "noise-sigma",
        "laplacian-variance",
    },
    "mapper": {"logistic5", "logistic4", "linear", "isotonic", "ridge", "svr", "pca-svr", "trend-svr", "identity"},
    "classifier": {"multinomial"},
    "dataset": {"live", "csiq", "siqad", "tid2013", "kadid10k", "koniq10k", "csv"},
    "strategy": {"exhaustive", "random", "halving", "optuna"},
    "control": {"pixels", "random-network", "vei-mean"},
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_built_ins_of_the_kind_are_there(kind: str) -> None:
    assert EXPECTED[kind] <= {item.name for item in installed().of_kind(kind) if item.dist == "veiqa"}


@pytest.mark.veiqa_conformance(dist="veiqa")
def test_conformance(veiqa_check: Callable[[], None]) -> None:
    veiqa_check()
