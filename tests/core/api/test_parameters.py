"""Typed parameters: one conversion for text, TOML and Python."""

from __future__ import annotations

from typing import Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.api import param
from veiqa_core.api import parameters as params
from veiqa_core.api import params as declare
from veiqa_core.errors import UsageError


@declare
class Example:
    size: int = param(default=3, help="A size.", ge=1, le=9)
    variance: float = param(default=0.5, help="A variance.", gt=0)
    target: int | str = param(default="top", help="A target.")
    name: str = param(default="a", help="A text.")
    resize: int | None = param(default=None, help="A side.")
    mode: Literal["fast", "slow"] = param(default="fast", help="A mode.")
    rates: tuple[float, ...] = param(default=(1.0,), help="Rates.")
    flag: bool = param(default=False, help="A flag.")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("size", "5", 5),
        ("variance", "2", 2.0),
        ("variance", "1e-3", 1e-3),
        ("target", "12", 12),
        ("target", "norm", "norm"),
        ("name", "12", "12"),
        ("name", "/a path/with spaces.pth", "/a path/with spaces.pth"),
        ("resize", "none", None),
        ("resize", "224", 224),
        ("mode", "slow", "slow"),
        ("rates", "[1, 2.5]", (1.0, 2.5)),
        ("flag", "true", True),
    ],
)
def test_text_becomes_the_typed_value(name: str, text: str, value: object) -> None:
    converted = params.from_text(Example, name, text, "metric x")
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"sise": 5}, "metric x: unknown parameter 'sise'. Did you mean 'size'?"),
        ({"size": 2.5}, "metric x: size takes int, not 2.5"),
        ({"size": True}, "metric x: size takes int, not True"),
        ({"size": 10}, "metric x: size: must be at most 9, not 10"),
        ({"variance": 0}, "metric x: variance: must be above 0, not 0.0"),
        ({"variance": float("nan")}, "metric x: variance: must be finite, not nan"),
        ({"mode": "middling"}, "metric x: mode takes 'fast' | 'slow', not 'middling'"),
        ({"rates": ["a"]}, "metric x: rates takes float, not 'a'"),
        ({"name": None}, "metric x: name takes str, not None"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(given_values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        params.build(Example, given_values, "metric x")
    assert str(caught.value).startswith(message)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "size": st.integers(1, 9),
            "variance": st.floats(1e-6, 1e6),
            "target": st.integers(0, 999) | st.sampled_from(["top", "norm"]),
            "resize": st.none() | st.integers(1, 999),
            "rates": st.lists(st.floats(-1e3, 1e3), max_size=4).map(tuple),
            "flag": st.booleans(),
        },
    )
)
def test_changed_values_rebuild_the_instance(values: dict[str, object]) -> None:
    instance = params.build(Example, values, "metric x")
    assert params.build(Example, params.changed(instance), "metric x") == instance


def test_a_class_without_help_or_default_is_found() -> None:
    @attrs.frozen(kw_only=True)
    class Undescribed:
        size: int = 3

    @attrs.frozen(kw_only=True)
    class NoDefault:
        size: int = attrs.field(metadata={"help": "A size."})

    @declare
    class WrongDefault:
        size: int = param(default=0, help="A size.", ge=1)

    assert "no help text" in str(params.problems(Undescribed))
    assert "no default" in str(params.problems(NoDefault))
    assert "must be at least 1" in str(params.problems(WrongDefault))
    assert params.problems(Example) is None
