"""What tests of several commands share."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from veiqa_core.measuring.meter import Meter


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each image is measured, in this process."""
    found: Counter[str] = Counter()
    compute = Meter.compute

    def counting(self: Meter, image: Any, wanted: Any, **more: Any) -> Any:
        found[image.name] += 1
        return compute(self, image, wanted, **more)

    monkeypatch.setattr(Meter, "compute", counting)
    return found
