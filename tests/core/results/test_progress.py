"""A bar on a terminal, a line every minute elsewhere, and how far an image is within."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from making import engine, photo, save, veiqa

from veiqa_core import Recipe
from veiqa_core.images import read
from veiqa_core.measuring.branches import tiled_image, tiling
from veiqa_core.measuring.executors.executor import InProcess, Task
from veiqa_core.measuring.meter import Meter
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.results import progress as module
from veiqa_core.results.progress import Bar, bar, progress, watching
from veiqa_core.scorer import Scorer
from veiqa_core.text import duration

SMALL = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")


class Clock:
    """Stands still until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


def after(shown: Bar, clock: Clock, seconds: float, count: int = 1) -> None:
    clock.now += seconds
    shown.advance(count)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (150, "2 min 30 s"),
        (3605, "1 h"),
        (7320, "2 h 2 min"),
        (90061, "1 d 1 h"),
    ],
)
def test_lengths_of_time_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_off_a_terminal_a_line_every_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("measuring live", 436, " images", clock=clock) as shown:
        for _ in range(118):
            after(shown, clock, 0.5)
        assert capsys.readouterr() == ("", "")  # within the first minute nothing
        after(shown, clock, 1)
        assert capsys.readouterr() == ("", "measuring live: 119 of 436 images, 2.0 images/s, 2 min 40 s left\n")
        after(shown, clock, 59)
        assert capsys.readouterr().err == ""
        after(shown, clock, 1)
        assert capsys.readouterr().err == "measuring live: 121 of 436 images, 1.0 images/s, 5 min 12 s left\n"


