"""``veiqa audit`` on folders with made problems."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner, Result
from making import photo
from PIL import ImageCms

from veiqa_core.auditing import look, problems
from veiqa_core.auditing.look import Seen
from veiqa_core.cli import main

CLEAN = 11
SIDE = 160


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, arguments)])


def scene(seed: int, side: int = SIDE) -> np.ndarray:
    """Blocks of noise, each seed its own picture."""
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(20, 236, (20, 20, 3)), np.ones((side // 20, side // 20, 1))).astype(np.uint8)


def save(name: str, pixels: np.ndarray, **options: Any) -> None:
    PIL.Image.fromarray(pixels).save(Path("d") / name, **options)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eleven photos without problems in ``d``."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    for seed in range(CLEAN):
        save(f"{seed:02}.png", noisy(seed))
    return tmp_path


def noisy(seed: int, side: int = SIDE) -> np.ndarray:
    """A scene with a little noise, so that it is no drawing."""
    noise = np.random.default_rng(seed).normal(0, 6, (side, side, 3))
    return (scene(seed, side) + noise).clip(0, 255).astype(np.uint8)


def found(done: Result) -> dict[str, list[str]]:
    """The problems by file, of files that have some."""
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(row["image"]).name: row["problems"] for row in rows if row["problems"]}


def test_a_folder_without_problems_has_none(folder: Path) -> None:
    done = audit("d", "--report", "r.html", "--fail-on", ",".join(set(problems.KINDS) - {"unfamiliar"}))
    assert (done.exit_code, done.stdout) == (0, "11 images, 0 with problems\n")
    assert "<strong>Nothing. </strong>" in Path("r.html").read_text()


def test_each_problem_is_found_by_its_name(folder: Path) -> None:
    shutil.copy("d/00.png", "d/again.png")
    save("format.bmp", noisy(1))
    save("near.jpg", noisy(2), quality=30)
    save("dark.png", (noisy(20) * 0.2).astype(np.uint8))
    save("bright.png", (noisy(21) // 25 + 246).astype(np.uint8))
    save("flat.png", (noisy(22) // 8 + 100).astype(np.uint8))
    save("plain.png", np.full((SIDE, SIDE, 3), 128, np.uint8))
    save("big.png", noisy(23, 480))
    save("long.png", np.concatenate([noisy(24)[:64]] * 1 + [noisy(25)[:64]] * 3, axis=1))
    save("small.png", noisy(26)[:100, :130])
    save("text.png", noisy(27))
    Path("d/text.png").rename("d/wrong.jpg")
    Path("d/broken.png").write_bytes(Path("d/03.png").read_bytes()[:2000])
    done = audit("d", "--format", "jsonl", "--fail-on", "wrong-suffix,duplicate", "--fail-on", "dark")
    assert found(done) == {
        "00.png": ["duplicate"],
        "01.png": ["duplicate"],
        "02.png": ["near-duplicate"],
        "again.png": ["duplicate"],
        "big.png": ["odd-size"],
        "bright.png": ["bright", "low-contrast"],
        "broken.png": ["unreadable"],
        "dark.png": ["dark", "low-contrast"],
        "flat.png": ["low-contrast"],
        "format.bmp": ["duplicate"],
        "long.png": ["odd-shape", "no-photo"],
        "near.jpg": ["near-duplicate"],
        "plain.png": ["low-contrast", "low-information", "no-photo"],
        "small.png": ["no-photo"],
        "wrong.jpg": ["wrong-suffix"],
    }
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-3:] == [
        "duplicate: 4 of 23 images",
        "dark: 1 of 23 images",
        "wrong-suffix: 1 of 23 images",
    ]


def test_formats_and_workers_say_the_same(folder: Path) -> None:
    shutil.copy("d/00.png", "d/again.png")
    lines = [json.loads(line) for line in audit("d", "--format", "jsonl").stdout.splitlines()]
    assert json.loads(audit("d", "--format", "json", "--workers", 2).stdout) == lines
    texts = list(csv.DictReader(io.StringIO(audit("d", "--format", "csv").stdout)))
    assert [(row["image"], row["problems"], row["entropy"]) for row in texts] == [
        (row["image"], "; ".join(row["problems"]), str(row["entropy"])) for row in lines
    ]
    table = audit("d", "--output", "out.txt")
    assert (
        Path("out.txt").read_text().startswith("d/00.png\n  duplicate: the same pixels as d/again.png\nd/again.png\n")
    )
    assert table.stdout.startswith("12 images, 2 with problems\n  duplicate  ")


def test_limits_are_options(folder: Path) -> None:
    assert found(audit("d", "--format", "jsonl", "--limit", "dark=1"))["00.png"] == ["dark"]
    save("near.jpg", noisy(2), quality=30)
    assert found(audit("d", "--format", "jsonl", "--limit", "near-duplicate=-1")) == {}


def test_a_lost_profile_is_one_that_most_others_have(folder: Path) -> None:
    size = (640, 480)
    images = [Seen(str(n), size=size, digest=str(n), profile="Display P3", wide=True, format="PNG") for n in range(9)]
    images.append(Seen("lost", size=size, digest="a", format="PNG"))
    images.append(Seen("srgb", size=size, digest="b", profile="sRGB", format="PNG"))
    images.append(Seen("raw", size=size, digest="c"))
    own = problems.findings(images, problems.limits(()))
    lost = [[item for item in each if item.kind == "lost-profile"] for each in own]
    assert [image.name for image, each in zip(images, lost, strict=True) if each] == ["lost"]
    assert lost[9][0].detail == "no profile; 9 of 12 have Display P3"
    for place in range(4):
        images[place] = Seen(str(place), size=size, digest=str(place), format="PNG")
    assert not [item for each in problems.findings(images, problems.limits(())) for item in each if "lost" in item.kind]


def test_what_a_file_says_of_itself(folder: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    save("srgb.jpg", noisy(30), icc_profile=srgb)
    seen = look.look("d/srgb.jpg")
    assert (seen.format, seen.fits, seen.wide) == ("JPEG", True, False)
    assert "sRGB" in str(seen.profile)
    save("none.tif", noisy(30))
    assert look.look("d/none.tif").profile is None


def test_levels_are_those_of_the_luma() -> None:
    from veiqa_core.images import read

    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None], 4, axis=0)
    own = look.levels(read(ramp))
    assert own.entropy == pytest.approx(8)
    assert [own.contrast, own.dark, own.bright] == pytest.approx([251 / 255, 12 / 255, 253 / 255], abs=1 / 255)
    assert look.levels(read(np.full((4, 4), 51, np.uint8))) == look.Levels(0.2, 0.2, 0.0, 0.0)


def test_near_duplicates_are_found_whatever_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from veiqa_core.datasets import likeness

    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (50, 256), dtype=np.uint8)
    bits[40] = bits[3]
    bits[40, :20] ^= 1
    marks: list[str | None] = [f"dhash:{np.packbits(own).tobytes().hex()}" for own in bits]
    marks[5] = None
    whole = list(likeness.near(marks))
    assert whole == [(3, 40, 20)]
    monkeypatch.setattr(likeness, "_BLOCK", 7)
    assert list(likeness.near(marks, 120)) == sorted(
        (a, b, int((bits[a] != bits[b]).sum()))
        for a in range(50)
        for b in range(a + 1, 50)
        if 5 not in (a, b) and (bits[a] != bits[b]).sum() <= 120
    )


def test_with_a_recipe_each_image_is_scored_and_novelty_is_a_problem(folder: Path) -> None:
    for path in sorted(Path("d").iterdir())[2:]:
        path.unlink()
    Path("d/broken.png").write_bytes(b"no image")
    done = audit("d", "--recipe", "fast", "--format", "jsonl", "--no-store", "--report", "r.html")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    scored = CliRunner().invoke(
        main, ["run", "d", "--recipe", "fast", "--no-store", "--format", "csv", "--columns", "score,novelty"]
    )
    due = {row["image"]: (row["score"], row["novelty"]) for row in csv.DictReader(io.StringIO(scored.stdout))}
    assert {row["image"]: (str(row["score"]), str(row["novelty"])) for row in rows if not row["error"]} == {
        name: values for name, values in due.items() if values[0]
    }
    for row in rows:
        assert ("unfamiliar" in row["problems"]) == ((row["novelty"] or 0) > 1)
    assert Path("r.html").read_text().count('<td class="n" ') == 0


def test_the_page_escapes_and_loads_nothing(folder: Path) -> None:
    shutil.copy("d/00.png", "d/<b>.png")
    assert audit("d", "--report", "r.html").exit_code == 0
    page = Path("r.html").read_text()
    assert "&lt;b&gt;.png" in page
    assert "<b>.png" not in page
    assert page.count("data:image/") == 2
    assert "http" not in page.replace("http-equiv", "")
    assert audit("d", "--report", "r.html").exit_code == 0  # its own page is replaced


def test_an_interruption_leaves_what_was_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy("d/00.png", "d/01.png")
    read = look.look

    def stopping(name: str) -> Seen:
        if "05" in name:
            raise KeyboardInterrupt
        return read(name)

    monkeypatch.setattr(look, "look", stopping)
    done = audit("d", "--output", "out.csv", "--report", "r.html")
    assert done.exit_code == 130
    assert "stopped; what was looked at is in out.csv; the same command with --resume goes on" in done.stderr
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert [row["problems"] for row in rows] == ["duplicate", "duplicate", "", "", ""]
    assert "Incomplete." in Path("r.html").read_text()


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("killed", [False, True])
def test_an_audit_goes_on_where_it_was_stopped(
    folder: Path, form: str, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy("d/00.png", "d/09.png")
    Path("d/03.png").write_bytes(b"no image")
    assert audit("d", "--output", f"whole.{form}").exit_code == 0
    read, seen = look.look, []

    def stopping(name: str) -> Seen:
        if "05" in name:
            raise KeyboardInterrupt
        return read(name)

    def noting(name: str) -> Seen:
        seen.append(Path(name).name)
        return read(name)

    with monkeypatch.context() as patch:
        patch.setattr(look, "look", stopping)
        if killed:  # nothing is written any more once it is interrupted
            patch.setattr("veiqa_core.cli.commands.audit._write", lambda *given: None)
        assert audit("d", "--output", f"out.{form}").exit_code == 130
    monkeypatch.setattr(look, "look", noting)
    grown = not killed or form != "parquet"
    assert audit("d", "--output", f"out.{form}", "--resume").exit_code == 0
    assert ("00.png" in seen) is not grown
    assert "05.png" in seen
    if form == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        assert parquet.read_table("out.parquet").equals(parquet.read_table("whole.parquet"))
    else:
        assert Path(f"out.{form}").read_bytes() == Path(f"whole.{form}").read_bytes()


def test_an_audit_goes_on_with_its_own_images_only(folder: Path) -> None:
    assert audit("d", "--output", "out.csv").exit_code == 0
    Path("d/00.png").rename("d/000.png")
    done = audit("d", "--output", "out.csv", "--resume")
    assert done.exit_code == 2
    assert "row 1 of out.csv is d/00.png, and image 1 is d/000.png" in done.stderr
    Path("other.csv").write_text("image,score\n")
    assert "has other columns" in audit("d", "--output", "other.csv", "--resume").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "absent: no such file or folder"),
        (
            ["d", "--fail-on", "duplicates"],
            "--fail-on: unknown kind of problem 'duplicates'. Did you mean 'duplicate'?",
        ),
        (["d", "--fail-on", "unfamiliar"], "--fail-on unfamiliar: a recipe says what is; name one by --recipe"),
        (["d", "--limit", "drak=1"], "--limit unknown limit 'drak'. Did you mean 'dark'?"),
        (["d", "--limit", "dark=x"], "--limit takes KIND=VALUE, such as dark=0.3; 'dark=x' is not a number"),
        (["d", "--limit", "duplicate=1"], "unknown limit 'duplicate'"),
        (["d", "--recipe", "absent.toml"], "absent.toml"),
        (["d", "--output", "absent/o.csv"], "--output absent/o.csv: cannot be written: no such folder"),
        (["d", "--report", "d/00.png"], "--report d/00.png: is one of the images"),
        (["empty"], "empty: holds no images"),
        ([], "name images or folders"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(folder: Path, arguments: list[str], message: str) -> None:
    Path("empty").mkdir()
    done = audit(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.output


def test_names_cannot_steer_a_terminal(folder: Path) -> None:
    Path("d/\x1b]0;x\x07.png").write_bytes(photo(8, 8).tobytes())
    done = audit("d")
    assert "\x1b" not in done.output
    assert "d/\\x1b]0;x\\x07.png\n" in done.stdout
