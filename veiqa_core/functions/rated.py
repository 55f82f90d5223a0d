"""The rated images of a dataset, one by one."""

from __future__ import annotations

from collections.abc import Iterator

from ..datasets.pictures import RatedPicture
from ..datasets.rated_set import load
from ..extension.registry import Registry, installed
from .datasets import RatedChoice
from .given import Names, Place, Texts, texts_of
from .settings import Settings


def rated_images(
    dataset: str,
    path: Place,
    *,
    distortions: Names = (),
    score_range: tuple[float, float] | None = None,
    settings: Texts = (),
    registry: Registry | None = None,
) -> Iterator[RatedPicture]:
    """The rated images of a dataset in their order; none is decoded before its pixels are asked for.

    Args:
        dataset, path: one of 'veiqa datasets', and its folder.
        distortions: only images of these types.
        score_range: lowest and highest possible rating, for a dataset that does not declare them.
        settings: parameters of the reader, such as ``{"dataset.scores": "dmos"}``.
        registry: the components; default: everything installed.

    Raises:
        UsageError: the dataset is unknown, or the folder is none or lacks images; at once, not at the first image.
    """
    chosen = RatedChoice.of(dataset, path, score_range, distortions)
    found = registry or installed()
    given = Settings(found, texts_of("settings", settings))
    part = chosen.part(found, given)
    given.check_all_used()
    rated = load(part, chosen.path, chosen.distortions)
    return (RatedPicture.of(rated, item) for item in rated.images)
