"""What ``run``, ``compare`` and ``audit`` fetch ahead: it changes no row, and each file is asked for once."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from at_urls import NAMES, compared, rows, run
from making import photo, save, veiqa
from web import Web

import veiqa_core
from veiqa_core import Scorer

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_fetched_ahead_changes_no_row(
    workers: int, web: Web, memory: fsspec.AbstractFileSystem, folder: Path
) -> None:
    web.failures |= {"/a/2.png": [503], "/c.png": [403]}
    web.files["/d.png"] = b"no image"
    names = [f"{web.url}/{name}?key=secret" for name in (*NAMES, "c.png", "d.png", "absent.png")]
    mixed = [
        "photos/b.png",
        *names[:4],
        "memory://photos/a/1.png",
        *names[4:],
        "photos/a/2.png",
        "memory://photos/b.png",
    ]
    Path("list.txt").write_text("\n".join(mixed))
    found = run("--list", "list.txt", "--no-store", "--workers", workers, status=1)
    assert web.asked[f"/{NAMES[1]}?key=secret"] == 2
    assert {count for path, count in web.asked.items() if NAMES[1] not in path} == {1}
    web.failures["/c.png"] = [403]
    single = [
        run(name, "--no-store", status=status) for name, status in zip(mixed, [0] * 4 + [1, 0, 1, 1, 0, 0], strict=True)
    ]
    assert found == [row for (row,) in single]
    assert "secret" not in json.dumps(found)
    results = list(Scorer("fast", device="cpu").score_many(mixed[1:3]))
    assert [(type(result.url), result.url) for result in results] == [(str, name) for name in mixed[1:3]]


def test_nothing_is_asked_for_ahead_of_a_pipe(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def piped(self: object, name: str) -> Iterator[str]:
        for number, one in enumerate(NAMES):
            seen.append(len(written))
            assert len(written) == number
            yield f"{web.url}/{one}"

    written: list[object] = []
    score_many = Scorer.score_many

    def watched(self: Scorer, *args: Any, **named: Any) -> Iterator[Any]:
        for result in score_many(self, *args, **named):
            yield result
            written.append(result)

    monkeypatch.setattr("veiqa_core.inputs.Inputs._list", piped)
    monkeypatch.setattr(Scorer, "score_many", watched)
    assert len(run("-", "--no-store")) == 3
    assert seen == [0, 1, 2]


def asked_for_by_the_first(web: Web, monkeypatch: pytest.MonkeyPatch, where: str, count: int) -> list[int]:
    """Fills a list with how often a function was called and, of the first time, how many files were asked for then.

    Args:
        where: the function, which waits a while for so many files.
    """
    module, _, name = where.rpartition(".")
    work, seen = getattr(importlib.import_module(module), name), list[int]()

    def slow(*given: Any) -> Any:
        deadline = time.monotonic() + (0 if seen else 20)
        while len(web.asked) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(len(web.asked))
        return work(*given)

    monkeypatch.setattr(where, slow)
    return seen


@pytest.mark.parametrize("originals_here", [True, False])
def test_what_compare_fetches_ahead_changes_no_row(
    originals_here: bool, web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = {}
    for number, name in enumerate(NAMES):
        save(photo(64, 72 + 8 * number, number) // 2, Path("worse.png"))
        worse[name] = web.files[f"/c/{name}"] = Path("worse.png").read_bytes()
    web.failures |= {"/c/a/2.png": [503], "/refused.png": [403]}
    web.files["/refused.png"] = worse["b.png"]
    begin = "photos" if originals_here else web.url
    listed = [(f"{begin}/{name}", f"{web.url}/c/{name}?key=secret") for name in NAMES]
    listed += [(f"{begin}/b.png", f"{web.url}/{name}?key=secret") for name in ("refused.png", "absent.png")]
    listed += [(f"{web.url}/absent.png", f"{web.url}/c/b.png?again"), ("photos/b.png", "photos/b.png")]
    Path("pairs.csv").write_text("".join(f"{one},{other}\n" for one, other in [("original", "copy"), *listed]))
    seen = asked_for_by_the_first(web, monkeypatch, "veiqa_core.full_reference.comparison.measured", 5)
    found = compared("--pairs", "pairs.csv", status=1)
    assert len(seen) == 4
    assert seen[0] >= 5, "while the first pair is compared, others are fetched"
    assert web.asked["/c/a/2.png?key=secret"] == 2
    assert {count for path, count in web.asked.items() if path not in ("/c/a/2.png?key=secret", "/b.png")} == {1}
    if not originals_here:
        web.failures["/refused.png"] = [403]
        assert compared("--pairs", "pairs.csv", "--workers", 2, status=1) == found
    web.failures["/refused.png"] = [403]
    alone = []
    for (one, other), status in zip(listed, [0, 0, 0, 1, 1, 1, 0], strict=True):
        alone += compared(one, other, status=status)
    assert found == alone
    assert "secret" not in json.dumps(found)


def test_what_audit_fetches_ahead_is_fetched_once(web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.failures |= {"/a/2.png": [503], "/refused.png": [403]}
    web.files |= {"/refused.png": b"", "/torn.png": b"no image"}
    urls = [f"{web.url}/{name}?key=secret" for name in (*NAMES, "refused.png", "torn.png", "absent.png")]
    wanted = ("audit", *urls, "photos/b.png", "--format", "jsonl")
    seen = asked_for_by_the_first(web, monkeypatch, "veiqa_core.auditing.look.levels", 6)
    done = veiqa(*wanted)
    assert done.exit_code == 0, done.output
    assert len(seen) == 4
    assert seen[0] == 6, "while the first image is looked at, others are fetched"
    assert web.asked.pop("/a/2.png?key=secret") == 2
    assert set(web.asked.values()) == {1}
    found = rows(done.stdout)
    local = rows(veiqa("audit", *(f"photos/{name}" for name in NAMES), "--format", "jsonl").stdout)
    own = ("width", "height", "format", "digest", "looks", "dark", "entropy", "suffix_fits", "error")
    assert [[row[key] for key in own] for row in found[:3]] == [[row[key] for key in own] for row in local]
    assert [row["error"] for row in found[3:]] == [
        f"{web.url}/refused.png: the server answers 403 Forbidden",
        f"{web.url}/torn.png: not an image file that can be read",
        f"{web.url}/absent.png: no such file",
        None,
    ]
    web.failures["/refused.png"] = [403]
    several = veiqa(*wanted, "--workers", 2)
    assert rows(several.stdout) == found
    assert web.asked[f"/{NAMES[0]}?key=secret"] == 2, "here, too, once"
    assert [type(image.url) for image in veiqa_core.audit(urls[:1]).images] == [str]