def test_the_rate_follows_what_changes(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Images that were looked up say nothing of how long the others take."""
    with bar("scoring", 5010, " images", clock=clock) as shown:
        after(shown, clock, 60, 5000)
        for _ in range(5):
            after(shown, clock, 60)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "scoring: 5000 of 5010 images, 83.3 images/s, 0 s left"
    assert lines[-1] == "scoring: 5005 of 5010 images, 1.0 images/min, 5 min left"


def test_what_was_done_before_is_counted_but_has_no_rate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("scoring", lambda: 1000, " images", clock=clock) as shown:
        for _ in range(400):
            shown.skip()
        after(shown, clock, 60, 60)
    assert capsys.readouterr().err == "scoring: 460 of 1000 images, 1.0 images/s, 9 min left\n"


def test_without_a_known_end_the_count_and_the_rate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("scoring", lambda: None, " images", clock=clock) as shown:
        after(shown, clock, 7200, 3)
    assert capsys.readouterr().err == "scoring: 3 images, 1.5 images/h\n"


def test_items_are_counted_only_where_that_is_shown(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    counted = []

    def count() -> int:
        counted.append(1)
        return 2

    with bar("scoring", count, clock=clock) as shown:
        after(shown, clock, 1)
        assert not counted
        after(shown, clock, 60)
    assert len(counted) == 1


def test_quiet_is_quiet(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("scoring", 9, " images", quiet=True, clock=clock) as shown:
        after(shown, clock, 600)
        shown.within(0.5, "pass 1 of 2")
    assert capsys.readouterr() == ("", "")


def test_within_an_image_the_line_knows_how_much_is_done(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("scoring", 1, " images", clock=clock) as shown:
        clock.now += 90
        shown.within(0.25, "pass 1 of 4, tile 12 of 12")
    assert (
        capsys.readouterr().err
        == "scoring: 0 of 1 images (pass 1 of 4, tile 12 of 12), 10.0 images/h, 4 min 30 s left\n"
    )


def test_a_line_cannot_steer_a_terminal(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with bar("measuring \x1b[31m\n", None, clock=clock) as shown:
        after(shown, clock, 60)
    assert capsys.readouterr().err == "measuring \\x1b[31m\\n: 1, 1.0/min\n"


def test_on_a_terminal_the_bar_moves_within_an_image_that_takes_long(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)  # here: what a fixture sets, pytest sets again
    with bar("scoring", 4, " images", clock=clock) as shown:
        shown.advance()
        before = terminal.getvalue()
        shown.within(0.25, "pass 1 of 4")
        assert terminal.getvalue() == before  # not of one that is soon done
        clock.now += 2
        shown.within(0.5, "pass 2 of 4")
        moved = terminal.getvalue()[len(before) :]
        assert "1.5/4" in moved
        assert "pass 2 of 4" in moved
        shown.advance(3)
    last = terminal.getvalue().rpartition("\r")[2]
    assert "4/4" in last
    assert "pass" not in last


def test_items_pass_through(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress("checking", " images")([3, 1, 2])) == [3, 1, 2]
    assert capsys.readouterr() == ("", "")


def small(pri: str, **more: object) -> Branch:
    extractor = Choice("timm", {"model": "test_resnet", "weights": "random:0", **more})
    return Branch(pri=Choice(pri), extractor=extractor, explainer=Choice("gradcam"), metric=Choice("psnr"))


BRANCHES = (small("mean-blur"), small("jpeg"))


@pytest.fixture
def tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of more than 10,000 pixels pass in tiles of 128."""
    cut = tiling.cut
    monkeypatch.setattr(tiled_image, "cut", lambda size, whole=10_000: cut(size, whole=whole, side=128, margin=32))


def test_an_engine_reports_each_piece_of_each_pass(tiles: None) -> None:
    seen: list[tuple[float, str]] = []
    measured = engine(*BRANCHES)
    whole = measured.measure(read(photo(96, 96)), "nothing")
    measured.watch = lambda part, what: seen.append((part, what))
    assert measured.measure(read(photo(96, 96)), "nothing").measurements == whole.measurements
    assert seen == [(number / 3, f"pass {number} of 3") for number in (1, 2, 3)]
    seen.clear()
    measured.measure(read(photo(128, 256)), "nothing")
    assert [what for _, what in seen[:3]] == [
        "pass 1 of 3, tile 1 of 2",
        "pass 1 of 3, tile 2 of 2",
        "pass 2 of 3, tile 1 of 2",
    ]
    assert [part for part, _ in seen] == pytest.approx([number / 6 for number in range(1, 7)])


def test_a_network_that_resizes_passes_an_image_in_one_piece(tiles: None) -> None:
    seen: list[str] = []
    measured = engine(small("jpeg", resize=64))
    measured.watch = lambda part, what: seen.append(what)
    measured.measure(read(photo(128, 256)), "nothing")
    assert seen == ["pass 1 of 2", "pass 2 of 2"]


def test_a_bar_watches_what_an_executor_measures(tmp_path: Path) -> None:
    save(photo(64, 64), tmp_path / "a.png")
    meter: Meter = Scorer(Recipe("r", BRANCHES), device="cpu").meter
    moved: list[str] = []

    class Seen(Bar):
        def within(self, part: float, what: str) -> None:
            moved.append(what)

    executor = InProcess(meter, tmp_path)
    with watching(meter, Seen(None)):
        list(executor.run([Task("a.png", (0, 1))]))
    assert moved == ["pass 1 of 3", "pass 2 of 3", "pass 3 of 3"]
    list(executor.run([Task("a.png", (0, 1))]))
    assert len(moved) == 3  # nobody watches any more


def test_a_command_that_takes_long_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(photo(64, 64), tmp_path / "a.png")
    save(photo(64, 64, 4), tmp_path / "b.png")
    monkeypatch.setattr(module, "PERIOD", 1e-6)
    run = ("run", tmp_path, *SMALL, "--pri", "jpeg", "--no-store", "--format", "csv")
    done = veiqa(*run)
    assert done.exit_code == 0, done.output
    said = [line for line in done.stderr.splitlines() if line.startswith("scoring: ")]
    assert said[0].startswith("scoring: 0 of 2 images (pass 1 of 2), ")
    assert said[-1].startswith("scoring: 2 of 2 images, ")
    assert said[-1].endswith("0 s left")
    assert "scoring" not in veiqa(*run, "--quiet").stderr
