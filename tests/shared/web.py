"""A web server on this machine that fails as it is asked to."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs


@attrs.define
class Web:
    """What is served.

    Attributes:
        files: contents by path, or by path with query.
        failures: statuses that a path's next answers have; 0 for an answer that is cut off.
        stalled: paths whose answer begins and never ends.
        asked: how often each path was asked for, with its query.
        users: what was said of users by each request.
    """

    url: str = ""
    files: dict[str, bytes] = attrs.field(factory=dict)
    failures: dict[str, list[int]] = attrs.field(factory=dict)
    stalled: set[str] = attrs.field(factory=set)
    asked: Counter[str] = attrs.field(factory=Counter)
    users: list[str | None] = attrs.field(factory=list)
    ended: threading.Event = attrs.field(factory=threading.Event)


@contextmanager
def serving() -> Iterator[Web]:
    """A server on a free port, for as long as the block lasts."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked[self.path] += 1
            web.users.append(self.headers.get("Authorization"))
            path = self.path.partition("?")[0]
            content = web.files.get(self.path, web.files.get(path))
            status = web.failures[path].pop(0) if web.failures.get(path) else 404 if content is None else 200
            if status not in (0, 200):
                self.send_error(status)
                return
            assert content is not None
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            whole = status and path not in web.stalled
            self.wfile.write(content if whole else content[: len(content) // 2])
            if path in web.stalled:
                web.ended.wait()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that give up are meant to."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        web.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield web
        finally:
            web.ended.set()
            server.shutdown()
            thread.join()
            with contextlib.suppress(OSError):
                server.socket.close()
