"""What a command asks of its process before anything heavy is loaded: what a library must not ask of a program."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import UsageError

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")
"""The variables that say how idle threads wait, to the OpenMP libraries of GNU, LLVM and Intel."""


@contextmanager
def prepared() -> Iterator[None]:
    """A block that runs a command: idle threads sleep, in processes that it begins too.

    By default they spin, which beside other work costs many times what they compute. OpenMP looks once, when torch is
    loaded; what the user says stands. No bit of a result depends on it.

    Raises:
        UsageError: the working folder is gone, without which some libraries end the process, or nothing temporary can
            be written, which torch wants to.
    """
    try:
        os.getcwd()  # noqa: PTH109
    except OSError as error:
        raise UsageError(f"the working folder cannot be used: {error.strerror}; change to another") from error
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise UsageError("no folder for temporary files can be written; set TMPDIR to one that can") from error
    # It warns of every home folder that it cannot write to, and works all the same.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    ours = "torch" not in sys.modules and not any(name in os.environ for name in WAITING)
    if ours:
        os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        yield
    finally:
        if ours:
            os.environ.pop("OMP_WAIT_POLICY", None)
