"""The rated images of a dataset, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from ..datasets.pictures import RatedPicture
from ..datasets.rated_set import load
from .arguments import keywords
from .datasets import RatedArguments, RatedChoice
from .given import Place, registry_of, texts_of
from .means import RegistryArguments
from .recipes import SettingArguments
from .settings import Settings


class ImagesArguments(RatedArguments, SettingArguments, RegistryArguments, total=False):
    """The keywords of :func:`rated_images`."""


@keywords(ImagesArguments)
def rated_images(dataset: str, path: Place, **given: Unpack[ImagesArguments]) -> Iterator[RatedPicture]:
    """The rated images of a dataset in their order; none is decoded before its pixels are asked for.

    Args:
        dataset, path: one of 'veiqa datasets', and its folder.

    Raises:
        UsageError: the dataset is unknown, or the folder is none or lacks images; at once, not at the first image.
    """
    chosen = RatedChoice.of(dataset, path, given)
    found = registry_of(given["registry"])
    settings = Settings(found, texts_of("settings", given["settings"]))
    part = chosen.part(found, settings)
    settings.check_all_used()
    rated = load(part, chosen.path, chosen.distortions)
    return (RatedPicture.of(rated, item) for item in rated.images)
