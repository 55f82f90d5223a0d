"""``veiqa weights``: which weights networks want, where they are, and files in other layouts brought to theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from ...errors import UsageError, VeiqaError, one_line
from ..common import registry
from ..files import check_new, check_target
from ..options.completion import component_names
from ..paths import PATH
from ..printing import json_data, line

if TYPE_CHECKING:
    from ...contracts import WeightsProvider, WeightsStatus
    from ...extension.catalogue import Registered
    from ...extension.registry import Registry


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def weights(ctx: click.Context, /, as_json: bool) -> None:
    """Say which weights each feature extractor wants and where they are; convert files to its own layout.

    Looks into packages and the cache of Hugging Face; nothing is fetched, and no network is opened.
    """
    if ctx.invoked_subcommand is not None:
        return
    found = registry()
    rows = [(item, _status(found, item)) for item in found.of_kind("extractor")]
    if as_json:
        json_data([{"extractor": item.label, **_plain(status)} for item, status in rows])
        return
    for item, status in rows:
        for text in _described(item.label, status):
            line(text)


def _plain(status: WeightsStatus | str) -> dict[str, Any]:
    return {"problem": status} if isinstance(status, str) else {**attrs.asdict(status), "problem": None}


def _described(name: str, status: WeightsStatus | str) -> Iterator[str]:
    if isinstance(status, str):
        yield f"{name}: {status}"
        return
    yield f"{name}: {status.found or 'not here'}"
    if status.found is None:
        yield f"    looked in  {'; '.join(status.looked) or 'no place: only a file that is named'}"
    yield f"    licence    {status.licence}"
    if status.sha256 is not None:
        yield f"    sha256     {status.sha256}"
    yield f"    to get     {status.obtain}"


def _status(found: Registry, item: Registered) -> WeightsStatus | str:
    """What an extractor says of its weights, or why it says nothing."""
    from ...errors import unwrap
    from ...isolation.attempts import attempt

    if item.missing:
        return f"needs {', '.join(item.missing)}, which is not installed here"
    try:
        part = found.part("extractor", item.ref)
        provider = _provider(found, item.ref)
        status: WeightsStatus = unwrap(attempt(part, provider.weights_status))
    except VeiqaError as error:
        return one_line(error)
    return status


def _provider(found: Registry, name: str) -> WeightsProvider:
    from ...contracts import WeightsProvider
    from ...errors import unwrap
    from ...isolation.attempts import attempt

    part = found.part("extractor", name)
    made = unwrap(attempt(part, part.create))
    if not isinstance(made, WeightsProvider):
        raise UsageError(f"{part.origin} says nothing of its weights")
    return made


@weights.command()
@click.argument("extractor", metavar="EXTRACTOR", shell_complete=component_names("extractor"))
@click.argument("source", type=PATH, metavar="SOURCE")
@click.argument("output", type=PATH, metavar="OUTPUT.safetensors")
def convert(extractor: str, source: Path, output: Path) -> None:
    """Bring the weights in SOURCE to the layout of EXTRACTOR, and write them to OUTPUT.safetensors.

    SOURCE is a state dict of torchvision or timm (.pth, .pt, .bin, .safetensors), for darknet19 Darknet's .weights, or
    an ONNX file (.onnx) such as MATLAB's exportONNXNetwork writes. It is read strictly: all weights of the network and
    nothing else, and no code in it is executed. The graph of an ONNX file must give what the converted weights give.
    """
    from ...errors import unwrap
    from ...files.writing import write_whole
    from ...isolation.attempts import attempt

    if output.suffix.lower() != ".safetensors":
        raise UsageError(f"{output}: weights are written as safetensors; name a file that ends in .safetensors")
    check_target("OUTPUT", output, None, read=(source,))
    check_new("OUTPUT", output)
    found = registry()
    provider = _provider(found, extractor)
    content: bytes = unwrap(attempt(found.part("extractor", extractor), lambda: provider.converted(source)))
    write_whole(output, lambda stream: stream.write(content))
    line(f"{output}: weights of {extractor}; use them with --extractor {extractor} -p extractor.weights={output}")
