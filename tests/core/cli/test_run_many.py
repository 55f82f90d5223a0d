"""``veiqa run`` on many images: going on with a file, the gate, constant memory, the same bits in any order."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from making import veiqa

from veiqa_core.images import Image, display_name
from veiqa_core.measuring.meter import Computed, Meter
from veiqa_core.results.columns import Columns
from veiqa_core.results.formats import JsonList, Table
from veiqa_core.scorer import Result as Scored
from veiqa_core.scorer import Scorer

FAST = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
OPTIONS = (*FAST, "--mapper", "identity", "--pri", "jpeg", "--device", "cpu", "--threads", "1", "--no-store")


def write(path: Path, seed: int, height: int, width: int = 72) -> None:
    rng = np.random.default_rng(seed)
    path.parent.mkdir(exist_ok=True)
    PIL.Image.fromarray(rng.integers(0, 255, (height, width, 3)).astype(np.uint8)).save(path)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Seven images of several sizes, some with odd names, and one that is none, in a folder."""
    monkeypatch.chdir(tmp_path)
    folder = Path("photos")
    for number, name in enumerate(("0.png", "1.png", "a, b.png", 'q"uote.png', "two\nlines.png", "z/9.png")):
        write(folder / name, number, 64 + 24 * (number % 3), 64 + 40 * (number % 2))
    odd = folder / os.fsdecode(b"odd-\xff.png")
    try:
        odd.write_bytes((folder / "0.png").read_bytes())
    except OSError:  # not on this file system
        write(folder / "odd.png", 7, 64)
    (folder / "broken.png").write_bytes(b"no image")
    return folder


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_file_cut_off_anywhere_is_gone_on_with_to_the_same_bytes(photos: Path, form: str, measured: Measured) -> None:
    command = ("run", photos, *OPTIONS, "--output", f"out.{form}")
    assert veiqa(*command).exit_code == 1
    out = Path(f"out.{form}")
    whole = out.read_bytes()
    for kept in (40, len(whole) // 2, len(whole) - 1):
        for options in (("--resume",), ("--resume", "--retry-failed")):
            out.write_bytes(whole[:kept])
            measured.clear()
            assert veiqa(*command, *options).exit_code == 1
            assert out.read_bytes() == whole
            if form == "jsonl":
                assert len(measured) == 7 - len(re.findall(rb'"error": null.*\n', whole[:kept]))
    assert not list(Path().glob(".*.part"))


def test_failed_rows_are_scored_again_in_their_places_on_demand(photos: Path, measured: Measured) -> None:
    command = ("run", photos, *OPTIONS, "--output")
    for form in ("jsonl", "csv", "parquet"):
        (photos / "broken.png").write_bytes(b"no image")
        veiqa(*command, f"out.{form}")
        (photos / "broken.png").write_bytes((photos / "1.png").read_bytes())
        assert veiqa(*command, f"out.{form}", "--resume").exit_code == 1
        measured.clear()
        done = veiqa(*command, f"out.{form}", "--resume", "--retry-failed")
        redone = ["photos/broken.png"]
        if form == "parquet":  # which cannot hold this name: the row may be of another file now
            redone += [f"photos/{path.name}" for path in photos.glob("odd-*") if not path.name.isprintable()]
        shown = [display_name(name) for name in redone]
        assert (done.exit_code, done.stderr, measured) == (0, "", shown)
        assert veiqa(*command, f"new.{form}").exit_code == 0
        assert read(Path(f"out.{form}")) == read(Path(f"new.{form}"))


def read(path: Path) -> Any:
    if path.suffix != ".parquet":
        return path.read_bytes()
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    return parquet.read_table(path).to_pylist()


def test_an_interrupted_run_leaves_whole_files_and_goes_on(
    photos: Path, monkeypatch: pytest.MonkeyPatch, measured: Measured
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    command = ("run", photos, *OPTIONS, "--output")
    for form in ("jsonl", "csv", "parquet"):
        veiqa(*command, f"whole.{form}")
        with monkeypatch.context() as patch:
            patch.setattr(Meter, "compute", after(3, Meter.compute, KeyboardInterrupt()))
            stopped = veiqa(*command, f"out.{form}")
        assert stopped.exit_code == 130
        reported = f"stopped; what was scored is in out.{form}; the same command with --resume goes on"
        assert stopped.stderr.strip() == reported
        assert len(rows(Path(f"out.{form}"))) == 4  # one of them is no image
        measured.clear()
        assert veiqa(*command, f"out.{form}", "--resume").exit_code == 1
        assert len(measured) == 4
        assert read(Path(f"out.{form}")) == read(Path(f"whole.{form}"))


def test_an_interruption_before_the_first_row_names_no_file(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("run", photos / "0.png", *OPTIONS, "--output", "out.jsonl")
    for owner, name in ((Scorer, "__init__"), (Meter, "compute")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, after(0, getattr(owner, name), KeyboardInterrupt()))
            stopped = veiqa(*command)
        assert (stopped.exit_code, stopped.stderr.strip()) == (130, "stopped; nothing was scored yet")
    assert veiqa(*command, "--resume").exit_code == 0
    with monkeypatch.context() as patch:  # what an earlier run wrote is in the file
        patch.setattr(Meter, "compute", after(0, Meter.compute, KeyboardInterrupt()))
        stopped = veiqa("run", photos / "0.png", photos / "1.png", *command[2:], "--resume")
    assert stopped.stderr.strip() == "stopped; what was scored is in out.jsonl; the same command goes on"


def rows(path: Path) -> list[Any]:
    if path.suffix == ".parquet":
        return list(read(path))
    text = path.read_text()
    return text.splitlines() if path.suffix == ".jsonl" else list(csv.reader(text.splitlines()))[1:]


def after(count: int, method: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    calls: list[int] = []

    def counting(*arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) > count:
            raise error
        return method(*arguments, **more)

    return counting


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("more", [(), ("--resume",), ("--resume", "--retry-failed")])
def test_a_full_disk_is_one_line_and_the_run_goes_on_later(photos: Path, form: str, more: tuple[str, ...]) -> None:
    resource = pytest.importorskip("resource", reason="limits of files are a matter of POSIX")
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    command = ("run", photos, *OPTIONS, "--output")
    veiqa(*command, f"whole.{form}")
    whole, out = Path(f"whole.{form}").read_bytes(), Path(f"out.{form}")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if more:
        veiqa("run", photos / "0.png", *command[2:], out)
    held = out.read_bytes() if more else b""
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(held) + (len(whole) - len(held)) // 2, before[1]))
    try:
        done = veiqa(*command, out, *more)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    how = "the same command goes on" if more else "the same command with --resume goes on"
    assert (done.exit_code, done.stderr) == (1, f"Error: --output {out}: cannot be written: File too large; {how}\n")
    assert not list(Path().glob(".*.part"))
    if more:
        assert out.read_bytes().startswith(held)
    assert veiqa(*command, out, "--resume").exit_code == 1
    assert read(out) == read(Path(f"whole.{form}"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_device_that_takes_no_more_is_told(photos: Path) -> None:
    done = veiqa("run", photos / "0.png", *OPTIONS, "--format", "json", "--output", "/dev/full")
    reported = "Error: --output /dev/full: cannot be written: No space left on device\n"
    assert (done.exit_code, done.stderr) == (1, reported)
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-c", "from veiqa_core.cli import main; main()", "run", "photos/0.png", *OPTIONS]
        printed = subprocess.run(command, stdout=full, stderr=subprocess.PIPE)
    reported = "Error: standard output: cannot be written: No space left on device\n"
    assert (printed.returncode, printed.stderr.decode()) == (1, reported)


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "parquet", "table"])
def test_names_that_are_no_utf_8_lead_back_to_their_files(tmp_path: Path, form: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    names = [os.fsdecode(name) for name in (b"d/\xfe.png", b"d/\xff.png", "d/\ufffd.png".encode())]
    for seed, name in enumerate(names):
        try:
            write(Path(name), seed, 64)
        except OSError:
            pytest.skip("this file system takes no such names")
    command = ("run", "d", *OPTIONS, "--vei", "v", "--report", "r.html", "--output", f"out.{form}", "--format", form)
    done = veiqa(*command)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "\\udcff.png" in Path("r.html").read_text()
    data = Path(f"out.{form}").read_bytes()
    if form == "table":
        assert b"\\udcff.png" in data
        return
    if form == "parquet":
        assert {row["image"] for row in read(Path("out.parquet"))} == {"d/\ufffd.png"}
    elif form == "csv":
        read_again = csv.reader(data.decode(errors="surrogateescape").splitlines())
        assert [row[0] for row in read_again][1:] == sorted(names)
    else:
        found = json.loads(data) if form == "json" else list(map(json.loads, data.splitlines()))
        assert [row["image"] for row in found] == sorted(names)
        assert b'"d/\\udcff.png"' in data
    if form != "parquet":
        printed = veiqa(*command[:-4], "--format", form)
        assert printed.stdout_bytes == data
    if form == "json":
        return
    assert veiqa(*command, "--resume").exit_code == 0
    assert Path(f"out.{form}").read_bytes() == data
    Path(names[1]).rename(os.fsdecode(b"d/\xfd.png"))  # another file, which U+FFFD would not tell from the first
    again = veiqa(*command, "--resume")
    if form == "parquet":  # which cannot tell them apart: they are scored again
        assert again.exit_code == 0
        fresh = veiqa(*command[:-4], "--output", "new.parquet")
        assert fresh.exit_code == 0
        assert read(Path("out.parquet")) == read(Path("new.parquet"))
        return
    assert again.exit_code == 2
    assert re.match(r"Error: --resume: row \d of .* is d/\\udc..\.png, and image \d is d/\\udc..\.png;", again.stderr)
    assert Path(f"out.{form}").read_bytes() == data


def test_what_does_not_belong_to_this_run_is_refused_and_kept(photos: Path) -> None:
    for form in ("jsonl", "csv", "parquet"):
        out = Path(f"out.{form}")
        assert veiqa("run", photos, *OPTIONS, "--output", out).exit_code == 1
        before = read(out)
        for changed, message in (
            ((photos, "--metric", "ssim"), "of the recipe ad-hoc@" if form == "jsonl" else "has other columns"),
            ((photos / "1.png", photos), f"row 1 of out.{form} is photos/0.png, and image 1 is photos/1.png"),
            ((photos / "0.png",), f"row 2 of out.{form} is photos/1.png, and image 2 is not there"),
        ):
            for retry in ((), ("--retry-failed",)):
                done = veiqa("run", *changed, *OPTIONS, "--output", out, "--resume", *retry)
                assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
                assert read(out) == before


def test_a_damaged_file_is_not_gone_on_with(photos: Path) -> None:
    for form, content, message in (
        ("jsonl", "[]\n", "row 1 of out.jsonl is no result"),
        ("jsonl", "no JSON\n", "row 1 of out.jsonl is no result"),
        ("csv", "a,b\n1,2\n", "out.csv has other columns"),
        ("parquet", "PAR1", "out.parquet is no whole Parquet file"),
    ):
        Path(f"out.{form}").write_text(content)
        done = veiqa("run", photos, *OPTIONS, "--output", f"out.{form}", "--resume")
        assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
        assert Path(f"out.{form}").read_text() == content


def test_a_parquet_file_has_the_columns_of_the_csv(photos: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    veiqa("run", photos, *OPTIONS, "--output", "out.parquet")
    veiqa("run", photos, *OPTIONS, "--output", "out.csv")
    table = parquet.read_table("out.parquet")
    with Path("out.csv").open(newline="", errors="surrogateescape") as stream:
        records = list(csv.reader(stream))
    assert table.column_names == records[0]
    as_text = [["" if value is None else str(value) for value in row.values()] for row in table.to_pylist()]
    assert as_text == [[display_name(record[0]), *record[1:]] for record in records[1:]]
    kinds = [str(field.type) for field in table.schema]
    assert kinds == ["string", *["double"] * 3, "string", *["double"] * 3, *["string"] * 3]


def test_without_pyarrow_one_line_says_how_to_get_it(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = veiqa("run", photos, *OPTIONS, "--output", "out.parquet")
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: --format parquet needs pyarrow: pip install 'veiqa[parquet]'\n",
    )


def test_the_gate_tells_what_lies_below_and_failures_win(
    photos: Path, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scorer, "calibrated", True)
    command = ("run", photos, *OPTIONS, "--output", "out.jsonl")
    veiqa(*command)
    scores = {row["image"]: row["score"] for row in map(json.loads, Path("out.jsonl").read_text().splitlines())}
    ranked = sorted((score, image) for image, score in scores.items() if score is not None)
    limit = (ranked[1][0] + ranked[2][0]) / 2
    below = f"below {limit:g}: 2 of 8 images; the worst is {ranked[0][1]} with {ranked[0][0]:.4f}\n"
    for resume in ((), ("--resume",)):
        done = veiqa(*command, "--fail-under", limit, *resume)
        assert (done.exit_code, done.stderr) == (1, f"failed: 1 of 8 images\n{below}")
    (photos / "broken.png").unlink()
    done = veiqa(*command, "--fail-under", limit)
    assert (done.exit_code, done.stderr) == (3, below.replace("of 8", "of 7"))
    assert veiqa(*command, "--fail-under", ranked[0][0]).exit_code == 0


def test_a_gate_needs_a_scale(photos: Path) -> None:
    done = veiqa("run", photos, *OPTIONS, "--fail-under", 50)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: --fail-under needs scores on a scale of quality, and the recipe ad-hoc@")
    assert done.stdout == ""


def test_a_gate_beyond_the_scale_is_refused(photos: Path) -> None:
    for limit in ("101", "-1"):
        done = veiqa("run", photos / "0.png", "--recipe", "fast", "--device", "cpu", "--fail-under", limit)
        assert (done.exit_code, done.stdout) == (2, "")
        reported = rf"Error: --fail-under {limit}: the scale of the recipe fast@\w+ is 0 to 100\n"
        assert re.fullmatch(reported, done.stderr)


def test_a_gate_refuses_scores_that_are_guesses(photos: Path) -> None:
    done = veiqa("run", photos / "0.png", "--recipe", "fast", "--device", "cpu", "--fail-unsure")
    assert "note: too small to judge\n" in done.stdout
    assert (done.exit_code, done.stderr) == (3, f"unsure: 1 of 1 images; the first is {photos / '0.png'}\n")
    done = veiqa("run", photos / "0.png", *OPTIONS, "--fail-unsure")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: --fail-unsure needs a recipe that says what it was fitted on, and ad-hoc@")


@pytest.mark.parametrize("command", [("components",), ("run", "photos/0.png", *OPTIONS)])
def test_who_reads_no_more_ends_a_command_without_a_word(photos: Path, command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-c", "from veiqa_core.cli import main; main()", *command],
            stdout=pipe,
            stderr=subprocess.PIPE,
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--resume",), "--resume goes on with a file in jsonl, csv or parquet"),
        (("--resume", "--output", "x.json"), "--resume goes on with a file in jsonl, csv or parquet"),
        (("--resume", "--output", os.devnull, "--format", "csv"), "--resume goes on with a file"),
        (("--retry-failed",), "--retry-failed goes with --resume"),
        (("--format", "parquet"), "--format parquet writes a file: name it with --output"),
        (("--output", "photos"), "is a folder; name a file"),
        (("--list", "names.txt", "--output", "names.txt"), "is one of the images, lists or other files"),
        (("--output", "photos/0.png", "--format", "csv"), "is one of the images, lists or other files"),
    ],
)
def test_outputs_that_cannot_be_are_refused(photos: Path, options: tuple[str, ...], message: str) -> None:
    Path("names.txt").write_text("photos/0.png\n")
    done = veiqa("run", photos, *OPTIONS, *options)
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
    assert Path("names.txt").read_text() == "photos/0.png\n"


def test_lists_pipes_and_folders_give_the_same_rows(photos: Path) -> None:
    options = (*OPTIONS, "--format", "jsonl")
    whole = veiqa("run", photos, *options).stdout
    names = [os.fsencode(Path(root) / name) for root, _, files in os.walk(photos) for name in files]
    ordered = sorted(names, key=lambda name: Path(os.fsdecode(name)).parts)
    assert veiqa("run", "-", "--null", *options, stdin=b"\0".join(ordered)).stdout == whole
    Path("names").write_bytes(b"\0".join(ordered))
    assert veiqa("run", "--list", "names", "-0", *options).stdout == whole
    assert veiqa("run", photos / "1.png", photos / "1.png", *options).stdout == 2 * whole.splitlines(True)[1]


def test_order_workers_and_store_change_no_bit(photos: Path) -> None:
    options = (*OPTIONS[:-1], "--format", "jsonl")  # with a store
    cold = veiqa("run", photos, *options, "--store", "s.sqlite").stdout.splitlines()
    assert veiqa("run", photos, *options, "--store", "s.sqlite").stdout.splitlines() == cold
    assert veiqa("run", photos, *options, "--no-store", "--workers", 2).stdout.splitlines() == cold
    backwards = b"\0".join(os.fsencode(json.loads(line)["image"]) for line in reversed(cold))
    turned = veiqa("run", "-", "-0", *options, "--no-store", stdin=backwards).stdout.splitlines()
    assert turned == cold[::-1]


def test_a_polite_request_to_end_leaves_a_whole_file(photos: Path) -> None:
    """SIGTERM, as batch systems send it, while names are awaited from a pipe."""
    code = "from veiqa_core.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "-", *OPTIONS, "--output", "out.json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"photos/0.png\nphotos/1.png\n")
        process.stdin.flush()
        while not (Path("out.json").is_file() and Path("out.json").read_text().count("image")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 143
    assert json.loads(Path("out.json").read_text())[0]["image"] == "photos/0.png"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
def test_a_full_disk_at_the_very_end_is_told(photos: Path) -> None:
    """The last bytes of all do not fit."""
    command = ("run", "photos/broken.png", *OPTIONS, "--format", "json")
    whole = veiqa(*command).stdout.encode()
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({len(whole) - 2},) * 2)"
    arguments = [sys.executable, "-B", "-c", f"{limit}; from veiqa_core.cli import main; main()", *map(str, command)]
    with Path("out.json").open("wb") as out:
        done = subprocess.run(arguments, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: standard output: cannot be written: File too large\n"
    assert whole[:-2] == Path("out.json").read_bytes()


def test_what_ends_the_output_is_written_before_the_end(photos: Path) -> None:
    result = Scored("x.png", None, {}, ("uncalibrated",), None, "r")
    for form in (JsonList, Table):
        with Path("out").open("w") as stream:
            sink = form(stream, Columns(()))
            sink.add(result)
            before = Path("out").stat().st_size
            sink.close()
            assert Path("out").stat().st_size > before


FULL = """
import sys, click
from veiqa_core import cli

@cli.main.command()
@click.pass_context
def doctor(ctx):
    sys.stdout.write("something")
    {ending}

cli.main.get_command = lambda ctx, name: doctor
cli.main(["doctor"])
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    ("ending", "status", "reported"),
    [
        ("pass", 1, "Error: OSError: [Errno 28] No space left on device (VEIQA_STRICT=1 shows where)\n"),
        ("ctx.exit(0)", 1, "Error: OSError: [Errno 28] No space left on device (VEIQA_STRICT=1 shows where)\n"),
        ("raise cli.UsageError('as asked')", 2, "Error: as asked\n"),
    ],
)
def test_a_command_that_has_not_written_all_does_not_end_well(ending: str, status: int, reported: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", FULL.format(ending=ending)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, reported)


Measured = list[str]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """The names of images that were measured."""
    names: Measured = []
    compute = Meter.compute

    def noting(self: Meter, image: Image, wanted: Any, **more: Any) -> Computed:
        names.append(image.name)
        return compute(self, image, wanted, **more)

    monkeypatch.setattr(Meter, "compute", noting)
    return names
