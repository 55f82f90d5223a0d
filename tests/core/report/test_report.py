"""The report of a run: one sound file that loads nothing, is whole or not there, and takes no name for markup."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import PIL.Image
import pytest
import torch
from click.testing import CliRunner
from jinja2 import UndefinedError
from making import veiqa

import veiqa_core
from veiqa_core.cli import main
from veiqa_core.errors import ImageError, UsageError
from veiqa_core.explanations import drawing, wording
from veiqa_core.page import rendering
from veiqa_core.report import ReportWriter, writer
from veiqa_core.report.rows import Spool
from veiqa_core.result import Result
from veiqa_core.scorer import Scorer

HOSTILE = "a/<script>alert('&')</script>\n\u202e\"onload={{ 7 * 7 }}{% raw %}{# #}.png"
SMALL = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
MakeResult = Callable[..., Result]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


class Explainer:
    """A scorer that has the heat maps of every file but those that vanished, and remembers who asked for them."""

    def __init__(self, scorer: Scorer, make: MakeResult, gone: tuple[str, ...] = ()) -> None:
        self.recipe, self.meter, self.keys, self.maps = scorer.recipe, scorer.meter, scorer.keys, scorer.maps
        self.similarity_keys, self.method_keys = scorer.similarity_keys, scorer.method_keys
        self.make, self.gone = make, gone
        self.asked: list[str] = []

    def score(self, path: Path, *, name: str, heatmaps: bool) -> Result:
        assert heatmaps
        self.asked.append(name)
        if name in self.gone:
            raise ImageError(f"{name}: no such file")
        return self.make(name, float(Path(name).stem), heat=True)


@pytest.fixture
def explainer(fast_scorer: Scorer, made_result: MakeResult) -> Any:
    return Explainer(fast_scorer, made_result)


def written(path: Path, scorer: Any, results: Iterable[Result], **options: Any) -> None:
    with ReportWriter(path, scorer, **options) as report:
        for result in results:
            report.add(result)


def parsed(path: Path) -> ET.Element:
    """The page's elements; that it is sound XML says that its tags are balanced and its texts escaped."""
    return ET.fromstring(path.read_text("utf-8"))


def shown(element: ET.Element) -> str:
    own = "" if element.tag in ("style", "script") else element.text or ""
    return own + "".join(shown(child) + (child.tail or "") for child in element)


def by_id(root: ET.Element, name: str) -> ET.Element:
    (found,) = (element for element in root.iter() if element.get("id") == name)
    return found


def names_in_table(root: ET.Element) -> list[str]:
    body = by_id(root, "images").find(".//tbody")
    assert body is not None
    return [shown(row[0]) for row in body]


def test_one_image_is_told_in_full(path: Path, fast_scorer: Scorer, made_result: MakeResult) -> None:
    result = made_result("photos/cat.png", 47.3, heat=True, flags=("all the same",))
    written(path, fast_scorer, [result])
    root = parsed(path)
    reported = shown(root)
    assert "47.3" in reported
    assert "35.3 to 59.3" in reported
    assert "JPEG compression" in reported
    assert "all the same" in reported
    assert fast_scorer.recipe.digest in reported
    assert "1,904 rated images" in reported
    for pair in result.heatmaps:
        assert pair.title in reported, "the pairs that are not shown are named"
    assert len(list(root.iter("img"))) == 2 + 4 * 4
    (slider,) = (element for element in root.iter("input") if element.get("type") == "range")
    assert slider.get("id") in {label.get("for") for label in root.iter("label")}
    (heat,) = (image for image in root.iter("img") if image.get("class") == "heat")
    assert heat.get("alt") == (
        "Quality map. On average 20 of 100 points are lost, at most 80, most in the upper left part."
    )
    assert not [element for element in root.iter() if element.get("id") == "images"], "one image needs no table"


