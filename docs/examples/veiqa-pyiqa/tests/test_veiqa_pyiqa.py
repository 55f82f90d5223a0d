"""Everything that VEIQA asks of methods and metrics; pyiqa's values; and that nothing is fetched unasked."""

import importlib.util
import socket
from pathlib import Path

import pytest
import torch
from veiqa_pyiqa.offline import offline
from veiqa_pyiqa.plugin import MethodParams, MetricParams

from veiqa_core.api import ImageError, UsageError, WeightsError
from veiqa_core.images import read
from veiqa_core.testing import check_component

PHOTO = Path(__file__).parents[3] / "images" / "chelsea.png"
needs_pyiqa = pytest.mark.skipif(
    importlib.util.find_spec("pyiqa") is None, reason="pyiqa is not installed here: pip install pyiqa"
)


@needs_pyiqa
@pytest.mark.veiqa_conformance(dist="veiqa-pyiqa")
def test_conformance(veiqa_check):
    veiqa_check()


@needs_pyiqa
def test_a_method_that_needs_no_files_passes_every_check():
    assert not [
        outcome for outcome in check_component("method/pyiqa", {"metric": "entropy"}) if outcome.state == "failed"
    ]


@needs_pyiqa
def test_a_value_that_is_no_number_is_an_error_of_the_image():
    from veiqa_pyiqa.component import PyiqaMethod

    with pytest.raises(ImageError, match="pyiqa's piqe gives nan"):
        PyiqaMethod(MethodParams(metric="piqe")).measure(torch.zeros(1, 3, 96, 96))


def test_offline_refuses_connections_and_leaves_no_trace():
    before = socket.socket.connect, socket.getaddrinfo
    with offline() as asked:
        with pytest.raises(ConnectionError, match="nothing is fetched unasked"):
            socket.create_connection(("weights.example", 443))
        with socket.socket() as plain, pytest.raises(ConnectionError):
            plain.connect(("127.0.0.1", 9))
    assert asked.host == "weights.example"
    assert (socket.socket.connect, socket.getaddrinfo) == before


@needs_pyiqa
def test_a_method_gives_pyiqa_s_value_larger_being_better():
    import pyiqa
    from veiqa_pyiqa.component import PyiqaMethod

    image = read(PHOTO).pixels
    wanted = float(pyiqa.create_metric("piqe", device=torch.device("cpu"))(image))
    assert PyiqaMethod(MethodParams(metric="piqe")).measure(image).item() == -wanted


@needs_pyiqa
def test_a_metric_gives_the_values_that_are_known():
    from veiqa_pyiqa.component import PyiqaMetric

    generator = torch.Generator().manual_seed(0)
    image = read(PHOTO).pixels
    worse = (image + 0.1 * torch.randn(image.shape, generator=generator)).clamp(0, 1)
    wanted = -10 * torch.log10((image.double() - worse.double()).square().mean())
    made = PyiqaMetric(MetricParams(metric="psnr")).compare_images(image.double(), worse.double())
    assert made.item() == pytest.approx(wanted.item(), abs=1e-3)


@needs_pyiqa
def test_files_that_are_not_here_are_not_fetched(tmp_path, monkeypatch):
    from pyiqa.utils import download_util
    from veiqa_pyiqa.component import PyiqaMethod

    monkeypatch.setattr(download_util, "DEFAULT_CACHE_DIR", str(tmp_path))
    with pytest.raises(WeightsError, match=r"needs files that are not here.*-p method\.download=true") as raised:
        PyiqaMethod(MethodParams(metric="niqe"))
    assert "\n" not in str(raised.value)


@needs_pyiqa
def test_names_are_of_the_right_mode():
    from veiqa_pyiqa.component import PyiqaMethod, PyiqaMetric

    for cls, params in ((PyiqaMethod, MethodParams(metric="ssim")), (PyiqaMetric, MetricParams(metric="piqe"))):
        with pytest.raises(UsageError, match="metric of pyiqa"):
            cls(params)
