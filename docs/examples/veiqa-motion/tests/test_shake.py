"""What camera shake does, beside what every PRI must keep to."""

import numpy as np
import pytest
from veiqa_motion.component import path_kernel


@pytest.mark.parametrize("length", [0.5, 9.0, 40.0])
def test_the_kernel_keeps_brightness_and_reaches_as_far_as_the_path(length):
    kernel = path_kernel(length, np.random.default_rng(0))
    assert kernel.sum() == pytest.approx(1)
    assert (kernel >= 0).all()
    assert kernel.shape[0] == kernel.shape[1]
    assert kernel.shape[0] % 2 == 1
    assert kernel.shape[0] <= length + 5


def test_another_seed_is_another_path():
    first, second = (path_kernel(17, np.random.default_rng(seed)) for seed in (0, 1))
    assert first.shape != second.shape or not np.allclose(first, second)