def test_the_page_loads_nothing_and_is_sound(path: Path, explainer: Any, made_result: MakeResult) -> None:
    written(path, explainer, (made_result(f"{number}.png", float(number)) for number in range(5)), details=2)
    root = parsed(path)
    text = path.read_text()
    assert not re.search(r"https?:|url\(|@import|//\w+\.", re.sub(r"data:image/[^\"]*", "", text))
    for element in root.iter():
        assert element.get("href", "#").startswith("#")
        assert element.get("src", "data:image/").startswith("data:image/")
        assert not any(name.startswith("on") for name in element.attrib)
    anchors = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(anchors) == len(set(anchors))
    assert {link.get("href", "")[1:] for link in root.iter("a")} <= set(anchors)
    (policy,) = (meta.get("content", "") for meta in root.iter("meta") if meta.get("http-equiv"))
    assert policy.startswith("default-src 'none'; ")
    scripts = [base64.b64encode(hashlib.sha256((s.text or "").encode()).digest()).decode() for s in root.iter("script")]
    assert policy.split("script-src ")[1] == " ".join(f"'sha256-{digest}'" for digest in scripts)
    for table in root.iter("table"):
        assert table[0].tag == "caption"
        assert all(head.get("scope") in ("col", "row") for head in table.iter("th"))
        assert len({len(row) for row in table.iter("tr")}) == 1
    assert all(image.get("alt") is not None for image in root.iter("img"))
    assert all(chart.get("aria-label") for chart in root.iter("svg"))


def test_names_are_no_markup(path: Path, explainer: Any, made_result: MakeResult) -> None:
    results = [made_result(HOSTILE, 1.0), made_result(HOSTILE, None, error=f"{HOSTILE}: torn")]
    written(path, explainer, results, details=0)
    text = path.read_text()
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "&lt;/script&gt;" in text
    assert shown(parsed(path)).count(r'\u202e"onload={{ 7 * 7 }}{% raw %}{# #}.png') >= 3


def test_templates_escape_every_value_and_can_all_be_read() -> None:
    root = Path(veiqa_core.__file__).parent
    names = [path.relative_to(root).as_posix() for path in root.rglob("*.html.jinja")]
    assert len(names) > 15
    for name in names:
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", (root / name).read_text("utf-8")), name
        rendering.load(name)


def test_a_value_that_is_missing_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        rendering.render("report/templates/failures.html.jinja", view={"errors": []})


