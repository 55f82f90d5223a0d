"""Canonical names for the distortions that people write in their own tables."""

from __future__ import annotations

import re

from veiqa_core.api import DISTORTIONS

_ALIASES = {
    "GB": ("blur", "gblur", "gaussianblurring"),
    "WN": ("awgn", "agn", "gn", "wgn", "gaussiannoise", "whitenoise", "additivegaussiannoise"),
    "JPEG": ("jpg",),
    "JP2K": ("jpeg2000", "jpeg2k", "jp2", "j2k"),
    "FF": ("fastfading",),
    "PN": ("fnoise", "pinknoise"),
    "CC": ("contrast",),
    "IN": ("saltandpepper",),
    "DN": ("denoise", "denoising"),
}


def _key(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


_CANONICAL = {
    **{_key(alias): name for name, aliases in _ALIASES.items() for alias in aliases},
    **{_key(meaning): name for name, meaning in DISTORTIONS.items()},
    **{_key(name): name for name in DISTORTIONS},
}


def canonical(name: str) -> str:
    """The canonical name of a distortion; the name as it is where none is known for it.

    Case, blanks and punctuation do not matter. Known are the canonical names, what they stand for
    (:data:`veiqa_core.api.DISTORTIONS`) and the names of the public datasets, such as ``gblur`` or ``awgn``.
    """
    return _CANONICAL.get(_key(name), name)
