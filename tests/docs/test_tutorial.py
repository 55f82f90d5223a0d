"""What the tutorial builds is the example ``veiqa-minkowski``, file by file."""

from __future__ import annotations

from pathlib import Path

from pages.blocks import ROOT, blocks
from pages.running import Page
from pages.shell import Shell

from veiqa_core import scaffold

EXAMPLE = ROOT / "docs" / "examples" / "veiqa-minkowski"
GENERATED = {".github", ".gitignore"}  # of a repository of its own


def test_the_tutorial_builds_the_example(shell: Shell, tmp_path: Path) -> None:
    scaffold.write("minkowski", "metric", tmp_path)
    Page(tmp_path, shell).run(block for block in blocks(ROOT / "docs" / "tutorial.md") if block.file)
    built = tmp_path / "veiqa-minkowski"
    assert files(built) == files(EXAMPLE)


def files(folder: Path) -> dict[str, str]:
    """The text of every file that belongs to a distribution."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    relative = {path.relative_to(folder): path for path in found}
    return {str(name): path.read_text() for name, path in relative.items() if not GENERATED & set(name.parts)}
