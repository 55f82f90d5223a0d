"""What is known of each public dataset without opening it. Light: read where components are registered."""

from __future__ import annotations

from typing import Literal

import attrs


@attrs.frozen(kw_only=True)
class Release:
    """A public dataset.

    Attributes:
        name: the component's name.
        title: the dataset's own name.
        home: where the data can be had.
        score_type: ``"mos"``: higher is better; ``"dmos"``: lower is better; whatever the release calls it.
        range: lowest and highest score of the scale.
        images: number of rated images.
        references: number of reference images, or None where there are none.
        distortions: the types by canonical name, in the release's own order.
        paper: where it is described.
    """

    name: str
    title: str
    home: str
    score_type: Literal["mos", "dmos"]
    range: tuple[float, float]
    images: int
    references: int | None = None
    distortions: tuple[str, ...] = ()
    paper: str


LIVE = Release(
    name="live",
    title="LIVE release 2",
    home="https://live.ece.utexas.edu/research/quality/subjective.htm",
    score_type="dmos",
    range=(0.0, 100.0),
    images=779,
    references=29,
    distortions=("JP2K", "JPEG", "WN", "GB", "FF"),
    paper="Sheikh, Sabir and Bovik, IEEE Trans. Image Processing 15(11), 2006",
)

CSIQ = Release(
    name="csiq",
    title="CSIQ",
    home="https://s2.smu.edu/~eclarson/csiq.html",
    score_type="dmos",
    range=(0.0, 1.0),
    images=866,
    references=30,
    distortions=("WN", "JPEG", "JP2K", "PN", "GB", "CC"),
    paper="Larson and Chandler, J. Electronic Imaging 19(1), 2010",
)

SIQAD = Release(
    name="siqad",
    title="SIQAD",
    home="https://sites.google.com/site/subjectiveqa/",
    score_type="dmos",
    range=(0.0, 100.0),
    images=980,
    references=20,
    distortions=("WN", "GB", "MB", "CC", "JPEG", "JP2K", "LSC"),
    paper="Yang, Fang and Lin, IEEE Trans. Image Processing 24(11), 2015",
)

TID2013 = Release(
    name="tid2013",
    title="TID2013",
    home="https://www.ponomarenko.info/tid2013.htm",
    score_type="mos",
    range=(0.0, 9.0),
    images=3000,
    references=25,
    distortions=(
        *("WN", "WNC", "SCN", "MN", "HFN", "IN", "QN", "GB", "DN", "JPEG", "JP2K", "JPEG-TE"),
        *("JP2K-TE", "NEP", "LBD", "MS", "CC", "CS", "MULN", "CN", "LC", "CQ", "CA", "SSR"),
    ),
    paper="Ponomarenko et al., Signal Processing: Image Communication 30, 2015",
)

KADID10K = Release(
    name="kadid10k",
    title="KADID-10k",
    home="https://database.mmsp-kn.de/kadid-10k-database.html",
    score_type="mos",
    range=(1.0, 5.0),
    images=10125,
    references=81,
    distortions=(
        *("GB", "LB", "MB", "CDIFF", "CSHIFT", "CQ", "CS", "CS2", "JP2K", "JPEG", "WN", "WNC", "IN"),
        *("MULN", "DN", "BRIGHT", "DARK", "MS", "JITTER", "NEP", "PIXEL", "QN", "CB", "SHARP", "CC"),
    ),
    paper="Lin, Hosu and Saupe, QoMEX 2019",
)

KONIQ10K = Release(
    name="koniq10k",
    title="KonIQ-10k",
    home="https://database.mmsp-kn.de/koniq-10k-database.html",
    score_type="mos",
    range=(0.0, 100.0),
    images=10073,
    paper="Hosu, Lin, Sziranyi and Saupe, IEEE Trans. Image Processing 29, 2020",
)
