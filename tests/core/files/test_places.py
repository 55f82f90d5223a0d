"""What is at URLs: which places are reached, how often it is tried, what is shown of a URL, what a list may name."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from web import Web, serving

from veiqa_core.files import places, urls
from veiqa_core.files.paths import display_name, file_name
from veiqa_core.files.remote import RemoteFile
from veiqa_core.files.urls import NotThereError, PlaceError, is_url


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(places, "WAIT", 0.0)
    with serving() as web:
        yield web


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_a_text_with_a_scheme_is_a_url_and_a_path_never_is() -> None:
    assert all(map(is_url, ("s3://b/x", "https://h/x", "zip://::x.zip", "file:///x", "simplecache::s3://b/x")))
    assert not any(map(is_url, ("x.png", "a:b", "C://x", "a::b.png", "/s3://x", "", Path("s3://b/x"), b"s3://b/x")))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@host/a.png?key=secret&x=1", "https://host/a.png"),
        ("https://secret@host/a.png", "https://host/a.png"),
        ("https://host/film.gif?key=secret#3", "https://host/film.gif#3"),
        ("https://host/film.gif#secret", "https://host/film.gif"),
        ("https://host?key=secret", "https://host"),
        ("https://[::1]:8000/a.png", "https://[::1]:8000/a.png"),
        ("zip://a/b.png::https://me:secret@host/p.zip?key=secret", "zip://a/b.png::https://host/p.zip"),
        ("zip://a.png::zip://b.zip::https://me:secret@host/p.zip", "zip://a.png::zip://b.zip::https://host/p.zip"),
        ("simplecache::https://me:secret@host/x?secret", "simplecache::https://host/x"),
        ("ftp://me:secret@host/x", "ftp://host/x"),
        ("s3://id:secret@bucket/x?y#z.png", "s3://bucket/x?y#z.png"),
        ("abfs://container@account.dfs.core.windows.net/x", "abfs://container@account.dfs.core.windows.net/x"),
        ("memory://a/b.png", "memory://a/b.png"),
        ("zip://https://me:secret@host/x.zip", "zip://https://host/x.zip"),
        ("https://me:se/cret@host/x", "https://host/x"),
        ("https://me:se?cret@host/x?key=secret", "https://host/x"),
        ("s3://id:se/cret@bucket/x.png", "s3://bucket/x.png"),
        ("az://container/b.png?sig=secret", "az://container/b.png"),
        ("photo@home.png?x", "photo@home.png?x"),
        ("https://host/a:b@c.png", "https://host/a:b@c.png"),
        ("https://host:8080/a@b.png", "https://host:8080/a@b.png"),
        ("https://[::1]/a@b.png", "https://[::1]/a@b.png"),
        ("https://me:se@cret@host/a:b@c.png?key=secret", "https://host/a:b@c.png"),
        ("s3://bucket/2026-01-01T10:00@home.png", "s3://bucket/2026-01-01T10:00@home.png"),
        ("zip://a:b@c.png::https://host/p:q@r.zip", "zip://a:b@c.png::https://host/p:q@r.zip"),
    ],
)
def test_what_may_be_a_key_is_not_shown(url: str, shown: str) -> None:
    assert urls.public(url) == display_name(url) == shown
    assert urls.public(shown) == shown


@pytest.mark.parametrize(
    ("url", "name", "folder"),
    [
        ("https://host/a/b.png?x", "b.png", "https://host/a"),
        ("s3://bucket/b.png", "b.png", "s3://bucket"),
        ("zip://a/b.png::c/p.zip", "b.png", "zip://a::c/p.zip"),
        ("zip://b.png::p.zip", "b.png", "zip://::p.zip"),
    ],
)
def test_a_url_has_a_name_and_a_folder(url: str, name: str, folder: str) -> None:
    assert urls.split(url) == (name, folder)
    assert file_name(url) == name
    assert urls.joined(folder, [name]) == urls.public(url)


@pytest.mark.parametrize(
    ("url", "folder", "lies"),
    [
        ("memory://a/b", "memory:///a/", True),
        ("memory://ab", "memory://a", False),
        ("s3a://bucket/a", "S3://bucket", True),
        ("s3://bucket/a", "gs://bucket/a", False),
        ("zip://a/b::p.zip", "zip://a::p.zip", True),
        ("zip://a::p.zip", "zip://::q.zip", False),
    ],
)
def test_where_a_url_lies(url: str, folder: str, lies: bool) -> None:
    assert urls.lies_in(url, folder) is lies


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "sftp://h/x", "github://x", "reference://x", "simplecache::https://127.0.0.1:9/x",
            "filecache::file:///etc/passwd", "dask://x", "local:///etc/passwd", "zip://a.png", "zip://a::zip://b::c.zip",
            "zip://a.png::file:///etc/x.zip", "zip://a.png::sftp://h/x.zip"]
)  # fmt: skip
def test_other_schemes_and_chains_are_refused(url: str) -> None:
    with pytest.raises(PlaceError, match="none of the places that are known|names no archive"):
        places.content(url)


def test_failures_that_pass_are_tried_again_and_others_are_not(web: Web) -> None:
    web.files |= {"/a": b"content", "/b": b"content", "/c": b"content"}
    web.failures |= {"/a": [503, 0], "/b": [500] * 9, "/c": [403]}
    assert places.content(f"{web.url}/a") == b"content"
    for path, reason in (("/b", "the server answers 500 Internal Server Error"), ("/c", "the server answers 403 Forb")):
        with pytest.raises(PlaceError, match=reason):
            places.content(web.url + path)
    with pytest.raises(NotThereError, match="no such file"):
        places.content(f"{web.url}/d")
    assert web.asked == {"/a": 3, "/b": places.TRIES, "/c": 1, "/d": 1}


def test_an_answer_that_is_cut_off_is_no_file(web: Web) -> None:
    web.files["/a"] = b"content"
    web.failures["/a"] = [0] * 9
    with pytest.raises(PlaceError, match="its answer was cut off"):
        places.content(f"{web.url}/a")


def test_a_server_that_stalls_is_left(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "SILENCE", 0.2)
    web.files["/a"] = b"content"
    web.failures["/a"] = [0] * 9
    web.stalled.add("/a")
    with pytest.raises(PlaceError, match="no answer in time"):
        places.content(f"{web.url}/a")
    assert web.asked["/a"] == places.TRIES


def test_a_server_that_is_not_there_is_one_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(places, "WAIT", 0.0)
    with serving() as gone:
        pass
    with pytest.raises(PlaceError, match=r"^cannot be reached$"):
        places.content(f"{gone.url}/a?key=secret")


def test_user_and_query_reach_the_server_and_no_message(web: Web) -> None:
    web.files["/a"] = b"content"
    web.failures["/a"] = [200, 401]
    url = f"http://me:secret@{web.url.removeprefix('http://')}/a?key=secret"
    assert places.content(url) == b"content"
    assert web.asked == {"/a?key=secret": 1}
    assert web.users[0] is not None
    with pytest.raises(PlaceError) as refused:
        places.content(url)
    assert str(refused.value) == "the server answers 401 Unauthorized"


def test_no_more_is_read_than_is_allowed(web: Web) -> None:
    web.files["/a"] = bytes(5000)
    assert len(places.content(f"{web.url}/a", 5000)) == 5000
    with pytest.raises(PlaceError, match="has more than the 4,999 bytes that are read"):
        places.content(f"{web.url}/a", 4999)


@pytest.mark.parametrize(
    ("package", "url", "install"),
    [
        ("s3fs", "s3://bucket/a.png", "pip install s3fs"),
        ("gcsfs", "gs://bucket/a.png", "pip install gcsfs"),
        ("adlfs", "az://container/a.png", "pip install adlfs"),
        ("aiohttp", "https://127.0.0.1:9/a.png", r"pip install 'veiqa\[places\]'"),
    ],
)
def test_a_missing_package_is_named(package: str, url: str, install: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules["fsspec.registry"].__dict__["_registry"], url.partition(":")[0], raising=False)
    with pytest.raises(PlaceError, match=f"needs {package}: {install}"):
        places.content(url)


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def test_archives_are_read_in_place_and_again_when_they_change(
    tmp_path: Path, memory: fsspec.AbstractFileSystem
) -> None:
    path = zipped(tmp_path / "p.zip", a=b"1", b__c=b"2", b__d__e=b"3")
    where = f"::{path}"
    assert places.content(f"zip://b/d/e{where}") == b"3"
    assert sorted(places.listing(f"zip://{where}")) == [("a", False), ("b", True)]
    assert sorted(places.listing(f"zip://b/{where}")) == [("c", False), ("d", True)]
    assert places.is_folder(f"zip://b{where}")
    assert not places.is_folder(f"zip://a{where}")
    zipped(path, a=b"other")
    assert places.content(f"zip://a{where}") == b"other"
    memory.pipe_file("/p.zip", path.read_bytes())
    assert places.content("zip://a::memory://p.zip") == b"other"
    with pytest.raises(NotThereError, match="no such file"):
        places.content(f"zip://absent{where}")
    with pytest.raises(NotThereError, match="there is no such archive"):
        places.content("zip://a::absent.zip")
    with pytest.raises(PlaceError, match="its archive is a folder"):
        places.content(f"zip://a::{tmp_path}")
    path.write_bytes(b"no archive")
    with pytest.raises(PlaceError, match="its archive is no zip file, or is damaged"):
        places.content(f"zip://a{where}")


def test_what_swells_when_unpacked_is_bounded(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", a=bytes(10_000_000))
    assert path.stat().st_size < 20_000
    with pytest.raises(PlaceError, match="has more than the 1,000,000 bytes"):
        places.content(f"zip://a::{path}", 1_000_000)


@pytest.mark.parametrize(
    ("entry", "where", "allowed"),
    [
        ("https://other/a.png", "https://host/list", True),
        ("https://other/a.png", "s3://bucket/list", True),
        ("s3://other/a.png", "s3://bucket/list", True),
        ("zip://a.png::https://other/p.zip", "https://host/list", True),
        ("zip://a.png::p.zip", "zip://list::p.zip", True),
        ("/etc/passwd", "https://host/list", False),
        ("a.png", "https://host/list", False),
        ("a.png", "zip://list::p.zip", False),
        ("s3://private/a.png", "https://host/list", False),
        ("memory://a.png", "https://host/list", False),
        ("file:///etc/passwd", "https://host/list", False),
        ("simplecache::https://other/a.png", "https://host/list", False),
        ("zip://a.png::/etc/other.zip", "https://host/list", False),
        ("zip://a.png::other.zip", "zip://list::p.zip", False),
        ("zip://a.png::s3://private/p.zip", "https://host/list", False),
    ],
)
def test_a_list_at_a_url_names_no_file_of_this_machine_and_no_other_store(
    entry: str, where: str, allowed: bool
) -> None:
    if allowed:
        urls.check_listed(entry, where)
        return
    with pytest.raises(PlaceError):
        urls.check_listed(entry, where)


def test_only_stores_are_written_to(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"content")
    places.send(path, "memory://out/x")
    assert memory.cat_file("/out/x") == b"content"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(memory), "put_file", lambda *args, **named: (_ for _ in ()).throw(FileNotFoundError()))
        with pytest.raises(PlaceError, match="there is no such bucket"):
            places.send(path, "memory://out/x")
    for url in ("https://127.0.0.1:9/x", "zip://x::p.zip"):
        with pytest.raises(PlaceError, match="is only read"):
            places.send(path, url)


def test_a_copy_goes_when_it_is_sent_and_stays_when_it_cannot_be(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RemoteFile("memory://out/x.csv")
    file.fetch()
    assert not file.path.exists()
    file.path.write_bytes(b"rows")
    file.finish()
    again = RemoteFile("memory:///out/x.csv")
    again.fetch()
    assert again.path.read_bytes() == b"rows"
    assert again.is_at(file.url)
    sent, lost = file.path, again.path
    monkeypatch.setattr(type(memory), "put_file", lambda *args, **named: (_ for _ in ()).throw(PermissionError()))
    with pytest.raises(Exception, match=rf"x.csv: cannot be written: access is denied.*{lost}, which stays"):
        again.finish()
    del file, again
    assert not sent.exists()
    assert lost.read_bytes() == b"rows"


def test_the_head_of_a_file_is_had_without_the_rest(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/a.png", b"0123456789")
    assert places.head("memory://a.png", 4) == b"0123"
    assert places.head("memory://absent.png", 4) == b""
    stream = io.BytesIO()
    places.fetch("memory://a.png#2", stream, 10)
    assert stream.getvalue() == b"0123456789", "a frame is one of the file"
