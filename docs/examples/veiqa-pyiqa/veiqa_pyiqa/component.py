"""Metrics of pyiqa, made and called without a network unless one is asked for."""

import hashlib
import math
from contextlib import nullcontext

import pyiqa
import torch
from pyiqa.default_model_configs import DEFAULT_CONFIGS

from veiqa_core.api import ImageError, UsageError, WeightsError, near_miss
from veiqa_core.contracts import canonical

from .offline import Asked, offline


class Pyiqa:
    """A metric of pyiqa on the processor; subclasses say of which mode."""

    mode = None
    kind = None

    def __init__(self, params):
        known = [name for name, about in DEFAULT_CONFIGS.items() if about.get("metric_mode") == self.mode]
        if params.metric not in known:
            raise UsageError(near_miss(f"{self.mode} metric of pyiqa", params.metric, known))
        self._name, self._download = params.metric, params.download
        with torch.random.fork_rng(devices=[]):
            self._metric = self._working(lambda: pyiqa.create_metric(params.metric, device=torch.device("cpu")))
        self._sign = -1.0 if self._metric.lower_better else 1.0
        self.digest = f"pyiqa {pyiqa.__version__} {_digest(self._metric)}"

    def values(self, *images):
        """The value float64 ``[N]`` of each image, or pair, of batches ``[N, 3, H, W]``, one after another."""
        made = [self._value([batch[index : index + 1] for batch in images]) for index in range(len(images[0]))]
        return torch.tensor(made, dtype=torch.float64)

    def _value(self, images):
        arguments = [canonical(image.float().clamp(0, 1)) for image in images]
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)  # some metrics draw patches
            made = self._sign * float(self._working(lambda: self._metric(*arguments)))
        if not math.isfinite(made):
            raise ImageError(f"pyiqa's {self._name} gives {made:g}, as it does of some flat images")
        return made

    def _working(self, work):
        """What pyiqa gives.

        Raises:
            WeightsError: it asked for files that are not here.
        """
        with nullcontext(Asked()) if self._download else offline() as asked:
            try:
                return work()
            except Exception as error:
                if not asked.host:
                    raise
                how = f"-p {self.kind}.download=true lets pyiqa fetch them"
                raise WeightsError(
                    f"pyiqa's {self._name} needs files that are not here, of {asked.host}: {how}"
                ) from error


class PyiqaMethod(Pyiqa):
    """A metric without a reference."""

    mode, kind = "NR", "method"

    @property
    def outputs(self):
        """The one output."""
        return ("pyiqa",)

    def measure(self, images):
        """Values float64 ``[N, 1]`` of a batch ``[N, 3, H, W]`` in [0, 1]; larger is better."""
        return self.values(images)[:, None]


class PyiqaMetric(Pyiqa):
    """A metric with a reference."""

    mode, kind = "FR", "metric"

    def compare(self, x, y):
        """Similarity ``[N]`` of maps ``[N, h, w]`` in [0, 1], float64; a map is a picture without colour."""
        return self.compare_images(x[:, None], y[:, None])

    def compare_images(self, a, b):
        """Similarity ``[N]`` of images ``[N, 3 or 1, H, W]`` in [0, 1]; a is the reference."""
        a, b = (images.expand(-1, 3, -1, -1) for images in (a, b))
        return self.values(b, a)


def _digest(metric):
    """SHA-256 of what a metric holds."""
    sha = hashlib.sha256()
    for name, tensor in metric.net.state_dict().items():
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return f"sha256:{sha.hexdigest()}"
