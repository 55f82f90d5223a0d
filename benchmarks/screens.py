"""Make pictures of screens, on which the shipped recipes are fitted too: pages of the docs, and pages with photos.

    python benchmarks/screens.py PHOTOS OUT [--count 15] [--seed 0]

Pages of the docs in six styles, light and dark, charts, galleries, shops, newspapers and slides with photos of the
folder PHOTOS, drawn by the seed, as Chromium shows them in a window of 736 pixels, by selenium (``pip install selenium
markdown-it-py``). ``veiqa datasets make OUT SET`` makes them worse and gives them pseudo-ratings. Docs change, and the
pictures with them.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from markdown_it import MarkdownIt
from selenium import webdriver

from veiqa_core.datasets.photos import find_photos

DOCS = Path(__file__).resolve().parents[1] / "docs"

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


class Pages:
    """Draws pages.

    Args:
        photos: what pages with photos show.
    """

    def __init__(self, photos: Sequence[Path], seed: int) -> None:
        self._photos = photos
        self._random = random.Random(seed)
        self._markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
        self._texts = [path.read_text("utf-8") for path in sorted(DOCS.glob("*.md"))]
        self._figures = sorted((DOCS / "figures").glob("*.svg"))

    def draw(self, number: int) -> str:
        """A page's HTML; of every six, four are of the docs."""
        with_photos = (self._gallery, self._slide, self._newspaper, self._shop, self._chart)
        turn, place = divmod(number, 6)
        return with_photos[(2 * turn + place) % len(with_photos)]() if place < 2 else self._docs()

    def _text(self, characters: int) -> str:
        """A part of a page of the docs, from a paragraph on."""
        text = self._random.choice(self._texts)
        begin = text.find("\n\n", self._random.randrange(max(1, len(text) - characters)))
        shown: str = self._markdown.render(text[begin : begin + characters])
        return shown

    def _docs(self) -> str:
        return f"<style>{BASE.format(*self._random.choice(STYLES))}</style>{self._text(6000)}"

    def _gallery(self) -> str:
        style = "display:inline-block;width:230px;text-align:center"
        cells = (
            f"<div style='{style}'>{photo(path, 220, 150)}<br>{path.name}</div>"
            for path in self._random.sample(self._photos, 9)
        )
        return "<body style='margin:0;background:#fff;font:14px sans-serif'><h2>Holiday photos</h2>" + "".join(cells)

    def _slide(self) -> str:
        one, other = self._random.sample(self._photos, 2)
        hues = self._random.randrange(360), self._random.randrange(360)
        return (
            f"<body style='margin:0;background:linear-gradient(135deg,hsl({hues[0]},70%,25%),hsl({hues[1]},90%,55%));"
            "color:#fff;font:26px sans-serif;padding:30px'><h1>Image quality in three steps</h1><ul><li>Degrade the "
            "picture further<li>Ask a network what it sees<li>Compare both answers</ul>"
            f"{photo(one, 330, 220)}{photo(other, 220, 220)}"
        )

    def _newspaper(self) -> str:
        return (
            "<body style='margin:0;background:#fff;font:15px/1.4 serif;padding:14px'><h1 style='font:bold 30px serif;"
            f"margin:0'>The Daily Pixel</h1><hr>{photo(self._random.choice(self._photos), 300, 200)}"
            f"<div style='column-count:3;font-size:13px'>{self._text(3000)}</div>"
        )

    def _shop(self) -> str:
        items = (
            f"<div style='display:inline-block;width:165px;background:#fff;margin:5px;padding:4px'>"
            f"{photo(path, 150, 120)}<br><b>Item {self._random.randrange(999)}</b><br>"
            f"<span style='color:#b12704'>€ {self._random.randrange(99)}.99</span><br><button>Add</button></div>"
            for path in self._random.sample(self._photos, 8)
        )
        return (
            "<body style='margin:0;background:#f4f4f4;font:13px sans-serif'><div style='background:#232f3e;color:#fff;"
            "padding:10px'>Shop <input value='search cameras' style='width:300px'> <button>Go</button></div>"
            + "".join(items)
        )

    def _chart(self) -> str:
        path = self._random.choice(self._figures)
        return (
            "<body style='margin:0;background:#fff;font:13px sans-serif'>"
            f"<h3>{path.name}</h3><img src='{path.as_uri()}' style='width:{self._random.randrange(500, 1000)}px'>"
        )


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--count", type=click.IntRange(min=1), default=15, show_default=True, help="How many pictures.")
@click.option("--seed", default=0, show_default=True, help="For other pages.")
def main(photos: Path, out: Path, count: int, seed: int) -> None:
    """Make the pictures in the folder OUT."""
    pages = Pages([path.resolve() for path in find_photos(photos).values()], seed)
    options = webdriver.ChromeOptions()
    for option in OPTIONS:
        options.add_argument(option)
    browser = webdriver.Chrome(options=options)
    with tempfile.TemporaryDirectory(prefix="veiqa-screens-") as folder:
        for number in range(count):
            page = Path(folder, "page.html")
            page.write_text(f"<!doctype html><meta charset=utf-8>{pages.draw(number)}", "utf-8")
            browser.get(page.as_uri())
            browser.save_screenshot(str(out / f"{seed}-{number:03}.png"))
    browser.quit()
    click.echo(f"{count} pictures in {out}")


if __name__ == "__main__":
    main()
