"""The page: what it holds, what it allows, and that nothing a client names becomes markup."""

from __future__ import annotations

import html.parser
import re
from typing import Any

from serving import chelsea, encoded, form, served

from veiqa_core.service.worker import Worker

HOSTILE = "<img src=x onerror=alert(1)>&.png"


class Elements(html.parser.HTMLParser):
    """The elements of a page with their attributes, and its texts."""

    def __init__(self, markup: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.text = ""
        self.feed(markup.decode())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_a_photo_is_shown_with_all_that_is_said_of_it(fast: Worker) -> None:
    body, kind = form(chelsea(), "chelsea.png")
    with served(fast) as server:
        reply = server.ask("POST", "/", body, Content_Type=kind)
        score = server.score(chelsea()).json["score"]
    page = Elements(reply.body)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"{score:.1f}" in page.text
    for text in ("chelsea.png", "90 % interval", "Likely distortion", "points are lost", "Seen in the image"):
        assert text in page.text
    (slider,) = [item for item in page.of("input") if item["type"] == "range"]
    assert slider["id"] in [label["for"] for label in page.of("label")]
    pictures = page.of("img")
    assert len(pictures) > 2
    assert all(picture["src"].startswith("data:image/") and picture["alt"] for picture in pictures)


def test_the_page_sends_a_form_and_loads_nothing(patient: Worker) -> None:
    with served(patient, most=12345) as server:
        reply = server.ask("GET", "/")
    page = Elements(reply.body)
    (sent,) = page.of("form")
    assert (sent["method"], sent["action"], sent["enctype"]) == ("post", "/", "multipart/form-data")
    assert sent["data-most"] == "12345"
    (file,) = page.of("input")
    assert (file["type"], file["name"], file["id"]) == ("file", "file", page.of("label")[0]["for"])
    assert "no mapper: it gives similarities and no score" in page.text
    assert not [
        item for _, item in page.found if re.match("(?i)(https?:)?//", item.get("src") or item.get("href") or "")
    ]
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'self'; img-src data:;")
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    assert len(page.of("script")) == policy.count("'sha256-")


def test_names_and_errors_are_texts(patient: Worker) -> None:
    plain = {"script", "img"}
    with served(patient) as server:
        before = Elements(server.ask("GET", "/").body)
        for content, status in ((encoded(), 200), (b"no picture", 422)):
            body, kind = form(content, HOSTILE)
            reply = server.ask("POST", "/", body, Content_Type=kind)
            page = Elements(reply.body)
            assert reply.status == status
            assert HOSTILE in page.text
            assert not [item for tag, item in page.found if tag in plain and "onerror" in item]
            assert len(page.of("script")) == len(before.of("script"))
    assert "Not scored. " in page.text
