"""``veiqa serve``: a page and an interface over HTTP. One process answers, another scores, one image at a time."""

from __future__ import annotations

import importlib.util

from ..errors import UsageError

_NEEDED = {"starlette": "starlette", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}


def check_installed() -> None:
    """Find out whether the extra ``serve`` is there.

    Raises:
        UsageError: a package of it is not installed.
    """
    missing = [name for module, name in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(f"serving needs {', '.join(missing)}: pip install 'veiqa[serve]'")
