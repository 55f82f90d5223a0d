"""Rows as a table of pandas or, where that is not installed, of polars."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import UsageError


def data_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> Any:
    """A table with a column for each key; None becomes what the library has for what is not available.

    Args:
        columns: their names and order, also of no rows; default: as rows have them.

    Raises:
        UsageError: neither library is installed.
    """
    names = list(columns) or list(dict.fromkeys(name for row in rows for name in row))
    data = {name: [row.get(name) for row in rows] for name in names}
    for library in ("pandas", "polars"):
        try:
            module = importlib.import_module(library)
        except ImportError:
            continue
        return module.DataFrame(data) if library == "pandas" else module.DataFrame(data, strict=False)
    raise UsageError(
        "to_frame makes a table of pandas or polars, and neither is installed: pip install 'veiqa[pandas]'"
    )
