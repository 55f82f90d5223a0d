"""Listings of the files that plugins ship: recipes and search spaces."""

from __future__ import annotations

from ..extension.catalogue import Catalogue, Shipped
from .printing import json_data, line


def show_list(shelf: Catalogue[Shipped], as_json: bool) -> None:
    """Print names and summaries, as text or JSON."""
    items = list(shelf)
    if as_json:
        rows = [
            {
                "name": item.label,
                "ref": item.ref,
                "summary": item.record.summary,
                "reference": item.record.reference,
                "version": item.version,
            }
            for item in items
        ]
        json_data(rows)
        return
    width = max((len(item.label) for item in items), default=0)
    for item in items:
        line(f"{item.label:<{width}}  {item.record.summary}")
