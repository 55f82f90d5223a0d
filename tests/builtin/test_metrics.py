"""The similarity metrics on maps: their declared traits, closed forms, degenerate maps and errors."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import ndimage, signal
from skimage.metrics import structural_similarity
from torch import Tensor

from veiqa_core.api import Component
from veiqa_core.extension.kinds import KINDS
from veiqa_metrics.indices import common
from veiqa_metrics.indices.fsim import phase_congruency
from veiqa_metrics.plugin import veiqa_similarity_metrics

COMPONENTS = {component.name: component for component in veiqa_similarity_metrics()}
EVERY = pytest.mark.parametrize("name", COMPONENTS)
OF_IMAGES = pytest.mark.parametrize("name", [name for name, item in COMPONENTS.items() if "image" in item.traits])
SYMMETRIC = [name for name, component in COMPONENTS.items() if component.traits["symmetric"]]
EXTREMAL = [name for name, component in COMPONENTS.items() if component.traits["identity"] in ("min", "max")]


def build(name: str, **values: Any) -> Any:
    module, cls = COMPONENTS[name].factory.split(":")
    return getattr(importlib.import_module(module), cls)(COMPONENTS[name].params(**values))


def min_size(name: str) -> int:
    return COMPONENTS[name].traits.get("min_size", 1)


def value_at_identity(component: Component) -> float:
    lowest, highest = component.traits["bounds"]
    return {"min": lowest, "max": highest}.get(component.traits["identity"], component.traits["identity"])


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def grid(name: str, value: float = 0.0) -> Tensor:
    side = max(12, min_size(name))
    return torch.full((1, side, side + 4), value, dtype=torch.float64)


def make_map(kind: str, shape: tuple[int, int], seed: int, level: float) -> Tensor:
    if kind == "random":
        return level * noise(*shape, seed=seed)
    if kind == "sparse":
        return torch.where(noise(*shape, seed=seed) > 0.9, level, 0.0).double()
    if kind == "step":
        return (
            torch.cat([torch.zeros(shape[0], shape[1] // 2), torch.ones(shape[0], shape[1] - shape[1] // 2)], 1) * level
        )
    return torch.full(shape, 0.0 if kind == "zero" else level, dtype=torch.float64)


@st.composite
def pairs_of_maps(draw: st.DrawFn, smallest: int) -> tuple[Tensor, Tensor]:
    """Two maps in [0, 1] of one size, at or just above the smallest that is allowed."""
    shape = (smallest + draw(st.integers(0, 4)), smallest + draw(st.integers(0, 4)))
    kinds = st.sampled_from(["random", "sparse", "step", "constant", "zero"])
    levels = st.sampled_from([1.0, 0.3, 1e-3, 1e-12]) | st.floats(0, 1, width=32)
    maps = (make_map(draw(kinds), shape, draw(st.integers(0, 99)), draw(levels)) for _ in range(2))
    x, y = (values.double()[None] for values in maps)
    return x, y


@EVERY
def test_the_record_declares_traits_that_its_kind_knows(name: str) -> None:
    assert KINDS["metric"].traits_problem(COMPONENTS[name].traits) is None
    assert COMPONENTS[name].reference


def test_all_metrics_of_the_paper_and_chromatic_fsim_are_offered() -> None:
    assert set(COMPONENTS) == {"psnr", "ssim", "gmsd", "fsim", "fsimc", "vsi", "ncc", "nae", "ad", "input-mean"}


@EVERY
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_values_are_finite_within_bounds_and_as_declared_at_identity(name: str, data: st.DataObject) -> None:
    x, y = data.draw(pairs_of_maps(min_size(name)))
    metric, traits = build(name), COMPONENTS[name].traits
    lowest, highest = traits["bounds"]
    values = torch.cat([metric.compare(x, y), metric.compare(y, x)])
    assert values.isfinite().all()
    assert lowest is None or (values >= lowest).all()
    assert highest is None or (values <= highest).all()
    if traits["identity"] == "none":
        return
    at_identity = torch.cat([metric.compare(x, x), metric.compare(y, y)])
    assert (at_identity == value_at_identity(COMPONENTS[name])).all()


@pytest.mark.parametrize("name", EXTREMAL)
def test_the_extremal_value_moves_in_the_declared_direction_when_a_map_changes(name: str) -> None:
    x = noise(1, *grid(name).shape[1:])
    slightly, much = (build(name).compare(x, x.lerp(noise(*x.shape, seed=1), share)) for share in (0.1, 0.9))
    identity = value_at_identity(COMPONENTS[name])
    if COMPONENTS[name].traits["similar"] == "high":
        assert much < slightly < identity
    else:
        assert identity < slightly < much


@pytest.mark.parametrize("name", SYMMETRIC)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_declared_symmetry_holds(name: str, data: st.DataObject) -> None:
    x, y = data.draw(pairs_of_maps(min_size(name)))
    torch.testing.assert_close(build(name).compare(x, y), build(name).compare(y, x), atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(set(COMPONENTS) - set(SYMMETRIC)))
def test_what_is_declared_asymmetric_is(name: str) -> None:
    x, y = grid(name, 0.5), grid(name, 1.0)
    assert build(name).compare(x, y) != build(name).compare(y, x)


@EVERY
def test_an_item_has_the_same_value_in_any_batch(name: str) -> None:
    height, width = grid(name).shape[1:]
    x, y = noise(6, height, width, seed=2), noise(6, height, width, seed=3)
    x[1], y[2], x[3] = 0, 0.5, y[3]
    alone = torch.cat([build(name).compare(x[i : i + 1], y[i : i + 1]) for i in range(6)])
    together = build(name).compare(x, y)
    assert together.dtype == torch.float64
    torch.testing.assert_close(together, alone, atol=1e-12, rtol=0)


@EVERY
def test_inputs_and_generators_stay_as_they_were(name: str) -> None:
    x, y = noise(2, *grid(name).shape[1:], seed=4), noise(2, *grid(name).shape[1:], seed=5)
    before, state = (x.clone(), y.clone()), torch.get_rng_state()
    first, second = build(name).compare(x, y), build(name).compare(x, y)
    assert torch.equal(first, second)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])
    assert torch.equal(torch.get_rng_state(), state)


@contextmanager
def _shapes_known() -> Iterator[None]:
    """For tensors without values, of which PyTorch has to know what shape an operation gives."""
    try:
        yield
    except NotImplementedError as error:
        if "aten::kthvalue" not in str(error):
            raise
        pytest.skip("this PyTorch does not know what shape kthvalue gives")


@EVERY
def test_the_result_is_on_the_device_of_the_maps(name: str) -> None:
    maps = torch.empty(3, *grid(name).shape[1:], dtype=torch.float64, device="meta")
    with _shapes_known():
        result = build(name).compare(maps, maps)
    assert (result.device.type, result.shape) == ("meta", (3,))


@OF_IMAGES
def test_the_result_is_on_the_device_of_the_images(name: str) -> None:
    images = torch.empty(3, 3, 64, 64, device="meta")
    with _shapes_known():
        result = build(name).compare_images(images, images)
    assert (result.device.type, result.shape) == ("meta", (3,))


@OF_IMAGES
def test_both_maps_zero_is_identity(name: str) -> None:
    assert build(name).compare(grid(name), grid(name)) == value_at_identity(COMPONENTS[name])


@pytest.mark.parametrize(
    ("name", "x", "y", "value"),
    [
        ("ncc", 0.0, 0.5, 0.0),
        ("ncc", 0.5, 0.0, 0.0),
        ("ncc", 0.5, 1.0, 2.0),
        ("nae", 0.0, 0.5, 1.0),
        ("nae", 0.5, 0.0, 1.0),
        ("nae", 0.25, 1.0, 3.0),
        ("ad", 0.5, 0.2, 0.3),
        ("ad", 0.0, 1.0, -1.0),
        ("psnr", 0.0, 1.0, 0.0),
        ("psnr", 0.5, 0.6, 20.0),
        ("psnr", 0.5, 0.5 + 1e-7, 100.0),
        ("ssim", 0.0, 0.5, 1e-4 / (0.25 + 1e-4)),
        ("ssim", 0.5, 1.0, (1 + 1e-4) / (1.25 + 1e-4)),
    ],
)
def test_flat_maps_have_their_closed_form(name: str, x: float, y: float, value: float) -> None:
    assert build(name).compare(grid(name, x), grid(name, y)).item() == pytest.approx(value, rel=1e-9)


def test_pointwise_metrics_follow_their_formulas() -> None:
    x, y = noise(2, 4, 7, 9, seed=6)
    a, b = x.numpy(), y.numpy()
    axes = (1, 2)
    assert_allclose(build("ncc").compare(x, y), (a * b).sum(axes) / (a * a).sum(axes), rtol=1e-12)
    assert_allclose(build("nae").compare(x, y), np.abs(a - b).sum(axes) / np.abs(a).sum(axes), rtol=1e-12)
    assert_allclose(build("ad").compare(x, y), (a - b).mean(axes), rtol=1e-10)
    assert_allclose(build("psnr").compare(x, y), 10 * np.log10(1 / ((a - b) ** 2).mean(axes)), rtol=1e-12)


def test_ncc_is_not_the_zero_mean_correlation() -> None:
    x = noise(1, 8, 8)
    assert build("ncc").compare(x, x + 1) > 1.1


@pytest.mark.parametrize(("window", "sigma"), [(11, 1.5), (7, 0.9)])
def test_ssim_agrees_with_scikit_image(window: int, sigma: float) -> None:
    x, y = noise(19, 23, seed=7).numpy(), noise(19, 23, seed=8).numpy()
    expected = structural_similarity(
        x,
        y,
        data_range=1,
        gaussian_weights=True,
        sigma=sigma,
        use_sample_covariance=False,
        truncate=window // 2 / sigma,
    )
    ours = build("ssim", window=window, sigma=sigma).compare(torch.tensor(x)[None], torch.tensor(y)[None])
    assert ours.item() == pytest.approx(expected, rel=1e-9)


def test_gmsd_follows_its_formula_on_maps_as_they_are() -> None:
    x, y = noise(9, 7, seed=9), noise(9, 7, seed=10)

    def magnitude(values: Tensor) -> np.ndarray:
        across, down = (ndimage.prewitt(values.numpy(), axis, mode="constant") / 3 for axis in (1, 0))
        return np.hypot(across, down)

    p, q, t = magnitude(x), magnitude(y), 170 / 255**2
    expected = np.std((2 * p * q + t) / (p**2 + q**2 + t), ddof=1)
    assert build("gmsd").compare(x[None], y[None]).item() == pytest.approx(expected, rel=1e-12)


def test_gmsd_halves_what_it_is_told_to() -> None:
    x, y = noise(2, 1, 12, 16, seed=11)
    as_images = (x[:, None], y[:, None])
    full, halved = build("gmsd", downsample="none"), build("gmsd", downsample="all")
    assert full.compare(x, y) == full.compare_images(*as_images) == build("gmsd").compare(x, y)
    assert halved.compare(x, y) == halved.compare_images(*as_images) == build("gmsd").compare_images(*as_images)
    assert full.compare(x, y) != halved.compare(x, y)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_shrinking_centres_its_window_as_matlab_does(factor: int) -> None:
    values = noise(11, 13, seed=12)
    full = signal.convolve2d(values.numpy(), np.full((factor, factor), factor**-2.0))
    start = factor // 2  # MATLAB's 'same' keeps the results from ceil((factor + 1) / 2), counted from 1
    expected = full[start : start + 11, start : start + 13][::factor, ::factor]
    assert_allclose(common.shrink(values[None], factor)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_shrinking_with_a_mirror_repeats_the_border_pixels(factor: int) -> None:
    values = noise(10, 13, seed=13)
    margin = ((factor - 1) // 2, factor // 2)
    padded = np.pad(values.numpy(), (margin, margin), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (factor, factor))[::factor, ::factor]
    assert_allclose(common.shrink(values[None], factor, mirror=True)[0], windows.mean((-2, -1)), rtol=1e-12)


def test_grey_is_matlabs_rounded_to_whole_levels() -> None:
    primaries = torch.eye(3).view(3, 3, 1, 1)
    levels = torch.arange(256).view(1, 1, 16, 16).expand(1, 3, 16, 16) / 255
    assert (255 * common.grey(primaries.double())).flatten().tolist() == [76, 150, 29]
    assert torch.equal((255 * common.grey(levels.double())).round(), torch.arange(256.0).view(1, 16, 16).double())


def test_fsim_of_a_map_is_that_of_a_grey_image() -> None:
    x, y = noise(2, 1, 50, 55, seed=14)
    expected = build("fsim").compare_images(x[:, None], y[:, None])
    assert build("fsim").compare(x, y) == expected
    assert build("fsimc").compare(x, y) == expected
    assert build("fsimc").compare_images(x[:, None], y[:, None]) == expected


@pytest.mark.parametrize("name", ["fsimc", "vsi"])
def test_a_lost_colour_lowers_the_chromatic_metrics_alone(name: str) -> None:
    reference = noise(1, 3, 64, 64, seed=15)
    without_colour = torch.stack([common.grey(reference)] * 3, dim=1)
    assert build("fsim").compare_images(reference, without_colour) == 1
    assert build(name).compare_images(reference, without_colour) < 0.99


@OF_IMAGES
@pytest.mark.parametrize("colour", [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.2, 0.6, 0.4)])
def test_images_of_one_colour_have_finite_values(name: str, colour: tuple[float, float, float]) -> None:
    flat = torch.tensor(colour).view(1, 3, 1, 1).expand(1, 3, 64, 80)
    metric, other = build(name), noise(1, 3, 64, 80, seed=17)
    assert metric.compare_images(flat, flat) == value_at_identity(COMPONENTS[name])
    assert torch.cat([metric.compare_images(flat, other), metric.compare_images(other, flat)]).isfinite().all()


def test_phase_congruency_marks_a_line_whatever_its_contrast() -> None:
    line = torch.zeros(1, 64, 64, dtype=torch.float64)
    line[..., 32] = 1
    faint, strong = phase_congruency(20 * line)[0], phase_congruency(200 * line)[0]
    assert strong[:, 32].min() > 0.95
    assert strong[:, 4:28].max() < 0.15
    torch.testing.assert_close(faint, strong, atol=0.02, rtol=0)


def test_vsi_weighs_the_centre_more_than_a_corner() -> None:
    x = noise(1, 16, 16, seed=16)
    centre, corner = x.clone(), x.clone()
    centre[:, 6:10, 6:10] = 1 - centre[:, 6:10, 6:10]
    corner[:, :4, :4] = 1 - corner[:, :4, :4]
    assert build("vsi").compare(x, centre) < build("vsi").compare(x, corner)


@EVERY
def test_maps_of_different_shape_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(ValueError, match=r"\Aexpected maps .*not \[1, 60, 60\] and \[1, 60, 61\]\Z"):
        build(name).compare(torch.zeros(1, 60, 60), torch.zeros(1, 60, 61))


@OF_IMAGES
def test_images_of_different_shape_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(ValueError, match=r"\Aexpected images .*not \[1, 3, 60, 60\] and \[2, 3, 60, 60\]\Z"):
        build(name).compare_images(torch.zeros(1, 3, 60, 60), torch.zeros(2, 3, 60, 60))


def test_the_mean_of_the_input_is_of_its_own_map() -> None:
    x, y = noise(3, 6, 7, seed=1), noise(3, 6, 7, seed=2)
    assert_allclose(build("input-mean").compare(x, y), y.numpy().mean(axis=(1, 2)), rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in COMPONENTS if min_size(name) > 1])
def test_maps_below_the_declared_size_are_refused(name: str) -> None:
    small = torch.zeros(1, min_size(name) - 1, 80)
    with pytest.raises(ValueError, match=f"sides of at least {min_size(name)}"):
        build(name).compare(small, small)


@pytest.mark.parametrize(
    ("maps", "problem"),
    [
        (torch.zeros(60, 60), "expected maps"),
        (torch.zeros(1, 1, 60, 60), "expected maps"),
        (torch.zeros(1, 60, 60, dtype=torch.uint8), "floating-point"),
    ],
)
def test_what_is_no_map_is_refused(maps: Tensor, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build("psnr").compare(maps, maps)


def test_images_of_two_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="not 2 channels"):
        build("vsi").compare_images(torch.zeros(1, 2, 60, 60), torch.zeros(1, 2, 60, 60))


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("ssim", {"window": 8}, "window: must be odd"),
        ("gmsd", {"downsample": False}, "downsample: must be one of 'images', 'all', 'none', not False"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(name: str, given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build(name, **given)
