"""Every code block of the documentation is executed, page by page; those of the cookbook in ``test_cookbook``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages.blocks import ROOT, blocks, pages
from pages.running import Failed, Page
from pages.shell import Shell
from pages.world import copy

PAGES = [page for page in pages() if page.parent.name != "cookbook"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_the_page_does_what_it_says(page: Path, world: Path, shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    copy(world, folder)
    if page.parent.parent == ROOT / "docs" / "examples":  # its commands are for the folder of the example
        folder = folder / page.parent.relative_to(ROOT)
    Page(folder, shell).run(blocks(page))


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("```sh\nveiqa run nowhere.png\n```", "exit status 1"),
        ("```sh\nveiqa rum\n```", "exit status 2"),
        ("```sh\nfalse | cat\necho\n```", "exit status 1"),
        ("```sh\npip install torch\n```", "mark the block"),
        ("```sh\necho a\n```\n```text\nb\n```", "but this was printed"),
        ("<!-- not executed: a reason to test -->\n```sh\necho a\n```\n```text\na\n```", "output of nothing"),
        ("```python\nx = 1\n```\n```python\nassert x == 2\n```", "AssertionError"),
        ('```toml\nname = "x"\n[[branch]]\npri = "nothing"\nmetrik = 1\n```', "RecipeError"),
        ('```toml\nname = "x"\npri = "jpeg"\nmetric = "nothing"\n```', "UsageError"),
        ("```csv\nimage,skore\na.png,1\n```", "DatasetError"),
    ],
)
def test_a_block_that_does_something_else_fails(text: str, reported: str, shell: Shell, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(Failed, match=re.escape(reported)):
        Page(tmp_path, shell).run(blocks(page))
