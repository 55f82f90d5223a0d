"""While an image is scored, when too many wait, when one takes too long, and when scoring goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from serving import encoded, served

from veiqa_core.service.worker import Worker

WAITS, FAILS, DIES = 77, 78, 79  # widths of images, as tests/shared/installed/patient.py has them


@pytest.fixture
def closed(gate: Path) -> Iterator[Path]:
    """The gate, which is closed."""
    gate.unlink(missing_ok=True)
    yield gate
    gate.touch()


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    """Who sends requests beside the test."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_the_server_answers_while_an_image_is_scored(
    patient: Worker, closed: Path, clients: ThreadPoolExecutor
) -> None:
    with served(patient) as server:
        first = clients.submit(server.score, encoded(WAITS))
        server.wait_for("veiqa_scoring", 1)
        second = clients.submit(server.score, encoded())
        server.wait_for("veiqa_queue_length", 1)
        health = server.ask("GET", "/health").json
        assert (health["status"], health["calibrated"], health["threads"]) == ("ok", False, 1)
        assert server.ask("GET", "/").status == 200
        assert not first.done()
        closed.touch()
        assert [first.result().status, second.result().status] == [200, 200]
        assert server.figures()["veiqa_scoring"] == 0


def test_what_finds_no_place_is_sent_away(patient: Worker, closed: Path, clients: ThreadPoolExecutor) -> None:
    with served(patient, waiting=1) as server:
        first = clients.submit(server.score, encoded(WAITS))
        server.wait_for("veiqa_scoring", 1)
        second = clients.submit(server.score, encoded())
        server.wait_for("veiqa_queue_length", 1)
        third = server.score(encoded())
        assert (third.status, third.error) == (503, "too many requests wait; try again later")
        assert int(third.headers["retry-after"]) >= 1
        closed.touch()
        assert [first.result().status, second.result().status] == [200, 200]
        assert server.score(encoded()).status == 200


def test_what_takes_too_long_is_given_up(patient: Worker, closed: Path) -> None:
    with served(patient, seconds=0.5) as server:
        reply = server.score(encoded(WAITS))
    assert (reply.status, reply.error.startswith("not done within 0.5 seconds")) == (504, True)
    with served(patient) as server:  # by the process that took the place of the one that hangs
        assert server.score(encoded()).status == 200


def test_an_image_that_does_not_arrive_is_given_up(patient: Worker) -> None:
    import http.client

    with served(patient, seconds=0.2) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.putrequest("POST", "/v1/score")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"the beginning")
        response = connection.getresponse()
        assert response.status == 408
        assert b"did not arrive within 0.2 seconds" in response.read()
        connection.close()
        assert server.figures()["veiqa_queue_length"] == 0


def test_a_client_that_goes_leaves_no_trace(patient: Worker) -> None:
    import socket

    with served(patient) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(
                b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nthe beginning"
            )
            server.wait_for("veiqa_queue_length", 1)
        server.wait_for("veiqa_queue_length", 0)
        assert server.score(encoded()).status == 200
        assert server.reported == []


def test_a_component_that_fails_is_named(patient: Worker) -> None:
    with served(patient) as server:
        reply = server.score(encoded(FAILS), "?name=a.png")
    assert (reply.status, "no patience" in reply.error, "Traceback" in reply.error) == (500, True, False)
    assert server.reported == [reply.error]


def test_a_process_that_ends_is_replaced(patient: Worker) -> None:
    with served(patient) as server:
        before = server.score(encoded()).body
        reply = server.score(encoded(DIES), "?name=a.png")
        assert (reply.status, reply.error) == (500, "scoring failed unexpectedly; the server's own messages say more")
        assert server.score(encoded()).body == before
    assert len(server.reported) == 1
    assert server.reported[0].startswith("a.png: the process that scores ended: status 3")
