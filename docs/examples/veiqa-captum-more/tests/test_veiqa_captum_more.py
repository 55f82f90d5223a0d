"""Everything that VEIQA asks of an explainer."""

import pytest


@pytest.mark.veiqa_conformance(dist="veiqa-captum-more")
def test_conformance(veiqa_check):
    veiqa_check()
