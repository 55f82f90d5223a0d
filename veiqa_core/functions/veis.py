"""The arguments that keep VEIs, and how much of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import attrs

from ..errors import UsageError, brief
from .arguments import Arg
from .folders import make_folder
from .given import Place, optional, path_of, whole
from .hearing import Report

if TYPE_CHECKING:
    from ..measuring.vei_files import VeiFolder
    from ..recipes.resolution import ResolvedSet

_CAP = 10 * 2**30  # bytes
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,12})?) ?([KMGT]?)(I?)B", re.ASCII | re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """Bytes from a size as people write it.

    Raises:
        ValueError: it is none.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no size such as 500MB or 10GiB")
    number, prefix, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " KMGT".index(prefix.upper() or " "))


class VeiArguments(TypedDict, total=False):
    """A folder for VEIs, and how much it may hold."""

    keep_vei: Annotated[Place | None, Arg(None, "a folder where VEIs are kept, one safetensors file an image")]
    keep_vei_cap: Annotated[
        int | str | None, Arg(None, 'the most that its files may take, bytes or such as ``"2GB"``; default: 10GiB')
    ]


@attrs.frozen(kw_only=True)
class VeiChoice:
    """A folder for VEIs, and the bytes that its files may take.

    Raises:
        UsageError: there is a cap without a folder.
    """

    keep_vei: Path | None = None
    keep_vei_cap: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.keep_vei is None and self.keep_vei_cap is not None:
            raise UsageError("--keep-vei-cap goes with --keep-vei DIR")

    @classmethod
    def of(cls, given: VeiArguments) -> VeiChoice:
        """From arguments of a function.

        Raises:
            UsageError: one is not what it should be.
        """
        return cls(
            keep_vei=optional(path_of, "keep_vei", given["keep_vei"]),
            keep_vei_cap=optional(_bytes_of, "keep_vei_cap", given["keep_vei_cap"]),
        )

    def check(self, recipes: ResolvedSet) -> None:
        """Refuse a folder for VEIs where there are none.

        Raises:
            UsageError: the recipes have methods only.
        """
        if self.keep_vei is not None and not any(recipe.branches for recipe in recipes.recipes.values()):
            raise UsageError("--keep-vei keeps what networks see, and a method has no map: leave it out")

    @contextmanager
    def opened(self, warn: Report, *datasets: Path) -> Iterator[VeiFolder | None]:
        """The folder for VEIs that is meant.

        Args:
            warn: takes at the end one line where the cap kept some out.

        Raises:
            UsageError: the folder is a dataset's or cannot be written to.
        """
        folder = self.keep_vei
        if folder is None:
            yield None
            return
        from ..measuring.vei_files import VeiFolder

        make_folder("--keep-vei", folder, *datasets)
        opened = VeiFolder(folder, _CAP if self.keep_vei_cap is None else self.keep_vei_cap)
        yield opened
        if opened.without:
            warn(
                f"--keep-vei {folder}: reached its cap; images without all their VEIs: {len(opened.without)}; "
                "the same command goes on with a larger --keep-vei-cap"
            )


def _bytes_of(name: str, value: Any) -> int:
    if not isinstance(value, str):
        return whole(name, value, 0)
    try:
        return parse_bytes(value)
    except ValueError:
        raise UsageError(f"{name}: {brief(value)} is no size such as 500MB or 10GiB") from None
