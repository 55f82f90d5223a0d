"""Learn the pristine models of NIQE and IL-NIQE from photos, and bring them into the package.

python benchmarks/train_methods.py niqe photos
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHIPPED = Path(__file__).parent.parent / "plugins/veiqa_methods/models"
SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}


def read(files: list[Path]) -> Iterator[NDArray[np.uint8]]:
    """The photos one after another, RGB."""
    with click.progressbar(files, label="photos") as shown:
        for file in shown:
            with Image.open(file) as image:
                yield np.asarray(image.convert("RGB"))


@click.command()
@click.argument("method", type=click.Choice(["niqe", "ilniqe"]))
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, help="Take each so-and-so-many-th.")
def main(method: str, photos: Path, every: int) -> None:
    """Write the model, with the names of the photos and this command in it."""
    files = sorted(file for file in photos.iterdir() if file.suffix.lower() in SUFFIXES)[::every]
    model = importlib.import_module(f"veiqa_methods.{method}").train(read(files))
    about = {
        "command": f"python benchmarks/train_methods.py {method} PHOTOS --every {every}",
        "photos": [file.name for file in files],
    }
    target = SHIPPED / f"{method}.npz"
    model.write(target, json.dumps(about))
    click.echo(f"{target}: {len(files)} photos, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
