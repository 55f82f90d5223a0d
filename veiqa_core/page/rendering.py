"""Templates of pages: where they are found, and how they become text in which nothing but the template is markup."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

import jinja2
from markupsafe import Markup

from ..text import p_value
from . import formatting

_UNSUITABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
"""What no page can hold, what turns the direction of the text around it, or what cannot be seen."""

_PIECE = 1 << 16  # characters that are written together, at least

_MISSING = Markup('<abbr title="not available">{}</abbr>').format(formatting.DASH)


def stream(template: str, **values: object) -> Iterator[str]:
    """A template filled in, in pieces: what it loops over may be made while it is written.

    Args:
        template: its path in ``veiqa_core``.
        values: what it shows. Texts are escaped; charts and other :class:`markupsafe.Markup` are not.
    """
    for piece in _gathered(load(template).generate(**values)):
        yield _UNSUITABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), piece)


def render(template: str, **values: object) -> Markup:
    """A template filled in as a whole, which other templates may hold; see :func:`stream`."""
    return Markup("".join(stream(template, **values)))


def load(template: str) -> jinja2.Template:
    """A template by its path in ``veiqa_core``; each is read once."""
    return _environment().get_template(template)


def _gathered(pieces: Iterable[str]) -> Iterator[str]:
    """Larger pieces: a template gives each of its values by itself."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("veiqa_core", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=lambda value, digits=3: _marked(formatting.number(value, digits)),
        interval=lambda ends, digits=3: _marked(formatting.interval(ends, digits)),
        p_value=lambda value: _MISSING if value is None else p_value(value),
        key=lambda name: Markup("<code>{}</code>").format(Markup("<wbr/>").join(formatting.key_parts(name))),
        counted=formatting.counted,
        sentence_case=formatting.sentence_case,
        thousands=lambda count: f"{count:,}",
    )
    return environment


def _marked(shown: str) -> str:
    """A dash says what it means."""
    return _MISSING if shown == formatting.DASH else shown
