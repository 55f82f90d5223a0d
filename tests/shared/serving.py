"""Servers for tests: real ones, on a port of this machine that is free."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import PIL.Image
from making import photo

from veiqa_core.extension.registry import installed
from veiqa_core.recipes import files as recipe_files
from veiqa_core.service.app import Limits, Service
from veiqa_core.service.messages import Setup
from veiqa_core.service.protection import allowed_hosts
from veiqa_core.service.queue import Queue
from veiqa_core.service.server import Address, server
from veiqa_core.service.worker import Worker

LONG = 3600.0  # seconds: no test waits for them

PATIENT = """
[[branch]]
pri = { name = "jpeg" }
extractor = { name = "tiny" }
explainer = { name = "gradcam" }
metric = { name = "psnr" }

[[method]]
name = "patient"
"""
"""A recipe of the plugins ``tiny`` and ``patient``, which are in the folder ``installed``."""


def setup(recipe: str) -> Setup:
    """A shipped recipe on one thread of the processor."""
    found = recipe_files.find(recipe, installed())
    return Setup(recipe_files.dumps(found), recipe, "cpu", "float32", "auto", 1)


@attrs.frozen
class Reply:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        assert list(self.json) == ["error"]
        text: str = self.json["error"]
        return text


@attrs.frozen
class Served:
    """A server."""

    port: int
    reported: list[str]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """The answer to a request; an underscore in a header's name stands for a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        with contextlib.closing(connection):
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def score(self, content: bytes, query: str = "", **headers: str) -> Reply:
        return self.ask("POST", f"/v1/score{query}", content, **headers)

    def figures(self) -> dict[str, float]:
        lines = self.ask("GET", "/metrics").body.decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def wait_for(self, figure: str, value: float) -> None:
        """Wait until a figure is as it will be."""
        while self.figures()[figure] != value:
            time.sleep(0.01)


@contextlib.contextmanager
def served(
    worker: Worker,
    waiting: int = 16,
    most: int = 2**20,
    seconds: float = LONG,
    host: str = "127.0.0.1",
    names: Any = (),
) -> Iterator[Served]:
    """A server in a thread of this process, before a process that scores."""
    reported: list[str] = []
    service = Service(worker.ready, Queue(worker, waiting), Limits(most, seconds), reported.append)
    app = service.app(allowed_hosts(host, names))
    with Address("127.0.0.1", 0).bound() as bound:
        running = server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield Served(bound.getsockname()[1], reported)
        finally:
            running.should_exit = True
            thread.join()


def form(content: bytes, filename: str | bytes = "photo.png", field: str = "file") -> tuple[bytes, str]:
    """A form with one file, and its content type."""
    name = filename if isinstance(filename, bytes) else filename.encode()
    head = b'--edge\r\nContent-Disposition: form-data; name="' + field.encode() + b'"; filename="' + name + b'"\r\n'
    return (
        head + b"Content-Type: image/png\r\n\r\n" + content + b"\r\n--edge--\r\n",
        "multipart/form-data; boundary=edge",
    )


def encoded(width: int = 72, seed: int = 3, form: str = "PNG") -> bytes:
    """A small photo as a file."""
    stream = io.BytesIO()
    PIL.Image.fromarray(photo(64, width, seed)).save(stream, form)
    return stream.getvalue()


def decoded(address: str) -> np.ndarray[Any, Any]:
    """The picture of a ``data:`` address of a PNG."""
    import base64

    kind, _, data = address.partition(",")
    assert kind == "data:image/png;base64"
    with PIL.Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image)


def chelsea() -> bytes:
    """A photo of the documentation."""
    return (Path(__file__).parents[2] / "docs" / "images" / "chelsea.png").read_bytes()
