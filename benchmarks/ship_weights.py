"""Bring weights that ``veiqa finetune`` wrote into the package, at half precision.

    python benchmarks/ship_weights.py tuned/weights.safetensors
    python benchmarks/ship_weights.py trained/weights.safetensors --method cnniqa

Without ``--method`` they are those of the extractor ``efficientnet-lite0-quality``. Of ``tuned/checkpoint.pt`` the
weights of the last epoch are taken, which need not be those with the least loss on what was held out.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import click
import safetensors
import torch
from safetensors.torch import save
from torch import Tensor

PLUGINS = Path(__file__).parent.parent / "plugins"
EXTRACTOR = PLUGINS / "veiqa_extractors/weights/efficientnet-lite0-quality.safetensors"


def written(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a file of weights says of itself, and the weights."""
    with safetensors.safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        return json.loads(file.metadata()["veiqa"]), tensors


def checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The same of a checkpoint."""
    kept = torch.load(path, map_location="cpu", weights_only=True)
    return json.loads(kept["about"]), kept["module"]


@click.command()
@click.argument("weights", type=click.Path(path_type=Path, exists=True))
@click.option("--method", type=click.Choice(["cnniqa"]), help="The method whose weights they are.")
def main(weights: Path, method: str | None) -> None:
    """Write the file and print its SHA-256, which the extractor must name."""
    about, tensors = checkpoint(weights) if weights.suffix == ".pt" else written(weights)
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    halved = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in whole.items()}
    assert all(bool(torch.isfinite(tensor).all()) for tensor in halved.values())
    content = save(halved, {"veiqa": json.dumps(about, sort_keys=True)})
    shipped = EXTRACTOR if method is None else PLUGINS / f"veiqa_methods/models/{method}.safetensors"
    shipped.parent.mkdir(exist_ok=True)
    shipped.write_bytes(content)
    click.echo(hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
