"""``veiqa run`` on long lists takes no more memory than on short ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from making import veiqa

from veiqa_core.images import Image
from veiqa_core.measuring.branches.outcome import Measurement
from veiqa_core.measuring.meter import Computed, Meter

FAST = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
OPTIONS = (*FAST, "--mapper", "identity", "--pri", "jpeg", "--device", "cpu", "--threads", "1", "--no-store")


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    """The whole command on a long list, in a process that nothing else uses: its tables and threads count as well."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, __file__], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for less, more in json.loads(done.stdout):
        assert more < less + 75_000  # the names of the others alone take 150 kB


def peaks() -> list[tuple[int, int]]:
    """Python's most bytes at 500 and at 2,000 images: of a fresh run, and of one that goes on with its file."""
    fresh = ("--output", "x.csv")
    again = (*fresh, "--resume")
    score(500, *fresh)  # imports, and what is made once
    few = [peak(500, *options) for options in (fresh, again)]
    many = [min(peak(2000, *options) for _ in range(2)) for options in (fresh, again)]  # a table may grow at any time
    return list(zip(few, many, strict=True))


def peak(count: int, *options: str) -> int:
    tracemalloc.start()
    score(count, *options)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def score(count: int, *options: str) -> None:
    name = f"{count}.txt"
    Path(name).write_text("".join(f"a-folder-of-some-length/image-{number:07}.png\n" for number in range(count)))
    done = veiqa("run", "--list", name, *OPTIONS, *options)
    assert done.exit_code == 0, done.output


def decoded(path: str, name: str, view: Any) -> Image:
    return Image(torch.zeros(1, 3, 2, 2), "any")


def reported(meter: Meter, image: Image, wanted: Any, veis: Any) -> Computed:
    return Computed({index: Measurement(meter.keys[index], 20.0, ()) for index in wanted}, {})


if __name__ == "__main__":
    with (  # plain functions: a mock keeps each call
        mock.patch("veiqa_core.measuring.executors.executor.read", decoded),
        mock.patch.object(Meter, "compute", reported),
    ):
        print(json.dumps(peaks()))
