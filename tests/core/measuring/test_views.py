"""Images measured under a view: the same by every executor, kept apart, and said so."""

from __future__ import annotations

import pickle
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import attrs
import PIL.Image
import pytest
from making import photo

from veiqa_core import Recipe, Scorer
from veiqa_core.errors import UsageError
from veiqa_core.images import Image, read
from veiqa_core.measuring.executors import sent
from veiqa_core.measuring.executors.executor import InProcess
from veiqa_core.measuring.meter import Computed, Meter
from veiqa_core.measuring.vei_files import VeiFolder
from veiqa_core.measuring.worker import Job, execute
from veiqa_core.recipes.recipe import Branch, Choice, Provenance
from veiqa_core.remarks import TOO_SMALL
from veiqa_core.store import Store

VIEW = 80


class Sent(sent.Sent):
    """Sends as processes and clusters are sent to, to a worker in this process."""

    workers = 1

    def _send(self, image: Image, missing: tuple[int, ...]) -> Future[Computed]:
        answer: Future[Computed] = Future()
        received = pickle.loads(pickle.dumps(image))
        assert received.bytes <= 80 * 60 * 3 * 4  # what is not seen is not sent
        answer.set_result(execute(Job.of(self.meter, veis=False), received, missing))
        return answer


@pytest.fixture
def recipe(small: Choice) -> Recipe:
    branches = tuple(Branch(pri=Choice(pri), extractor=small, layer=0) for pri in ("mean-blur", "white-noise"))
    basis = Provenance("made", 9, (0, 100), ())
    return Recipe("r", branches, Choice("linear"), {"coefficients": [50.0, -0.1, 0.1]}, basis)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, (height, width) in {"big.png": (90, 130), "small.png": (60, 80)}.items():
        PIL.Image.fromarray(photo(height, width)).save(tmp_path / name)
    return tmp_path


def test_what_is_seen_is_all_that_counts(recipe: Recipe, folder: Path) -> None:
    viewed, native = Scorer(recipe, device="cpu", view=VIEW), Scorer(recipe, device="cpu")
    result = viewed.score(folder / "big.png", heatmaps=True)
    assert (result.size, result.judged_size, result.judged) == ((130, 90), (80, 55), "80x55 of 130x90")
    seen = native.score(read(folder / "big.png", view=VIEW).pixels)
    assert (seen.score, seen.similarities) == (result.score, result.similarities)
    assert seen.judged is None
    assert result.score != native.score(folder / "big.png").score
    assert result.quality_map is not None
    assert result.quality_map.shape == result.heatmaps[0].input_image.shape[1:] == (55, 80)
    assert result.to_dict()["judged_size"] == [80, 55]
    assert "80x55 of 130x90" in result._repr_html_()


def test_an_image_that_is_no_larger_than_the_view_keeps_its_bits(recipe: Recipe, folder: Path) -> None:
    results = [Scorer(recipe, device="cpu", view=view).score(folder / "small.png") for view in (VIEW, "native")]
    assert results[0].similarities == results[1].similarities
    assert (results[0].flags, results[0].judged) == ((TOO_SMALL,), None)
    assert results[0].size == results[0].judged_size == (80, 60)


def test_every_executor_measures_what_is_seen(recipe: Recipe, folder: Path) -> None:
    scorer = Scorer(recipe, device="cpu", view=VIEW)
    names = [str(folder / name) for name in ("big.png", "small.png")]
    expected = [scorer.score(name) for name in names]
    for kind in (InProcess, Sent):
        with kind(scorer.meter, Path()) as executor:
            assert list(scorer.score_many(names, executor=executor)) == expected


def test_what_is_kept_is_kept_by_what_was_seen(
    recipe: Recipe, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: Counter[str] = Counter()
    compute = Meter.compute

    def counting(self: Meter, image: Any, *args: Any, **more: Any) -> Any:
        computed[f"{image.name} {image.size}"] += 1
        return compute(self, image, *args, **more)

    monkeypatch.setattr(Meter, "compute", counting)
    with Store(tmp_path / "s.sqlite") as store:
        for view in ("native", VIEW, 64, VIEW, "native"):
            scorer = Scorer(recipe, device="cpu", view=view, store=store)
            for name in ("big.png", "small.png"):
                scorer.score(folder / name)
            with InProcess(scorer.meter, folder) as executor:
                assert all(result.error is None for result in scorer.score_many(["big.png"], executor=executor))
    assert set(computed.values()) == {1}
    assert {name.partition(" ")[2] for name in computed} == {
        "(130, 90)",
        "(80, 55)",
        "(64, 44)",
        "(80, 60)",
        "(64, 48)",
    }


def test_veis_of_each_view_have_a_file_of_their_own(recipe: Recipe, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "veis").mkdir()
    kept = VeiFolder(tmp_path / "veis", 2**30)
    for view in ("native", VIEW, "native"):
        scorer = Scorer(recipe, device="cpu", view=view)
        with InProcess(scorer.meter, folder, kept) as executor:
            list(scorer.score_many(["big.png"], executor=executor))
    names = {path.stem for path in (tmp_path / "veis").iterdir()}
    assert names == {read(folder / "big.png", view=view).key for view in (None, VIEW)}


def test_scores_with_another_view_than_of_the_fit_are_flagged(recipe: Recipe, folder: Path) -> None:
    def flags(recipe: Recipe, view: int | str | None, name: str = "big.png") -> tuple[str, ...]:
        found = Scorer(recipe, device="cpu", view=view).score(folder / name).flags
        return tuple(flag for flag in found if flag != TOO_SMALL)

    own = attrs.evolve(recipe, view=VIEW)
    assert flags(own, None) == flags(own, VIEW) == flags(recipe, None) == ()
    assert flags(own, "native") == flags(own, 64) == (f"fitted with the view {VIEW}",)
    assert flags(recipe, VIEW) == ("fitted with the view native",)
    assert flags(own, "native", "small.png") == ()  # which is seen alike
    assert flags(own, 64, "small.png") == (f"fitted with the view {VIEW}",)


def test_a_scorer_keeps_its_view_when_it_is_sent(recipe: Recipe, folder: Path) -> None:
    scorer = Scorer(recipe, device="cpu", view=VIEW)
    assert pickle.loads(pickle.dumps(scorer)).score(folder / "big.png") == scorer.score(folder / "big.png")


def test_a_view_that_is_none_or_too_small_for_a_network_is_one_line(recipe: Recipe) -> None:
    for view in ("foo", 12, True, 2.5):
        with pytest.raises(UsageError, match="^view: must be native, or a whole number of pixels from 32 to 65535"):
            Scorer(recipe, device="cpu", view=view)  # type: ignore[arg-type]
    scorer = Scorer(recipe, device="cpu")
    (network,) = scorer.meter.networks.values()
    network.min_size = 100
    with pytest.raises(UsageError, match="^view 64: .* needs images of at least 100 pixels a side"):
        scorer.meter.check(range(2), 64)
