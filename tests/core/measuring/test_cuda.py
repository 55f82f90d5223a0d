"""On a graphics card: the same image has the same bits there too, near the CPU's, and its memory is respected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL.Image
import pytest
import torch
from click.testing import CliRunner
from making import photo

from veiqa_core import Recipe, Scorer
from veiqa_core.cli import main
from veiqa_core.extension.registry import installed
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice
from veiqa_core.store import Store

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")

EXPLAINERS = sorted(item.ref for item in installed().of_kind("explainer") if item.ref.startswith("veiqa:"))


def one_branch(explainer: str) -> Recipe:
    settings = {"window": 64, "stride": 32} if explainer.endswith(":occlusion") else {}
    return Recipe(
        "r",
        (
            Branch(
                pri=Choice("jpeg"),
                extractor=Choice("efficientnet-lite0"),
                explainer=Choice(explainer, settings),
                metric=Choice("ncc"),
            ),
        ),
    )


@contextmanager
def little_memory(size: float) -> Iterator[None]:
    """A card of so many bytes."""
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(size / torch.cuda.get_device_properties(0).total_memory)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_auto_means_the_card(small: Choice) -> None:
    assert Scorer(recipes.ad_hoc(extractor=small)).meter.device.name == "cuda"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("explainer", EXPLAINERS)
def test_the_same_image_has_the_same_bits_and_about_those_of_the_cpu(explainer: str, precision: str) -> None:
    on_card = Scorer(one_branch(explainer), device="cuda", precision=precision)
    images = [photo(180 + 30 * seed, 260, seed) for seed in range(3)]
    forwards = [result.similarities for result in on_card.score_many(images)]
    backwards = [result.similarities for result in on_card.score_many(images[::-1])]
    assert forwards == backwards[::-1]
    assert (
        Scorer(one_branch(explainer), device="cuda", precision=precision).score(images[0]).similarities == forwards[0]
    )
    on_cpu = [result.similarities for result in Scorer(one_branch(explainer), device="cpu").score_many(images)]
    tolerance = 0.001 if precision == "float32" else 0.2
    for here, there in zip(forwards, on_cpu, strict=True):
        assert here == pytest.approx(there, abs=tolerance)


@pytest.mark.parametrize("recipe", ["fast", "default"])
def test_calibrated_scores_are_those_of_the_cpu(recipe: str) -> None:
    on_card, on_cpu = (Scorer(recipe, device=device) for device in ("cuda", "cpu"))
    for seed in range(3):
        result, expected = (scorer.score(photo(200, 260, seed=seed)) for scorer in (on_card, on_cpu))
        assert result.score == pytest.approx(expected.score, abs=0.05)
        assert result.flags == ()
    assert on_card.score(photo(200, 260, seed=2), heatmaps=True).score == result.score


def test_an_image_too_big_for_the_card_passes_in_smaller_tiles(tmp_path: Path) -> None:
    recipe = one_branch("saliency")
    image = photo(1600, 2000, seed=0)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    whole = Scorer(recipe, device="cuda").score(image)
    needed = torch.cuda.max_memory_allocated()
    with Store(tmp_path / "s.sqlite") as store:
        scorer = Scorer(recipe, device="cuda", store=store)
        with little_memory(0.5 * needed):
            result = scorer.score(image)
        assert scorer.score(image) == whole  # what want of memory decided was not kept
    assert result.flags[0].endswith(" tiles, for want of memory")
    for key, similarity in result.similarities.items():
        assert similarity == pytest.approx(whole.similarities[key], abs=0.1)


def test_processes_share_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(6):
        PIL.Image.fromarray(photo(100 + 20 * seed, 130, seed)).save(f"{seed}.png")

    def rows(*options: str) -> list[object]:
        command = ["run", ".", "--recipe", "fast", "--device", "cuda", "--no-store", "--format", "jsonl", *options]
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert rows() == rows("--workers", "2")


def test_doctor_names_the_card() -> None:
    assert torch.cuda.get_device_name(0) in CliRunner().invoke(main, ["doctor"]).output