def test_rows_are_read_while_the_page_is_written(
    path: Path, explainer: Any, made_result: MakeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, reads_by_piece = 0, []
    get, make_page = Spool.get, writer.page

    def counted_get(spool: Spool, number: int) -> Any:
        nonlocal reads
        reads += 1
        return get(spool, number)

    def counted_page(contents: Any) -> Iterator[str]:
        before = reads
        for piece in make_page(contents):
            reads_by_piece.append(reads - before)
            before = reads
            yield piece

    monkeypatch.setattr(Spool, "get", counted_get)
    monkeypatch.setattr(writer, "page", counted_page)
    written(path, explainer, (made_result(f"{number}.png", 1.0) for number in range(500)), details=0)
    assert sum(reads_by_piece) == 500
    assert max(reads_by_piece) < 300


def test_scoring_without_a_page_imports_no_templates() -> None:
    code = (
        "import sys, torch; from veiqa_core import Scorer; import veiqa_core.cli.commands.run\n"
        "import veiqa_core.cli.options.report\n"
        "Scorer('fast', device='cpu').score(torch.rand(3, 64, 64)); assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_worst_are_explained_from_their_files_worst_first(
    path: Path, explainer: Any, made_result: MakeResult
) -> None:
    scores = [50.0, 3.0, 80.0, 20.0, 3.0, 99.0]
    results = [made_result(f"{number}/{score:g}.png", score) for number, score in enumerate(scores)]
    written(path, explainer, [*results, made_result("torn.png", None, error="torn.png: it is torn")], details=3)
    assert explainer.asked == ["1/3.png", "4/3.png", "3/20.png"]
    root = parsed(path)
    assert [article.get("id") for article in root.iter("article")] == ["image-2", "image-5", "image-4"]
    assert names_in_table(root) == ["3.png1", "3.png4", "20.png3", "50.png0", "80.png2", "99.png5", "torn.png"]
    linked = [link.get("href") for link in by_id(root, "images").iter("a")]
    assert linked == ["#image-2", "#image-5", "#image-4"]
    assert "torn.png: it is torn" in shown(by_id(root, "failures"))
    assert "it is torn" in shown(by_id(root, "images"))


def test_heat_maps_that_came_along_are_not_made_again(path: Path, explainer: Any, made_result: MakeResult) -> None:
    results = (made_result(f"{number}.png", float(number), heat=True) for number in range(4))
    written(path, explainer, results, details=2)
    assert explainer.asked == []
    assert [article.get("id") for article in parsed(path).iter("article")] == ["image-1", "image-2"]


def test_files_that_vanish_or_change_are_told(path: Path, fast_scorer: Scorer, made_result: MakeResult) -> None:
    explainer: Any = Explainer(fast_scorer, made_result, gone=("1.png",))
    written(path, explainer, [made_result("1.png", 1.0), made_result("2.png", 60.0)])
    first, second = map(shown, parsed(path).iter("article"))
    assert "when they were made, 1.png: no such file" in first
    assert "1.0" in first
    assert "The file has changed since it was scored 60.0" in second


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), RuntimeError("out of luck")])
def test_a_run_that_ends_early_leaves_a_page_that_says_so(
    path: Path, explainer: Any, made_result: MakeResult, stop: BaseException
) -> None:
    def results() -> Iterator[Result]:
        yield from (made_result(f"{number}.png", float(number)) for number in (1, 2))
        raise stop

    with pytest.raises(type(stop)):
        written(path, explainer, results())
    reported = shown(parsed(path))
    assert "Incomplete. The run ended before its end" in reported
    assert "2.png" in reported
    assert explainer.asked == [], "who stops a run does not wait for heat maps"
    assert list(path.parent.iterdir()) == [path]


def test_stopping_while_heat_maps_are_made_keeps_those_that_are(
    path: Path, explainer: Any, made_result: MakeResult
) -> None:
    def track(items: list[Any], count: int) -> Iterator[Any]:
        yield items[0]
        raise KeyboardInterrupt

    results = [made_result(f"{number}.png", float(number)) for number in range(3)]
    with pytest.raises(KeyboardInterrupt):
        written(path, explainer, results, track=track)
    root = parsed(path)
    assert len(list(root.iter("article"))) == 1
    assert "Incomplete. Not all heat maps were made: it was interrupted." in shown(root)


def test_an_image_is_never_overwritten(tmp_path: Path, explainer: Any, made_result: MakeResult) -> None:
    image = tmp_path / "photo.png"
    image.write_bytes(b"precious")
    results = [made_result(name, 1.0) for name in ("other.png", str(image))]
    with pytest.raises(UsageError, match="is one of the images"):
        written(image, explainer, results)
    assert image.read_bytes() == b"precious"


def test_nothing_at_all_is_a_page_too(path: Path, explainer: Any) -> None:
    written(path, explainer, [])
    assert "No image came." in shown(parsed(path))


def test_a_recipe_without_scores_is_shown_by_its_similarities(path: Path, made_result: MakeResult) -> None:
    from veiqa_core.recipes.recipe import Choice, ad_hoc

    recipe = ad_hoc(extractor=Choice("timm", {"model": "test_resnet", "weights": "random:0"}))
    scorer = Scorer(recipe, device="cpu")
    flat = torch.full((3, 64, 64), 0.5)
    waves = torch.rand(3, 64, 80, generator=torch.Generator().manual_seed(0))
    written(path, scorer, scorer.score_many([flat, waves], heatmaps=True))
    root = parsed(path)
    heads = [shown(head) for head in by_id(root, "images").iter("th") if head.get("scope") == "col"]
    assert heads[:5] == ["Image", *scorer.keys]
    reported = shown(root)
    assert "a score needs a mapper" in reported
    assert "There is no quality map" in reported
    assert "median" not in reported.lower()


