"""What this process may use of the machine, as containers and schedulers limit it on Linux."""

from __future__ import annotations

import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")  # as a container sees its own group


def cores() -> float:
    """How many cores this process may use at once, part of one being possible."""
    affine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _text("cpu.max").partition(" ")
    if not (quota.isdigit() and period.isdigit() and int(period)):
        quota, period = _text("cpu/cpu.cfs_quota_us"), _text("cpu/cpu.cfs_period_us")
    granted = int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else affine
    return min(affine, granted)


def memory() -> int | None:
    """The bytes of memory that this process may use; None where nothing but the machine limits it."""
    text = _text("memory.max") or _text("memory/memory.limit_in_bytes")
    return int(text) if text.isdigit() else None


def _text(name: str) -> str:
    try:
        return (_GROUPS / name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
