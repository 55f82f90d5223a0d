"""Fine-tuning: what samples are made of, that training resumes to the same bits, and the command."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import safetensors.torch
import torch
from making import of_a_later_version, one_thread, veiqa
from numpy.typing import NDArray

from veiqa_core.datasets import distort
from veiqa_core.datasets.pseudo_ratings import Metric
from veiqa_core.errors import UsageError, VeiqaError
from veiqa_core.extension.registry import Part, installed
from veiqa_core.finetuning import Finetuning, Samples, Schedule
from veiqa_core.finetuning.run import CHECKPOINT, LOG, WEIGHTS
from veiqa_core.finetuning.samples import augmented, quality
from veiqa_core.full_reference import image_metric
from veiqa_metrics.indices.gmsd import Gmsd
from veiqa_metrics.plugin import GmsdParams

CPU = torch.device("cpu")
SIDE = 48
SMALL = Schedule(epochs=3, samples=2, batch=8, side=SIDE, rate=3e-3, held_out=0.25)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pieces of this repository's photos, which are sharp."""
    folder = tmp_path_factory.mktemp("photos")
    sources = sorted((Path(__file__).parents[3] / "docs" / "images").glob("*.png"))
    assert sources
    for number in range(12):
        photo = PIL.Image.open(sources[number % len(sources)]).convert("RGB")
        left, top = 30 * (number // len(sources)), 20 * (number // len(sources))
        photo.crop((left, top, left + 96, top + 80)).save(folder / f"{number}.png")
    return folder


def distortions(*names: str) -> list[distort.Distortion]:
    return [distort.find(name, installed()) for name in names or ("GB", "WN")]


def extractor(**values: Any) -> Part:
    return installed().part("extractor", "timm", {"model": "test_resnet", "weights": "random:0", **values})


def tuning(photos: Path, out: Path, schedule: Schedule = SMALL, **more: Any) -> Finetuning:
    given: dict[str, Any] = {"extractor": extractor(), "distortions": distortions(), **more}
    return Finetuning(photos=photos, out=out, schedule=schedule, device=CPU, **given)


def samples(photos: Path, seed: int = 0) -> Samples:
    return Samples({path.stem: path for path in photos.iterdir()}, distortions(), side=SIDE, seed=seed)


def coordinates(width: int, height: int) -> PIL.Image.Image:
    """A photo whose pixels say where they are."""
    y, x = np.mgrid[:height, :width].astype(np.uint8)
    return PIL.Image.fromarray(np.stack([x, y, np.full_like(x, 200)], axis=-1))


def test_a_sample_is_the_same_whenever_it_is_made(photos: Path) -> None:
    here = samples(photos)
    keys = here.epoch(["0", "1", "2"], 1, 3)
    forwards = {key: here[key] for key in keys}
    again = samples(photos)
    for key in reversed(keys):
        pixels, good, kind = again[key]
        assert torch.equal(pixels, forwards[key][0])
        assert (good, kind) == forwards[key][1:]
    others = samples(photos, seed=1)
    assert any(not torch.equal(others[key][0], forwards[key][0]) for key in keys)


def test_an_epoch_takes_every_photo_as_often_in_an_order_of_its_own(photos: Path) -> None:
    here = samples(photos)
    first, second = here.epoch("abc", 1, 4), here.epoch("abc", 2, 4)
    assert sorted(first) == [type(first[0])(name, 1, number) for name in "abc" for number in range(4)]
    assert [(key.photo, key.number) for key in first] != [(key.photo, key.number) for key in second]
    assert sorted(first) != first


def test_types_and_severities_are_what_the_sample_says(photos: Path) -> None:
    here = samples(photos)
    assert here.types == ("none", "GB", "WN")
    drawn = [here[key] for key in here.epoch([str(number) for number in range(12)], 1, 12)]
    kinds = np.array([kind for *_, kind in drawn])
    assert set(kinds) == {0, 1, 2}
    assert all((good == 1) == (kind == 0) for _, good, kind in drawn)
    sharpness = [float((pixels[:, 1:] - pixels[:, :-1]).abs().mean()) for pixels, *_ in drawn]
    means = [np.mean([value for value, kind in zip(sharpness, kinds, strict=True) if kind == k]) for k in range(3)]
    assert means[1] < means[0] < means[2]  # blurred, as they are, noisy


def test_held_out_samples_are_the_middle_at_every_type_and_three_severities(photos: Path) -> None:
    here = samples(photos)
    keys = here.held_out(["3"])
    made = [here[key] for key in keys]
    assert [kind for *_, kind in made] == [0, 1, 1, 1, 2, 2, 2]
    goods = [good for _, good, _ in made]
    assert goods[0] == 1
    assert goods[1:4] == goods[4:] == sorted(goods[1:4], reverse=True)
    photo = np.asarray(PIL.Image.open(photos / "3.png"))
    left, top = (96 - SIDE) // 2, (80 - SIDE) // 2
    middle = photo[top : top + SIDE, left : left + SIDE]
    assert np.array_equal((made[0][0].permute(1, 2, 0).numpy() * 255).round(), middle)


def test_a_metric_says_the_quality_in_people_s_place(photos: Path) -> None:
    rating = Metric(image_metric(installed(), "gmsd", {"t": 0.01}))
    files = {path.stem: path for path in photos.iterdir()}
    plain, rated = (
        samples(photos),
        Samples(files, distortions(), side=SIDE, seed=0, rating=pickle.loads(pickle.dumps(rating))),
    )
    for key in plain.held_out(["3", "5"]):
        (pixels, _, kind), (same, good, _) = plain[key], rated[key]
        assert torch.equal(pixels, same)
        pristine, *_ = plain[type(key)(key.photo, 0, 0)]
        value = float(Gmsd(GmsdParams(t=0.01)).compare_images(pristine[None].double(), pixels[None].double()))
        assert good == (1 if kind == 0 else pytest.approx(1 - value, abs=1e-6))


def test_quality_falls_from_the_photo_to_the_strongest_distortion() -> None:
    values = [quality(None), *(quality(severity) for severity in (0, 0.3, 0.7, 1))]
    assert values == sorted(set(values), reverse=True)
    assert values[0] == 1
    assert values[-1] == 0


def _steps(piece: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean change of the first two channels along each axis, the middle alone."""
    inner = piece[4:-4, 4:-4, :2].astype(float)
    return np.array([np.diff(inner, axis=1).mean((0, 1)), np.diff(inner, axis=0).mean((0, 1))])


def test_augmentation_turns_flips_zooms_and_shifts_within_the_photo() -> None:
    photo = coordinates(220, 200)
    untouched, corners, angles, scales, flips = 0, set(), [], [], set()
    for seed in range(200):
        piece = np.asarray(augmented(photo, SIDE, np.random.default_rng(seed)))
        assert piece.shape == (SIDE, SIDE, 3)
        assert abs(piece[..., 2].astype(int) - 200).max() <= 1  # nothing from beyond the borders
        along = _steps(piece)
        scale = float(np.hypot(*along[0]))
        flips.add((bool(along[0, 0] < 0), bool(along[1, 1] < 0)))
        exact = bool(np.isin(np.abs(along), (0, 1)).all())
        untouched += exact
        corners.add(tuple(piece[0, 0, :2]))
        scales.append(scale)
        angles.append(float(np.degrees(np.arcsin(along[0, 1] / scale))))
    assert 70 < untouched < 130  # half of them are pixels as they are
    assert len(corners) > 150
    assert flips == {(False, False), (False, True), (True, False), (True, True)}
    assert 1.8 < max(scales) <= 2.05
    assert min(scales) > 0.97  # never enlarged
    assert max(angles) > 10
    assert min(angles) < -10
    assert max(map(abs, angles)) < 16


def test_a_photo_just_as_large_as_a_piece_is_taken_whole() -> None:
    photo = coordinates(SIDE, SIDE)
    for seed in range(20):
        piece = np.asarray(augmented(photo, SIDE, np.random.default_rng(seed)))
        assert np.array_equal(np.sort(piece[..., 0].ravel()), np.sort(np.asarray(photo)[..., 0].ravel()))


def test_training_learns_and_what_it_writes_loads(photos: Path, tmp_path: Path) -> None:
    run = tuning(photos, tmp_path / "out", Schedule(epochs=6, samples=6, batch=12, side=SIDE, rate=3e-3, held_out=0.25))
    assert len(run.held_out) == 3
    assert not set(run.held_out) & set(run.trained_on)
    epochs = list(run.run())
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    best = min(epochs, key=lambda epoch: epoch.held_out_loss)
    assert best.held_out_loss < epochs[0].held_out_loss
    assert best.types_predicted > 1 / 3
    assert [epoch.number for epoch in epochs if epoch.kept][-1] == best.number

    about = json.loads((tmp_path / "out" / LOG).read_text())
    assert about["logits"] == ["quality", "none", "GB", "WN"]
    assert sorted(about["trained on"]) == list(run.trained_on)
    given = ("-p", "extractor.model=test_resnet", "-p", f"extractor.weights={run.weights}", "-p", "explainer.target=0")
    done = veiqa("run", next(photos.iterdir()), "--extractor", "timm", "--metric", "gmsd", "--pri", "mean-blur", *given)
    assert done.exit_code == 0, done.output


def test_a_run_that_goes_on_ends_with_the_same_bytes(photos: Path, tmp_path: Path) -> None:
    whole = tuning(photos, tmp_path / "whole")
    assert len(list(whole.run())) == 3
    for done in range(3):
        part = tuning(photos, tmp_path / "parts")
        assert len(part.done) == done
        next(part.run())
    assert list(tuning(photos, tmp_path / "parts").run()) == []
    for name in (WEIGHTS, LOG):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_processes_that_make_samples_change_nothing(photos: Path, tmp_path: Path) -> None:
    schedule = Schedule(epochs=1, samples=1, batch=4, side=SIDE, held_out=0.5)
    rating = Metric(image_metric(installed(), "gmsd"))
    list(tuning(photos, tmp_path / "alone", schedule, make_rating=lambda: rating).run())
    list(tuning(photos, tmp_path / "helped", schedule, make_rating=lambda: rating, workers=1).run())
    assert (tmp_path / "alone" / WEIGHTS).read_bytes() == (tmp_path / "helped" / WEIGHTS).read_bytes()


def test_seeds_and_schedules_make_other_weights(photos: Path, tmp_path: Path) -> None:
    schedule = Schedule(epochs=1, samples=1, batch=4, side=SIDE)
    weights = []
    for number, seed in enumerate((0, 0, 1)):
        run = tuning(photos, tmp_path / str(number), Schedule(epochs=1, samples=1, batch=4, side=SIDE, seed=seed))
        list(run.run())
        weights.append(run.weights.read_bytes())
    assert weights[0] == weights[1] != weights[2]
    with pytest.raises(UsageError, match="another schedule; name another folder"):
        tuning(photos, tmp_path / "0", Schedule(epochs=2, samples=1, batch=4, side=SIDE))
    with pytest.raises(UsageError, match="another logits"):
        tuning(photos, tmp_path / "0", schedule, distortions=distortions("GB", "JPEG"))
    with pytest.raises(UsageError, match="another version"):
        tuning(photos, tmp_path / "0", schedule, extractor=of_a_later_version(extractor()))


def test_photos_that_cannot_be_used_are_left_out_and_told(photos: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for number in (1, 2, 3):
        (mixed / f"{number}.png").write_bytes((photos / f"{number}.png").read_bytes())
    (mixed / "torn.png").write_bytes((photos / "4.png").read_bytes()[:900])
    PIL.Image.new("RGB", (90, SIDE - 1)).save(mixed / "flat.png")
    run = tuning(mixed, tmp_path / "out")
    assert set(run.left_out) == {"torn", "flat"}
    assert "90x47 pixels are fewer than the 48 of a piece" in run.left_out["flat"]
    assert len(run.trained_on) + len(run.held_out) == 3


@pytest.mark.parametrize(
    ("values", "reported"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"side": 31}, "side must be at least 32"),
        ({"rate": 0.0}, "rate must lie between 0 and 1"),
        ({"rate": float("nan")}, "rate must lie between 0 and 1"),
        ({"held_out": 1.0}, "held-out must lie between 0 and 1"),
    ],
)
def test_schedules_out_of_range_are_refused(values: dict[str, Any], reported: str) -> None:
    with pytest.raises(UsageError, match=reported):
        Schedule(**values)


def test_what_cannot_be_trained_is_said(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (few / "1.png").write_bytes((photos / "1.png").read_bytes())
    with pytest.raises(UsageError, match="at least 2 photos of 48 pixels a side are needed, not 1"):
        tuning(few, tmp_path / "out")
    lite = installed().part("extractor", "efficientnet-lite0", {"weights": "random:0"})
    with pytest.raises(UsageError, match="needs pieces of 33 pixels"):
        tuning(photos, tmp_path / "out", Schedule(side=32), extractor=lite)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file, not a folder"):
        tuning(photos, tmp_path / "file")
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / CHECKPOINT).write_bytes(b"torn")
    with pytest.raises(UsageError, match="is damaged; name another folder, or delete it"):
        tuning(photos, torn)
    run = tuning(photos, tmp_path / "out")
    monkeypatch.setattr(run, "_network", lambda pixels: torch.full((len(pixels), 4), torch.nan))
    with pytest.raises(VeiqaError, match="epoch 1: the loss is not finite; a lower --rate"):
        next(run.run())
    monkeypatch.setattr(Part, "create", lambda self: object())
    with pytest.raises(UsageError, match="cannot be fine-tuned: it has no open_for_tuning"):
        tuning(photos, tmp_path / "out")


def options(photos: Path, out: Path) -> list[object]:
    return [
        *("finetune", photos, "--output", out, "--extractor", "timm", "-p", "extractor.model=test_resnet"),
        *("-p", "extractor.weights=random:0", "--distortion", "GB", "--distortion", "WN", "--device", "cpu"),
        *("--epochs", 3, "--samples", 2, "--batch", 8, "--crop", SIDE, "--held-out", 0.25, "--rate", 0.003),
    ]


def test_the_command_tells_each_epoch_and_how_to_use_the_weights(photos: Path, tmp_path: Path) -> None:
    done = veiqa(*options(photos, tmp_path / "out"))
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "9 photos to learn from, 3 held out; types: none, GB, WN"
    assert [line.split()[0] for line in lines[2:5]] == ["1", "2", "3"]
    assert f"extractor.weights={tmp_path / 'out' / WEIGHTS}" in done.stdout
    again = veiqa(*options(photos, tmp_path / "out"))
    assert again.stdout == done.stdout  # nothing is trained again
    assert safetensors.torch.load_file(tmp_path / "out" / WEIGHTS)["fc.weight"].shape[0] == 4
    list(tuning(photos, tmp_path / "alone").run())
    assert (tmp_path / "alone" / WEIGHTS).read_bytes() == (tmp_path / "out" / WEIGHTS).read_bytes()


def test_a_killed_command_goes_on_to_the_same_bytes(photos: Path, tmp_path: Path) -> None:
    assert veiqa(*options(photos, tmp_path / "whole")).exit_code == 0
    killed = tmp_path / "killed"
    command = [sys.executable, "-c", "from veiqa_core.cli import main; main()"]
    command += [str(option) for option in [*options(photos, killed), "--threads", 1]]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (killed / CHECKPOINT).exists() and time.monotonic() < deadline and started.poll() is None:
        time.sleep(0.002)
    os.kill(started.pid, signal.SIGKILL)
    started.wait(60)
    assert (killed / CHECKPOINT).exists()
    assert veiqa(*options(photos, killed)).exit_code == 0
    for name in (WEIGHTS, LOG):
        assert (killed / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_metric_without_a_worst_value_is_no_quality(photos: Path, tmp_path: Path) -> None:
    done = veiqa(*options(photos, tmp_path / "out"), "--metric", "psnr")
    assert done.exit_code == 2
    assert "psnr has no worst or no best value: bring it to a scale with --calibrate" in done.stderr


def test_bad_options_get_one_line(photos: Path, tmp_path: Path) -> None:
    for more, reported in (
        (("--extractor", "vgg61"), "vgg16"),
        (("--distortion", "GBX"), "unknown distortion"),
        (("-p", "extractor.modle=x"), "modle"),
        (("--epochs", "0"), "epochs must be at least 1"),
        (("--metric", "vsi", "--metric", "gmsd"), "several metrics have no common scale"),
        (("--metric", "ad2"), "unknown similarity metric 'ad2'"),
    ):
        done = veiqa("finetune", photos, "--output", tmp_path / "out", *more)
        assert done.exit_code == 2
        assert reported in done.stderr
        assert "Traceback" not in done.stderr
    assert veiqa("finetune", tmp_path / "nowhere", "--output", tmp_path / "out").exit_code == 2
    assert not (tmp_path / "out").exists()
