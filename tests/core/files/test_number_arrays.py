"""Many numbers as one text in TOML: the same numbers come back, and what is damaged is refused."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.errors import RecipeError
from veiqa_core.files.number_arrays import LEAST, packed, unpacked

FLOATS = st.floats(allow_nan=False)


@given(st.lists(FLOATS, min_size=LEAST, max_size=LEAST + 9))
def test_a_long_list_comes_back(numbers: list[float]) -> None:
    written = packed({"weights": numbers})
    assert set(written["weights"]) == {"shape", "float64_base64"}
    assert list(map(float.hex, unpacked(written, "r")["weights"])) == list(map(float.hex, numbers))


def test_rows_come_back_at_any_depth() -> None:
    rows = [[float(place), -float(place)] for place in range(LEAST)]
    written = packed({"mapper": {"name": "ridge", "state": {"vectors": rows}}})
    assert written["mapper"]["state"]["vectors"]["shape"] == [LEAST, 2]
    assert unpacked(written, "r") == {"mapper": {"name": "ridge", "state": {"vectors": rows}}}


def test_the_bytes_are_as_documented() -> None:
    numbers = [0.5 * place for place in range(LEAST)]
    text = packed({"weights": numbers})["weights"]["float64_base64"]
    assert base64.b64decode(text) == struct.pack(f"<{LEAST}d", *numbers)


@pytest.mark.parametrize(
    "value",
    [
        [1.0] * (LEAST - 1),
        [1] * LEAST,
        [*[1.0] * LEAST, 1],
        ["a"] * LEAST,
        [[1.0] * LEAST, [1.0]],
        [[[1.0]] * LEAST],
        [],
        [[]],
        1.0,
        "text",
    ],
    ids=str,
)
def test_everything_else_stays_as_it_is(value: Any) -> None:
    assert packed({"x": value}) == {"x": value}
    assert unpacked({"x": value}, "r") == {"x": value}


RIGHT = base64.b64encode(struct.pack("<2d", 1, 2)).decode()


@pytest.mark.parametrize(
    ("shape", "text", "problem"),
    [
        ([3], RIGHT, "r.toml: mapper.state.w.float64_base64: holds 16 bytes, not 8 for each number of the shape [3]"),
        ([2], "not base64!", "r.toml: mapper.state.w.float64_base64: must be numbers in base64"),
        ([2], "ünicode", "must be numbers in base64"),
        ([2], 5, "must be numbers in base64"),
        ([], RIGHT, "r.toml: mapper.state.w.shape: must be one or two whole numbers above 0, not []"),
        ([-1, -2], RIGHT, "mapper.state.w.shape: must be"),
        ([True, 2], RIGHT, "mapper.state.w.shape: must be"),
        ([1, 1, 2], RIGHT, "mapper.state.w.shape: must be"),
        ("2", RIGHT, "mapper.state.w.shape: must be"),
    ],
)
def test_what_is_damaged_is_refused(shape: Any, text: Any, problem: str) -> None:
    with pytest.raises(RecipeError) as caught:
        unpacked({"mapper": {"state": {"w": {"shape": shape, "float64_base64": text}}}}, "r.toml", RecipeError)
    assert problem in str(caught.value)
