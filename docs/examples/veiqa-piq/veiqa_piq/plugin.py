"""What this plugin offers. Light: nothing heavy is imported here."""

from veiqa_core.api import Component, hookimpl

VEIQA_API = (2, 0)

TABLE = (
    (
        "haarpsi",
        "Haarpsi",
        "Haar wavelet-based perceptual similarity.",
        "Reisenhofer et al., Signal Processing: Image Communication 61, 2018; piq.",
        {"similar": "high", "bounds": (0, 1), "identity": "max", "symmetric": True, "min_size": 32, "image": "rgb"},
    ),
    (
        "mdsi",
        "Mdsi",
        "Mean deviation similarity index.",
        "Nafchi et al., IEEE Access 4, 2016; piq.",
        {"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": False, "min_size": 16, "image": "rgb"},
    ),
    (
        "ms-gmsd",
        "MsGmsd",
        "Multi-scale gradient magnitude similarity deviation.",
        "Zhang, Sun and Xu, ICIP 2017; piq.",
        {"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True, "min_size": 32, "image": "rgb"},
    ),
)


@hookimpl
def veiqa_similarity_metrics():
    """The metrics of this plugin."""
    for name, cls, summary, reference, traits in TABLE:
        yield Component(
            name=name,
            summary=summary,
            factory=f"veiqa_piq.component:{cls}",
            requires=("piq", "torch"),
            reference=reference,
            traits=traits,
        )
