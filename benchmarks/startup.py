"""How long commands take from a cold start, beside the packages that they cannot do without.

    python benchmarks/startup.py [--runs 15]

Median processor time of whole processes, taken in turn: of the light commands its ratio to ``python -c "import click,
attrs, pluggy"``, of ``veiqa run`` on a sample photo, anew and where the store knows it, that to ``python -c "import
torch, timm"``. Install the plugins of docs/examples first to see what further plugins cost.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click

from veiqa_core.extension.discovery import find

BARE = "import click, attrs, pluggy"
VEIQA = "from veiqa_core.cli import main; main({arguments!r})"
COMMANDS = (["--help"], ["plugins"], ["components"], ["run", "--help"])
HEAVY = "import torch, timm"
PHOTO = str(Path(__file__).resolve().parents[1] / "docs" / "images" / "chelsea.png")
RECIPES = ("fast", "default")


@click.command()
@click.option("--runs", type=click.IntRange(min=3), default=15, show_default=True)
def main(runs: int) -> None:
    """Time the commands."""
    dists = sorted({plugin.dist for plugin in find()})
    click.echo(f"distributions with plugins: {', '.join(dists)}")
    compare(BARE, COMMANDS, runs)
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store.sqlite")
        anew = [["run", PHOTO, "--threads", "1", "--recipe", recipe, "--no-store"] for recipe in RECIPES]
        kept = [["run", PHOTO, "--threads", "1", "--recipe", recipe, "--store", store] for recipe in RECIPES]
        for words in kept:
            run(VEIQA.format(arguments=words))
        compare(HEAVY, [*anew, *kept], max(3, runs // 3))


def compare(bare: str, commands: Iterable[list[str]], runs: int) -> None:
    """Time commands beside some imports."""
    codes = {bare: bare} | {" ".join(words): VEIQA.format(arguments=words) for words in commands}
    taken: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(runs):
        for name, code in codes.items():
            taken[name].append(run(code))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    least = medians.pop(bare)
    click.echo(f"{bare}: {1000 * least:.0f} ms")
    for name, median in medians.items():
        click.echo(f"veiqa {name}: {1000 * median:.0f} ms, {median / least:.2f} times as long")


def run(code: str) -> float:
    """Processor time of a process, in seconds."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


if __name__ == "__main__":
    main()
