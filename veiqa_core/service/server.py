"""The server: its socket, and its way from the first request to the last."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import attrs
import uvicorn
from starlette.types import ASGIApp

from ..errors import UsageError, brief
from .app import Limits, Service
from .protection import allowed_hosts, is_loopback
from .queue import Queue
from .worker import Worker

_BACKLOG = 128


@attrs.frozen
class Address:
    """Where the server is reached.

    Attributes:
        host: a name or an address of this machine.
        port: 0 for any that is free.
        names: of hosts that requests may be for, too.
    """

    host: str
    port: int
    names: Collection[str] = ()

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    @contextmanager
    def bound(self) -> Iterator[socket.socket]:
        """A socket that is bound to it, and not yet answered.

        Raises:
            UsageError: that cannot be, with the reason.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no name of a host"
            raise UsageError(f"--host {brief(self.host)}: {reason}; 127.0.0.1 is this machine alone") from None
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                bound.bind(address)
                bound.listen(_BACKLOG)
            except OSError as error:
                raise UsageError(self._problem(error)) from None
            yield bound

    def _problem(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return f"--port {self.port}: another program listens there; name another one, or 0 for any that is free"
        if error.errno == errno.EACCES:
            return f"--port {self.port}: needs rights that this user lacks; name one above 1023"
        return f"--host {brief(self.host)}: cannot be bound: {error.strerror}; 127.0.0.1 is this machine alone"

    def url(self, bound: socket.socket) -> str:
        """The address of the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{bound.getsockname()[1]}/"


def serve(
    address: Address,
    bound: socket.socket,
    worker: Worker,
    waiting: int,
    limits: Limits,
    report: Callable[[str], object],
) -> None:
    """Answer requests until the process is asked to end, and then those that have begun.

    Args:
        waiting: how many requests may wait beside the one that is scored.
        report: takes a line for whoever runs the server.

    Raises:
        KeyboardInterrupt: asked by Ctrl-C, or as the handler of SIGTERM says.
    """
    service = Service(worker.ready, Queue(worker, waiting), limits, report)
    server(service.app(allowed_hosts(address.host, address.names))).run(sockets=[bound])


def server(app: ASGIApp) -> uvicorn.Server:
    """What speaks HTTP for an application: it names no software, trusts no proxy's headers, and logs nothing."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    return uvicorn.Server(config)
