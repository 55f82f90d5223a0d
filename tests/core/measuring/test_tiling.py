"""Big images in tiles: every pixel belongs to one tile, and what is put together is what the whole would give."""

from __future__ import annotations

from inspect import isfunction
from typing import Any

import attrs
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from making import engine, photo

from veiqa_core import Scorer
from veiqa_core.contracts import Network, layout
from veiqa_core.errors import ComponentError, OutOfMemoryError
from veiqa_core.extension.registry import installed
from veiqa_core.images import read, shrinking
from veiqa_core.isolation.attempts import attempt
from veiqa_core.measuring import fingerprint
from veiqa_core.measuring.branches import comparison, tiling
from veiqa_core.measuring.branches import tiled_image as pieces
from veiqa_core.measuring.branches.outcome import Measurement
from veiqa_core.measuring.branches.passes import Passes
from veiqa_core.measuring.branches.plan import Pass
from veiqa_core.measuring.branches.tiling import Mosaic, cut
from veiqa_core.recipes.recipe import Branch, Choice

LITE = Choice("efficientnet-lite0-quality")


@pytest.fixture
def in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of more than 100,000 pixels pass in tiles of 256 pixels."""

    def small(size: tuple[int, int], whole: int = 100_000, side: int = 256) -> list[tiling.Tile]:
        return cut(size, whole=whole, side=side, margin=160)

    monkeypatch.setattr(pieces, "cut", small)


def branch(explainer: str, metric: str, extractor: Choice = LITE, **more: Any) -> Branch:
    target = {"target": 0} if explainer in ("cam", "saliency") else {}
    return Branch(
        pri=Choice("mean-blur"),
        extractor=extractor,
        explainer=Choice(explainer, target),
        metric=Choice(metric),
        **more,
    )


sizes = st.tuples(st.integers(1, 9000), st.integers(1, 9000))


@given(sizes, st.sampled_from([1280, 320, 64]), st.sampled_from([256, 0]))
def test_tiles_cover_an_image_once(size: tuple[int, int], side: int, margin: int) -> None:
    tiles = cut(size, side=side, margin=margin)
    assert (len(tiles) == 1) == (size[0] * size[1] <= tiling.WHOLE or max(size) <= side)
    assert sum((t.rows.stop - t.rows.start) * (t.columns.stop - t.columns.start) for t in tiles) == size[0] * size[1]
    for tile in tiles:
        for span, length in ((tile.rows, size[1]), (tile.columns, size[0])):
            assert 0 <= span.outer_start <= span.start < span.stop <= span.outer_stop <= length
            if len(tiles) > 1:
                assert span.stop - span.start <= side
                assert span.start % 32 == span.outer_start % 32 == 0


@given(st.tuples(st.integers(70, 700), st.integers(70, 700)), st.sampled_from([1, 2, 4, 8, 16, 32]))
def test_maps_of_tiles_make_the_map_of_the_whole(size: tuple[int, int], stride: int) -> None:
    width, height = size
    rows, columns = torch.meshgrid(torch.arange(0, height, stride), torch.arange(0, width, stride), indexing="ij")
    whole = (rows * 1000 + columns).float()[None]
    mosaic = Mosaic(size)
    for tile in cut(size, whole=0, side=64, margin=64):
        rows, columns = tile.rows, tile.columns
        inside = whole[
            :,
            rows.outer_start // stride : -(-rows.outer_stop // stride),
            columns.outer_start // stride : -(-columns.outer_stop // stride),
        ]
        mosaic.add(tile, inside)
    assert torch.equal(mosaic.whole(), whole)


@pytest.mark.usefixtures("in_tiles")
def test_what_a_network_sees_in_tiles_is_what_it_sees_in_the_whole() -> None:
    """Bit for bit where the margin holds all that a layer sees; nearly where it does not."""
    shallow = [branch("activation-norm", "gmsd", layer=f"blocks.{number}") for number in range(4)]
    measured = engine(*shallow, branch("cam", "ad", scale="none"))
    image = read(photo(439, 510))
    tiles = measured.measure(image)
    whole = measured._measure(image, measured._pieces(image, whole=10**9), "all")
    for part, pri in whole.pris.items():
        assert torch.equal(pri, tiles.pris[part])
    for inside, outside in zip(tiles.measurements[:4], whole.measurements[:4], strict=True):
        assert inside.similarity == outside.similarity
        assert inside.flags == ("seen in 4 tiles, being larger than 4 megapixels",)
        assert outside.flags == ()
    assert tiles.measurements[4].similarity == pytest.approx(whole.measurements[4].similarity, abs=0.05)


@pytest.mark.usefixtures("in_tiles")
def test_no_piece_is_bigger_than_a_tile_with_its_margins(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    run = Passes._run

    def watched(self: Passes, network: Network, step: Pass, images: torch.Tensor) -> Any:
        seen.append(images.shape[2] * images.shape[3])
        return run(self, network, step, images)

    monkeypatch.setattr(Passes, "_run", watched)
    scorer = Scorer("fast", device="cpu")
    seen.clear()
    result = scorer.score(photo(439, 510))
    assert max(seen) == 407 * 446
    assert len(seen) == 2 * 4  # tiles, of the input and one PRI
    assert result.score is not None
    assert scorer.score(photo(439, 510)) == result


@pytest.mark.usefixtures("in_tiles")
@pytest.mark.parametrize("pri", ["fog", "chromatic-aberration", "contrast", "raise-contrast", "colour-quantise"])
def test_what_must_see_a_whole_image_is_cut_from_what_it_makes_of_it(pri: str) -> None:
    image, part = read(photo(439, 510)), installed().part("pri", pri)
    whole = part.create().generate(image.pixels, [image.seed])
    measured = engine(attrs.evolve(branch("activation-norm", "psnr"), pri=Choice(pri)))
    pieces = list(measured._pieces(image).of(part, together=False))
    assert len(pieces) == 4
    for tile, piece in pieces:
        assert isinstance(piece, torch.Tensor)
        assert torch.equal(piece, whole[..., tile.rows.outer, tile.columns.outer])


@pytest.mark.usefixtures("in_tiles")
def test_a_network_that_resizes_sees_the_whole_image() -> None:
    squared = Choice("efficientnet-lite0-quality", {"resize": 224})
    measured = engine(branch("gradcam", "psnr", squared))
    image = read(photo(439, 510))
    tiles = measured.measure(image)
    whole = measured._measure(image, measured._pieces(image, whole=10**9), "all")
    assert tiles.measurements == whole.measurements


@pytest.mark.usefixtures("in_tiles")
def test_pictures_of_a_big_image_are_small_enough_to_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrinking, "_SHOWN", 60_000)
    result = Scorer("fast", device="cpu").score(photo(439, 510), heatmaps=True)
    assert result.quality_map is not None
    assert result.quality_map.shape == (220, 255)
    for pair in result.heatmaps:
        assert pair.input_image.shape == pair.pri_image.shape == (3, 220, 255)
        assert pair.input_vei.shape == pair.pri_vei.shape


def test_what_passes_whole_and_what_is_shown_whole_have_limits_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    image = read(photo(439, 510))
    with monkeypatch.context() as passing:
        passing.setattr(tiling, "WHOLE", 60_000)
        assert len(cut(image.size, side=256)) == 4
        assert image.reduced() is image
    monkeypatch.setattr(shrinking, "_SHOWN", 60_000)
    assert len(cut(image.size, side=256)) == 1
    assert image.reduced().size == (255, 220)


@pytest.mark.usefixtures("in_tiles")
def test_an_input_map_is_compared_at_a_size_that_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrinking, "_COMPARED", 60_000)
    measured = engine(branch("saliency", "nae", size="input"))
    outcome = measured.measure(read(photo(439, 510)))
    assert outcome.measurements[0].similarity is not None
    pair = outcome.veis.values()
    assert all(isinstance(vei, torch.Tensor) and vei.shape == (1, 439, 510) for vei in pair)


def test_kept_similarities_hang_on_all_that_prepares_maps() -> None:
    """What the comparison calls in the core is in the fingerprint, so that a change of it makes values anew."""
    called = {item.__module__ for item in vars(comparison).values() if isfunction(item)}
    assert called > {comparison.__name__}
    assert called <= {stage.__name__ for stage in (*fingerprint.STAGES, layout)}


def test_where_memory_is_too_small_tiles_get_smaller(monkeypatch: pytest.MonkeyPatch, small: Choice) -> None:
    measured = engine(branch("gradcam", "psnr", small))
    run = Passes._run

    def short_of_memory(self: Passes, network: Network, step: Pass, images: torch.Tensor) -> Any:
        if images.shape[2] * images.shape[3] > 900 * 900:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return run(self, network, step, images)

    monkeypatch.setattr(Passes, "_run", short_of_memory)
    (found,) = measured.measure(read(photo(1000, 1100)), "nothing").measurements
    assert found.similarity is not None
    assert found.flags == ("seen in 4 tiles, for want of memory",)
    assert not found.lasting
    monkeypatch.setattr(Passes, "_run", lambda *_: (_ for _ in ()).throw(MemoryError()))
    (failed,) = measured.measure(read(photo(100, 100)), "nothing").measurements
    assert failed == Measurement(failed.key, None, error=failed.error)
    assert isinstance(failed.error, OutOfMemoryError)
    assert str(failed.error).endswith(" ran out of memory; use a smaller image, fewer processes, or the CPU")


def test_running_out_of_memory_is_told_from_other_failures() -> None:
    part = installed().part("metric", "psnr")

    def fail(error: Exception) -> Any:
        def work() -> None:
            raise error

        return attempt(part, work)

    assert isinstance(fail(torch.OutOfMemoryError("CUDA out of memory")), OutOfMemoryError)
    assert isinstance(
        fail(RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't")), OutOfMemoryError
    )
    other = fail(RuntimeError("shape"))
    assert type(other) is ComponentError
