"""``veiqa doctor --speed``: what is timed, and that its advice can be typed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from making import veiqa

from veiqa_core import Recipe, speed
from veiqa_core.cli import main
from veiqa_core.devices import Device
from veiqa_core.extension.registry import installed
from veiqa_core.recipes import files
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.speed import Setting, Timing, Trial, advice, settings


def options(**machine: object) -> list[str]:
    plain = {"cores": 2, "threads": 2, "compiled": True, "card": False, "bfloat16": False}
    return [setting.options for setting in settings(**(plain | machine))]  # type: ignore[arg-type]


def test_what_may_help_depends_on_the_machine() -> None:
    assert options() == ["", "--runtime torch", "--threads 1", "--workers 2 --threads 1"]
    assert options(compiled=False) == ["", "--threads 1", "--workers 2 --threads 1"]
    assert options(cores=1, threads=1) == ["", "--runtime torch"]
    assert options(cores=8, threads=4, compiled=False) == [
        "",
        "--threads 1",
        "--threads 8",
        "--workers 8 --threads 1",
    ]
    assert options(bfloat16=True, compiled=False) == [
        "",
        "--precision bfloat16",
        "--threads 1",
        "--workers 2 --threads 1",
        "--precision bfloat16 --workers 2 --threads 1",
    ]
    assert options(card=True, bfloat16=True) == [
        "",
        "--precision bfloat16",
        "--device cpu",
        "--device cpu --runtime torch",
        "--device cpu --threads 1",
        "--device cpu --workers 2 --threads 1",
        "--workers 2 --threads 1",
    ]


def test_every_option_is_one_of_run() -> None:
    run = main.get_command(click.Context(main), "run")
    assert run is not None
    machines = ({}, {"card": True, "bfloat16": True}, {"bfloat16": True, "threads": 1})
    for text in [text for machine in machines for text in options(**machine)]:
        context = run.make_context("run", ["photo.png", *shlex.split(text)])  # which refuses what is not there
        for option, value in zip(*[iter(shlex.split(text))] * 2, strict=True):
            assert str(context.params[option.removeprefix("--")]) == value


WORKERS = Setting(workers=8, threads=1)


@pytest.mark.parametrize(
    ("timings", "text"),
    [
        ([Timing(Setting(), 2.0), Timing(Setting(threads=1), 1.0)], "leave the options out"),
        ([Timing(Setting(), 2.0), Timing(Setting(threads=1), 2.1)], "leave the options out"),  # it may be chance
        ([Timing(Setting(), 2.0), Timing(Setting(threads=1), 3.0)], "--threads 1, 1.5 times as quick as without"),
        (
            [Timing(Setting(), 2.0), Timing(WORKERS, 9.0, estimated=True)],
            "--workers 8 --threads 1 (for many images), 4.5 times as quick as without, as estimated",
        ),
        (
            [Timing(Setting(), 2.0), Timing(Setting(precision="bfloat16"), 4.0)],
            "--precision bfloat16, 2.0 times as quick as without; scores move a little by --precision bfloat16",
        ),
        ([Timing(Setting(), None, problem="no"), Timing(Setting(threads=1), 3.0)], "--threads 1"),
        ([Timing(Setting(), None, problem="no")], "no setting could be timed"),
    ],
)
def test_the_advice_is_the_quickest(timings: list[Timing], text: str) -> None:
    assert advice(timings).startswith(text)


def test_the_pictures_are_the_same_every_time() -> None:
    first, again = list(speed.photos()), list(speed.photos())
    assert [picture.shape for picture in first] == [(384, 512, 3)] * 10
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(20 < picture.std() < 80 for picture in first)
    assert not np.array_equal(first[0], first[1])


@pytest.fixture
def recipe(tmp_path: Path, small: Choice) -> Path:
    """A small network with random weights, explained by what torch alone gives."""
    branch = Branch(pri=Choice("mean-blur"), extractor=small, explainer=Choice("gradcam"), metric=Choice("psnr"))
    path = tmp_path / "small.toml"
    path.write_text(files.dumps(Recipe("small", (branch,))))
    return path


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever there is, and smaller pictures."""
    find = Device.find
    monkeypatch.setattr(Device, "find", lambda device, *more: find("cpu" if device == "auto" else device, *more))
    monkeypatch.setattr(speed.limits, "cores", lambda: 2.0)
    monkeypatch.setattr(speed, "cpu_has_bfloat16", lambda: False)
    monkeypatch.setattr(speed, "SIZE", (72, 64))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_each_setting_has_a_row_and_the_advice_can_be_typed(recipe: Path, two_cores: None) -> None:
    done = veiqa("doctor", "--speed", "--recipe", recipe)
    assert done.exit_code == 0, done.output
    head, *rows, last = done.stdout.splitlines()
    wide = head.index("s an image")
    assert [row[:wide].strip() for row in rows] == ["(none)", "--threads 1", "--workers 2 --threads 1"]
    for row in rows:
        seconds, rate, by, device, *_ = row[wide:].split()
        assert float(seconds) > 0
        assert float(rate) > 0
        assert (by, device) == ("torch,", "cpu,")
    assert "quickest here: " in last


def test_as_json_and_more_cores_are_an_estimate(recipe: Path, two_cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed.limits, "cores", lambda: 6.0)
    monkeypatch.setattr(
        speed, "settings", lambda **machine: list(settings(**machine))[:1] + list(settings(**machine))[-1:]
    )
    done = veiqa("doctor", "--speed", "--recipe", recipe, "--json")
    found = json.loads(done.stdout)
    assert [row["options"] for row in found["timings"]] == ["", "--workers 6 --threads 1"]
    assert [row["estimated"] for row in found["timings"]] == [False, True]
    assert found["advice"]


def test_a_setting_that_cannot_be_used_says_why(recipe: Path, two_cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "settings", lambda **machine: [Setting(threads=1), Setting(device="cuda:99")])
    ticks: list[int] = []
    trial = Trial(files.find(str(recipe), installed()), installed(), lambda: ticks.append(1))
    first, last = trial.run()
    assert trial.images == 22
    assert len(ticks) == 11
    assert first.rate is not None
    assert last.rate is None
    assert "device 'cuda:99' is not there" in str(last.problem)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--recipe", "fast"), "--recipe is what --speed times"),
        (("--speed", "--store", "x.sqlite"), "--speed uses no store"),
        (("--speed", "--recipe", "fsat"), "fsat"),
        (("--speed", "--recipe", "paper"), "recipe set 'paper' needs the distortion type"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments: tuple[str, ...], text: str) -> None:
    done = veiqa("doctor", *arguments)
    assert done.exit_code == 2
    assert text in done.stderr
    assert "Traceback" not in done.output
