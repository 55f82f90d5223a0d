"""Everything that VEIQA asks of a similarity metric."""

import pytest


@pytest.mark.veiqa_conformance(dist="veiqa-piq")
def test_conformance(veiqa_check):
    veiqa_check()
