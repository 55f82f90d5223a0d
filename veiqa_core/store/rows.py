"""A row of a store: a value, its remarks, and a checksum that ties them to their image and branch."""

from __future__ import annotations

import json
import struct
import zlib

import attrs

Row = tuple[int, float, str | None, int]  # branch, value, flags, checksum

_BYTES = struct.Struct("<d").pack


@attrs.frozen
class Value:
    """A similarity and the remarks on its VEIs."""

    similarity: float
    flags: tuple[str, ...] = ()


def start(image: str) -> int:
    """The checksum of an image's digest, from which those of its rows go on."""
    return zlib.crc32(f"{image}\0".encode())


def row(begun: int, branch: str, number: int, value: Value) -> Row:
    """A value as it is kept under a branch's number."""
    flags = json.dumps(value.flags) if value.flags else None
    similarity = float(value.similarity)
    return number, similarity, flags, _checksum(begun, branch, similarity, flags)


def value(begun: int, branch: str, similarity: object, flags: object, checksum: object) -> Value | None:
    """A kept value, or None where it is not what was written."""
    if type(similarity) is not float or not (flags is None or isinstance(flags, str)):
        return None
    if _checksum(begun, branch, similarity, flags) != checksum:
        return None
    return Value(similarity, tuple(json.loads(flags)) if flags else ())


def _checksum(begun: int, branch: str, similarity: float, flags: str | None) -> int:
    data = f"{branch}\0".encode() + _BYTES(similarity)
    return zlib.crc32(data + flags.encode() if flags else data, begun) - 2**31  # signed numbers take a byte or two less
