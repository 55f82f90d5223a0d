"""The interface for programs: the same bits as the command line, and a clear refusal of all else."""

from __future__ import annotations

import concurrent.futures
import json
from pathlib import Path
from typing import Any

import pytest
from making import veiqa
from serving import chelsea, decoded, encoded, form, served
from web import serving

from veiqa_core.service.worker import Worker

REQUESTS, CLIENTS = 200, 8


def run(path: Path, recipe: str) -> Any:
    """What ``veiqa run`` writes of a file."""
    options = ("--recipe", recipe, "--threads", 1, "--device", "cpu", "--no-store", "--format", "jsonl")
    done = veiqa("run", path, *options)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


def without_name(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "image"}


def test_a_client_has_nothing_fetched(fast: Worker) -> None:
    """Neither by the name that it gives, nor by what it sends."""
    with serving() as web, served(fast) as server:
        web.files["/a.png"] = chelsea()
        url = f"{web.url}/a.png"
        named = server.score(chelsea(), f"?maps=1&name={url}", Content_Type="image/png").json
        body, kind = form(chelsea(), url)
        sent = server.score(body, Content_Type=kind).json
        texts = [server.score(text.encode(), Content_Type="image/png") for text in (url, "memory://a.png", "zip://::x")]
    assert web.asked == {}
    assert named["score"] == sent["score"] is not None
    assert all(text.status == 422 for text in texts)


def test_scores_have_the_bits_of_the_command_line(fast: Worker, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(chelsea())
    expected = run(tmp_path / "photo.png", "fast")
    body, kind = form(chelsea())
    with served(fast) as server:
        raw = server.score(chelsea(), "?name=photo.png", Content_Type="image/png").json
        sent = server.score(body, Content_Type=kind).json
        mapped = server.score(chelsea(), "?maps=1&name=photo.png").json
    assert raw == sent == {**expected, "image": "photo.png"}
    maps = mapped.pop("maps")
    assert mapped == raw
    heat = decoded(maps["quality"]["map"])
    assert heat.shape == decoded(maps["image"]).shape == (300, 451, 3)
    assert maps["quality"]["most"] == 100
    assert "of 100 points are lost" in maps["quality"]["text"]
    for pair in maps["explanations"]:
        assert all(decoded(pair[name]).size for name in ("pri", "input_vei", "pri_vei", "difference"))
        assert pair["similarities"].items() <= raw["similarities"].items()


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "TIFF", "GIF"])
def test_formats(patient: Worker, kind: str) -> None:
    with served(patient) as server:
        reply = server.score(encoded(form=kind), Content_Type="application/octet-stream")
    assert (reply.status, reply.json["image"], reply.json["size"]) == (200, "image", [72, 64])
    assert reply.json["score"] is None
    assert reply.headers["content-type"] == "application/json"


def test_what_is_refused(patient: Worker) -> None:
    empty, kind = form(b"")
    with served(patient, most=20_000) as server:

        def refused(status: int, content: bytes, query: str = "", **headers: str) -> str:
            reply = server.score(content, query, **headers)
            assert reply.status == status
            return reply.error

        text = "x.png: not an image file that can be read"
        assert refused(422, b"text that is no picture", "?name=x.png") == text
        assert refused(422, encoded()[:-2000]) == "image: is truncated: its end is missing; fetch or copy it again"
        assert "more than the 268,435,456 that are allowed" in refused(422, bomb())
        assert "more than 20,000 bytes" in refused(413, bytes(20_001))
        assert "more than 20,000 bytes" in refused(413, b"".join(form(bytes(19_990))[:1]), Content_Type=kind)
        assert refused(400, b"").startswith("there is no image")
        assert refused(400, empty, Content_Type=kind).startswith("there is no image")
        assert refused(400, b"no form", Content_Type=kind).startswith("the form cannot be read")
        assert refused(400, b"", Content_Type="multipart/form-data").startswith("the form cannot be read")
        assert refused(400, encoded(), "?maps=yes") == "maps is 1 or 0"
        assert server.ask("GET", "/v1/score").status == 405
        assert server.ask("GET", "/etc/passwd").error == "not found"
        assert server.score(encoded()).status == 200
    assert server.reported == []


def bomb() -> bytes:
    """The header of a picture of 20000 by 20000 pixels."""
    whole = bytearray(encoded())
    whole[16:24] = (20_000).to_bytes(4) * 2
    import zlib

    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4)
    return bytes(whole)