def test_the_table_holds_no_more_than_there_is(path: Path, explainer: Any, made_result: MakeResult) -> None:
    written(path, explainer, [made_result("0.png", 1.0, interval=None, distortion=None)] * 2, details=0)
    heads = [shown(head) for head in by_id(parsed(path), "images").iter("th") if head.get("scope") == "col"]
    assert heads == ["Image", "Score", "Order"]


def test_the_histogram_counts_every_score_once(path: Path, explainer: Any, made_result: MakeResult) -> None:
    written(path, explainer, (made_result("x.png", score) for score in (0.0, 4.9, 5.0, 52.0, 100.0)), details=0)
    figure = next(iter(by_id(parsed(path), "scores").iter("figure")))
    counts = {shown(row[0]): shown(row[1]) for row in figure.iter("tr")}
    assert {name: count for name, count in counts.items() if count not in ("0", "Images")} == {
        "0 to 5": "2",
        "5 to 10": "1",
        "50 to 55": "1",
        "95 to 100": "1",
    }
    chart = next(iter(figure.iter("svg")))
    assert "Median 5.0." in chart.get("aria-label", "")


def test_pictures_are_made_small_and_keep_their_shape(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (800, 300), "red").save(tmp_path / "wide.jpg")
    small = drawing.thumbnail(tmp_path / "wide.jpg")
    assert small is not None
    assert (small.width, small.height) == (96, 36)
    with PIL.Image.open(io.BytesIO(base64.b64decode(small.data.partition(",")[2]))) as image:
        assert image.size == (96, 36)
        assert image.convert("RGB").getpixel((5, 5)) == pytest.approx((254, 0, 0), abs=6)
    assert drawing.thumbnail(tmp_path / "absent.png") is None
    tiny = drawing.photo(torch.zeros(3, 5, 7))
    assert (tiny.width, tiny.height) == (7, 5), "nothing is blown up"
    line = drawing.photo(torch.zeros(3, 1, 4000))
    assert (line.width, line.height) == (640, 1)


def test_what_a_map_shows_is_told_in_words() -> None:
    values = torch.zeros(9, 9)
    assert wording.map_in_words(values, 100) == "No quality is lost anywhere."
    assert wording.vei_in_words(values) == "the same everywhere, 0"
    assert wording.difference_in_words(values) == "there is none"
    even = torch.full((9, 9), 20.0)
    even[:3, :3] = 21
    assert wording.map_in_words(even, 100).endswith("at most 21, in no part clearly more than in the others.")
    values[7, 4] = 30
    assert wording.map_in_words(values, 100).endswith("at most 30, most in the bottom.")
    values[0, 8] = -2
    assert wording.difference_in_words(values) == (
        "the input is stronger by up to 30, most in the bottom; "
        "the pseudo-reference by up to 2, most in the upper right part"
    )


def test_a_spool_gives_back_what_was_put_in_any_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    values = ["é" * 9, {"a": [1, None]}, ""]
    assert [spool.put(value) for value in values] == [0, 1, 2]
    assert [spool.get(number) for number in (2, 0, 1)] == [values[2], values[0], values[1]]
    assert spool.put("later") == 3
    assert spool.get(3) == "later"
    assert list(tmp_path.iterdir()) == []
    spool.close()


