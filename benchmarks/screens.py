"""Make pictures of screens, on which the shipped recipes are fitted too: pages of the docs, and pages with photos.

    python benchmarks/screens.py PHOTOS OUT

Pages of the docs in six styles, light and dark, charts, a gallery, a shop, a newspaper and a slide with photos of the
folder PHOTOS, as Chromium shows them in a window of 736 pixels, by selenium (``pip install selenium markdown-it-py``).
``veiqa datasets make OUT SET`` makes them worse and gives them pseudo-ratings. Docs change, and the pictures with them.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from markdown_it import MarkdownIt
from selenium import webdriver

from veiqa_core.datasets.photos import find_photos

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = (
    "method",
    "running",
    "search",
    "recipes",
    "evaluation",
    "tutorial",
    "measurements",
    "faq",
    "components",
    "python",
)
CHARACTERS = 6000
"""How much of a page's text is shown; more is below the window."""

STYLES = (
    ("font:15px/1.45 sans-serif;background:#fff;color:#222", "background:#f2f2f2"),
    ("font:14px/1.4 serif;background:#fdf6e3;color:#333", "background:#eee8d5"),
    ("font:15px/1.5 sans-serif;background:#1e1e1e;color:#ddd", "background:#111;color:#9cdcfe"),
    ("font:12px/1.3 sans-serif;background:#fff;color:#000;column-count:2", "background:#eef"),
    ("font:18px/1.4 serif;background:#fff;color:#111", "background:#f7f7f0"),
    ("font:13px/1.4 monospace;background:#002b36;color:#93a1a1", "background:#073642"),
)
"""Of the page, and of blocks of code."""

BASE = (
    "body{{margin:0;padding:16px 24px;{}}} table{{border-collapse:collapse}} td,th{{border:1px solid #999;"
    "padding:3px 8px}} pre{{padding:10px;overflow:hidden;{}}} code{{font-family:monospace}} img{{max-width:100%}}"
)
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--window-size=736,600",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


def photo(path: Path, width: int, height: int) -> str:
    """A photo that fills a rectangle."""
    return f'<img src="{path.as_uri()}" style="width:{width}px;height:{height}px;object-fit:cover;margin:4px">'


def pages_of_docs(markdown: MarkdownIt) -> Iterator[tuple[str, str]]:
    """The beginning of one page, a later part of the next, each in the next style."""
    for number, name in enumerate(PAGES):
        text = (DOCS / f"{name}.md").read_text("utf-8")
        begin = text.find("\n\n", len(text) // 3 if number % 2 else 0)
        style = BASE.format(*STYLES[number % len(STYLES)])
        shown = text[begin : begin + CHARACTERS]
        yield f"doc{number:02}", f"<style>{style}</style>{markdown.render(shown)}"


def pages_with_photos(photos: list[Path], markdown: MarkdownIt) -> Iterator[tuple[str, str]]:
    """A gallery, a slide, a newspaper and a shop."""
    cells = "".join(
        f"<div style='display:inline-block;width:230px;text-align:center'>{photo(path, 220, 150)}<br>{path.name}</div>"
        for path in photos[:9]
    )
    yield (
        "gallery",
        "<body style='margin:0;background:#fff;font:14px sans-serif'><h2 style='margin:8px'>Holiday photos</h2>"
        + cells,
    )
    yield (
        "slide",
        "<body style='margin:0;background:linear-gradient(135deg,#0b486b,#f56217);color:#fff;font:26px sans-serif;"
        "padding:30px'><h1>Image quality in three steps</h1><ul><li>Degrade the picture further"
        f"<li>Ask a network what it sees<li>Compare both answers</ul>{photo(photos[10], 330, 220)}"
        f"{photo(photos[11], 220, 220)}",
    )
    questions = markdown.render((DOCS / "faq.md").read_text("utf-8")[: CHARACTERS // 2])
    yield (
        "newspaper",
        "<body style='margin:0;background:#fff;font:15px/1.4 serif;padding:14px'><h1 style='font:bold 30px serif;"
        f"margin:0'>The Daily Pixel</h1><hr>{photo(photos[12], 300, 200)}"
        f"<div style='column-count:3;font-size:13px'>{questions}</div>",
    )
    items = "".join(
        f"<div style='display:inline-block;width:165px;background:#fff;margin:5px;padding:4px'>{photo(path, 150, 120)}"
        f"<br><b>Item {number * 137 % 997}</b><br><span style='color:#b12704'>€ {number * 31 % 89}.99</span><br>"
        "<button>Add</button></div>"
        for number, path in enumerate(photos[20:28])
    )
    yield (
        "shop",
        "<body style='margin:0;background:#f4f4f4;font:13px sans-serif'><div style='background:#232f3e;color:#fff;"
        "padding:10px'>Shop <input value='search cameras' style='width:300px'> <button>Go</button></div>" + items,
    )


def charts() -> Iterator[tuple[str, str]]:
    """Drawings of the docs."""
    for path in sorted((DOCS / "figures").glob("*.svg")):
        yield (
            path.stem,
            "<body style='margin:0;background:#fff;font:13px sans-serif'>"
            f"<h3>{path.name}</h3><img src='{path.as_uri()}' style='width:700px'>",
        )


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(photos: Path, out: Path) -> None:
    """Make the pictures in the folder OUT."""
    chosen = [path.resolve() for path in find_photos(photos).values()]
    random.Random(3).shuffle(chosen)
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    options = webdriver.ChromeOptions()
    for option in OPTIONS:
        options.add_argument(option)
    browser = webdriver.Chrome(options=options)
    with tempfile.TemporaryDirectory(prefix="veiqa-screens-") as folder:
        for name, html in (*pages_of_docs(markdown), *pages_with_photos(chosen, markdown), *charts()):
            page = Path(folder, f"{name}.html")
            page.write_text(f"<!doctype html><meta charset=utf-8>{html}", "utf-8")
            browser.get(page.as_uri())
            browser.save_screenshot(str(out / f"{name}.png"))
            click.echo(name)
    browser.quit()


if __name__ == "__main__":
    main()
