"""``veiqa datasets make``: what it says, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from synthesis import contents, table

from veiqa_core.cli import _Group
from veiqa_core.cli.commands.datasets_make import make
from veiqa_core.datasets.rated_set import RatedSet


def run(*arguments: object) -> Result:
    return CliRunner().invoke(_Group(name="datasets", commands=[make]), ["make", *map(str, arguments)])


def test_the_command_makes_a_set_and_says_how_to_use_it(photos: Path, tmp_path: Path) -> None:
    done = run(photos, tmp_path / "my out", "--distortion", "GB", "--distortion", "WN+JPEG", "--levels", 3)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Made 12 images of 2 photos" in done.stdout
    assert "vsi stands in for people's scores" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(f"veiqa evaluate csv '{tmp_path / 'my out'}'")


def test_the_command_calibrates(photos: Path, opinions: RatedSet, tmp_path: Path) -> None:
    options = ("--draw", 2, "--pristine", "--metric", "psnr", "--metric", "gmsd", "--calibrate", "csv", opinions.root)
    done = run(photos, tmp_path / "out", "--distortion", "WN", *options)
    assert done.exit_code == 0, done.output
    assert "psnr + gmsd on the scale of csv stands in for people's scores" in done.stdout
    rows = table(tmp_path / "out" / "scores.csv")
    assert {row["score_type"] for row in rows} == {"mos"}
    assert sorted(float(row["score"]) for row in rows)[-2:] == [100, 100]


def test_the_command_says_which_psnr_was_out_of_reach_and_which_range_to_read_by(photos: Path, tmp_path: Path) -> None:
    done = run(photos, tmp_path / "out", "--distortion", "GB", "--psnr", 30, "--psnr", 90, "--metric", "psnr")
    assert done.exit_code == 0
    (note,) = done.stderr.splitlines()
    assert note.startswith("note: GB at 90 dB: the closest on 2 of 2 is ")
    assert done.stdout.rstrip().endswith("--range 29 100")


def test_the_command_goes_on_past_a_broken_photo_with_status_1(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_text("no picture")
    done = run(photos, tmp_path / "out", "--distortion", "JPEG", "--severity", 0.5, "--metric", "psnr")
    assert done.exit_code == 1
    assert done.stderr == f"warning: {photos / 'broken.png'}: not an image file that can be read\n"
    assert "Made 2 images of 2 photos" in done.stdout


def test_the_command_never_writes_into_a_folder_with_something_else(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--distortion", "JPEG", "--levels", 2, "--metric", "psnr")
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for resume, message in (([], "is not empty; name another"), (["--resume"], "and holds no set to resume")):
        done = run(photos, out, *options, *resume)
        assert (done.exit_code, list(contents(out))) == (2, ["mine.txt"])
        assert message in done.stderr
    assert run(photos, photos / "out", *options).stderr == (
        f"Error: {photos / 'out'}: lies in the folder of the photos; name another\n"
    )
    assert run(photos, out / "mine.txt", *options).stderr.endswith("is a file, not a folder\n")
    assert run(photos, tmp_path / "new", *options, "--resume").exit_code == 0
    assert run(photos, tmp_path / "new", *options).exit_code == 2
    assert run(photos, tmp_path / "new", *options, "--resume").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--distortion", "GBB"], "unknown distortion 'GBB'. Did you mean 'GB'?"),
        (["--metric", "vis"], "unknown similarity metric 'vis'. Did you mean 'vsi'?"),
        (["--levels", "3", "--psnr", "30"], "--levels, --severity, --psnr and --draw exclude each other"),
        (["--severity", "0.1", "--psnr", "30"], "--levels, --severity, --psnr and --draw exclude each other"),
        (["--levels", "1"], "at least 2 are needed, not 1"),
        (["--draw", "2", "--levels", "3"], "--levels, --severity, --psnr and --draw exclude each other"),
        (["--draw", "0"], "at least 1 is needed, not 0"),
        (["--metric", "vsi", "--metric", "gmsd"], "give one --metric, or --calibrate DATASET PATH"),
        (["--calibrate", "csv", "absent"], "absent: no such folder"),
        (["--severity", "2"], "severity 2 is not between 0 (mildest) and 1 (strongest)"),
        (["--psnr", "-3"], "PSNR -3 is not a positive number of dB"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line_and_status_2(
    arguments: list[str], message: str, photos: Path, tmp_path: Path
) -> None:
    done = run(photos, tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_folders_without_photos_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, message in (("empty", "holds no photos that can be read"), ("absent", "no such folder")):
        done = run(tmp_path / folder, tmp_path / "out")
        assert (done.exit_code, done.stderr) == (2, f"Error: {tmp_path / folder}: {message}\n")


def test_a_folder_that_cannot_be_written_is_one_line(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(photos, tmp_path / "file" / "out", "--metric", "psnr")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
