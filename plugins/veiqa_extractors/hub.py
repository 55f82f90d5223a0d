"""timm's downloads: nothing of them is printed, and a hub that cannot be reached is one attempt and one error.

huggingface_hub asks for a file six times, longer and longer apart, logs each, and timm asks for two files.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError
from torch import nn

_PATIENCE = 10  # seconds for one answer
_BUSY = 429
_SERVER_ERROR = 500


def download(build: Callable[[], nn.Module], repository: str | None) -> nn.Module:
    """A network with the weights that timm fetches, or those that an earlier download left in its cache.

    Args:
        build: has timm build the network with them.
        repository: where they are on the hub; None where timm fetches them from elsewhere.

    Raises:
        Exception: whatever the libraries raise; where the hub cannot be reached, the reason for that.
    """
    with _quiet():
        name, _, revision = (repository or "").partition("@")
        reason = _unreachable(name) if name else None
        if reason is None:
            return build()
        try:
            huggingface_hub.snapshot_download(name, revision=revision or None, local_files_only=True)
        except Exception:
            raise reason from None
        with _offline():
            return build()


def _unreachable(repository: str) -> Exception | None:
    """Why the hub cannot be reached, by the one request of it that is not repeated."""
    try:
        huggingface_hub.model_info(repository, timeout=_PATIENCE)
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", 0)
        return error if status == _BUSY or status >= _SERVER_ERROR else None
    except Exception as error:  # of one HTTP library or another
        return error
    return None


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Let the hub's cache alone be asked."""
    constants: Any = huggingface_hub.constants
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Print no log, warning or progress bar of the libraries."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
