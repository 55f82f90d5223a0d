"""Distortions of one photo: names, severities, and PSNR."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from synthesis import photo

from veiqa_core import images
from veiqa_core.datasets import distort, synthetic
from veiqa_core.datasets.distort import Drawn, Level, degrade, even_levels, levels_at
from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import Registry, installed

TYPES = synthetic.DEFAULT_DISTORTIONS


# distortions by name


@pytest.mark.parametrize(
    ("name", "canonical", "generators"),
    [
        ("WN", "WN", ["white-noise"]),
        ("jpeg", "JPEG", ["jpeg"]),
        ("veiqa:gaussian-blur", "GB", ["gaussian-blur"]),
        ("gaussian-blur+WN+JP2K", "GB+WN+JP2K", ["gaussian-blur", "white-noise", "jpeg2000"]),
        ("DIM", "DIM", ["dim"]),
        ("soft:smear", "GB", ["smear"]),
        ("no-type", "soft:no-type", ["no-type"]),
        ("dim+dim", "soft:dim+dim", ["dim+dim"]),
    ],
)
def test_a_distortion_is_a_type_a_generator_or_a_mixture(
    name: str, canonical: str, generators: list[str], soft: Registry
) -> None:
    found = distort.find(name, soft)
    assert (found.name, [step.name for step in found.steps]) == (canonical, generators)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("GB", "several PRI generators make distortion 'GB': say 'gaussian-blur' or 'soft:smear'"),
        ("WN+GB", "several PRI generators make distortion 'GB'"),
        ("JP3K", "unknown distortion 'JP3K'. Did you mean 'JP2K'?"),
        ("gausian-blur", "unknown distortion 'gausian-blur'. Did you mean 'gaussian-blur'?"),
        ("WN+", "unknown distortion ''"),
        ("mean-blur", r"pri 'mean-blur' \(veiqa .*\) has no trait 'strength'"),
    ],
)
def test_names_that_mean_nothing_or_too_much(name: str, message: str, soft: Registry) -> None:
    with pytest.raises(UsageError, match=message):
        distort.find(name, soft)


# severities


def test_severity_goes_from_mildest_to_strongest_by_equal_factors() -> None:
    blur = distort.find("GB", installed())
    assert [blur.at(severity)[0].params.sigma for severity in (0, 1)] == [0.4, 15.0]
    assert blur.at(0.5)[0].params.sigma == pytest.approx(math.sqrt(0.4 * 15), rel=1e-5)
    quality = distort.find("JPEG", installed()).at(0.5)[0].params.quality
    assert (quality, type(quality)) == (round(math.sqrt(95 * 2)), int)


@pytest.mark.parametrize("name", [*TYPES, "GB+WN", "JPEG+JP2K"])
def test_higher_severity_takes_a_photo_further_away(name: str) -> None:
    found = distort.find(name, installed())
    distances = [degrade(photo(), found, level).psnr for level in even_levels(5)]
    assert all(mild > strong + 1 for mild, strong in itertools.pairwise(distances))


def test_a_mixture_applies_its_parts_in_order() -> None:
    level = Level("x", "severity", 0.5)
    both = degrade(photo(), distort.find("GB+JPEG", installed()), level)
    blurred = degrade(photo(), distort.find("GB", installed()), level)
    again = degrade(blurred.image, distort.find("JPEG", installed()), level)
    assert torch.equal(both.image.pixels, again.image.pixels)
    assert both.made_by == f"{blurred.made_by} + {again.made_by}" == "gaussian-blur(sigma=2.44949) + jpeg(quality=14)"


def test_noise_follows_photo_level_type_and_seed_and_nothing_else() -> None:
    noise = distort.find("WN", installed())

    def drawn(seed: int = 0, label: str = "1", name: str = "WN", picture: str = "chelsea.png") -> torch.Tensor:
        level = Level(label, "severity", 0.3)
        image = photo(picture)
        result = degrade(image, distort.Distortion(name, noise.steps), level, seed)
        return (result.image.pixels - image.pixels)[..., :100, :100]

    assert torch.equal(drawn(), drawn())
    others = (drawn(seed=1), drawn(label="2"), drawn(name="WN+"), drawn(picture="coffee.png"))
    assert not any(torch.equal(drawn(), other) for other in others)
    twice = degrade(photo(), distort.find("WN+WN", installed()), Level("1", "severity", 0.3)).psnr
    once = degrade(photo(), noise, Level("1", "severity", 0.3)).psnr
    assert once - twice == pytest.approx(10 * math.log10(2), abs=0.2)  # independent: the variances add up


@pytest.mark.parametrize(
    ("measure", "value"),
    [("severity", -0.1), ("severity", 1.5), ("severity", math.nan), ("psnr", 0), ("psnr", math.inf)],
)
def test_levels_out_of_range_are_refused(measure: distort.Measure, value: float) -> None:
    with pytest.raises(UsageError, match=r"between 0 \(mildest\) and 1|not a positive number of dB"):
        levels_at(measure, [value])


def test_levels_are_labelled_and_not_repeated() -> None:
    assert [level.label for level in levels_at("psnr", [30, 27.5, 30.0])] == ["30", "27.5"]
    assert [(level.label, level.value) for level in even_levels(3)] == [("1", 0), ("2", 0.5), ("3", 1)]
    with pytest.raises(UsageError, match="at least 2 are needed, not 1"):
        even_levels(1)


def test_drawn_severities_cover_the_range_and_differ_from_photo_to_photo() -> None:
    blur, noise = (distort.find(name, installed()) for name in ("gaussian-blur", "WN"))
    drawn = Drawn(4).of(photo(), blur, 0)
    assert [level.label for level in drawn] == ["1", "2", "3", "4"]
    assert all(number / 4 <= level.value <= (number + 1) / 4 for number, level in enumerate(drawn))
    assert drawn == Drawn(4).of(photo(), blur, 0)
    others = [Drawn(4).of(photo("coffee.png"), blur, 0), Drawn(4).of(photo(), noise, 0), Drawn(4).of(photo(), blur, 1)]
    assert all(other != drawn for other in others)


# PSNR


@pytest.mark.parametrize("picture", ["chelsea.png", "coffee.png"])
@pytest.mark.parametrize("name", ["GB", "WN", "JP2K", "GB+WN", "GB+JP2K"])
def test_a_psnr_in_the_range_is_met(name: str, picture: str) -> None:
    image, found = photo(picture), distort.find(name, installed())
    for level in levels_at("psnr", [33, 26]):
        result = degrade(image, found, level)
        assert abs(result.psnr - level.value) <= distort.TOLERANCE
        error = np.square(255.0 * (result.image.pixels.numpy() - image.pixels.numpy())).mean()
        assert result.psnr == pytest.approx(10 * math.log10(255**2 / error), abs=1e-3)


def test_a_whole_parameter_comes_as_close_as_it_can() -> None:
    found = distort.find("JPEG", installed())
    result = degrade(photo(), found, Level("30", "psnr", 30))
    generator = installed().get("pri", "jpeg").load()
    params = installed().get("pri", "jpeg").component.params
    decoded = [generator(params(quality=quality)).generate(photo().pixels, [0]) for quality in range(2, 96)]
    reached = [distort.psnr(photo(), images.Image(pixels, "x")) for pixels in decoded]
    assert result.psnr == pytest.approx(min(reached, key=lambda value: abs(value - 30)))


@pytest.mark.parametrize(("target", "end"), [(70, 0), (5, 1)])
def test_a_psnr_out_of_reach_gives_the_end(target: float, end: float) -> None:
    found = distort.find("GB", installed())
    result = degrade(photo(), found, Level("x", "psnr", target))
    assert torch.equal(result.image.pixels, degrade(photo(), found, Level("x", "severity", end)).image.pixels)


def test_psnr_of_equal_images_is_infinite() -> None:
    assert distort.psnr(photo(), photo()) == math.inf