@pytest.mark.parametrize("heat", [False, True])
def test_a_result_shows_itself_in_a_notebook(made_result: MakeResult, heat: bool) -> None:
    result = made_result(HOSTILE, 47.3, heat=heat)
    root = ET.fromstring(result._repr_html_())
    assert "47.30" in shown(root)
    assert "JPEG 90 %" in shown(root)
    assert len(list(root.iter("img"))) == (2 if heat else 0)
    json.dumps(result.to_dict(), allow_nan=False)


def test_a_notebook_shows_the_file_of_a_result(tmp_path: Path, made_result: MakeResult) -> None:
    PIL.Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    assert "<img" in made_result("a.png", 1.0, path=tmp_path / "a.png")._repr_html_()
    failed = made_result("a.png", None, error="a.png: no such file", path=tmp_path / "no.png")._repr_html_()
    assert "no such file" in failed
    assert "<img" not in failed


def test_a_result_plots_its_map_and_the_pairs_that_matter(made_result: MakeResult) -> None:
    result = made_result("a.png", 47.3, heat=True)
    figure = result.plot()
    titles = [axes.get_title() for part in figure.subfigs for axes in part.axes]
    assert titles.count("Where quality is lost") == 1
    assert titles.count("Difference: input minus pseudo-reference") == 4
    figure.savefig(io.BytesIO(), dpi=20)
    without = attrs.evolve(result, quality_map=None).plot()
    assert len(without.subfigs) == 4
    with pytest.raises(UsageError, match="heatmaps=True"):
        made_result("a.png", 47.3).plot()


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        pixels = torch.rand(60, 70, 3, generator=torch.Generator().manual_seed(number)).mul(255).byte().numpy()
        PIL.Image.fromarray(pixels).save(path)
    return paths


@pytest.mark.parametrize("more", [(), ("--report-details", 1), ("--vei", "maps")])
def test_run_writes_a_report(
    photos: list[Path], path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[Any, ...]
) -> None:
    monkeypatch.chdir(path.parent)
    done = veiqa("run", *photos, "absent.png", *SMALL, "--pri", "jpeg", "--report", path, *more)
    assert done.exit_code == 1, done.output
    root = parsed(path)
    assert len(names_in_table(root)) == 4
    assert len(list(root.iter("article"))) == (1 if "--report-details" in more else 3)
    assert "absent.png: no such file" in shown(root)
    assert "explanations that are compared" in shown(root)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("nowhere/report.html", "cannot be written: no such folder"),
        (".", "is a folder; name a file"),
        ("-", "a page needs a file"),
        ("0.png", "is one of the images"),
        ("out.csv", "is where --output writes too"),
    ],
)
def test_a_report_that_cannot_be_is_one_line_before_any_work(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch, where: str, why: str
) -> None:
    monkeypatch.chdir(photos[0].parent)
    before = photos[0].read_bytes()
    done = veiqa("run", "0.png", "--recipe", "absent.toml", "--report", where, "--output", "out.csv")
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: --report {where}: ")
    assert why in line
    assert photos[0].read_bytes() == before


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_earlier_runs_are_on_the_page_as_the_file_tells_them(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    monkeypatch.chdir(tmp_path)
    for number, size in enumerate((96, 120, 40)):
        pixels = torch.rand(size, size, 3, generator=torch.Generator().manual_seed(number)) * 255
        PIL.Image.fromarray(pixels.byte().numpy(), "RGB").save(f"{number}.png")
    Path("3.png").write_bytes(b"no image")
    command = [
        "run",
        "0.png",
        "2.png",
        "3.png",
        "1.png",
        "--recipe",
        "fast",
        "--device",
        "cpu",
        "--report-details",
        "0",
    ]
    results = ("--output", f"out.{form}")
    CliRunner().invoke(main, [*command, *results, "--report", "whole.html"])
    CliRunner().invoke(main, [*command[:4], *command[5:], *results])
    CliRunner().invoke(main, [*command, *results, "--resume", "--report", "resumed.html"])
    whole, resumed = (Path(name).read_text() for name in ("whole.html", "resumed.html"))
    assert resumed == whole
