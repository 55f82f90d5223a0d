"""How Sphinx makes a site of these pages: ``nox -s docs``, or ``sphinx-build -W -n docs docs/_build``.

The pages are Markdown that reads well on GitHub too. ``README.md`` is their index; the navigation is made from its
lists, so that a page is listed in one place alone.
"""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

project = "VEIQA"
author = "The VEIQA developers"
project_copyright = author
version = release = version_of("veiqa")
language = "en"

extensions = ["myst_parser", "sphinx_copybutton"]
SEARCH_PAGE = "find"
root_doc = "index"
INDEXES = ("cookbook/README", "examples/README", "decisions/README")
exclude_patterns = ["_build", "README.md", "images/README.md", "**/.*"]  # caches of pytest hold pages
myst_heading_anchors = 4
myst_links_external_new_tab = True
highlight_language = "none"
nitpicky = True
smartquotes = False  # they make a dash of the two hyphens before an option

html_theme = "furo"
html_title = f"VEIQA {release}"
html_context = {"search_page": SEARCH_PAGE}
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
copybutton_prompt_text = "$ "

_SECTION = re.compile(r"^## (?P<title>.+)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_LINK = re.compile(r"\[(?P<title>[^\]]+)\]\((?P<page>(?!\.\.|https?:)[\w./-]+)\.md\)")


def add_navigation(app: Sphinx, docname: str, content: list[str]) -> None:
    """Give an index tables of contents: the pages that it links to, of the first one section by section."""
    if docname == root_doc:
        text = Path(app.srcdir, "README.md").read_text(encoding="utf-8")
        parts = [(section["title"], section["body"]) for section in _SECTION.finditer(text)]
    elif docname in INDEXES:
        parts = [("", content[0])]
    else:
        return
    for caption, body in parts:
        links = ((link["title"].replace("`", ""), link["page"]) for link in _LINK.finditer(body))
        entries = [f"{title[0].upper()}{title[1:]} <{page}>" for title, page in links]
        options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
        content[0] += "\n".join(["", "```{toctree}", *options, "", *entries, "```", ""])


class Builder(StandaloneHTMLBuilder):
    """Puts the page of the site's own search elsewhere: ``search.md`` is about ``veiqa search``."""

    def handle_page(self, pagename: str, addctx: dict[str, Any], templatename: str = "page.html", **more: Any) -> None:
        """As inherited."""
        own = templatename == "search.html"
        super().handle_page(SEARCH_PAGE if own else pagename, addctx, templatename, **more)


def setup(app: Sphinx) -> None:
    """Sphinx's own entry."""
    app.add_builder(Builder, override=True)
    app.connect("source-read", add_navigation)
    app.add_lexer("csv", TextLexer)
