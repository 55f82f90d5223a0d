"""Every page of the cookbook is executed: its component is installed, used, and put through the conformance kit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages.blocks import ROOT, Block, blocks
from pages.running import Page
from pages.shell import Shell, found_by_python, install
from pages.world import copy

from veiqa_core import scaffold
from veiqa_core.extension.kinds import KINDS

COOKBOOK = ROOT / "docs" / "cookbook"
PAGES = sorted(path for path in COOKBOOK.glob("*.md") if path.name != "README.md")
_NEW = re.compile(r"^veiqa plugin new (\S+) --kind (\w+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All components of the cookbook, installed beforehand: the conformance kit's other process, which takes seconds to
    begin, is then the same for all pages."""
    site, work = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("work")
    with found_by_python(site):
        for path in PAGES:
            found = list(blocks(path))
            for name, kind in _NEW.findall("".join(block.text for block in found if block.language == "sh")):
                scaffold.write(name, kind, work)
            for block in found:
                write(block, work)
        for folder in sorted(work.iterdir()):
            install(folder, site)
        yield site


def write(block: Block, folder: Path) -> None:
    if block.file:
        name, _, text = block.file
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_component_of_the_page_is_sound(page: Path, world: Path, shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    copy(world, folder)
    Page(folder, shell).run(blocks(page))


def test_every_kind_has_a_page_that_offers_it_and_checks_it() -> None:
    assert {page.stem for page in PAGES} == {*KINDS, "recipes"}
    index = (COOKBOOK / "README.md").read_text(encoding="utf-8")
    for kind in KINDS.values():
        text = (COOKBOOK / f"{kind.name}.md").read_text(encoding="utf-8")
        assert f"def {kind.hook}():" in text
        assert f'check_component("{kind.name}/' in text
        assert f"({kind.name}.md)" in index
        for trait in kind.traits:
            assert f"**`{trait}`**" in text or f"`{trait}`" in text, f"{kind.name}: trait {trait}"
