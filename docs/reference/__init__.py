"""The reference pages, written from the source: ``python -m docs.reference`` writes them again.

Beside each page lies the module that makes it. ``tests/docs`` makes them anew and compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from . import cli, components, environment, hooks, python

FOLDER = Path(__file__).parent
PAGES: dict[str, Callable[[], str]] = {
    "cli": cli.page,
    "components": components.page,
    "environment": environment.page,
    "hooks": hooks.page,
    "python": python.page,
}
_NOTE = "<!-- Written by `python -m docs.reference`; a change here is lost. -->\n\n"


def pages() -> dict[Path, str]:
    """Every page by its file, as it must read."""
    return {FOLDER / f"{name}.md": _NOTE + re.sub(r"\n{3,}", "\n\n", page()) + "\n" for name, page in PAGES.items()}
