"""``veiqa plugin new``: what it writes installs, is listed and passes all checks, for every kind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from veiqa_core import scaffold
from veiqa_core.cli import main
from veiqa_core.errors import UsageError
from veiqa_core.extension.kinds import KINDS

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n"


def install(folder: Path, site: Path) -> None:
    """Put a distribution's package and metadata where Python finds them, as pip would."""
    name = folder.name
    package = name.replace("-", "_")
    (site / package).symlink_to(folder / package)
    info = site / f"{package}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA.format(name=name))
    entry = (folder / "pyproject.toml").read_text().partition("[project.entry-points.veiqa]")[2].split("\n")[1]
    (info / "entry_points.txt").write_text("[veiqa]\n" + entry.replace('"', "") + "\n")


def test_what_it_writes_for_every_kind_is_listed_and_passes_its_own_tests(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for kind in KINDS:
        done = CliRunner().invoke(main, ["plugin", "new", f"my-{kind}", "--kind", kind, "--into", str(tmp_path)])
        assert done.exit_code == 0, done.output
        assert f"veiqa components show {kind}/my-{kind}" in done.output
        install(tmp_path / f"veiqa-my-{kind}", site)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}
    code = "from veiqa_core.cli import main; main()"
    command = [sys.executable, "-c", code, "plugins", "--json"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)
    assert {f"veiqa-my-{kind}" for kind in KINDS} <= {row["dist"] for row in listed["plugins"] if row["registered"]}
    assert listed["problems"] == []

    folders = [f"veiqa-my-{kind}" for kind in KINDS]  # together, where no configuration is
    options = ["-q", "-p", "no:cacheprovider", "-rfs"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *folders],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    for kind in KINDS:
        assert "failed" not in done.stdout, kind


def test_a_metric_takes_at_most_twenty_lines_of_its_author(tmp_path: Path) -> None:
    scaffold.write("mine", "metric", tmp_path)
    lines = (tmp_path / "veiqa-mine" / "veiqa_mine" / "component.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 20


@pytest.mark.parametrize(
    ("name", "dist", "package", "cls"),
    [
        ("minkowski", "veiqa-minkowski", "veiqa_minkowski", "Minkowski"),
        ("veiqa-my_own", "veiqa-my-own", "veiqa_my_own", "MyOwn"),
        ("Score.CAM", "veiqa-score-cam", "veiqa_score_cam", "ScoreCam"),
    ],
)
def test_names_follow_from_one(name: str, dist: str, package: str, cls: str) -> None:
    names = scaffold.Names.of(name)
    assert (names.dist, names.package, names.cls) == (dist, package, cls)


@pytest.mark.parametrize("name", ["", "7up", "a b", "veiqa-", "class", "none", "../x", "ä", "mine-"])
def test_names_that_no_package_can_have_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a name has letters, digits and hyphens"):
        scaffold.write(name, "metric", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind", "owner"),
    [
        ("core", "pri", "a package veiqa_core"),
        ("metrics", "metric", "a package veiqa_metrics"),
        ("pri", "pri", "a package veiqa_pri"),
        ("psnr", "metric", r"metric 'psnr' \(veiqa "),
    ],
)
def test_a_name_that_is_taken_is_refused(name: str, kind: str, owner: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"'{name}': {owner}.* is installed already; name another plugin"):
        scaffold.write(name, kind, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind", "cls"),
    [
        ("network", "extractor", "NetworkExtractor"),
        ("net", "extractor", "NetExtractor"),
        ("value-error", "mapper", "ValueErrorMapper"),
        ("component", "pri", "ComponentPri"),
        ("torch", "pri", "Torch"),
        ("test", "metric", "Test"),
    ],
)
def test_a_class_hides_no_other_name_of_its_module(name: str, kind: str, cls: str, tmp_path: Path) -> None:
    scaffold.write(name, kind, tmp_path)
    package = f"veiqa_{name.replace('-', '_')}"
    folder = tmp_path / f"veiqa-{name}" / package
    code = (folder / "component.py").read_text()
    assert code.count(f"class {cls}:") == 1
    assert len(re.findall(rf"\b{cls}\b", code)) == 1
    assert f'{package}.component:{cls}"' in (folder / "plugin.py").read_text()


@pytest.mark.parametrize(("kind", "sentence"), [("explainer", "an explainer"), ("pri", "a PRI generator")])
def test_its_texts_are_sentences(kind: str, sentence: str, tmp_path: Path) -> None:
    written = [(tmp_path / file).read_text() for file in scaffold.write("mine", kind, tmp_path)]
    wrong = "a explainer" if kind == "explainer" else "an PRI"
    assert not any(wrong.casefold() in text.casefold() for text in written)
    assert sum(sentence.casefold() in text.casefold() for text in written) == 3


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scaffold.write("mine", "metric", tmp_path)
    done = CliRunner().invoke(main, ["plugin", "new", "mine", "--kind", "pri", "--into", str(tmp_path)])
    assert done.exit_code == 2
    assert "is there already; name another plugin" in done.stderr
    assert "metric" in (tmp_path / "veiqa-mine" / "README.md").read_text()
