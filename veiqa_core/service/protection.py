"""What every request passes: hosts, origins, headers, figures, and errors that say nothing of the server's inside."""

from __future__ import annotations

import ipaddress
import traceback
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import brief, one_line, strict
from .metrics import Metrics

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""Of every answer that does not set its own."""

UNEXPECTED = "the server failed unexpectedly; its own messages say more"


class Protected:
    """An application behind the checks that hold for all of it.

    Args:
        paths: those that are counted by name; all others together.
        hosts: names that requests may be for; None for any. See :func:`allowed_hosts`.
        report: takes a line for whoever runs the server.
    """

    def __init__(
        self,
        app: ASGIApp,
        paths: Collection[str],
        hosts: Collection[str] | None,
        metrics: Metrics,
        report: Callable[[str], object],
    ) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._hosts = None if hosts is None else frozenset(hosts)
        self._metrics = metrics
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        problem = self._host_problem(headers.get("host", "")) or _origin_problem(headers)
        try:
            if problem is not None:
                await JSONResponse({"error": problem[1]}, problem[0])(scope, receive, noted)
            else:
                await self._app(scope, receive, noted)
        except Exception as error:
            self._report("".join(traceback.format_exception(error)) if strict() else one_line(error))
            if not status:
                await JSONResponse({"error": UNEXPECTED}, 500)(scope, receive, noted)
        finally:
            if status:
                path = scope["path"]
                self._metrics.add(path if path in self._paths else "other", status)

    def _host_problem(self, given: str) -> tuple[int, str] | None:
        """Another site's name may lead here, so that its pages could read the answers (DNS rebinding)."""
        name = _host_name(given)
        if self._hosts is None or name in self._hosts or ("localhost" in self._hosts and is_loopback(name)):
            return None
        return 421, f"this server does not answer for the host {brief(name)} (--allow-host)"


def _origin_problem(headers: Headers) -> tuple[int, str] | None:
    """Pages from elsewhere may not have their visitors' browsers ask for scores."""
    origin = headers.get("origin")
    if origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower():
        return None
    return 403, "pages from elsewhere may not use this server"


def allowed_hosts(bound: str, more: Collection[str]) -> frozenset[str] | None:
    """The hosts that requests may be for: this machine's own where only it is served, and what is named.

    Args:
        bound: what the server is bound to.

    Returns:
        None for any host.
    """
    named = frozenset(name.lower() for name in more)
    if is_loopback(bound):
        return named | {"localhost"}
    return named | {bound.lower(), "localhost"} if named else None


def is_loopback(name: str) -> bool:
    """Whether a name or address means this machine, reached from itself only."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _host_name(given: str) -> str:
    """The host of a header, without its port."""
    if given.startswith("["):
        return given[1:].partition("]")[0].lower()
    return given.partition(":")[0].lower()
