"""The options of a server: where it listens, and what a request may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ..numbers import Number, Whole
from .grouped import option

if TYPE_CHECKING:
    from ...service.app import Limits
    from ...service.server import Address


@attrs.frozen
class ServiceOptions:
    """``--host``, ``--port``, ``--allow-host``, ``--queue``, ``--timeout``, ``--max-bytes`` and ``--threads``."""

    host: str = option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        metavar="HOST",
        help="Where to listen. The default is reached from this machine alone; 0.0.0.0 from all that reach it.",
    )
    port: int = option(
        "--port",
        type=Whole(min=0, max=65535),
        default=8000,
        show_default=True,
        metavar="N",
        help="The port; 0 for any that is free.",
    )
    allow_host: tuple[str, ...] = option(
        "--allow-host",
        multiple=True,
        metavar="NAME",
        help="Answer requests that are for this host, as a proxy passes them on; repeatable. Default: on this machine "
        "alone its own names, elsewhere any.",
    )
    queue: int = option(
        "--queue",
        type=Whole(min=0),
        default=16,
        show_default=True,
        metavar="N",
        help="Requests that may wait while one is scored; others are sent away (503).",
    )
    timeout: float = option(
        "--timeout",
        type=Number(min=0, min_open=True),
        default=120,
        show_default=True,
        metavar="SECONDS",
        help="From a request to its answer; later it is given up (504).",
    )
    max_bytes: int = option(
        "--max-bytes",
        type=Whole(min=1),
        default=2**25,
        show_default=True,
        metavar="N",
        help="Bytes of a request; larger ones are refused (413).",
    )
    threads: int | None = option(
        "--threads",
        type=Whole(min=1),
        metavar="N",
        help="Threads that compute; part of what decides a result's last bits. Default: as PyTorch chooses.",
    )

    @property
    def address(self) -> Address:
        """Where the server listens."""
        from ...service.server import Address

        return Address(self.host, self.port, self.allow_host)

    @property
    def limits(self) -> Limits:
        """What a request may take."""
        from ...service.app import Limits

        return Limits(self.max_bytes, self.timeout)
