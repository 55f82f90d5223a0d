"""Another process that tries components, so that their output can be held against this one's.

It is begun when first needed, and serves every component of a run: importing torch takes longer than most probes.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from ..api import parameters as params
from ..extension.registry import installed
from .kit import Subject, require
from .samples import probe

_DECIDING = ("PYTHONPATH", "VEIQA_PLUGINS")


def elsewhere(of: Subject) -> str:
    """SHA-256 of what :func:`probe` gives in another process.

    Raises:
        CheckFailed: the probe fails there.
    """
    component = of.part.registered.component
    names = [info.name for info in params.describe(component.params)]
    given = {name: params.plain(value) for name in names if (value := getattr(of.part.params, name)) is not None}
    data = None if of.data is None else str(of.data.resolve())
    other = _other(torch.get_num_threads(), *(os.environ.get(name) for name in _DECIDING))
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        other.stdin.write(json.dumps([of.kind, of.part.registered.ref, given, data]) + "\n")
        other.stdin.flush()
        answer = other.stdout.readline()
    except OSError:
        answer = ""
    if not answer:
        _other.cache_clear()
    require(answer, "ends the other process in which it is tried")
    state, text = json.loads(answer)
    require(state == "done", f"fails in another process: {text}")
    return str(text)


@functools.cache
def _other(threads: int, *environment: str | None) -> subprocess.Popen[str]:
    """The process for so many threads and an environment, by which it finds the same plugins as this one."""
    code = f"from veiqa_core.testing.elsewhere import serve; serve({threads})"
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    atexit.register(other.kill)
    return other


def serve(threads: int) -> None:
    """Answer questions on standard input, a line each, until it ends."""
    torch.set_num_threads(threads)
    answers, sys.stdout = sys.stdout, sys.stderr  # a component that prints must not spoil the answers
    for line in sys.stdin:
        kind, ref, given, data = json.loads(line)
        try:
            of = Subject(installed().part(kind, ref, given), data and Path(data))
            answer = ("done", hashlib.sha256(probe(of)).hexdigest())
        except Exception as error:
            answer = ("failed", f"{type(error).__name__}: {error}")
        print(json.dumps(answer), file=answers, flush=True)