def test_a_chunked_body_is_counted_as_it_comes(patient: Worker) -> None:
    with served(patient, most=20_000) as server:
        reply = server.ask("POST", "/v1/score", iter([bytes(9_000)] * 3))
        assert (reply.status, "more than 20,000 bytes" in reply.error) == (413, True)
        content = encoded()
        assert server.ask("POST", "/v1/score", iter([content[:100], content[100:]])).status == 200


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\photos\\a b.png", "a b.png"),
        ("..", "image"),
        ("", "image"),
        ("x" * 500 + ".png", "x" * 196 + ".png"),
        ("<script>.png", "<script>.png"),
        ("\N{CJK UNIFIED IDEOGRAPH-4F60}.png", "\N{CJK UNIFIED IDEOGRAPH-4F60}.png"),
        ("film.gif#3", "film.gif#3"),
    ],
)
def test_names_are_shown_and_never_opened(patient: Worker, given: str, shown: str) -> None:
    body, kind = form(encoded(), given.replace("\\", "\\\\"))
    with served(patient) as server:
        reply = server.score(body, Content_Type=kind)
        missing = server.score(form(b"text", given.replace("\\", "\\\\"))[0], Content_Type=kind)
    assert reply.json["image"] == shown
    assert missing.error == f"{shown}: not an image file that can be read"


def test_none_of_many_requests_is_lost(patient: Worker) -> None:
    images = [encoded(seed=seed) for seed in range(5)]
    with served(patient) as server, concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        alone = [server.score(image).body for image in images]
        replies = list(clients.map(lambda number: server.score(images[number % 5]), range(REQUESTS)))
        figures = server.figures()
    assert len(set(alone)) == 5
    assert [reply.status for reply in replies] == [200] * REQUESTS
    assert [reply.body for reply in replies] == [alone[number % 5] for number in range(REQUESTS)]
    assert figures['veiqa_requests_total{path="/v1/score",status="200"}'] == REQUESTS + 5
    assert figures["veiqa_image_seconds_count"] == figures['veiqa_image_seconds_bucket{le="+Inf"}'] == REQUESTS + 5
    assert figures["veiqa_queue_length"] == figures["veiqa_scoring"] == 0


def test_the_description_is_valid_and_holds(patient: Worker) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    schemas = pytest.importorskip("jsonschema")
    with served(patient) as server:
        described = server.ask("GET", "/openapi.json").json
        result, health = server.score(encoded(), "?maps=1"), server.ask("GET", "/health")
    validator.validate(described)

    def holds(value: Any, schema: dict[str, Any]) -> None:
        schemas.Draft202012Validator({**schema, "components": described["components"]}).validate(value)

    responses = described["paths"]["/v1/score"]["post"]["responses"]
    holds(result.json, responses["200"]["content"]["application/json"]["schema"])
    holds({"error": "x"}, responses["422"]["content"]["application/json"]["schema"])
    holds(
        health.json, described["paths"]["/health"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    )
    assert sorted(result.json) == sorted(described["components"]["schemas"]["Result"]["properties"])


def test_headers_and_hosts(patient: Worker) -> None:
    content = encoded()
    with served(patient, names=["iqa.example"]) as server:
        page, score = server.ask("GET", "/"), server.score(content)
        for host in ("localhost", "127.0.0.1:80", "[::1]:8000", "LOCALHOST:1", "iqa.example"):
            assert server.ask("GET", "/health", Host=host).status == 200
        for host in ("evil.example", "127.0.0.1.evil.example", "0.0.0.0", ""):
            assert server.ask("GET", "/", Host=host).status == 421
        own, other = f"http://127.0.0.1:{server.port}", "http://evil.example"
        assert server.score(content, Origin=own).status == 200
        for origin in (other, "null", "http://127.0.0.1:1"):
            assert server.score(content, Origin=origin).error == "pages from elsewhere may not use this server"
        figures = server.figures()
    for reply in (page, score):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
        assert not [name for name in reply.headers if name.startswith("access-control") or name == "server"]
    assert figures['veiqa_requests_total{path="/",status="421"}'] == 4


def test_a_server_for_others_answers_for_any_host(patient: Worker) -> None:
    with served(patient, host="0.0.0.0") as server:
        assert server.ask("GET", "/health", Host="iqa.example").status == 200
    with served(patient, host="0.0.0.0", names=["iqa.example"]) as server:
        assert server.ask("GET", "/health", Host="iqa.example").status == 200
        assert server.ask("GET", "/health", Host="evil.example").status == 421


def test_paths_of_others_are_counted_together(patient: Worker) -> None:
    with served(patient) as server:
        assert [server.ask("GET", f"/{number}").status for number in range(3)] == [404] * 3
        assert server.figures()['veiqa_requests_total{path="other",status="404"}'] == 3
