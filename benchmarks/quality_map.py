"""Whether the quality map lies where a photo is hurt: one quarter distorted, the others as they were.

    python benchmarks/quality_map.py PHOTOS [--recipe default] [--photos 10] [--output map.json]

For every photo, distortion and severity one quarter, drawn by the photo's name, is replaced by the distorted photo. A
hit is a map whose mean is highest in that quarter; by chance that is one in four. Beside it: the share of the map
that lies there, and how often the map's highest place does.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path

import click
import torch
from common import output_option, write

from veiqa_core import Scorer
from veiqa_core.datasets.distort import Level, degrade, find
from veiqa_core.extension.registry import installed
from veiqa_core.images import read

KINDS = ("gaussian-blur", "WN", "JPEG", "JP2K")
SEVERITIES = (0.35, 0.5, 0.65, 0.8)


def quarter(height: int, width: int, number: int) -> torch.Tensor:
    """A mask of one quarter."""
    mask = torch.zeros(height, width, dtype=torch.bool)
    down, across = divmod(number, 2)
    mask[down * height // 2 : (down + 1) * height // 2, across * width // 2 : (across + 1) * width // 2] = True
    return mask


def reported(lost: torch.Tensor, number: int) -> tuple[float, float, float]:
    """Whether the mean is highest in the quarter, the share that lies in it, and whether the peak does."""
    means = torch.stack([lost[quarter(*lost.shape, own)].mean() for own in range(4)])
    peak = quarter(*lost.shape, number).flatten()[int(lost.argmax())]
    return float(int(means.argmax()) == number), float(means[number] / means.sum().clamp(min=1e-9)), float(peak)


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--recipe", default="default", show_default=True)
@click.option("--photos", "count", type=int, default=10, show_default=True)
@output_option
def main(photos: Path, recipe: str, count: int, output: Path | None) -> None:
    """Measure the hit rate of the quality map."""
    scorer = Scorer(recipe, device="cpu")
    found: dict[tuple[str, float], list[tuple[float, float, float]]] = defaultdict(list)
    chosen = sorted(photos.glob("*.png"))
    random.Random(0).shuffle(chosen)
    for path in chosen[:count]:
        photo = read(path, path.name)
        for kind in KINDS:
            distortion = find(kind, installed())
            for severity in SEVERITIES:
                worse = degrade(photo, distortion, Level("x", "severity", severity)).image
                number = random.Random(f"{path.name} {kind} {severity}").randrange(4)
                mask = quarter(photo.size[1], photo.size[0], number)
                mixed = torch.where(mask, worse.pixels, photo.pixels)
                lost = scorer.score(mixed[0], name=path.name, heatmaps=True).quality_map
                assert lost is not None
                found[distortion.name, severity].append(reported(lost, number))
    rows = [("all", None, [item for items in found.values() for item in items])]
    rows += [(kind, severity, items) for (kind, severity), items in found.items()]
    table = []
    for kind, severity, items in rows:
        hit, share, peak = (sum(values) / len(items) for values in zip(*items, strict=True))
        table.append(
            {"distortion": kind, "severity": severity, "n": len(items), "hit": hit, "share": share, "peak": peak}
        )
        click.echo(f"{kind:<5} {severity or '':<5} n {len(items):<4} hit {hit:.2f}  share {share:.2f}  peak {peak:.2f}")
    write(json.dumps(table, indent=1) + "\n", output)


if __name__ == "__main__":
    main()
