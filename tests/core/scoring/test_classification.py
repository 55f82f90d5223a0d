"""Probabilities of types that do not contradict the score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.scoring.classification import consistent


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=5), st.floats(0, 1))
def test_probabilities_add_up_and_keep_their_proportions(shares: list[float], quality: float) -> None:
    total = sum(shares)
    given_ = {kind: share / total for kind, share in zip(("none", "GB", "WN", "JPEG", "other"), shares, strict=False)}
    made = consistent(given_, quality)
    assert sum(made.values()) == pytest.approx(1)
    assert made["none"] <= given_["none"] + 1e-12
    assert made["none"] == 0 or quality > 0.5
    others = [kind for kind in given_ if kind != "none"]
    assert [made[kind] / made["GB"] for kind in others] == pytest.approx(
        [given_[kind] / given_["GB"] for kind in others]
    )


def test_a_good_image_may_have_no_distortion() -> None:
    sure = {"none": 1.0, "GB": 0.0}
    assert consistent(sure, 0.75) == sure
    assert consistent(sure, 0.625) == {"none": 0.5, "GB": 0.0, "other": 0.5}
    assert consistent(sure, 0.1) == {"none": 0.0, "GB": 0.0, "other": 1.0}
    assert consistent({"GB": 1.0}, 0.1) == {"GB": 1.0}
