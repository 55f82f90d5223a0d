"""The image of a request: the body itself, or the one file of a form. It is held in memory, within a limit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ..errors import VeiqaError

FIELD = "file"
"""The name of a form's field that holds the image; another name does as well."""

_FIELDS = 8  # of a form, beside the file
_LONGEST = 200  # characters of a name


class Refused(VeiqaError):
    """A request that cannot be answered.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _InMemory(MultiPartParser):
    """Writes nothing to the disk."""

    def __init__(self, request: Request, stream: AsyncGenerator[bytes, None], most: int) -> None:
        self.spool_max_size = most + 1
        super().__init__(request.headers, stream, max_files=1, max_fields=_FIELDS)


async def upload(request: Request, most: int, until: float, seconds: float) -> tuple[bytes, str]:
    """The bytes of the image, and what the client calls it.

    Args:
        most: bytes that a request may have.
        until: the time of the event loop by which it must be there.
        seconds: how long that is, for the message.

    Raises:
        Refused: it is too large, comes too slowly, or holds no image.
    """
    try:
        async with asyncio.timeout_at(until):
            return await _upload(request, most)
    except TimeoutError:
        raise Refused(408, f"the image did not arrive within {seconds:g} seconds") from None


async def _upload(request: Request, most: int) -> tuple[bytes, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _of_form(request, most)
    content = b"".join([part async for part in _bounded(request, most)])
    if not content:
        raise Refused(400, f"there is no image: send its bytes as the body, or as a file in a form's field {FIELD!r}")
    return content, shown_name(request.query_params.get("name", ""))


async def _of_form(request: Request, most: int) -> tuple[bytes, str]:
    try:
        form = await _InMemory(request, _bounded(request, most), most).parse()
    except (MultiPartException, ValueError, LookupError) as error:  # of older versions also the parser's own
        reason = error.message if isinstance(error, MultiPartException) else "it is malformed"
        raise Refused(400, f"the form cannot be read: {reason}") from None
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files or not files[0].size:
            raise Refused(400, f"there is no image: choose a file, in the form's field {FIELD!r}")
        return await files[0].read(), shown_name(files[0].filename or "")
    finally:
        await form.close()


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The body in parts.

    Raises:
        Refused: it is larger than allowed: by what its header says, or as it comes.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        raise too_large(most)
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large(most)
        yield part


def too_large(most: int) -> Refused:
    """The request has more bytes than allowed."""
    return Refused(413, f"more than {most:,} bytes, which is the most that this server takes (--max-bytes)")


def shown_name(given: str) -> str:
    """What an image is called in its result: the last part of a client's name. It is shown, and never opened."""
    last = re.split(r"[/\\]", given.encode("utf-8", "replace").decode())[-1].strip()
    return last[-_LONGEST:] if last.strip(".") else "image"
