"""What all built-in extractors share: from the text of ``weights`` to an open network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from veiqa_core.api import UsageError, WeightsError
from veiqa_core.contracts import Network, WeightsStatus

from .plugin import NetworkParams, random_seed
from .weights import Package, State, WeightsFile, cached_file, digest_of, fill, safetensors_bytes

Module = nn.Module | Callable[[], nn.Module]

_GRAPHS = Path(__file__).parent / "graphs"
_HOW = " (in a recipe weights = 'FILE', beside --extractor -p extractor.weights=FILE)"


class WeightedExtractor(ABC):
    """An extractor whose network is built, given its weights and put on a device in one order for all of them."""

    name: str
    """The network's name, for messages."""

    package: ClassVar[Package | None] = None
    """Where ``weights="packaged"`` finds them."""

    graph: ClassVar[str | None] = None
    """The file of its graph in ``graphs``, which ``python benchmarks/ship_graphs.py`` writes; None where none ships."""

    vouches: ClassVar[bool] = False
    """Whether the packaged weights are known to give in the shipped graph what they give in the module."""

    downloadable: ClassVar[bool] = True
    """Whether timm can fetch the weights."""

    licence: ClassVar[str] = "not known here"
    """Of the weights that are looked for."""

    origin: ClassVar[str] = ""
    """Where files that it takes come from, beside a package and timm."""

    def __init__(self, params: NetworkParams) -> None:
        self.weights = params.weights
        self.resize = params.resize

    @abstractmethod
    def build(self, *, pretrained: bool = False) -> nn.Module:
        """The network with initial weights, or with those that timm downloads."""

    @abstractmethod
    def describe(self, module: Module, weights: State, digest: str) -> Network:
        """The network as the engine takes it.

        Args:
            module: on its device, or what makes it.
            weights: parameters and buffers by name, on the device.
        """

    @abstractmethod
    def reset_head(self, module: nn.Module, logits: int) -> None:
        """Give the network a head of so many logits that is all zeros."""

    @property
    def repository(self) -> str | None:
        """Where the hub has the weights; None where it has none."""
        return None

    def skeleton(self) -> nn.Module:
        """The network before a file's weights are put in; without storage, so nothing is initialised in vain."""
        with torch.device("meta"):
            return self.build()

    def read(self, file: WeightsFile) -> State:
        """The weights in a file."""
        return file.state_dict()

    def adapt(self, state: State, module: nn.Module) -> State:
        """Weights in another usual layout brought to the module's own; may fit the module to their class count."""
        return state

    def weights_status(self) -> WeightsStatus:
        """Where its weights are looked for, and what is there; nothing is fetched or opened."""
        looked, found, obtain = [], None, []
        if self.package is not None:
            looked.append(f"package {self.package.module}")
            obtain.append(self.package.install)
            place = self.package.located()
            found = None if place is None else f"packaged: {place}"
        if self.downloadable and self.repository:
            looked.append(f"Hugging Face cache, {self.repository}")
            obtain.append("-p extractor.weights=hub once, online")
            place = None if found else cached_file(self.repository)
            found = found or (None if place is None else f"hub: {place}")
        if self.origin:
            obtain.append(f"{self.origin}, then -p extractor.weights=FILE")
        return WeightsStatus(
            wanted=f"ImageNet weights of {self.name}",
            found=found,
            looked=tuple(looked),
            sha256=None if self.package is None else self.package.sha256,
            licence=self.licence,
            obtain=" or ".join(obtain) or "-p extractor.weights=FILE",
        )

    def converted(self, source: Path) -> bytes:
        """The weights in a file as a safetensors file in the network's own layout, float32.

        Raises:
            WeightsError: the file is damaged, unsafe or of another network.
        """
        with _own_randomness(), torch.no_grad():
            file = WeightsFile.read(source)
            module = self.skeleton()
            if file.path.suffix.lower() == ".onnx":
                self._fill_from_onnx(module, file)
            else:
                fill(module, self.adapt(self.read(file), module), self.name, file.path)
            return safetensors_bytes(module, {"network": self.name, "converted_from": file.digest})

    def _fill_from_onnx(self, module: nn.Module, file: WeightsFile) -> None:
        from . import onnx_weights

        network = self.describe(module, module.state_dict(), file.digest)
        fill(module, onnx_weights.converted(file.content, file.path, module, network), self.name, file.path)
        onnx_weights.check(file.content, file.path, module.eval(), network)

    def open(self, device: torch.device) -> Network:
        """Load the network and its weights.

        Raises:
            WeightsError: the weights are missing, damaged, unsafe or of another network.
            UsageError: ``resize`` is below what the network takes.
        """
        with _own_randomness(), torch.no_grad():
            if self.vouches and self.weights == "packaged" and self.shipped_graph() is not None:
                return self._deferred(device)
            module, digest = self._load()
            return self._opened(module.requires_grad_(False), digest, device)

    def _deferred(self, device: torch.device) -> Network:
        """The network without its module, which is made where more is asked for than its graph gives."""
        file = self._packaged()
        state = self.read(file)  # whose order is another one each time
        weights = {name: state[name].float().to(device) for name in sorted(state)}

        def make() -> nn.Module:
            with _own_randomness(), torch.no_grad():
                module = self.skeleton()
                fill(module, dict(weights), self.name, file.path)
                return _ready(module.requires_grad_(False), device)

        return self._checked(self.describe(make, weights, file.digest))

    def open_for_tuning(self, device: torch.device, logits: int) -> Network:
        """Load the network and its weights, and give it a new head.

        Raises:
            WeightsError, UsageError: as :meth:`open`.
        """
        with _own_randomness(), torch.no_grad():
            module, digest = self._load()
            self.reset_head(module, logits)
            return self._opened(module.requires_grad_(True), digest, device)

    def _opened(self, module: nn.Module, digest: str, device: torch.device) -> Network:
        module = _ready(module, device)
        weights = {**dict(module.named_buffers()), **dict(module.named_parameters())}
        return self._checked(self.describe(module, weights, digest))

    def _checked(self, network: Network) -> Network:
        if self.resize is not None and self.resize < network.min_size:
            raise UsageError(f"{self.name}: resize must be at least {network.min_size}, not {self.resize}")
        return network

    def shipped_graph(self) -> bytes | None:
        """The network's graph as it is shipped; None where there is none, or it cannot be read."""
        if self.graph is None:
            return None
        try:
            return (_GRAPHS / self.graph).read_bytes()
        except OSError:
            return None

    def _load(self) -> tuple[nn.Module, str]:
        seed = random_seed(self.weights)
        if seed is not None:
            torch.default_generator.manual_seed(seed)
            return self.build(), f"random:{seed}"
        if self.weights == "hub":
            return self._download()
        file = self._packaged() if self.weights == "packaged" else WeightsFile.read(self._named())
        module = self.skeleton()
        fill(module, self.adapt(self.read(file), module), self.name, file.path)
        return module, file.digest

    def _named(self) -> Path:
        try:
            return Path(self.weights).expanduser()
        except RuntimeError as error:
            raise WeightsError(f"{self.name}: weights {self.weights}: there is no such home folder") from error

    def _packaged(self) -> WeightsFile:
        if self.package is not None:
            return self.package.read()
        download = "hub to let timm download them, " if self.downloadable else ""
        raise WeightsError(
            f"no package carries the weights of {self.name}: set the extractor's weights to a local file{_HOW}, "
            f"{download}or random:0 for an untrained network"
        )

    def _download(self) -> tuple[nn.Module, str]:
        if not self.downloadable:
            raise WeightsError(f"timm has no weights of {self.name}; set weights to a local file{_HOW}")
        from .hub import download

        try:
            module = download(lambda: self.build(pretrained=True), self.repository)
        except Exception as error:  # whatever the download libraries raise
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            raise WeightsError(
                f"timm could not download the weights of {self.name} ({reason}); "
                f"go online once, or set weights to a local file{_HOW}"
            ) from error
        return module, digest_of(module.state_dict().items())


@contextmanager
def _own_randomness() -> Iterator[None]:
    """Keep the global generator as it was: building a network draws from it."""
    with torch.random.fork_rng(devices=[]):
        yield


def _ready(module: nn.Module, device: torch.device) -> nn.Module:
    """A module with its weights as the engine takes it."""
    module.eval()
    _keep_inputs(module)
    return module.to(device).to(memory_format=torch.channels_last)


def _keep_inputs(module: nn.Module) -> None:
    """Stop activations from overwriting their inputs, which explainers may have hooked."""
    parts: Iterable[Any] = module.modules()
    for part in parts:
        if hasattr(part, "inplace"):
            part.inplace = False
