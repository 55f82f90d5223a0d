"""Training methods on rated images: contents stay apart, runs go on to the same bits, and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch
from making import of_a_later_version, one_thread, veiqa, write_set

from veiqa_core.datasets.rated_set import RatedSet, load
from veiqa_core.errors import UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.finetuning import MethodTraining, Schedule
from veiqa_core.finetuning.rated import opened
from veiqa_core.finetuning.run import CHECKPOINT, LOG, WEIGHTS

CPU = torch.device("cpu")
SMALL = Schedule(epochs=3, samples=4, batch=6, side=32, rate=1e-3, held_out=0.25)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four contents, 16 images."""
    return write_set(tmp_path_factory.mktemp("rated") / "set", 4, 2, "WN", 20, 3, 30)


def rated(folder: Path) -> RatedSet:
    return load(installed().part("dataset", "csv"), folder)


def training(folder: Path, out: Path, schedule: Schedule = SMALL, **params: Any) -> MethodTraining:
    part = installed().part("method", "cnniqa", params)
    return MethodTraining(part, opened(part, schedule.seed), rated(folder), out, schedule=schedule, device=CPU)


def test_contents_stay_on_one_side(folder: Path, tmp_path: Path) -> None:
    made = training(folder, tmp_path / "out")
    assert made.contents == (3, 1)
    contents = {item.image: item.content for item in rated(folder).images}
    learned, held_out = ({contents[name] for name in side} for side in (made.trained_on, made.held_out))
    assert len(learned) == 3
    assert not learned & held_out
    assert len(made.trained_on) + len(made.held_out) == 16


