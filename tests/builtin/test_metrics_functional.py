"""The metrics as functions of arrays and tensors."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import veiqa_metrics
from veiqa_metrics.plugin import veiqa_similarity_metrics

COMPONENTS = {item.name: item for item in veiqa_similarity_metrics() if "image" in item.traits}
EVERY = pytest.mark.parametrize("name", COMPONENTS)
CHANGED = [
    ("ssim", {"window": 7}),
    ("ssim", {"sigma": 0.8}),
    ("ssim", {"k1": 0.3}),
    ("ssim", {"k2": 0.3}),
    ("gmsd", {"t": 0.1}),
    ("gmsd", {"downsample": "none"}),
    ("fsim", {"t1": 0.1}),
    ("fsim", {"t2": 10.0}),
    ("fsimc", {"t1": 0.1}),
    ("fsimc", {"t2": 10.0}),
    ("vsi", {"c1": 0.1}),
    ("vsi", {"c2": 10.0}),
    ("vsi", {"alpha": 0.8}),
]


def pair(*shape: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A noisy image and a brighter one of less contrast."""
    reference = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return reference, (reference // 2 + 70).astype(np.uint8)


def as_tensors(*images: NDArray[np.uint8]) -> list[torch.Tensor]:
    return [torch.from_numpy(image / 255).movedim(-1, 0)[None] for image in images]


def component(name: str, **given: Any) -> Any:
    module, cls = COMPONENTS[name].factory.split(":")
    return getattr(importlib.import_module(module), cls)(COMPONENTS[name].params(**given))


def test_importing_the_package_is_light_and_the_functions_come_when_asked_for() -> None:
    code = (
        "import sys, veiqa_metrics, veiqa_metrics.plugin; assert not {'torch', 'numpy'} & set(sys.modules);"
        "veiqa_metrics.ssim; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_is_a_function_for_every_metric_and_no_module_in_its_place() -> None:
    assert set(veiqa_metrics.__all__) == set(COMPONENTS)
    for component in COMPONENTS.values():
        importlib.import_module(component.factory.partition(":")[0])
    assert all(inspect.isfunction(getattr(veiqa_metrics, name)) for name in COMPONENTS)
    with pytest.raises(AttributeError, match="has no attribute 'mse'"):
        _ = veiqa_metrics.mse


@EVERY
def test_keyword_arguments_are_the_parameters_of_the_metric(name: str) -> None:
    reference, distorted, *rest = inspect.signature(getattr(veiqa_metrics, name)).parameters.values()
    assert (reference.name, distorted.name) == ("reference", "distorted")
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in rest)
    declared = [(field.name, field.default, field.type) for field in attrs.fields(COMPONENTS[name].params)]
    assert [(parameter.name, parameter.default, parameter.annotation) for parameter in rest] == declared


@pytest.mark.parametrize(("name", "given"), CHANGED)
def test_every_parameter_reaches_the_metric(name: str, given: dict[str, Any]) -> None:
    images = pair(60, 64, 3)
    value = getattr(veiqa_metrics, name)(*images, **given)
    assert value == component(name, **given).compare_images(*as_tensors(*images)).item()
    assert value != getattr(veiqa_metrics, name)(*images)


def test_ssim_downsamples_large_images_when_told_to() -> None:
    images = pair(400, 384)
    assert veiqa_metrics.ssim(*images, downsample=True) != veiqa_metrics.ssim(*images)


@EVERY
def test_all_forms_of_a_colour_image_give_the_same_value(name: str) -> None:
    function, images = getattr(veiqa_metrics, name), pair(50, 61, 3)
    value = function(*images)
    assert isinstance(value, float)
    wide = [image.astype(np.uint16) * 257 for image in images]
    swapped = [image.astype(np.dtype(np.uint16).newbyteorder()) for image in wide]
    flipped = [image[::-1].copy()[::-1] for image in images]
    for form in (wide, swapped, flipped, [image / 255 for image in images]):
        assert function(*form) == value
    tensor = function(*as_tensors(*images))
    assert tensor.dtype == torch.float64
    assert tensor.tolist() == [value]
    single = [(image / 255).astype(np.float32) for image in images]
    assert function(*single) == pytest.approx(value, rel=1e-5)


@EVERY
def test_a_grey_image_has_two_dimensions_or_one_channel(name: str) -> None:
    function, images = getattr(veiqa_metrics, name), pair(50, 61)
    value = function(*images)
    assert function(images[0], images[1][..., None]) == value
    assert function(*as_tensors(*(image[..., None] for image in images))).tolist() == [value]
    colour = [np.repeat(image[..., None], 3, axis=2) for image in images]
    assert function(*colour) == pytest.approx(value, rel=1e-9)


@EVERY
def test_a_batch_has_the_values_of_its_items(name: str) -> None:
    function = getattr(veiqa_metrics, name)
    x, y = torch.rand(2, 3, 3, 48, 52, generator=torch.Generator().manual_seed(1))
    together = function(x, y)
    assert together.shape == (3,)
    alone = torch.cat([function(x[i : i + 1], y[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["ssim", "gmsd", "fsim"])
def test_a_colour_pair_is_compared_in_rounded_grey(name: str) -> None:
    function, images = getattr(veiqa_metrics, name), pair(50, 61, 3)
    weights = np.linalg.inv([[1, 0.956, 0.621], [1, -0.272, -0.647], [1, -1.106, 1.703]])[0]
    rounded = [np.floor(image @ weights + 0.5).astype(np.uint8) for image in images]
    assert function(*images) == pytest.approx(function(*rounded), rel=1e-12)
    assert function(*images) != pytest.approx(function(*(image @ weights / 256 for image in images)), rel=1e-9)


@pytest.mark.parametrize("name", ["psnr", "ncc", "nae", "fsimc", "vsi"])
def test_the_other_metrics_see_the_channels(name: str) -> None:
    function, images = getattr(veiqa_metrics, name), pair(50, 61, 3)
    turned = [image[..., [2, 0, 1]] for image in images]
    assert function(images[0], turned[0]) != function(images[0], images[0])


GREY, COLOUR = pair(50, 61), pair(50, 61, 3)


@pytest.mark.parametrize(
    ("reference", "distorted", "problem"),
    [
        (GREY[0], GREY[1][1:], r"reference and distorted must have the same shape, not \(50, 61\) and \(49, 61\)"),
        (GREY[0], COLOUR[1], r"must have the same shape, not \(50, 61\) and \(50, 61, 3\)"),
        (GREY[0], GREY[1].astype(int), "distorted: holds int64; use uint8, uint16, or floats"),
        (GREY[0] > 9, GREY[1], "reference: holds bool"),
        (GREY[0], GREY[1].astype(float), r"distorted: values from 70 to 197; they must lie in \[0, 1\]"),
        (GREY[0] / 255, np.full((50, 61), np.nan), "distorted: values from nan to nan"),
        (GREY[0][0], GREY[1], r"reference: an array \[H, W\].* is needed, not one of shape \(61,\)"),
        (GREY[0], COLOUR[1][..., :2], r"distorted: an array .* not one of shape \(50, 61, 2\)"),
        (GREY[0][:0], GREY[1][:0], "reference: has no pixels"),
        (GREY[0][:47], GREY[1][:47], "have 61x47 pixels; at least 48 a side are needed"),
        (torch.zeros(3, 50, 50), torch.zeros(3, 50, 50), r"reference: a tensor .* not one of shape \(3, 50, 50\)"),
        (torch.zeros(1, 2, 50, 50), torch.zeros(1, 2, 50, 50), "reference: a tensor"),
        (torch.zeros(1, 1, 50, 50), torch.zeros(1, 1, 50, 50, dtype=torch.uint8), "distorted: holds torch.uint8"),
        (torch.zeros(1, 1, 50, 50), torch.full((1, 1, 50, 50), 255.0), "distorted: values from 255 to 255"),
        (torch.zeros(0, 1, 50, 50), torch.zeros(0, 1, 50, 50), "reference: has no pixels"),
        (torch.zeros(1, 1, 50, 50), torch.zeros(2, 1, 50, 50), "must have the same shape"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_argument_named(
    reference: Any, distorted: Any, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        veiqa_metrics.fsim(reference, distorted)


@pytest.mark.parametrize(
    ("reference", "kinds"),
    [(torch.zeros(1, 1, 50, 61), "Tensor and ndarray"), ("a.png", "str and ndarray"), (None, "NoneType and ndarray")],
)
def test_two_arrays_or_two_tensors_are_needed(reference: Any, kinds: str) -> None:
    with pytest.raises(TypeError, match=f"two NumPy arrays or two torch tensors, not {kinds}"):
        veiqa_metrics.psnr(reference, GREY[1])


@pytest.mark.parametrize("name", [name for name in COMPONENTS if "min_size" in COMPONENTS[name].traits])
def test_the_smallest_size_is_the_declared_one(name: str) -> None:
    function, least = getattr(veiqa_metrics, name), COMPONENTS[name].traits["min_size"]
    assert isinstance(function(*pair(least, least, 3)), float)
    with pytest.raises(ValueError, match=f"at least {least} a side"):
        function(*pair(least, least - 1, 3))


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [("ssim", {"window": 8}, "window: must be odd"), ("gmsd", {"downsample": False}, "downsample: must be one of")],
)
def test_parameters_out_of_range_are_refused_with_their_name(name: str, given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        getattr(veiqa_metrics, name)(*GREY, **given)
