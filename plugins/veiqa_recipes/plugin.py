"""Records of the recipes, recipe sets and search spaces that come with VEIQA."""

from __future__ import annotations

from collections.abc import Iterator

from veiqa_core.api import Resource, hookimpl

PAPER = "Ahmed et al., IJEECS 36(3), 2024"
_RECIPES = {
    "default": "Quality from 0 to 100 of images of unknown distortion: 3 forward passes of EfficientNet-Lite0.",
    "fast": "The same in 2 forward passes, a little less exact.",
    "best-by-type": "For images of known distortion: the best single branch for each type; 2 passes.",
}
_METHODS = {
    "brisque": "BRISQUE's 36 features, mapped to quality from 0 to 100.",
    "niqe": "NIQE's distance, mapped to quality from 0 to 100.",
}
_SETS = {
    "paper": "The paper's recipes on EfficientNet-Lite0, images resized to 224x224.",
    "paper-native": "The paper's recipes on EfficientNet-Lite0, images at their native size.",
    "paper-vgg16": "The paper's recipes on VGG16, images resized to 224x224.",
    "paper-darknet19": "The paper's recipes on DarkNet19, images resized to 256x256.",
    "paper-inception-resnet-v2": "The paper's recipes on Inception-ResNet-v2, images resized to 299x299.",
}
_SPACES = {
    "quick": "A first look: 72 combinations on EfficientNet-Lite0.",
    "default": "All layers of EfficientNet-Lite0, PRIs at several strengths, four explainers, four metrics.",
    "paper": "The paper's 252 combinations: 4 PRIs, 3 networks, 3 explainers, 7 metrics.",
}


@hookimpl
def veiqa_recipes() -> Iterator[Resource]:
    """Fitted recipes; the paper's recipe sets, one recipe for each distortion type, not fitted; and search spaces."""
    for name, summary in {**_RECIPES, **_METHODS}.items():
        yield Resource(name=name, summary=summary, package="veiqa_recipes", file=f"{name}.toml")
    for name, summary in _SETS.items():
        yield Resource(name=name, summary=summary, package="veiqa_recipes", file=f"{name}.toml", reference=PAPER)
    for name, summary in _SPACES.items():
        reference = PAPER if name == "paper" else ""
        file = f"spaces/{name}.toml"
        yield Resource(
            kind="space", name=name, summary=summary, package="veiqa_recipes", file=file, reference=reference
        )
