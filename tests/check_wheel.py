"""Checks a folder with one built wheel: it holds the packages, their type markers and data, and nothing else.

Usage: python tests/check_wheel.py FOLDER
"""

from __future__ import annotations

import configparser
import sys
import zipfile
from pathlib import Path

KINDS = (
    "pri",
    "extractors",
    "explainers",
    "metrics",
    "methods",
    "mappers",
    "classifiers",
    "datasets",
    "strategies",
    "controls",
    "recipes",
)
CORE = Path(__file__).parents[1] / "veiqa_core"
PACKAGES = {"veiqa_core", *(f"veiqa_{kind}" for kind in KINDS)}
DATA = (
    "veiqa_core/page/base.css",
    "veiqa_core/page/tables.js",
    "veiqa_core/page/charts.css",
    "veiqa_core/report/search/search.css",
    "veiqa_core/report/evaluation/evaluation.css",
    "veiqa_core/report/report.css",
    "veiqa_core/report/report.js",
    "veiqa_core/report/viewer.css",
    "veiqa_core/report/viewer.js",
    "veiqa_core/service/page.css",
    "veiqa_core/service/page.js",
    "veiqa_core/scaffold/templates/common/pyproject.toml.template",
    "veiqa_core/scaffold/templates/common/.github/workflows/tests.yml.template",
    "veiqa_core/scaffold/templates/metric/package/component.py.template",
    "veiqa_extractors/graphs/efficientnet-lite0.onnx",
    "veiqa_extractors/weights/efficientnet-lite0-quality.safetensors",
    "veiqa_recipes/best-by-type.toml",
    "veiqa_recipes/paper.toml",
    "veiqa_recipes/default.toml",
    "veiqa_recipes/spaces/paper.toml",
    "veiqa_metrics/pairs/values.json",
    "veiqa_metrics/pairs/colour_ref.png",
)
TEMPLATES = tuple(f"veiqa_core/{path.relative_to(CORE).as_posix()}" for path in sorted(CORE.rglob("*.html.jinja")))


def main(folder: str) -> None:
    """Exit with a message if anything is wrong."""
    (wheel,) = Path(folder).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (listing,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
        entries = configparser.ConfigParser()
        entries.read_string(archive.read(listing).decode())
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    if tops != PACKAGES:
        sys.exit(f"{wheel.name} holds {sorted(tops)}; {sorted(PACKAGES)} is due")
    for package in PACKAGES:
        if f"{package}/py.typed" not in names:
            sys.exit(f"{wheel.name}: {package}/py.typed is missing")
    for file in (*DATA, *TEMPLATES):
        if file not in names:
            sys.exit(f"{wheel.name}: {file} is missing")
    for module in entries["veiqa"].values():
        if f"{module.replace('.', '/')}.py" not in names:
            sys.exit(f"{wheel.name}: the entry point {module} is not in it")
    print(f"{wheel.name}: {len(names)} files, {len(entries['veiqa'])} plugins")


if __name__ == "__main__":
    main(*sys.argv[1:])
