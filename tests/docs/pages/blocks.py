"""The code blocks of the documentation's pages, and the marks beside them.

- A ``python`` or ``toml`` block whose first line is a comment that names a file, ``# folder/name.py: what it is``, is
  that file; ``# folder/name.py, continued`` goes on with it after two blank lines.
- A ``text`` block is what the code block before it prints; ``...`` stands for anything, and numbers with a decimal
  point need only be near. Blocks without a language are neither code nor output.
- ``<!-- not executed: why -->`` before a block keeps it from being executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[3]
LANGUAGES = {"python", "sh", "toml", "csv", "text", ""}
_MARK = re.compile(r"<!-- not executed: (?P<why>.*?) -->", re.DOTALL)
_FILE = re.compile(r"# (?P<path>[\w./-]+\.(?:py|toml))(?P<continued>, continued)?(?:: .*)?\Z")


@attrs.frozen
class Block:
    """A fenced block.

    Attributes:
        line: of its first line of code.
        text: its lines, each ended.
        skipped: why it is not executed, or None.
    """

    page: Path
    line: int
    language: str
    text: str
    skipped: str | None

    @property
    def where(self) -> str:
        """Page and line, for messages."""
        page = self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page
        return f"{page}:{self.line}"

    @property
    def file(self) -> tuple[str, bool, str] | None:
        """The file that the block is: its path, whether it goes on with it, and the lines."""
        first, _, rest = self.text.partition("\n")
        match = _FILE.match(first) if self.language in ("python", "toml") else None
        return (match["path"], bool(match["continued"]), rest) if match else None


def pages() -> list[Path]:
    """All pages of the documentation whose code is executed."""
    found = sorted((ROOT / "docs").rglob("*.md"))
    hidden = [path for path in found if any(part[0] in "._" for part in path.relative_to(ROOT).parts)]
    docs = [path for path in found if path not in hidden and path.name != "index.md"]  # which holds README.md alone
    return [ROOT / "README.md", *docs]


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page in order."""
    mark = None
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "code_block":
            raise ValueError(f"{page}:{(token.map or [0])[0] + 1}: an indented code block; fence it")
        if token.type == "html_block":
            found = _MARK.search(token.content)
            mark = " ".join(found["why"].split()) if found else None
        elif token.type == "fence":
            assert token.map is not None
            yield Block(page, token.map[0] + 2, token.info.strip(), token.content, mark)
            mark = None
        elif token.type not in ("list_item_open", "bullet_list_open", "ordered_list_open"):
            mark = None
