"""Distortions in turn, as cameras and uploads make them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs
from torch import Tensor

from . import camera, codecs, enhancement, noise, sampling
from .records import codecs as codec_records
from .records import enhancement as enhancement_records
from .records import noise as noise_records
from .records import sampling as sampling_records
from .records.mixtures import MixtureParams


class _Generator(Protocol):
    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor: ...


@attrs.frozen
class Step:
    """One distortion of a mixture: what makes it, and one of its parameters at both ends of the severity."""

    factory: Callable[[Any], _Generator]
    params: type
    name: str
    mildest: float
    strongest: float

    def at(self, severity: float) -> _Generator:
        """The generator at a severity in [0, 1], in between which the parameter grows by equal factors."""
        value = self.mildest ** (1 - severity) * self.strongest**severity
        kind = type(getattr(self.params(), self.name))
        return self.factory(self.params(**{self.name: round(value) if kind is int else value}))


class Mixture:
    """Steps in turn, all at one severity; each draws its own random numbers from an image's seed."""

    STEPS: tuple[Step, ...] = ()

    def __init__(self, params: MixtureParams) -> None:
        self._generators = [step.at(params.severity) for step in self.STEPS]

    def generate(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """Carry out the steps on an image batch."""
        for number, generator in enumerate(self._generators):
            images = generator.generate(images, [_seed(seed, number) for seed in seeds])
        return images


def _seed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:8], "big") >> 1


def _jpeg(mildest: int, strongest: int) -> Step:
    return Step(codecs.Jpeg, codec_records.JpegParams, "quality", mildest, strongest)


class NoisyJpeg(Mixture):
    """White noise, then JPEG."""

    STEPS = (Step(noise.WhiteNoise, noise_records.WhiteNoiseParams, "variance", 0.0005, 0.05), _jpeg(92, 8))


class Camera(Mixture):
    """A picture in little light: noise of the sensor, denoised, then JPEG."""

    STEPS = (
        Step(camera.CameraNoise, noise_records.CameraNoiseParams, "photons", 3000.0, 25.0),
        Step(enhancement.Denoise, enhancement_records.DenoiseParams, "weight", 0.03, 0.3),
        _jpeg(92, 15),
    )


class Upload(Mixture):
    """An upload to a web site: reduced and shown at its size again, sharpened, then WebP."""

    STEPS = (
        Step(sampling.Resample, sampling_records.ResampleParams, "factor", 1.2, 6.0),
        Step(enhancement.Sharpen, enhancement_records.SharpenParams, "amount", 0.3, 4.0),
        Step(codecs.Webp, codec_records.WebpParams, "quality", 95, 2),
    )
