"""What a monitoring system reads: requests, seconds and the queue in the text format of Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ENDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds: the upper ends of the histogram's parts."""


class Metrics:
    """Counts requests. Every path that is counted is one of the server's own, so that their number is bounded."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._parts = [0] * (len(_ENDS) + 1)
        self._seconds = 0.0

    def add(self, path: str, status: int) -> None:
        """Count a request."""
        self._requests[path, status] += 1

    def add_image(self, seconds: float) -> None:
        """Count an image that was scored or refused, from its request to the answer."""
        self._parts[bisect_left(_ENDS, seconds)] += 1
        self._seconds += seconds

    def text(self, waiting: int, scoring: int) -> str:
        """All figures.

        Args:
            waiting, scoring: requests that wait, and that are scored, now.
        """
        requests = (
            (f'{{path="{path}",status="{status}"}}', count) for (path, status), count in sorted(self._requests.items())
        )
        return "".join(
            (
                *_family("veiqa_requests_total", "counter", "Requests by path and status.", requests),
                *_family(
                    "veiqa_image_seconds", "histogram", "Seconds from a request to its answer.", self._histogram()
                ),
                *_family("veiqa_queue_length", "gauge", "Requests that wait.", [("", waiting)]),
                *_family("veiqa_scoring", "gauge", "Images that are scored now.", [("", scoring)]),
            )
        )

    def _histogram(self) -> Iterator[tuple[str, float]]:
        counts = list(accumulate(self._parts))
        for end, count in zip((*_ENDS, "+Inf"), counts, strict=True):
            yield f'_bucket{{le="{end}"}}', count
        yield "_sum", self._seconds
        yield "_count", counts[-1]


def _family(name: str, kind: str, text: str, values: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
    yield from (f"{name}{rest} {value}\n" for rest, value in values)
