"""Bring weights that ``veiqa finetune`` wrote into the package, at half precision.

python benchmarks/ship_weights.py tuned/weights.safetensors
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import click
import safetensors
import torch
from safetensors.torch import save

SHIPPED = Path(__file__).parent.parent / "plugins/veiqa_extractors/weights/efficientnet-lite0-quality.safetensors"


@click.command()
@click.argument("weights", type=click.Path(path_type=Path, exists=True))
def main(weights: Path) -> None:
    """Write the file and print the SHA-256 that the extractor must name."""
    with safetensors.safe_open(weights, "pt") as file:
        about = json.loads(file.metadata()["veiqa"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    halved = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    assert all(bool(torch.isfinite(tensor).all()) for tensor in halved.values())
    content = save(halved, {"veiqa": json.dumps(about, sort_keys=True)})
    SHIPPED.parent.mkdir(exist_ok=True)
    SHIPPED.write_bytes(content)
    click.echo(hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
