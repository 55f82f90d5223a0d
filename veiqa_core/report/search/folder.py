"""The folder of a search: its recipes, tables and page."""

from __future__ import annotations

import json
from pathlib import Path

from ...files.writing import write_text
from ...recipes.files import dumps
from ...searching.outputs import results_csv, to_dict
from ...searching.search import Search
from . import page

ABOUT = "search.json"
FILES = ("best.toml", "cheapest.toml", "results.csv", ABOUT, "report.html")
"""What a search writes."""


def write(search: Search, folder: Path) -> None:
    """Write all files of a search into its folder, first what identifies it, should the rest not come to be.

    Raises:
        UsageError: one cannot be written.
    """
    write_text(json.dumps(to_dict(search), indent=2, allow_nan=False) + "\n", folder / ABOUT)
    write_text(dumps(search.best), folder / "best.toml")
    write_text(dumps(search.cheapest), folder / "cheapest.toml")
    write_text(results_csv(search), folder / "results.csv")
    write_text(page(search), folder / "report.html")
