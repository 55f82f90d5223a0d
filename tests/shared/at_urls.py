"""What tests of commands at URLs share: images by name, and commands with a tiny network or SSIM."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from making import veiqa

TINY = ("--extractor", "tiny", "--mapper", "identity", "--pri", "jpeg")
OPTIONS = (*TINY, "--device", "cpu", "--threads", 1)
NAMES = ("a/1.png", "a/2.png", "b.png")


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def run(*arguments: object, status: int = 0) -> list[dict[str, Any]]:
    done = veiqa("run", *arguments, *OPTIONS, "--format", "jsonl")
    assert done.exit_code == status, done.output
    return rows(done.stdout)


def compared(*arguments: object, status: int = 0) -> list[dict[str, Any]]:
    done = veiqa("compare", *arguments, "--metric", "ssim", "--format", "jsonl")
    assert done.exit_code == status, done.output
    return rows(done.stdout)


def small_pictures(page: str) -> list[str]:
    return re.findall(r"data:image/[^\"']+", Path(page).read_text())