def test_images_labelled_test_take_no_part(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "set"
    copy.mkdir()
    for file in folder.iterdir():
        if file.suffix == ".png":
            (copy / file.name).write_bytes(file.read_bytes())
    head, *rows = (folder / "scores.csv").read_text().splitlines()
    labelled = [f"{row},{'test' if 'ref0' in row else 'train'}" for row in rows]
    (copy / "scores.csv").write_text("\n".join([f"{head},split", *labelled]) + "\n")
    made = training(copy, tmp_path / "out")
    assert made.left_out == 4
    assert not any("0-" in name for name in (*made.trained_on, *made.held_out))
    list(made.run())
    with safetensors.safe_open(tmp_path / "out" / WEIGHTS, "pt") as file:
        about = json.loads(file.metadata()["veiqa"])
    own = rated(copy)
    out = {own.content_of(item) for item in own.images if item.split == "test"}
    assert not out & set(about["seen_ids"])
    assert {own.content_of(item) for item in own.images} - out < set(about["seen_ids"])


def test_it_learns_and_goes_on_to_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    longer = Schedule(epochs=8, samples=16, batch=6, side=32, rate=1e-3, held_out=0.25)
    epochs = list(training(folder, whole, longer).run())
    assert epochs[-1].loss < 0.8 * epochs[0].loss
    next(training(folder, stopped, longer).run())
    again = training(folder, stopped, longer)
    assert len(again.done) == 1
    assert list(again.run()) == epochs[1:]
    for name in (WEIGHTS, LOG):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes()
    other = Schedule(epochs=8, samples=16, batch=6, side=32, rate=1e-3, held_out=0.25, seed=1)
    with pytest.raises(UsageError, match="holds a run with another"):
        training(folder, whole, other)


def test_a_run_of_another_version_is_refused(folder: Path, tmp_path: Path) -> None:
    next(training(folder, tmp_path).run())
    part = of_a_later_version(installed().part("method", "cnniqa"))
    with pytest.raises(UsageError, match="holds a run with another version"):
        MethodTraining(part, opened(part, 0), rated(folder), tmp_path, schedule=SMALL, device=CPU)


def test_training_begins_with_the_weights_of_a_model(folder: Path, tmp_path: Path) -> None:
    list(training(folder, tmp_path / "first").run())
    model = str(tmp_path / "first" / WEIGHTS)
    part = installed().part("method", "cnniqa", {"model": model})
    begun = opened(part, 3).module.state_dict()
    with safetensors.safe_open(model, "pt") as file:
        assert all(torch.equal(begun[name], file.get_tensor(name)) for name in file.keys())  # noqa: SIM118


def test_an_epoch_s_pieces_are_drawn_anew_and_held_out_ones_are_not(folder: Path, tmp_path: Path) -> None:
    made = training(folder, tmp_path / "out")
    pieces, name = made._pieces, made.trained_on[0]
    assert torch.equal(pieces.drawn(name, 1, 4), pieces.drawn(name, 1, 4))
    assert not torch.equal(pieces.drawn(name, 1, 4), pieces.drawn(name, 2, 4))
    kept = pieces.drawn(name, 1, 4)
    pieces._kept.clear()  # as where memory is full
    assert torch.equal(pieces.drawn(name, 1, 4), kept)


def options(folder: Path, out: Path) -> list[object]:
    return [
        *("finetune", "csv", folder, "--method", "cnniqa", "--output", out, "--device", "cpu"),
        *("--epochs", 3, "--samples", 4, "--batch", 6, "--rate", 0.001, "--held-out", 0.25),
    ]


def test_the_command_trains_and_evaluation_says_what_was_seen(folder: Path, tmp_path: Path) -> None:
    done = veiqa(*options(folder, tmp_path / "out"))
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "12 images of 3 contents to learn from, 4 images of 1 held out"
    assert [line.split()[0] for line in lines[2:5]] == ["1", "2", "3"]
    model = f"method.model={tmp_path / 'out' / WEIGHTS}"
    assert model in done.stdout
    assert veiqa(*options(folder, tmp_path / "out")).stdout == done.stdout  # nothing is trained again
    list(training(folder, tmp_path / "alone").run())
    assert (tmp_path / "alone" / WEIGHTS).read_bytes() == (tmp_path / "out" / WEIGHTS).read_bytes()
    figures = veiqa("evaluate", "csv", folder, "--method", "cnniqa", "-p", model, "--no-store")
    assert figures.exit_code == 0, figures.output
    assert "cnniqa was trained on contents of 16 of 16 images, which flatters it" in figures.output
    elsewhere = write_set(tmp_path / "elsewhere", 2, 2, "WN", 20, 3, 30, seed=9)
    for file in elsewhere.iterdir():  # so that no content has the name of one that was seen
        file.rename(file.with_name(file.name.replace("ref", "scene")))
    table = elsewhere / "scores.csv"
    table.write_text(table.read_text().replace("ref0", "scene0").replace("ref1", "scene1"))
    figures = veiqa("evaluate", "csv", elsewhere, "--method", "cnniqa", "-p", model, "--no-store")
    assert "cnniqa was trained on other contents" in figures.output


def test_bad_options_get_one_line(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for arguments, reported in (
        (("csv", folder, "--method", "niqe"), "cannot be trained: it has no for_training"),
        (("csv", folder, "--method", "cnnqia"), "cnniqa"),
        (("csv", folder), "say PHOTOS, one folder of pristine photos; or DATASET PATH with --method"),
        ((folder, "--method", "cnniqa"), "say DATASET PATH, such as csv ratings"),
        (("csv", folder, "--method", "cnniqa", "--extractor", "vgg16"), "exclude each other"),
        (("csv", folder, "--method", "cnniqa", "--metric", "vsi"), "are of photos"),
        (("csv", folder, "--method", "cnniqa", "--crop", 64), "are of photos"),
        (("csv", folder, "--method", "cnniqa", "--workers", 2), "--workers make pieces of photos"),
        ((folder, "--range", 0, 1), "--range is of rated images"),
        (("csv", folder, "--method", "cnniqa", "--batch", 0), "batch must be at least 1"),
        (("csv", tmp_path / "nowhere", "--method", "cnniqa"), "no such folder"),
        (("csv", folder, "--method", "cnniqa", "-p", "method.model=absent"), "cannot read the model file absent"),
    ):
        done = veiqa("finetune", *arguments, "--output", out)
        assert done.exit_code == 2, done.output
        assert reported in done.stderr
        assert "Traceback" not in done.stderr
    assert not out.exists()


def test_images_that_cannot_be_learned_from_are_named(folder: Path, tmp_path: Path) -> None:
    for change, reported in (
        ("reference", "names no reference; training holds contents out"),
        ("one", "images of at least 2 contents are needed, not 1"),
    ):
        copy = tmp_path / change
        copy.mkdir()
        for file in folder.iterdir():
            if file.suffix == ".png":
                (copy / file.name).write_bytes(file.read_bytes())
        head, *rows = (folder / "scores.csv").read_text().splitlines()
        kept = (
            [row for row in rows if "ref0" in row] if change == "one" else [row.replace("ref0.png", "") for row in rows]
        )
        (copy / "scores.csv").write_text("\n".join([head, *kept]) + "\n")
        with pytest.raises(UsageError, match=reported):
            training(copy, tmp_path / "out")
    with pytest.raises(UsageError, match=r"pixels are fewer than the 99 of a piece"):
        training(folder, tmp_path / "out", Schedule(side=99))
    assert not (tmp_path / "out" / CHECKPOINT).exists()
