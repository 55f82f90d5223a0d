"""What the pages' code blocks are, without executing them; ``test_pages`` executes them."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from pages.blocks import LANGUAGES, ROOT, blocks, pages
from pages.printed import matches

from veiqa_core.cli import main

MOST_SKIPPED = 11
_COMMANDS = re.compile(r"^(?:\$ )?(?:veiqa|pip|nox|python3?|pytest) ", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_block_has_a_language_that_is_executed(page: Path) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES or block.skipped is not None, block.where
        assert block.language or not _COMMANDS.search(block.text), f"{block.where}: commands; give the block a language"


def test_few_blocks_are_not_executed_and_each_says_why() -> None:
    skipped = [block for page in pages() for block in blocks(page) if block.skipped is not None]
    assert len(skipped) <= MOST_SKIPPED, [block.where for block in skipped]
    for block in skipped:
        assert block.skipped, block.where
        assert len(block.skipped.split()) >= 3, f"{block.where}: say why it is not executed"
    for page in pages():
        marks = page.read_text(encoding="utf-8").count("<!-- not executed")
        assert marks == sum(block.skipped is not None for block in blocks(page)), f"{page}: a mark beside no block"


def test_inline_commands_are_commands_that_there_are() -> None:
    known = main.list_commands(click.Context(main))
    for page in pages():
        for command in re.findall(r"`veiqa ([a-z]+)(?: [^`]*)?`", page.read_text(encoding="utf-8")):
            assert command in known, f"{name(page)}: veiqa {command}"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("score 96.2408 to 100.0", "score   96.2411 to 100.0\n", True),
        ("score 96.2408", "score 97.2", False),
        ("3 images", "4 images", False),
        ("a\n...\nz", "a\nb\nc\nz", True),
        ("a ... z", "a y", False),
        ("a", "a b", False),
    ],
)
def test_output_is_compared(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same
