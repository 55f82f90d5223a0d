"""The page of ``veiqa serve`` in a browser: photos are chosen or dropped, by keyboard too; small, dark, scriptless."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CONTRASTS, By, find, look, needs_chromium, started, webdriver

from veiqa_core.errors import UsageError
from veiqa_core.service import check_installed

try:
    check_installed()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)

from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait
from serving import LONG, Served, chelsea, served, setup

from veiqa_core.service.worker import Worker

pytestmark = needs_chromium

HOSTILE = "<img src=x onerror='window.hacked = 1'>.png"
MOST = 400_000

DROP = """
const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0)), dropped = new DataTransfer();
for (let count = 0; count < arguments[2]; count += 1) dropped.items.add(new File([bytes], arguments[1]));
for (const kind of ["dragover", "drop"]) {
  const event = new DragEvent(kind, {dataTransfer: dropped, bubbles: true, cancelable: true});
  document.body.dispatchEvent(event);
  if (!event.defaultPrevented) throw new Error("the browser would leave the page");
}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    worker = Worker(setup("fast"))
    try:
        with served(worker, most=MOST) as running:
            yield running
    finally:
        worker.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with started() as browser:
        browser.set_page_load_timeout(LONG)
        yield browser


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("photos") / "chelsea.png"
    file.write_bytes(chelsea())
    return file


@pytest.fixture
def show(chromium: Any, server: Served) -> Callable[..., Any]:
    """Opens the page in a window of a size and with media features, and gives the browser."""

    def opened(width: int = 1280, **features: str) -> Any:
        look(chromium, width, **features)
        chromium.get(f"http://127.0.0.1:{server.port}/")
        return chromium

    return opened


def sent(browser: Any, send: Callable[[], object]) -> None:
    """Wait until a form that is sent is answered."""
    before = find(browser, "html")
    send()
    WebDriverWait(browser, LONG).until(staleness_of(before))
    WebDriverWait(browser, LONG).until(lambda _: browser.execute_script("return document.readyState") == "complete")


def chosen(browser: Any, photo: Path) -> None:
    find(browser, "input[type=file]").send_keys(str(photo))
    sent(browser, find(browser, "form button").click)


def test_a_photo_is_chosen_by_keyboard_and_shown_with_its_map(show: Any, photo: Path, server: Served) -> None:
    browser = show()
    field, button = find(browser, "input[type=file]"), find(browser, "form button")
    assert (field.accessible_name, button.accessible_name) == (
        "A photo from this device; it can also be dropped here",
        "Score",
    )
    field.send_keys(str(photo))
    sent(browser, lambda: button.send_keys(webdriver.Keys.ENTER))
    score = server.score(photo.read_bytes()).json["score"]
    assert find(browser, ".score .big").text == f"{score:.1f}"
    assert find(browser, "article h3").text == "chelsea.png"
    slider, heat = find(browser, "input[type=range]"), find(browser, ".heat")
    slider.send_keys(webdriver.Keys.END)
    assert heat.value_of_css_property("opacity") == "1"
    assert find(browser, ".stack .input").rect == heat.rect
    assert browser.execute_script("return [...document.images].every((i) => !i.complete || i.naturalWidth > 0)")


def test_nothing_is_loaded_from_elsewhere(show: Any, photo: Path, server: Served) -> None:
    browser = show()
    chosen(browser, photo)
    assert [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]] == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    own = f"http://127.0.0.1:{server.port}/"
    assert own in asked
    assert all(address == own or address.startswith("data:image/") for address in asked)


def test_a_photo_is_dropped(show: Any) -> None:
    browser = show()
    content = base64.b64encode(chelsea()).decode()
    browser.execute_script(DROP, content, "two.png", 2)
    assert find(browser, "[role=status]").text == "Drop one file."
    sent(browser, lambda: browser.execute_script(DROP, content, HOSTILE, 1))
    assert find(browser, "article h3").text == HOSTILE
    assert browser.execute_script("return window.hacked") is None


def test_what_is_refused_says_why(show: Any, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    browser = show()
    chosen(browser, tmp_path / "text.png")
    assert find(browser, "[role=alert]").text == "Not scored. text.png: not an image file that can be read"


def test_a_file_that_is_too_large_is_not_sent(show: Any, tmp_path: Path, server: Served) -> None:
    (tmp_path / "large.png").write_bytes(bytes(MOST + 1))
    browser = show()
    find(browser, "input[type=file]").send_keys(str(tmp_path / "large.png"))
    before = server.figures().get('veiqa_requests_total{path="/",status="413"}')
    find(browser, "form button").click()
    assert find(browser, "[role=status]").text.startswith("This file has more than 400,000 bytes")
    assert server.figures().get('veiqa_requests_total{path="/",status="413"}') == before


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_never_scrolls_sideways(show: Any, photo: Path, width: int) -> None:
    browser = show(width)
    chosen(browser, photo)
    for folded in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", folded)
    wide, window = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(show: Any, photo: Path, scheme: str) -> None:
    browser = show(prefers_color_scheme=scheme)
    chosen(browser, photo)
    seen, poor = browser.execute_script(CONTRASTS)
    assert seen > 50
    assert poor == []


def test_without_scripts_a_photo_is_scored(server: Served, photo: Path) -> None:
    with started() as browser:
        browser.set_page_load_timeout(LONG)
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.get(f"http://127.0.0.1:{server.port}/")
        find(browser, "input[type=file]").send_keys(str(photo))
        find(browser, "form button").click()
        WebDriverWait(browser, LONG).until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".heat"))
        image, heat = find(browser, ".stack .input"), find(browser, ".stack .heat")
        assert image.rect["x"] + image.rect["width"] <= heat.rect["x"], "side by side"
