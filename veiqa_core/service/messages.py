"""What the process that answers and the process that scores send each other: plain values."""

from __future__ import annotations

from typing import Literal

import attrs

Form = Literal["json", "maps", "page"]
"""What is made of an image: its result as JSON, the same with maps, or the part of a page that shows it."""


@attrs.frozen
class Setup:
    """What the process that scores is begun with.

    Attributes:
        recipe: in TOML.
        name: of the recipe.
        threads: None for as many as torch chooses.
    """

    recipe: str
    name: str
    device: str
    precision: str
    runtime: str
    threads: int | None


@attrs.frozen
class Ready:
    """What is known once the recipe is open.

    Attributes:
        recipe: its name and digest.
        calibrated: whether scores are on a scale of quality.
        scores: whether there are scores at all.
        threads: how many compute.
        remarks: on what makes the passes.
        about: parts of a page on what a score means and what it was made with.
    """

    recipe: str
    calibrated: bool
    scores: bool
    threads: int
    remarks: tuple[str, ...]
    about: tuple[str, str]


@attrs.frozen
class Job:
    """An image to score.

    Attributes:
        content: the bytes of a file.
        name: what the client calls it; it is never opened.
    """

    content: bytes = attrs.field(repr=False)
    name: str
    form: Form


@attrs.frozen
class Answer:
    """What came of a job.

    Attributes:
        status: of HTTP: 200; 422 where the image is refused; 500 or 503 where scoring fails.
        text: JSON, markup, or why there is none in one line.
        log: what the server reports on its own standard error; None for nothing.
    """

    status: int
    text: str
    log: str | None = None


@attrs.frozen
class Failed:
    """The recipe cannot be opened: why, in one line, and whether it was asked for wrongly."""

    text: str
    usage: bool
