"""The application: which path is answered by what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ..extension.discovery import version_of
from . import openapi
from .messages import Answer, Form, Job, Ready
from .metrics import CONTENT_TYPE, Metrics
from .page import Page
from .protection import Protected
from .queue import Full, Queue
from .uploads import Refused, upload
from .worker import TooSlow

_GONE = 499  # as proxies call a request whose client has gone; nobody reads it
_NONE: Mapping[str, str] = MappingProxyType({})


@attrs.frozen
class Limits:
    """What a request may take.

    Attributes:
        most: bytes.
        seconds: from its beginning to its answer.
    """

    most: int
    seconds: float


class Service:
    """Answers requests.

    Args:
        report: takes a line for whoever runs the server.
    """

    def __init__(self, ready: Ready, queue: Queue, limits: Limits, report: Callable[[str], object]) -> None:
        self._ready = ready
        self._queue = queue
        self._limits = limits
        self._report = report
        self._metrics = Metrics()
        self._page = Page(ready, limits.most)
        self._description = openapi.description(limits.most)

    def app(self, hosts: Collection[str] | None) -> ASGIApp:
        """The application for a server.

        Args:
            hosts: that requests may be for; None for any.
        """
        routes = [
            Route("/", self._shown, methods=["GET"]),
            Route("/", self._posted, methods=["POST"]),
            Route("/v1/score", self._scored, methods=["POST"]),
            Route("/openapi.json", self._described, methods=["GET"]),
            Route("/health", self._health, methods=["GET"]),
            Route("/metrics", self._figures, methods=["GET"]),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})
        return Protected(app, [route.path for route in routes], hosts, self._metrics, self._report)

    async def _shown(self, request: Request) -> Response:
        return self._html(200)

    async def _posted(self, request: Request) -> Response:
        answer, headers = await self._answer(request, "page")
        if answer.status == 200:
            return self._html(200, article=answer.text)
        return self._html(answer.status, headers, error=answer.text)

    async def _scored(self, request: Request) -> Response:
        maps = request.query_params.get("maps", "0")
        if maps not in ("0", "1"):
            return JSONResponse({"error": "maps is 1 or 0"}, 400)
        answer, headers = await self._answer(request, "maps" if maps == "1" else "json")
        if answer.status == 200:
            return Response(answer.text, media_type="application/json")
        return JSONResponse({"error": answer.text}, answer.status, headers)

    async def _described(self, request: Request) -> Response:
        return JSONResponse(self._description)

    async def _health(self, request: Request) -> Response:
        ready = self._ready
        found = {"status": "ok", "veiqa": version_of("veiqa"), "recipe": ready.recipe}
        return JSONResponse({**found, "calibrated": ready.calibrated, "threads": ready.threads})

    async def _figures(self, request: Request) -> Response:
        text = self._metrics.text(self._queue.waiting, self._queue.scoring)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    async def _answer(self, request: Request, form: Form) -> tuple[Answer, dict[str, str]]:
        """What comes of the image of a request, and headers that go with it."""
        began = time.monotonic()
        limits = self._limits
        until = asyncio.get_running_loop().time() + limits.seconds
        try:
            with self._queue.place():
                content, name = await upload(request, limits.most, until, limits.seconds)
                answer = await self._queue.answer(Job(content, name, form), until)
        except Full as full:
            return Answer(503, "too many requests wait; try again later"), {"Retry-After": str(full.seconds)}
        except Refused as error:
            return Answer(error.status, str(error)), {}
        except TooSlow:
            return Answer(504, f"not done within {limits.seconds:g} seconds; try again, or with a smaller image"), {}
        except ClientDisconnect:
            return Answer(_GONE, "the client has gone"), {}
        if answer.log is not None:
            self._report(answer.log)
        if answer.status in (200, 422):
            self._metrics.add_image(time.monotonic() - began)
        return answer, {"Retry-After": "60"} if answer.status == 503 else {}

    def _html(
        self, status: int, headers: Mapping[str, str] = _NONE, *, article: str | None = None, error: str | None = None
    ) -> Response:
        policy = {"Content-Security-Policy": self._page.policy}
        return HTMLResponse(self._page.html(article, error), status, {**policy, **headers})


async def _refused(request: Request, error: Exception) -> Response:
    """No such path, or not by this method."""
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail.lower()}, error.status_code, error.headers)
