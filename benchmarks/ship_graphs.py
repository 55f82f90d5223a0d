"""Export the graphs of the package's own networks, and bring them into the package.

    python benchmarks/ship_graphs.py [--output plugins/veiqa_extractors/graphs]

A graph holds no weights, so untrained networks serve. EfficientNet-Lite0 and its fine-tuned sibling share one. VGG16
has none: timm's head of it works otherwise on small images, which a graph cannot tell.
"""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from veiqa_core.devices import Device
from veiqa_core.extension.registry import installed
from veiqa_core.isolation.isolated import isolated
from veiqa_core.measuring.networks import open_network
from veiqa_core.measuring.runtimes.compiled import CompiledNetwork, trial_images
from veiqa_core.measuring.runtimes.onnx_export import export

SHIPPED = Path(__file__).parent.parent / "plugins" / "veiqa_extractors" / "graphs"
NETWORKS = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "darknet19", "inception-resnet-v2")


@isolated()
def exported(name: str) -> bytes:
    """The fastest graph of an extractor's network, found to give what torch gives."""
    part = installed().part("extractor", name, {"weights": "random:0"})
    network = attrs.evolve(open_network(part, Device()), graph=None)
    return CompiledNetwork(network, next(export(network, trial_images(network)[0]))).graph


@click.command()
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=SHIPPED, show_default=True)
def main(output: Path) -> None:
    """Write the graphs."""
    output.mkdir(exist_ok=True)
    for name in NETWORKS:
        graph = exported(name)
        (output / f"{name}.onnx").write_bytes(graph)
        click.echo(f"{name}: {len(graph)} bytes")


if __name__ == "__main__":
    main()
