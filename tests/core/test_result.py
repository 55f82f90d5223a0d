"""How a result shows itself."""

from __future__ import annotations

import attrs

from veiqa_core import Result

SCORED = Result(
    "a.png",
    58.41234567,
    {"b": 0.5},
    ("looks like a page of text",),
    None,
    "r@1",
    (28.5, 88.2),
    (0.0, 100.0),
    {"GB": 0.2, "JPEG": 0.8},
)


def test_a_result_is_one_line() -> None:
    assert repr(SCORED) == (
        "Result('a.png', score=58.4123, interval=(28.5, 88.2), JPEG 80%, looks like a page of text)"
    )


def test_what_is_not_known_is_not_said() -> None:
    bare = attrs.evolve(SCORED, score=None, interval=None, distortion=None, flags=("uncalibrated",))
    assert repr(bare) == "Result('a.png', no score)"
    failed = attrs.evolve(bare, error="a.png: is no image")
    assert repr(failed) == "Result('a.png', error='a.png: is no image')"
