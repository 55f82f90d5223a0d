"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import UsageError


def check_place(output: Path | None) -> None:
    """Find what would keep a file from being written before any work is done.

    Raises:
        UsageError: its folder is not there or may not be written to, or it is a folder itself.
    """
    if output is None or str(output) == "-":
        return
    if output.is_dir():
        raise UsageError(f"--output {output}: is a folder; name a file")
    if not output.parent.is_dir():
        raise UsageError(f"--output {output}: cannot be written: no such folder")
    if not os.access(output.parent, os.W_OK):
        raise UsageError(f"--output {output}: cannot be written: Permission denied")


def write_text(text: str, output: Path | None) -> None:
    """Write to a file in one step, or for None or ``-`` to standard output.

    Raises:
        UsageError: it cannot be written.
    """
    if output is None or str(output) == "-":
        sys.stdout.write(text)
        return
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from error
