"""A page as one file: its frame, and the policy under which a browser loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from collections.abc import Iterator, Sequence

import attrs
from markupsafe import Markup

from ..files.marks import page_mark
from .rendering import stream

_MARK = 'document.documentElement.className = "js"'
"""Runs before anything is laid out, so that style sheets know whether scripts run."""


@attrs.frozen
class Look:
    """How a page looks and what it can do, on top of what all pages share.

    Attributes:
        kind: of page, by which a later run knows the file again (see :mod:`veiqa_core.files.marks`).
        style, script: contents of a style sheet and of a script.
        pictures: whether the page holds pictures, as data.
        forms: whether it sends something to where it came from.
    """

    kind: str
    style: str = ""
    script: str = ""
    pictures: bool = False
    forms: bool = False

    @property
    def policy(self) -> str:
        """What a browser may do with the page: it loads nothing, and runs no script but the page's own."""
        pictures = "img-src data:; " if self.pictures else ""
        digests = (hashlib.sha256(text.encode()).digest() for text in (_MARK, self.scripts))
        hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
        target = "'self'" if self.forms else "'none'"
        return (
            f"default-src 'none'; base-uri 'none'; form-action {target}; {pictures}"
            f"style-src 'unsafe-inline'; script-src {hashes}"
        )

    @property
    def scripts(self) -> str:
        """What all pages share, and the page's own."""
        return read_text(__package__, "tables.js") + self.script


@attrs.frozen(eq=False)
class Section:
    """A part of a page, which its navigation names.

    Attributes:
        id: its anchor, and the name of its template beside that of the page.
        name: what the navigation calls it.
        view: what the template shows, there under this name.
    """

    id: str
    name: str
    view: object


def read_text(package: str, name: str) -> str:
    """The text of a file that a package brings along."""
    return importlib.resources.files(package).joinpath(name).read_text("utf-8")


CHARTS = read_text(__package__, "charts.css")
"""The style sheet of pages with charts."""


def document(template: str, title: str, look: Look, sections: Sequence[Section], **values: object) -> Iterator[str]:
    """A whole page in pieces; what its sections loop over may be made while they are written.

    Args:
        template: path of the page's template in ``veiqa_core``.
        title: of the browser's window.
        values: what else the template shows.
    """
    return stream(
        template,
        title=title,
        mark=Markup(page_mark(look.kind)),
        policy=look.policy,
        style=Markup(read_text(__package__, "base.css") + look.style),
        first_script=Markup(_MARK),
        last_script=Markup(look.scripts),
        folder=template.rpartition("/")[0],
        sections=sections,
        **values,
    )
