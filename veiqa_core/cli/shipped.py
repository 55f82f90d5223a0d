"""Listings of the files that plugins ship: recipes and search spaces."""

from __future__ import annotations

import json

from ..extension.offers import Shelf, Shipped


def listing(shelf: Shelf[Shipped], as_json: bool) -> str:
    """Names and summaries, as text or JSON."""
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
        return json.dumps(rows, indent=2)
    width = max((len(item.label) for item in items), default=0)
    return "\n".join(f"{item.label:<{width}}  {item.record.summary}" for item in items)
