"""A page as one file: its frame, and the policy under which a browser loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from collections.abc import Iterable, Iterator

import attrs

from ..files.marks import page_mark
from .markup import Html, join, tag

_MARK = Html('document.documentElement.className = "js"')
"""Runs before anything is laid out, so that style sheets know whether scripts run."""


@attrs.frozen
class Look:
    """How a page looks and what it can do, on top of what all pages share.

    Attributes:
        kind: of page, by which a later run knows the file again (see :mod:`veiqa_core.files.marks`).
        style, script: contents of a style sheet and of a script.
        pictures: whether the page holds pictures, as data.
    """

    kind: str
    style: str = ""
    script: str = ""
    pictures: bool = False


def own(package: str, name: str) -> str:
    """The text of a file that a package brings along."""
    return importlib.resources.files(package).joinpath(name).read_text("utf-8")


def document(title: str, look: Look, body: Iterable[Html]) -> Iterator[str]:
    """A whole page in pieces; those of its body may be made while they are written."""
    script = Html(own(__package__, "tables.js") + look.script)
    style = Html(own(__package__, "base.css") + look.style)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        Html(page_mark(look.kind)),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(look, (_MARK, script))),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
        tag("script", _MARK),
    )
    yield join([Html('<!DOCTYPE html>\n<html lang="en">'), head, Html("<body>")])
    yield from body
    yield join([tag("script", script), Html("</body></html>\n")])


def _policy(look: Look, scripts: Iterable[str]) -> str:
    """Nothing is loaded, and no script runs but the page's own."""
    pictures = "img-src data:; " if look.pictures else ""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; {pictures}"
        f"style-src 'unsafe-inline'; script-src {hashes}"
    )
