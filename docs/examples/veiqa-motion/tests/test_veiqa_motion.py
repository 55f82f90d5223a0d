"""Everything that VEIQA asks of a PRI generator."""

import pytest


@pytest.mark.veiqa_conformance(dist="veiqa-motion")
def test_conformance(veiqa_check):
    veiqa_check()
