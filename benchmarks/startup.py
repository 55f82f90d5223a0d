"""How long the light commands take, beside the packages that they cannot do without.

    python benchmarks/startup.py [--runs 15]

Median wall time of whole processes, taken in turn, and its ratio to ``python -c "import click, attrs, pluggy"``.
Install the plugins of docs/examples first to see what further plugins cost.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import click

from veiqa_core.discovery import find

BARE = "import click, attrs, pluggy"
VEIQA = "from veiqa_core.cli import main; main({arguments!r})"
COMMANDS = (["--help"], ["plugins"], ["components"], ["run", "--help"])


@click.command()
@click.option("--runs", type=click.IntRange(min=3), default=15, show_default=True)
def main(runs: int) -> None:
    """Time the commands."""
    codes = {"bare": BARE} | {" ".join(words): VEIQA.format(arguments=words) for words in COMMANDS}
    taken: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(runs):
        for name, code in codes.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
            taken[name].append(time.perf_counter() - start)
    bare = statistics.median(taken.pop("bare"))
    dists = sorted({plugin.dist for plugin in find()})
    click.echo(f"{BARE}: {1000 * bare:.0f} ms; distributions with plugins: {', '.join(dists)}")
    for name, times in taken.items():
        median = statistics.median(times)
        click.echo(f"veiqa {name}: {1000 * median:.0f} ms, {median / bare:.2f} times as long")


if __name__ == "__main__":
    main()
