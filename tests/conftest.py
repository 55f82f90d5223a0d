"""What all tests share."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from veiqa_core.explanations.heatmaps import Heatmaps
    from veiqa_core.result import Result
    from veiqa_core.scorer import Scorer

sys.path.insert(0, str(Path(__file__).parent / "shared"))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks gain nothing from more, and busy machines lose much

for name in ("HF_HOME", "TORCH_HOME"):  # where downloads are stays as it is
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ.setdefault(name, str(cache / {"HF_HOME": "huggingface", "TORCH_HOME": "torch"}[name]))
if "veiqa-tests-" not in os.environ.get("XDG_CACHE_HOME", ""):  # no test reads or fills the user's cache of graphs
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="veiqa-tests-")
    atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

with contextlib.suppress(ImportError):  # the light session has no hypothesis
    from hypothesis import settings

    settings.register_profile("repeatable", derandomize=True, deadline=None)
    settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _own_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's store."""
    folder: Path = tmp_path_factory.mktemp("store")
    monkeypatch.setenv("VEIQA_STORE", str(folder / "store.sqlite"))


@pytest.fixture(autouse=True)
def _own_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A module that a test writes is not imported again by the next one that writes another of the same name."""
    before = set(sys.modules)
    yield
    written = str(tmp_path_factory.getbasetemp())
    for name in sys.modules.keys() - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(written):
            del sys.modules[name]


@pytest.fixture(scope="session")
def fast_scorer() -> Scorer:
    """The recipe fast, which is calibrated."""
    from veiqa_core import Scorer

    return Scorer("fast", device="cpu")


@pytest.fixture(scope="session")
def made_result(fast_scorer: Scorer) -> Callable[..., Result]:
    """Makes results as ``fast`` gives them, of made-up numbers and pictures."""
    import attrs
    import torch

    from veiqa_core.result import Result

    y, x = torch.meshgrid(torch.linspace(0, 1, 90), torch.linspace(0, 1, 120), indexing="ij")

    def make(name: str, score: float | None, heat: bool = False, **changes: Any) -> Result:
        made = Result(
            image=name,
            score=score,
            similarities=dict.fromkeys(fast_scorer.keys, 0.5),
            flags=(),
            error=None,
            recipe=fast_scorer.recipe.label,
            interval=None if score is None else (max(0.0, score - 12), min(100.0, score + 12)),
            scale=(0.0, 100.0),
            distortion=None if score is None else {"JPEG": 0.9, "none": 0.1},
        )
        if heat:
            pairs = tuple(_pair(torch.stack([x, y, x * y]), 6.0 - place, place) for place in range(6))
            made = attrs.evolve(made, heatmaps=pairs, quality_map=80 * (1 - x) * (1 - y))
        return attrs.evolve(made, **changes)

    return make


def _pair(image: Any, influence: float, place: int) -> Heatmaps:
    from veiqa_core.explanations.heatmaps import Heatmaps

    title = f"jpeg(quality={place})/net@layer/gradcam"
    vei = image[0, ::10, ::10]
    return Heatmaps(title, {f"{title}/ssim": 0.25}, influence, image, image * 0.9, vei, vei.flip(1) * 0.5)
