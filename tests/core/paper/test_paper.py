"""The paper's tables from a made database: figures, gaps, pages and resumption."""

from __future__ import annotations

import html
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import PIL.Image
import pytest
import safetensors.torch
import torch
from making import save, veiqa, waves

from veiqa_core.cli.commands.paper import _database
from veiqa_core.extension.registry import installed
from veiqa_core.files.marks import is_picture
from veiqa_core.measuring.meter import Meter
from veiqa_core.paper import examples, figures, pages
from veiqa_core.paper import study as studies
from veiqa_core.paper import tables as paper_tables
from veiqa_core.paper.published import published
from veiqa_core.paper.study import HELD_OUT, IN_SAMPLE, Settings, study, titles
from veiqa_core.paper.tables import tables
from veiqa_core.paper.times import parameters
from veiqa_methods.wadiqam import WadiqamNetwork

CONTENTS, LEVELS = 5, 2


def compressed(pixels: np.ndarray, name: str, **options: Any) -> np.ndarray:
    file = io.BytesIO()
    PIL.Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, name, **options)
    return np.asarray(PIL.Image.open(file)).astype(float)


def blurred(pixels: np.ndarray, times: int) -> np.ndarray:
    for _ in range(times):
        pixels = (np.roll(pixels, 1, 0) + np.roll(pixels, -1, 0) + np.roll(pixels, 1, 1) + 2 * pixels) / 5
    return pixels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("made"), np.random.default_rng(0)
    rows = ["image,reference,distortion,level,score,score_type"]
    for content in range(CONTENTS):
        pristine = waves(rng)
        save(pristine, root / f"ref{content}.png")
        for level in range(1, LEVELS + 1):
            worse = {
                "GB": blurred(pristine, 3 * level),
                "WN": pristine + rng.normal(0, 12 * level, pristine.shape),
                "JPEG": compressed(pristine, "JPEG", quality=50 // level**2),
                "JP2K": compressed(pristine, "JPEG2000", quality_mode="rates", quality_layers=[20 * level]),
            }
            for kind, pixels in worse.items():
                save(pixels, root / f"{kind}{content}-{level}.png")
                score = 25 * level + rng.uniform(-3, 3)
                rows.append(f"{kind}{content}-{level}.png,ref{content}.png,{kind},{level},{score:.3f},dmos")
    (root / "scores.csv").write_text("\n".join(rows) + "\n")
    return root


def test_the_paper_s_figures_are_those_that_it_prints() -> None:
    paper = published()
    assert paper.tables[3]["live"]["plcc"] == [0.972, 0.891, 0.987, 0.939]
    assert paper.tables[4]["csiq"]["VGG16"][1] == 0.750
    assert paper.tables[5]["fsim"] == {"tid2013": 0.9755, "csiq": 0.8855, "live": 0.89355, "average": 0.9181}
    assert paper.tables[6]["tid2013"]["TSPR"][-1] == 0.964
    assert paper.tables[7]["DIIVINE"] == 15.12
    for database in paper.databases:
        assert paper.tables[6][database]["Proposed"] == paper.tables[3][database]["plcc"]
        assert {*paper.tables[6][database]} == {"Proposed", *(method.title for method in paper.methods)}
        for network in paper.networks:
            assert len(paper.tables[4][database][network.printed]) == len(paper.types)
    registry = installed()
    for method in paper.methods:
        assert bool(method.missing) != bool(method.component)
        if method.component:
            registry.get("method", method.component)
            registry.get("mapper", method.mapper)


def test_pages_hold_both_figures_and_name_the_gaps(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed: Counter[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    paper = published()
    two = {metric: paper.tables[5][metric] for metric in ("psnr", "ssim")}
    shorter = attrs.evolve(paper, tables={**paper.tables, 5: two})  # each metric takes seconds
    for module in (examples, figures, pages, studies, paper_tables):
        monkeypatch.setattr(module, "published", lambda: shorter)
    options = ("--database", "live", "csv", folder, "--output", tmp_path / "out", "--store", tmp_path / "values")
    done = veiqa("paper", *options, "--table", 3, "--table", 5, "--device", "cpu", "--threads", 1)
    assert done.exit_code == 0, done.output
    assert "EfficientNet-Lite0, native size on live\n" in done.stderr
    text = (tmp_path / "out" / "paper.md").read_text()
    assert "| PLCC | LIVE | paper, in-sample | 0.972 | 0.891 | 0.987 | 0.939 |" in text
    for fit in ("in-sample", "held-out"):
        assert f"| PLCC | LIVE | VEIQA, EfficientNet-Lite0, {fit} |" in text
        assert f"| SSIM | VEIQA, EfficientNet-Lite0, {fit} |" in text
        assert f"| SSIM | VEIQA, EfficientNet-Lite0, native size, {fit} |" in text
    assert "Table 7" not in text
    assert "LIVE: 10, 10, 10, 10 images of GB, WN, JPEG, JP2K, where the paper has 145, 145, 169, 175: not" in text
    for gap in ("CSIQ: the database is not here", "VGG16: its weights are not here", "takes the place of Inception"):
        assert gap in text
    html = (tmp_path / "out" / "paper.html").read_text()
    assert "default-src &#39;none&#39;" in html
    assert html.count("<svg") == 4 + 1 + 4  # figure 3, the held-out ratings and their legend
    assert html.count("<img") == 4 * 4  # figure 2
    for name in ("figure-2.png", "figure-3-live.png"):
        assert f"]({name})" in text
        assert is_picture(tmp_path / "out" / name)
    assert "0.972" in html
    measured = sum(computed.values())
    assert measured
    again = veiqa("paper", *options, "--table", 3, "--table", 5, "--device", "cpu", "--threads", 1)
    assert again.exit_code == 0, again.output
    assert sum(computed.values()) == measured  # all of it was kept
    assert (tmp_path / "out" / "paper.html").read_text() == html


def test_table_7_is_timed_here_and_names_what_cannot_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = published()
    chosen = tuple(method for method in paper.methods if method.title in ("BRISQUE", "NIQE", "QAC", "LPSI"))
    monkeypatch.setattr(studies, "published", lambda: attrs.evolve(paper, methods=chosen))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "hub"))

    def measure(rated: Any, recipes: Any) -> Any:
        raise AssertionError("table 7 needs no ratings")

    databases = {"live": _database("live", "csv", folder, installed())}
    found = study(Settings(databases, {}, tables=frozenset({7})), installed(), measure)
    taken = {time.title: time.seconds for time in found.times}
    assert list(taken) == ["NIQE", "BRISQUE", "EfficientNet-Lite0", "EfficientNet-Lite0, native size"]
    assert all(seconds is not None and seconds > 0 for seconds in taken.values())
    assert "QAC: QAC needs its release's centroids: -p qac.model=FILE" in found.gaps
    (table,) = tables(found, frozenset({7}))
    shown = {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}
    assert "QAC" not in shown
    assert shown["BRISQUE"][:2] == ["1.358", "1.0"]
    assert shown["EfficientNet-Lite0 (proposed)"][:2] == ["5.123", "3.8"]
    assert "1.0" in {row[3] for row in shown.values()}


def test_parameters_of_methods_are_read_by_their_names() -> None:
    found = parameters(["blur-effect.size=9", "veiqa:qac.model=a.b=c.mat"], installed())
    assert found == {"veiqa:blur-effect": {"size": 9}, "veiqa:qac": {"model": "a.b=c.mat"}}


def test_scores_on_another_scale_are_named(folder: Path) -> None:
    rated = _database("tid2013", "csv", folder, installed(), (-10, 110))
    assert [*studies._differences("tid2013", rated)][-1] == (
        "TID2013: scores, and RMSE with them, from -10 to 110, where the paper's go from 0 to 9"
    )


def of_methods(folder: Path, *names: str, **parameters: dict[str, Any]) -> studies.Study:
    """Table 6 of some methods."""
    from veiqa_core.devices import Device
    from veiqa_core.functions.hearing import Hearing
    from veiqa_core.functions.means import Means, keeping
    from veiqa_core.functions.workers import Workers

    registry = installed()
    means = Means(
        registry=registry,
        device=("cpu", "float32", "auto"),
        workers=Workers(workers=1),
        keep=keeping(False),
        hearing=Hearing.of({"progress": None, "note": None}),
    )
    databases = {"live": _database("live", "csv", folder, registry)}
    given = {f"veiqa:{name}": values for name, values in parameters.items()}
    return study(
        Settings(databases, {}, given, tables=frozenset({6}), methods=titles(names)),
        registry,
        lambda rated, recipes: means.measured([rated], [recipes], Device())[0][0],
    )


def test_methods_are_evaluated_and_those_that_cannot_be_say_why(folder: Path) -> None:
    found = of_methods(folder, "brisque", "QAC", "lpsi")
    assert set(found.methods) == {("live", "BRISQUE")}
    evaluations = found.methods["live", "BRISQUE"]
    assert IN_SAMPLE not in evaluations  # a regression on the tested images says nothing
    assert evaluations[HELD_OUT].protocol["split"] == "loco"
    assert any(gap.startswith("QAC: QAC needs its release's centroids") for gap in found.gaps)
    assert any(gap.startswith("LPSI: no complete public description") for gap in found.gaps)
    assert "NIQE: not measured, as asked" in found.gaps
    table = tables(found, frozenset({6}))[0]
    shown = [[cell.text for cell in row] for row in table.rows]
    (ours,) = [row for row in shown if row[2] == "VEIQA, held-out"]
    assert ours[:2] == ["LIVE", "BRISQUE"]
    plcc = evaluations[HELD_OUT].by_distortion["WN"].values["plcc"]
    assert plcc is not None
    assert ours[4] == f"{plcc:.3f}"
    assert ["LIVE", "LPSI", "paper", "0.915", "0.965", "0.975", "0.936"] in shown
    assert found.remarks == ()


def test_a_network_without_weights_is_named_with_the_option_that_takes_them(folder: Path) -> None:
    found = of_methods(folder, "wadiqam-nr")
    assert found.methods == {}
    assert any(
        gap.startswith("WaDIQaM-NR: wadiqam-nr needs trained weights: -p wadiqam-nr.model=") for gap in found.gaps
    )


def test_a_method_that_was_trained_on_some_of_the_images_says_so(folder: Path, tmp_path: Path) -> None:
    network = WadiqamNetwork()
    for last in (network.quality[-1], network.weight[-1]):
        torch.nn.init.normal_(last.weight, std=0.1)  # it is all zeros, and all scores would be the same
    rated = _database("live", "csv", folder, installed())
    seen = [rated.content_of(item) for item in rated.images if item.reference == "ref0.png"]
    weights = tmp_path / "weights.safetensors"
    about = {"veiqa": json.dumps({"seen_ids": seen})}
    safetensors.torch.save_file(network.state_dict(), weights, about)
    found = of_methods(folder, "wadiqam-nr", **{"wadiqam-nr": {"model": str(weights)}})
    (remark,) = found.remarks
    assert remark.startswith("WaDIQaM-NR on LIVE: ")
    assert f"was trained on contents of {4 * LEVELS} of {4 * LEVELS * CONTENTS} images" in remark
    assert f"- {remark}" in pages.markdown(found, frozenset({6}))
    assert html.escape(remark) in pages.page(found, frozenset({6}))


@pytest.mark.parametrize(
    ("more", "reported"),
    [
        (("--database", "liv", "csv", "PATH"), "Did you mean 'live'"),
        (("--database", "live", "csv", "PATH", "--database", "live", "csv", "PATH"), "--database live: is given twice"),
        (("--database", "live", "cvs", "PATH"), "Did you mean 'csv'"),
        (("--database", "live", "csv", "PATH", "--weights", "vgg16"), "--weights takes NETWORK=FILE"),
        (("--database", "live", "csv", "PATH", "--weights", "vgg=a.pth"), "Did you mean 'vgg16'"),
        (("--database", "live", "csv", "PATH", "--weights", "vgg16=absent.pth"), "cannot read the weights file absent"),
        (("--database", "live", "csv", "nowhere"), "nowhere"),
        (
            ("--database", "live", "csv", "PATH", "--range", "csiq", "0", "1"),
            "--range csiq: no --database of that name",
        ),
        (
            ("--database", "live", "csv", "PATH", "--method", "nique"),
            "--method: unknown method 'nique'. Did you mean 'niqe'",
        ),
        (
            ("--database", "live", "csv", "PATH", "--table", "6", "-p", "wadiqam-nr.model=absent.safetensors"),
            "-p wadiqam-nr: cannot read the model file absent.safetensors",
        ),
        (("--database", "live", "csv", "PATH", "-p", "model=a.mat"), "-p takes METHOD.NAME=VALUE"),
        (("--database", "live", "csv", "PATH", "-p", "qac.modl=a.mat"), "Did you mean 'model'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    folder: Path, tmp_path: Path, more: tuple[str, ...], reported: str
) -> None:
    arguments = [str(folder) if text == "PATH" else text for text in more]
    done = veiqa("paper", *arguments, "--output", tmp_path / "out", "--no-store", "--table", 4)
    assert done.exit_code in (1, 2)
    assert reported in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_picture_of_another_kind_is_kept(folder: Path, tmp_path: Path) -> None:
    save(np.zeros((4, 4, 3)), tmp_path / "figure-2.png")
    before = (tmp_path / "figure-2.png").read_bytes()
    done = veiqa("paper", "--database", "live", "csv", folder, "--output", tmp_path, "--no-store")
    assert done.exit_code == 2
    assert "figure-2.png: is there already, and is no figure of the paper" in done.stderr
    assert (tmp_path / "figure-2.png").read_bytes() == before


def test_a_file_of_another_kind_is_kept(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "paper.md").write_text("my notes")
    done = veiqa("paper", "--database", "live", "csv", folder, "--output", tmp_path, "--no-store")
    assert done.exit_code == 2
    assert "paper.md: is there already" in done.stderr
    assert (tmp_path / "paper.md").read_text() == "my notes"


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each image is measured."""
    found: Counter[str] = Counter()
    compute = Meter.compute

    def counting(self: Meter, image: Any, wanted: Any, **more: Any) -> Any:
        found[image.name] += 1
        return compute(self, image, wanted, **more)

    monkeypatch.setattr(Meter, "compute", counting)
    return found
