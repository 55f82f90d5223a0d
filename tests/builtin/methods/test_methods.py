"""What every no-reference method keeps to."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from method_vectors import PARAMETERS, batch, needs_vectors, photo

import veiqa_methods
from veiqa_core.api import Component, ImageError, WeightsError
from veiqa_methods.records import METHODS

MODELS = Path(veiqa_methods.__file__).parent / "models"
NEED_A_FILE = {"qac", "bpri-score", "bmpri-score", "brisque-score", "bliinds2-score", "diivine-score"}
NEED_A_FILE.add("wadiqam-nr")
if not (MODELS / "ilniqe.npz").is_file():
    NEED_A_FILE.add("ilniqe")
SLOW = {"ilniqe", "diivine"}
READY = [record for record in METHODS if record.name not in {*NEED_A_FILE, "laplacian-variance"}]


def made(record: Component, **values: Any) -> Any:
    """The method of a record."""
    module, name = record.factory.split(":")
    return getattr(__import__(module, fromlist=[name]), name)(record.params(**values))


def flat(size: int, level: float) -> Any:
    return np.full((3, size, size), level)


@pytest.mark.parametrize("record", READY, ids=lambda record: record.name)
class TestMethod:
    def test_outputs_are_the_ones_of_the_record(self, record: Component) -> None:
        method = made(record)
        assert method.outputs == record.traits["outputs"]
        assert len(set(method.outputs)) == len(method.outputs)
        found = method.measure(batch(photo()))
        assert found.dtype == torch.float64
        assert found.shape == (1, len(method.outputs))
        assert found.isfinite().all()

    def test_an_image_has_the_same_bits_in_any_batch(self, record: Component) -> None:
        method = made(record)
        images = (
            batch(photo(seed=1), photo(seed=2)) if record.name in SLOW else batch(*(photo(seed=n) for n in range(4)))
        )
        together = method.measure(images)
        assert together.equal(torch.cat([method.measure(image[None].clone()) for image in images]))
        strided = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        assert together.equal(method.measure(strided))

    def test_flat_and_tiny_images_give_numbers_without_warnings(self, record: Component) -> None:
        method, least = made(record), record.traits["min_size"]
        noise = np.random.default_rng(0).integers(0, 256, (3, least, least)).astype(float)
        spot = flat(least, 9)
        spot[:, least // 2, least // 2] = 200
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for image in (flat(least, 0), flat(least, 255), flat(least + 5, 100), noise, spot):
                assert method.measure(batch(image)).isfinite().all()

    def test_smaller_images_are_refused(self, record: Component) -> None:
        least = record.traits["min_size"]
        with pytest.raises(ImageError, match=f"at least {least} a side"):
            made(record).measure(torch.zeros(1, 3, 2 * least, least - 1))


@pytest.mark.parametrize("name", sorted(NEED_A_FILE))
def test_what_needs_a_file_says_so(name: str) -> None:
    record = next(record for record in METHODS if record.name == name)
    with pytest.raises(WeightsError, match=r"-p method\.model="):
        made(record)


@pytest.mark.parametrize("name", ["niqe", "qac", "bliinds2-score"])
def test_files_that_are_no_models_are_refused_in_one_line(name: str, tmp_path: Any) -> None:
    record = next(record for record in METHODS if record.name == name)
    absent, text, other = tmp_path / "absent.npz", tmp_path / "text.npz", tmp_path / "other.npz"
    text.write_text("no model")
    np.savez(other, something=np.ones(3))
    for file, problem in ((absent, "cannot read"), (text, "is no model file"), (other, "holds no array")):
        with pytest.raises(WeightsError, match=problem) as raised:
            made(record, model=str(file))
        assert "\n" not in str(raised.value)


@needs_vectors
def test_a_model_of_another_method_is_refused() -> None:
    record = next(record for record in METHODS if record.name == "niqe")
    with pytest.raises(WeightsError, match="430 features"):
        made(record, model=str(PARAMETERS / "ilniqe_template.npz"))
