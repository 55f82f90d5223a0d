"""``--vei``: a picture that cannot be written is one line, and stops nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from veiqa_core import Scorer
from veiqa_core.recipes import recipe
from veiqa_core.recipes.recipe import Choice
from veiqa_core.results import picture_folder
from veiqa_core.results.pictures import Pictures


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    scorer = Scorer(recipe.ad_hoc(pris=[Choice("mean-blur")], layer="blocks.2"), device="cpu")
    result = scorer.score(np.zeros((64, 64, 3), dtype=np.uint8), heatmaps=True)
    problems: list[str] = []
    monkeypatch.setattr(picture_folder, "write_whole", full)
    Pictures(tmp_path / "maps", (), problems.append, problems.append).add(result)
    (problem,) = problems
    assert problem.startswith(str(tmp_path / "maps"))
    assert problem.endswith(": cannot be written: No space left on device")
