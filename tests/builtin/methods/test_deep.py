"""The deep methods: architectures, a forward pass by hand, weights files, and training."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import safetensors.torch
import torch
from method_vectors import batch, photo
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from veiqa_core.api import ImageError, WeightsError
from veiqa_core.contracts import PieceNetwork, TrainableMethod
from veiqa_core.testing import check_component
from veiqa_methods.cnniqa import Cnniqa, CnniqaNetwork, normalised
from veiqa_methods.deep import DeepMethod, Pooled, tiles
from veiqa_methods.parameters import DeepParams, TrainedParams
from veiqa_methods.wadiqam import WadiqamNetwork, WadiqamNr

CHELSEA = Path(__file__).parents[3] / "docs" / "images" / "chelsea.png"
METHODS: tuple[type[DeepMethod], ...] = (Cnniqa, WadiqamNr)
both = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


def network(method: type[DeepMethod], seed: int = 0) -> Pooled:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        made = method.network()
        for parameter in made.parameters():  # so that no head is all zeros
            nn.init.normal_(parameter, std=0.1)
    return made.eval()


def saved(made: nn.Module, path: Path) -> DeepParams:
    safetensors.torch.save_file({name: value.contiguous() for name, value in made.state_dict().items()}, path)
    return DeepParams(model=str(path))


@pytest.mark.parametrize(("method", "parameters"), [(Cnniqa, 724_901), (WadiqamNr, 5_238_562)])
def test_the_networks_have_as_many_parameters_as_the_papers_say(method: type[DeepMethod], parameters: int) -> None:
    """0.72 and 5.2 million."""
    assert sum(value.numel() for value in method.network().parameters()) == parameters


def test_cnniqa_has_the_layers_of_its_paper() -> None:
    shapes = [tuple(value.shape) for name, value in CnniqaNetwork().named_parameters() if name.endswith("weight")]
    assert shapes == [(50, 1, 7, 7), (800, 100), (800, 800), (1, 800)]
    pieces = torch.zeros(3, 1, 32, 32)
    assert CnniqaNetwork().convolution(pieces).shape == (3, 50, 26, 26)


def test_wadiqam_has_the_layers_of_its_paper() -> None:
    made = WadiqamNetwork()
    convolutions = [part for part in made.modules() if isinstance(part, nn.Conv2d)]
    widths = [32, 32, 64, 64, 128, 128, 256, 256, 512, 512]
    assert [part.out_channels for part in convolutions] == widths
    assert all(part.kernel_size == (3, 3) and part.padding == (1, 1) for part in convolutions)
    assert made.features(torch.zeros(2, 3, 32, 32)).shape == (2, 512)


def test_the_local_normalisation_is_that_of_windows() -> None:
    values = photo(20, 23)[0]
    wide = np.pad(values, 3, mode="symmetric")
    for row, column in ((0, 0), (7, 11), (19, 22)):
        window = wide[row : row + 7, column : column + 7]
        wanted = (values[row, column] - window.mean()) / (window.std() + 10)
        assert normalised(values)[row, column] == pytest.approx(wanted, abs=1e-9)


def test_cnniqa_by_hand() -> None:
    """One kernel that passes its middle on; the largest and the smallest response; one node a layer."""
    made = CnniqaNetwork().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        made.convolution.weight[0, 0, 3, 3] = 1
        made.first.weight[0, 0], made.first.weight[0, 50], made.first.bias[0] = 2, 3, 1  # of the largest, the smallest
        made.second.weight[0, 0] = 0.5
        made.second.bias[1] = -1  # a rectifier stops it
        made.last.weight[0, 0], made.last.weight[0, 1], made.last.bias[0] = 4, 100, -2
        piece = torch.zeros(1, 1, 32, 32)
        piece[0, 0, 10, 10], piece[0, 0, 20, 5] = 5, -2
        piece[0, 0, 0, 0] = 99  # no middle of a window
        hidden = 2 * 5 + 3 * -2 + 1
        assert made.judged(piece).item() == pytest.approx(4 * 0.5 * hidden - 2)
        other = torch.zeros(1, 1, 32, 32)
        both_pieces = torch.cat([piece, other])[None]
        assert made.scores(both_pieces).item() == pytest.approx((4 * 0.5 * hidden - 2 + 4 * 0.5 * 1 - 2) / 2)
        wanted = (abs(4 * 0.5 * hidden - 2 - 0.5) + abs(4 * 0.5 - 2 - 0.5)) / 2
        assert made.losses(both_pieces, torch.tensor([0.5])).item() == pytest.approx(wanted)


def test_wadiqam_begins_in_the_middle_and_takes_rgb_from_0_to_255() -> None:
    made = WadiqamNetwork().eval()
    assert made.prepared(torch.full((3, 32, 33), 0.2)).unique().item() == pytest.approx(51)
    assert made.scores(torch.rand(2, 3, 3, 32, 32) * 255).tolist() == pytest.approx([0.5, 0.5])


def test_wadiqam_by_hand() -> None:
    """Convolutions that pass one channel on: the largest value of a patch; both heads scale it."""
    made = WadiqamNetwork().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        for part in made.features:
            if isinstance(part, nn.Conv2d):
                part.weight[0, 0, 1, 1] = 1
        for head, scale in ((made.quality, 50.0), (made.weight, 3.0)):  # qualities are on a scale of 100
            first, last = (part for part in head if isinstance(part, nn.Linear))
            first.weight[0, 0], last.weight[0, 0] = 1, scale
        pieces = torch.zeros(1, 3, 3, 32, 32)
        pieces[0, 0, 0, 3, 4], pieces[0, 1, 0, 30, 31] = 0.8, 0.2
        pieces[0, 2, 0, 0, 0] = -0.7  # a rectifier stops it
        qualities, weights = [0.4, 0.1, 0.0], [3 * 0.8 + 1e-6, 3 * 0.2 + 1e-6, 1e-6]
        wanted = sum(q * w for q, w in zip(qualities, weights, strict=True)) / sum(weights)
        assert made.scores(pieces).item() == pytest.approx(wanted)
        assert made.losses(pieces, torch.tensor([1.0])).item() == pytest.approx(1 - wanted)


def test_patches_lie_side_by_side_from_the_top_left() -> None:
    image = torch.arange(70 * 100).reshape(1, 70, 100).float()
    pieces = tiles(image)
    assert pieces.shape == (6, 1, 32, 32)
    assert pieces[:, 0, 0, 0].tolist() == [0, 32, 64, 3200, 3232, 3264]
    assert torch.equal(pieces[4], image[:, 32:64, 32:64])


@both
def test_an_image_has_the_same_bits_in_any_batch_and_layout(method: type[DeepMethod], tmp_path: Path) -> None:
    made = method(saved(network(method), tmp_path / "model.safetensors"))
    images = batch(*(photo(270, 300, seed=seed) for seed in range(3)))  # 72 patches, more than go at once
    together = made.measure(images)
    assert together.dtype == torch.float64
    assert together.shape == (3, 1)
    assert together.equal(torch.cat([made.measure(image[None].clone()) for image in images]))
    strided = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    assert together.equal(made.measure(strided))
    assert len(set(together.flatten().tolist())) == 3


@both
def test_the_score_is_that_of_all_patches(method: type[DeepMethod], tmp_path: Path) -> None:
    own = network(method)
    made = method(saved(own, tmp_path / "model.safetensors"))
    image = batch(photo(270, 300))
    with torch.no_grad():
        wanted = own.scores(tiles(own.prepared(image[0]))[None])
    assert made.measure(image).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_cnniqa_comes_with_weights_that_rank_a_photo_above_what_is_worse() -> None:
    method = Cnniqa(TrainedParams())
    assert len(method.seen_ids) > 436  # the images of LIVE that it was trained on, and their contents
    with PIL.Image.open(CHELSEA) as image:
        own = np.array(image.convert("RGB"), dtype=np.float64).transpose(2, 0, 1)
    noise = np.random.default_rng(0).normal(0, 15, own.shape)
    for worse in (gaussian_filter(own, (0, 1.5, 1.5)), np.clip(own + noise, 0, 255)):
        assert method.measure(batch(own)).item() > method.measure(batch(worse)).item() + 0.1


def test_the_conformance_kit_passes_with_weights(tmp_path: Path) -> None:
    """Of the smaller network; both share all but the network."""
    params = saved(network(Cnniqa), tmp_path / "model.safetensors")
    outcomes = check_component("method/cnniqa", {"model": params.model})
    states = {outcome.check.name: outcome.state for outcome in outcomes}
    assert {states[name] for name in ("values", "outputs", "any-batch", "any-layout", "odd-sizes")} == {"passed"}


@both
def test_flat_images_have_scores_and_small_ones_are_refused(method: type[DeepMethod], tmp_path: Path) -> None:
    made = method(saved(network(method), tmp_path / "model.safetensors"))
    for level in (0.0, 100.0, 255.0):
        assert made.measure(batch(np.full((3, 33, 40), level))).isfinite().all()
    with pytest.raises(ImageError, match="at least 32 a side"):
        made.measure(torch.zeros(1, 3, 64, 31))


@both
def test_files_that_hold_no_weights_of_it_are_refused_in_one_line(method: type[DeepMethod], tmp_path: Path) -> None:
    right, text, other, broken = (tmp_path / f"{name}.safetensors" for name in ("right", "text", "other", "broken"))
    saved(network(method), right)
    text.write_text("no weights")
    saved(network(METHODS[method is Cnniqa]), other)
    state = safetensors.torch.load_file(right)
    next(iter(state.values())).view(-1)[0] = math.nan
    safetensors.torch.save_file(state, broken)
    (tmp_path / "cut.safetensors").write_bytes(right.read_bytes()[:-100])
    for file, problem in (
        (tmp_path / "absent", "cannot read the model file"),
        (text, "is damaged or no safetensors file"),
        (tmp_path / "cut.safetensors", "is damaged or no safetensors file"),
        (other, "holds weights of another network than"),
        (broken, "are not finite numbers"),
    ):
        with pytest.raises(WeightsError, match=problem) as raised:
            method(DeepParams(model=str(file)))
        assert "\n" not in str(raised.value)
        assert file.name in str(raised.value)


def test_without_weights_it_says_how_to_get_them() -> None:
    with pytest.raises(WeightsError, match=r"-p method\.model=FILE; 'veiqa finetune .* --method wadiqam-nr"):
        WadiqamNr(DeepParams())


@both
def test_the_digest_and_what_was_seen_come_from_the_file(method: type[DeepMethod], tmp_path: Path) -> None:
    state = network(method).state_dict()
    digests = set()
    for notes, seen in (({}, set()), ({"veiqa": '{"seen_ids": ["name:a", 3]}'}, {"name:a"}), ({"veiqa": "[]"}, set())):
        safetensors.torch.save_file(state, tmp_path / "model.safetensors", notes)
        made = method(DeepParams(model=str(tmp_path / "model.safetensors")))
        assert made.seen_ids == seen
        digests.add(made.digest)
    assert len(digests) == 3


@pytest.mark.parametrize(("method", "rate"), [(Cnniqa, 1e-3), (WadiqamNr, 3e-4)])
def test_some_steps_of_training_lower_the_loss(method: type[DeepMethod], rate: float) -> None:
    assert isinstance(method, TrainableMethod)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        made = method.for_training(DeepParams())
        assert isinstance(made, PieceNetwork)
        pieces, quality = _rated_pieces(made)
        optimizer: Any = torch.optim.Adam(made.module.parameters(), lr=rate)
        made.module.train()
        losses = []
        for _ in range(40):
            optimizer.zero_grad()
            loss = made.losses(pieces, quality).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    made.module.eval()
    with torch.no_grad():
        scores = made.scores(pieces)
    assert scores[0] > scores[-1] + 0.2  # of 0.9


def _rated_pieces(made: PieceNetwork) -> tuple[Tensor, Tensor]:
    """Pieces of four images of rising noise, and their qualities."""
    qualities = torch.tensor([0.9, 0.6, 0.3, 0.0])
    random = np.random.default_rng(0)
    images = [photo(64, 64) + 60 * (1 - float(quality)) * random.normal(size=(3, 64, 64)) for quality in qualities]
    levels = [np.clip(np.rint(image), 0, 255) for image in images]
    return torch.stack([tiles(made.prepared(image)) for image in batch(*levels)]), qualities
