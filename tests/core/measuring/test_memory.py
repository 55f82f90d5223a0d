"""What is freed goes back to the system where images come in many sizes."""

from __future__ import annotations

import pytest

from veiqa_core.measuring import memory


def test_freed_memory_is_handed_back_now_and_then_where_sizes_vary(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[int] = []
    sizes = memory.Sizes()
    for number in range(100):
        monkeypatch.setattr(memory, "trim_heap", lambda number=number: handed.append(number))
        sizes.add((64, 48))
    assert handed == []
    for number in range(100):
        monkeypatch.setattr(memory, "trim_heap", lambda number=number: handed.append(number))
        sizes.add((64, 49 + number % 2))
    assert len(handed) == 100 // memory._CHANGES
