"""The report in a browser: sorting, filtering, the slider; by keyboard, small, dark, and without scripts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from browsing import CONTRASTS, By, find, look, needs_chromium, started, webdriver

Keys = webdriver.Keys

pytestmark = needs_chromium

HOSTILE = "x/<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>.png"
ROWS = 250


class Explainer:
    """A scorer whose heat maps are made up."""

    def __init__(self, scorer: Any, make: Callable[..., Any]) -> None:
        self.recipe, self.meter, self.keys, self.maps = scorer.recipe, scorer.meter, scorer.keys, scorer.maps
        self.similarity_keys, self.method_keys = scorer.similarity_keys, scorer.method_keys
        self.make = make

    def score(self, path: Path, *, name: str, heatmaps: bool) -> Any:
        return self.make(name, 1.0, heat=True)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, fast_scorer: Any, made_result: Callable[..., Any]) -> Path:
    """A folder with ``one.html`` and ``many.html``, which has a hostile name and a failure."""
    from veiqa_core.report import ReportWriter

    folder = tmp_path_factory.mktemp("pages")
    with ReportWriter(folder / "one.html", fast_scorer) as report:
        report.add(made_result("photos/cat.png", 47.3, heat=True, flags=("a remark",)))
    explainer: Any = Explainer(fast_scorer, made_result)
    photo = made_result("", 1.0, heat=True).heatmaps
    with ReportWriter(folder / "many.html", explainer, details=3) as report:
        for number in range(1, ROWS - 1):
            kind = {"GB": 0.8, "none": 0.2} if number % 5 == 0 else {"JPEG": 0.9, "none": 0.1}
            made = made_result(f"photos/{number:03d}.png", number * 7 % 251 / 2.6, distortion=kind)
            report.add(attrs.evolve(made, heatmaps=photo) if number < 3 else made)
        report.add(made_result(HOSTILE, 0.0))
        report.add(made_result("torn.png", None, error="torn.png: not an image file that can be read"))
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with started() as browser:
        yield browser


@pytest.fixture(params=["one", "many"])
def each(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def show(chromium: Any, pages: Path) -> Callable[..., Any]:
    """Opens a page in a window of a size and with media features, and gives the browser."""

    def opened(name: str, *, width: int = 1280, media: str = "screen", **features: str) -> Any:
        look(chromium, width, media, **features)
        chromium.get((pages / f"{name}.html").as_uri())
        return chromium

    return opened


def column(browser: Any, place: int) -> list[str]:
    rows = "[...document.querySelector('.gallery').tBodies[0].rows]"
    texts: list[str] = browser.execute_script(f"return {rows}.map((r) => r.cells[arguments[0]].textContent)", place)
    return texts


def test_nothing_is_loaded_and_nothing_goes_wrong(show: Any, each: str) -> None:
    browser = show(each)
    find(browser, "summary").click()
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert asked[0].startswith("file:")
    assert all(address.startswith("data:image/") for address in asked[1:])
    assert len(asked) > 1
    assert browser.execute_script("return window.hacked") is None
    assert browser.execute_script("return [...document.images].every((i) => !i.complete || i.naturalWidth > 0)")


def test_a_foreign_script_does_not_run(show: Any) -> None:
    browser = show("one")
    browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s)"
    )
    assert browser.execute_script("return window.hacked") is None


def test_rows_are_sorted_by_keyboard(show: Any) -> None:
    browser = show("many")
    assert column(browser, 1)[:3] == ["0.0", "0.4", "0.8"]
    head = find(browser, ".gallery th:nth-child(2)")
    assert head.get_attribute("aria-sort") == "ascending"
    find(head, "button").send_keys(Keys.ENTER)
    assert head.get_attribute("aria-sort") == "descending"
    assert column(browser, 1)[:2] == ["96.2", "95.8"]
    find(browser, ".gallery th:nth-child(1) button").send_keys(Keys.SPACE)
    assert head.get_attribute("aria-sort") is None
    assert find(browser, ".gallery th:nth-child(1)").get_attribute("aria-sort") == "ascending"
    assert column(browser, 0)[0] == "001.pngphotos"
    find(browser, ".pager button:last-child").click()
    find(head, "button").click()
    assert column(browser, 1)[0] == "96.2", "another order begins at its first row"
    find(browser, ".pager button:last-child").click()
    assert column(browser, 1)[-1] == "–", "what has no score comes last"


def test_rows_come_a_hundred_at_a_time(show: Any) -> None:
    browser = show("many")
    place = find(browser, ".pager output")
    first, previous, following, last = browser.find_elements(By.CSS_SELECTOR, ".pager button")
    assert (place.text, len(column(browser, 0))) == ("1 to 100 of 250", 100)
    assert first.get_attribute("aria-disabled") == previous.get_attribute("aria-disabled") == "true"
    previous.click()
    assert place.text == "1 to 100 of 250"
    following.send_keys(Keys.ENTER)
    assert place.text == "101 to 200 of 250"
    last.click()
    assert (place.text, len(column(browser, 0))) == ("201 to 250 of 250", 50)
    assert last.get_attribute("aria-disabled") == "true"


def test_rows_are_filtered(show: Any) -> None:
    browser = show("many")
    field = find(browser, ".filter input")
    assert field.accessible_name.startswith("Only rows with")
    field.send_keys("GB 80")
    assert find(browser, ".filter output").text == "49 of 250"
    assert set(column(browser, 3)) == {"GB 80 %"}
    field.send_keys(" nothing-like-it")
    assert column(browser, 0) == []
    assert find(browser, ".pager output").text == "no rows"
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("torn")
    assert "not an image file" in find(browser, ".gallery tbody").text


def test_the_slider_lays_the_map_over_the_image(show: Any) -> None:
    browser = show("one")
    slider, heat = find(browser, "input[type=range]"), find(browser, ".heat")
    assert slider.accessible_name == "Map over the image"
    assert heat.value_of_css_property("opacity") == "0.5"
    slider.send_keys(Keys.END)
    assert heat.value_of_css_property("opacity") == "1"
    slider.send_keys(Keys.ARROW_LEFT)
    assert heat.value_of_css_property("opacity") == "0.95"
    assert slider.get_attribute("aria-valuetext") == find(browser, ".slide output").text == "95 %"
    slider.send_keys(Keys.HOME)
    assert heat.value_of_css_property("opacity") == "0"
    image = find(browser, ".stack .input")
    assert image.rect == heat.rect, "the map lies exactly over the image"


def test_a_linked_name_leads_to_the_details(show: Any) -> None:
    browser = show("many")
    link = browser.find_elements(By.CSS_SELECTOR, ".gallery a")[2]
    article = find(browser, link.get_attribute("href").partition("#")[2].join(["#", ""]))
    assert not article.is_displayed()
    link.send_keys(Keys.ENTER)
    assert article.is_displayed()
    assert -5 < browser.execute_script("return arguments[0].getBoundingClientRect().top", article) < 800


def test_the_keyboard_can_skip_to_the_results(show: Any, each: str) -> None:
    browser = show(each)
    find(browser, "body").send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert (first.text, first.get_attribute("href").endswith("#main")) == ("To the results", True)
    assert first.rect["x"] >= 0
    assert first.value_of_css_property("outline-style") == "solid"
    find(browser, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.value_of_css_property("outline-width") == "3px"


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_the_page_never_scrolls_sideways(show: Any, each: str, width: int) -> None:
    browser = show(each, width=width)
    for folded in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", folded)
    wide, window = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(show: Any, each: str, scheme: str) -> None:
    browser = show(each, prefers_color_scheme=scheme)
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(252, 252, 250)", "dark": "rgb(20, 24, 28)"}[scheme]
    seen, poor = browser.execute_script(CONTRASTS)
    assert seen > 50
    assert poor == []


def test_everything_has_a_name_and_a_place(show: Any, each: str) -> None:
    browser = show(each)
    for folded in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", folded)
    for control in browser.find_elements(By.CSS_SELECTOR, "a, button, input, summary")[:60]:
        assert control.accessible_name.strip(), control.get_attribute("outerHTML")
    assert browser.find_elements(By.CSS_SELECTOR, "img:not([alt])") == []
    for picture in browser.find_elements(By.CSS_SELECTOR, "article img"):
        assert len(picture.get_attribute("alt")) > 10
    for name in ("main", "h1", "header", "nav"):
        assert len(browser.find_elements(By.TAG_NAME, name)) == 1
    ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3, h4, h5')].map((e) => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert find(browser, "html").get_attribute("lang") == "en"


def test_without_scripts_all_is_there(pages: Path) -> None:
    with started() as browser:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.get((pages / "many.html").as_uri())
        rows = browser.find_elements(By.CSS_SELECTOR, ".gallery tbody tr")
        assert len(rows) == ROWS
        assert rows[-1].is_displayed()
        image, heat = find(browser, ".stack .input"), find(browser, ".stack .heat")
        assert image.rect["x"] + image.rect["width"] <= heat.rect["x"], "side by side"
        assert heat.value_of_css_property("opacity") == "1"
        assert not find(browser, ".slide").is_displayed()


def test_on_paper_the_map_is_beside_the_image(show: Any) -> None:
    browser = show("one", media="print")
    assert not find(browser, ".slide").is_displayed()
    assert not find(browser, "nav").is_displayed()
    image, heat = find(browser, ".stack .input"), find(browser, ".stack .heat")
    assert image.rect["x"] + image.rect["width"] <= heat.rect["x"]


def test_who_wants_less_motion_gets_none(show: Any) -> None:
    lively = show("one", prefers_reduced_motion="no-preference")
    assert find(lively, "html").value_of_css_property("scroll-behavior") == "smooth"
    calm = show("one")
    assert find(calm, "html").value_of_css_property("scroll-behavior") == "auto"
