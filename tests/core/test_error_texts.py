"""Whatever an exception does when it is asked for its text, there is one bounded line of it."""

from __future__ import annotations

from typing import Any

import pytest

from veiqa_core.errors import ComponentError, ImageError, VeiqaError, one_line
from veiqa_core.extension.registry import installed
from veiqa_core.isolation.attempts import attempt


class Meta(type):
    __name__ = property(lambda cls: 1 / 0)  # type: ignore[assignment]


def raising(error: BaseException | type[BaseException]) -> type[Exception]:
    def text(self: object) -> str:
        raise error

    return type("Odd", (Exception,), {"__str__": text, "__repr__": text})


def endless(self: object) -> str:
    return str(self)


class Text(str):
    def split(self, *_: Any) -> Any:
        raise SystemExit

    def __getitem__(self, _: Any) -> Any:
        raise SystemExit


UNMADE = "its own text cannot be made"
ERRORS: dict[str, tuple[BaseException, str]] = {
    "SystemExit": (raising(SystemExit)(), f"Odd: {UNMADE}"),
    "KeyboardInterrupt": (raising(KeyboardInterrupt)(), f"Odd: {UNMADE}"),
    "GeneratorExit": (raising(GeneratorExit)(), f"Odd: {UNMADE}"),
    "another": (raising(ValueError("x"))(), f"Odd: {UNMADE}"),
    "recursion": (type("Deep", (Exception,), {"__str__": endless})(), f"Deep: {UNMADE}"),
    "no text": (type("Odd", (Exception,), {"__str__": lambda self: 5})(), f"Odd: {UNMADE}"),
    "a text of its own": (type("Odd", (Exception,), {"__str__": lambda self: Text("a b")})(), "Odd: a b"),
    "an argument": (ValueError(raising(SystemExit)()), f"ValueError: {UNMADE}"),
    "a class that lies": (
        type("Odd", (BaseException,), {"__class__": property(lambda self: 1 / 0)})("x"),
        "Odd: x",
    ),
    "a name that raises": (Meta("Named", (Exception,), {})("x"), "Named: x"),
    "a group": (
        ExceptionGroup("several", [ValueError("a"), OSError("b")]),
        "ExceptionGroup: several (2 sub-exceptions)",
    ),
    "lines": (ValueError("a\nb\r\n\tc\u2028d"), "ValueError: a b c d"),
    "control characters": (
        ValueError("\x1b]0;x\x07\x1b[31m\ud800\u202e"),
        "ValueError: \\x1b]0;x\\x07\\x1b[31m\\ud800\\u202e",
    ),
    "SystemExit itself": (SystemExit(3), "SystemExit: 3"),
    "GeneratorExit itself": (GeneratorExit(), "GeneratorExit"),
}


@pytest.mark.parametrize("situation", ERRORS)
def test_its_line(situation: str) -> None:
    error, expected = ERRORS[situation]
    assert one_line(error) == expected
    expected.encode()

    def work() -> None:
        raise error

    part = installed().part("metric", "veiqa:psnr")
    made = attempt(part, work)
    assert type(made) is ComponentError
    assert str(made) == f"{part.registered.origin} failed: {expected}"


@pytest.mark.parametrize("kind", [ValueError, ImageError, ComponentError, type("Own", (ImageError,), {})])
def test_a_text_without_end_is_cut(kind: type[Exception]) -> None:
    def work() -> None:
        raise kind("very \n" * 1_000_000)

    made = attempt(installed().part("metric", "veiqa:psnr"), work)
    assert isinstance(made, VeiqaError)
    assert type(made).__module__ == "veiqa_core.errors"
    assert len(str(made)) < 2200
    assert str(made).count("very") > 100
    assert str(made).endswith(" ...")
    assert "\n" not in str(made)


def test_an_interrupt_is_still_one() -> None:
    def work() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(installed().part("metric", "veiqa:psnr"), work)
