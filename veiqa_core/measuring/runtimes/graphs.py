"""Where a network's graph comes from: its extractor ships it, or it was exported before, or is exported now.

Exported graphs are kept in the user's cache folder, each in a file that names its own digest. No graph is trusted:
before it is used, what it gives is compared with what torch gives.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import torch

from ...contracts import Network
from ...errors import UsageError
from ...files.writing import write_whole
from .compiled import NAME, CompiledNetwork, trial_images
from .onnx_export import OPSET, NotServed, export

_MARK = b"veiqa graph 1 "


def compile_network(network: Network) -> CompiledNetwork:
    """A network as ONNX Runtime carries it out.

    Raises:
        NotServed: there is no graph of it, or none that gives what torch gives; the reason is that of the last one.
    """
    if network.graph is not None:
        return CompiledNetwork(network, network.graph)
    path = _place(network)
    kept = None if path is None else _read(path)
    if kept is not None:
        with contextlib.suppress(NotServed):  # the code of the network may have changed since; export it anew
            return CompiledNetwork(network, kept)
    found = _first_right(network, export(network, trial_images(network)[0]))
    if path is not None:
        _keep(path, found.graph)
    return found


def _first_right(network: Network, graphs: Iterator[bytes]) -> CompiledNetwork:
    reason = NotServed(f"{NAME} has no graph of it")
    for graph in graphs:
        try:
            return CompiledNetwork(network, graph)
        except NotServed as error:
            reason = error
    raise reason


def _place(network: Network) -> Path | None:
    """The file in which a network's graph is kept; None where there is no cache folder."""
    module = type(network.module)
    built = [(name, list(value.shape)) for name, value in network.module.state_dict().items()]
    about = {
        "weights": network.weights_digest,
        "network": f"{module.__module__}.{module.__qualname__}",
        "built": built,
        "layers": network.layers,
        "torch": torch.__version__,
        "opset": OPSET,
    }
    try:
        folder = Path(platformdirs.user_cache_dir("veiqa", appauthor=False))
    except RuntimeError:  # there is no home folder
        return None
    if not folder.is_absolute():
        return None
    return folder / "graphs" / f"{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]}.onnx"


def _read(path: Path) -> bytes | None:
    """A kept graph; None where there is none as it was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    head, _, graph = content.partition(b"\n")
    return graph if head == _head(graph) else None


def _keep(path: Path, content: bytes) -> None:
    """Write a graph for later; where that cannot be done, it is exported again."""
    with contextlib.suppress(UsageError):
        write_whole(path, lambda stream: stream.write(_head(content) + b"\n" + content))


def _head(graph: bytes) -> bytes:
    return _MARK + hashlib.sha256(graph).hexdigest().encode()
