"""What was found in a folder of images, as a page: one file that loads nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from ...auditing.audit import Audit, Scored
from ...auditing.look import Seen
from ...auditing.problems import Finding
from ...explanations.drawing import Picture, thumbnail
from ...files.writing import write_whole
from ...page.document import Look, Section, document, read_text
from ...page.formatting import counted
from ..scores import split_name

_AT_ONCE = 100
"""Rows that are laid out at once."""
_STYLE = ".gallery td.problems, .gallery td.problems strong { font-weight: 400; font-size: .9rem; }"


@attrs.frozen
class _Row:
    """An image with problems, as the table shows it."""

    number: int
    image: Seen
    findings: list[Finding]
    scored: Scored | None

    @property
    def file(self) -> str:
        """The name without its folder."""
        return split_name(self.image.name)[0]

    @property
    def folder(self) -> str | None:
        """The folder, where the name has one."""
        return split_name(self.image.name)[1]

    @property
    def thumbnail(self) -> Picture | None:
        """The image, small; None where it cannot be read."""
        return None if self.image.error is not None else thumbnail(self.image.source)


def write(path: Path, audit: Audit, count: int) -> None:
    """Write the page.

    Args:
        count: how many images there are; those that were not looked at make the page incomplete.

    Raises:
        UsageError: it cannot be written.
    """
    write_whole(path, lambda stream: stream.writelines(piece.encode() for piece in _page(audit, count)))


def _page(audit: Audit, count: int) -> Iterator[str]:
    heading = f"Audit of {counted(count, 'image')}"
    sections = [Section("found", "What was found", _found(audit))]
    if audit.troubled:
        sections.append(Section("images", "Images", _images(audit)))
    sections.append(Section("folder", "All images", _folder(audit)))
    look = Look("audit", read_text("veiqa_core.report", "report.css") + _STYLE, pictures=True)
    return document(
        "report/audit/templates/audit.html.jinja",
        f"{heading} – VEIQA",
        look,
        sections,
        heading=heading,
        troubled=audit.troubled,
        looked=len(audit.images),
        incomplete=len(audit.images) < count,
    )


def _found(audit: Audit) -> dict[str, Any]:
    total = max(1, len(audit.images))
    return {"kinds": [(name, meaning, number, number / total) for name, meaning, number in audit.explained()]}


def _images(audit: Audit) -> dict[str, Any]:
    """The table of those with problems; its pictures are made while it is written."""
    rows = (
        _Row(number, image, own, audit.scores.get(image.source))
        for number, (image, own) in enumerate(zip(audit.images, audit.findings, strict=True), 1)
        if own
    )
    return {"rows": rows, "at_once": _AT_ONCE, "scored": bool(audit.scores)}


def _folder(audit: Audit) -> dict[str, Any]:
    """What all images have in common, and how they differ."""
    readable = [image for image in audit.images if image.error is None]
    facts = [("Images", f"{len(audit.images):,}"), ("Different pictures", f"{len({i.digest for i in readable}):,}")]
    if readable:
        sides = np.sqrt([width * height for width, height in (image.size for image in readable)])
        low, middle, high = np.quantile(sides, [0.25, 0.5, 0.75])
        facts.append(("Side of a square of the same size", f"median {middle:.0f}, middle half {low:.0f} to {high:.0f}"))
    scores = [scored.score for scored in audit.scores.values() if scored.score is not None]
    if scores:
        digits = next(iter(audit.scores.values())).digits
        low, middle, high = np.quantile(scores, [0.25, 0.5, 0.75])
        facts.append(("Score", f"median {middle:.{digits}f}, middle half {low:.{digits}f} to {high:.{digits}f}"))
    return {
        "facts": facts,
        "formats": Counter(image.format or "not known" for image in readable).most_common(),
        "profiles": Counter(image.profile or "none" for image in readable).most_common(),
    }
