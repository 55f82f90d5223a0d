"""What is written takes the place of nothing that is read or another's; what cannot be written is said at first."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import Result
from making import veiqa
from matplotlib.figure import Figure

from veiqa_core.datasets.pseudo_ratings import Calibrated
from veiqa_core.explanations.heatmaps import Heatmaps
from veiqa_core.finetuning import Finetuning
from veiqa_core.finetuning.run import LOG, WEIGHTS
from veiqa_core.measuring.meter import Meter
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes import recipe as recipes
from veiqa_core.recipes.recipe import Branch, Choice, Recipe

PARTS = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
FAST = (*PARTS, "--mapper", "identity", "--device", "cpu", "--threads", "1", "--no-store")
OPTIONS = (*FAST, "--pri", "jpeg")
LONG = 250


def photo(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 72, 3)).astype(np.uint8)
    PIL.Image.fromarray(pixels).save(path)
    return path


def rows(done: Result) -> list[str]:
    return [row["image"] for row in json.loads(done.stdout)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that are quick to draw, and others for other maps."""

    def figure(heatmaps: Heatmaps, name: str) -> Figure:
        drawn = Figure(figsize=(1, 1))
        drawn.text(0, 0, f"{name} {float(heatmaps.input_vei.sum())}")
        return drawn

    monkeypatch.setattr("veiqa_core.explanations.pictures.vei_figure", figure)


@pytest.fixture
def title(here: Path) -> str:
    """What the picture of a photo adds to its name."""
    veiqa("run", photo(Path("sample/x.png")), *OPTIONS, "--vei", "sampled")
    (made,) = Path("sampled").iterdir()
    return made.stem.removeprefix("x.")


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Images that are measured, which none is to be."""
    seen: list[str] = []
    compute = Meter.compute

    def counting(self: Meter, image: object, *rest: object, **more: object) -> object:
        seen.append(str(getattr(image, "name", image)))
        return compute(self, image, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Meter, "compute", counting)
    return seen


# --- Pictures ---------------------------------------------------------------------------------------------------------


def test_a_picture_never_takes_the_place_of_a_photo(here: Path, title: str) -> None:
    kept = {"a.png": photo(Path("d/a.png")).read_bytes()}
    kept |= {name: photo(Path("d") / name, 1).read_bytes() for name in (f"a.{title}.png", f"a.{title}-2.png")}
    done = veiqa("run", "d", *OPTIONS, "--vei", "d", "--format", "json")
    assert done.exit_code == 0, done.output
    assert sorted(rows(done)) == sorted(f"d/{name}" for name in kept)
    after = contents(Path("d"))
    assert {name: after[name] for name in kept} == kept
    assert f"a.{title}-3.png" in after
    (line,) = done.stderr.splitlines()
    assert line == f"note: d/a.{title}.png is there already, and is kept; the picture is a.{title}-3.png"


def test_pictures_of_an_earlier_run_are_no_photos(here: Path, title: str) -> None:
    photo(Path("e/a.png"))
    first = veiqa("run", "e", *OPTIONS, "--vei", "e", "--format", "json")
    made = contents(Path("e"))
    for _ in range(2):
        again = veiqa("run", "e", *OPTIONS, "--vei", "e", "--format", "json")
        assert (again.exit_code, again.stdout) == (0, first.stdout)
        (line,) = again.stderr.splitlines()
        assert line.startswith(f"note: e/a.{title}.png is a picture that VEIQA made, and those in folders are not")
        assert contents(Path("e")) == made
    named = veiqa("run", f"e/a.{title}.png", *OPTIONS, "--format", "json")  # who names one means it
    assert rows(named) == [f"e/a.{title}.png"]
    Path("e/a.png").unlink()
    assert "e: holds no images but pictures that VEIQA made" in veiqa("run", "e", *OPTIONS).stderr


def test_pictures_below_a_folder_are_no_photos_of_the_same_run_either(here: Path) -> None:
    photo(Path("e/a.png"))
    photo(Path("e/b.png"), 1)
    done = veiqa("run", "e", *OPTIONS, "--vei", "e/maps", "--format", "json")
    assert rows(done) == ["e/a.png", "e/b.png"]


@pytest.mark.parametrize("way", ["named", "listed", "piped", "linked", "link in the folder", "frame"])
def test_a_picture_that_is_itself_scored_is_kept(here: Path, title: str, way: str) -> None:
    photo(Path("e/a.png"))
    veiqa("run", "e", *FAST, "--pri", "jpeg", "--vei", "e")
    previous_row = Path(f"e/a.{title}.png")
    photo(Path("e/a.png"), 5)  # so that its picture is another one now
    before = previous_row.read_bytes()
    names = ["e/a.png", str(previous_row)]
    if way == "linked":
        os.link(previous_row, "other.png")
        names[1] = "other.png"
    if way == "link in the folder":
        Path("link.png").symlink_to(previous_row)
        names[1] = "link.png"
    if way == "frame":
        names[1] += "#1"
    listing = "".join(f"{name}\n" for name in names)
    Path("list.txt").write_text(listing)
    given = {"listed": ("--list", "list.txt"), "piped": ("-",)}.get(way, names)
    done = veiqa("run", *given, *OPTIONS, "--vei", "e", "--format", "json", stdin=listing)
    assert (done.exit_code, rows(done)) == (0, names), done.output
    assert previous_row.read_bytes() == before
    assert Path(f"e/a.{title}-2.png").exists()


def test_a_picture_is_replaced_by_one_of_the_same_image_only(here: Path, title: str) -> None:
    photo(Path("x/a.png"), 1)
    photo(Path("y/a.png"), 2)
    veiqa("run", "x/a.png", *OPTIONS, "--vei", "maps")
    of_x = contents(Path("maps"))
    veiqa("run", "y/a.png", *OPTIONS, "--vei", "maps")
    both = contents(Path("maps"))
    assert both.keys() == {f"a.{title}.png", f"a.{title}-2.png"}
    assert of_x.items() <= both.items()
    photo(Path("x/a.png"), 3)
    veiqa("run", "x/a.png", *OPTIONS, "--vei", "maps")
    changed = contents(Path("maps"))
    assert {name for name in both if changed[name] != both[name]} == {f"a.{title}.png"}
    assert changed.keys() == both.keys()


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "text"])
def test_whatever_has_a_pictures_name_is_kept(here: Path, title: str, kind: str) -> None:
    photo(Path("a.png"))
    target = Path(f"maps/a.{title}.png")
    target.parent.mkdir()
    Path("mine.txt").write_text("mine")
    if kind == "folder":
        target.mkdir()
    elif kind == "text":
        target.write_text("mine")
    else:
        target.symlink_to(here / ("mine.txt" if kind == "link" else "absent"))
    done = veiqa("run", "a.png", *OPTIONS, "--vei", "maps")
    assert done.exit_code == 0, done.output
    assert Path("mine.txt").read_text() == "mine"
    assert not Path("absent").exists()
    assert target.is_symlink() == ("link" in kind)
    assert Path(f"maps/a.{title}-2.png").is_file()


def test_two_names_that_a_file_system_may_take_for_one_have_two_pictures(here: Path, title: str) -> None:
    names = ["\uac00.png", "\u1100\u1161.png", "B.png", "b.png"]  # a syllable composed and decomposed; case
    for number, name in enumerate(names):
        photo(Path("in") / name, number)
    done = veiqa("run", *(f"in/{name}" for name in names), *OPTIONS, "--vei", "maps")
    assert done.exit_code == 0, done.output
    stems = {"\uac00", "\uac00-2", "B", "b-2"}
    assert {path.name for path in Path("maps").iterdir()} == {f"{stem}.{title}.png" for stem in stems}


def test_made_and_learned_from_are_photos_alone(here: Path) -> None:
    for number in range(2):
        photo(Path(f"e/{number}.png"), number)
    veiqa("run", "e", *OPTIONS, "--vei", "e")
    done = veiqa("datasets", "make", "e", "out", "--distortion", "JPEG", "--levels", 2, "--metric", "psnr")
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("note: e: 2 pictures that VEIQA made are left out, the first e/0.")
    assert sorted(path.name for path in Path("out/refimgs").iterdir()) == ["0.png", "1.png"]


# --- Files that are named ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl", "parquet"])
def test_results_take_the_place_of_results_and_of_nothing_else(here: Path, untouched: list[str], form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    photo(Path("a.png"))
    command = ("run", "a.png", *OPTIONS, "--format", form, "--output")
    Path("empty").touch()
    for target in ("new", "new", "empty"):
        assert veiqa(*command, target).exit_code == 0, target
    veiqa("run", "a.png", *OPTIONS, "--report", "page.html")
    Path("notes.txt").write_text("mine\n  too\n")
    Path("ratings.csv").write_text("image,score\na.png,5\n")
    Path("package.json").write_text('{"name": "mine"}\n')
    Path("link").symlink_to("notes.txt")
    os.link("notes.txt", "hard")
    untouched.clear()
    before = contents(here)
    for target in ("notes.txt", "ratings.csv", "package.json", "link", "hard", "page.html"):
        done = veiqa(*command, target)
        reported = (
            f"Error: --output {target}: is there already, and is not a file of results that VEIQA wrote; name another"
        )
        assert (done.exit_code, done.stderr) == (2, f"{reported} file, or delete it first\n")
    assert contents(here) == before
    assert not untouched


def test_a_report_takes_the_place_of_a_report_and_of_nothing_else(here: Path, untouched: list[str]) -> None:
    photo(Path("a.png"))
    command = ("run", "a.png", *OPTIONS, "--report")
    assert [veiqa(*command, "page.html").exit_code for _ in range(2)] == [0, 0]
    Path("index.html").write_text("<!DOCTYPE html>\n<html><head><title>mine</title></head></html>\n")
    untouched.clear()
    done = veiqa(*command, "index.html")
    assert (done.exit_code, done.stdout, untouched) == (2, "", [])
    assert done.stderr.startswith("Error: --report index.html: is there already, and is not a report that VEIQA wrote")
    for one, other in (("r.html", "R.html"), ("caf\u00e9", "cafe\u0301")):
        done = veiqa(*command, one, "--output", other, "--format", "csv")
        assert (done.exit_code, "is where --output writes too" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("form", "text"), [("csv", "my notes"), ("csv", '"two\nlines'), ("jsonl", "{"), ("jsonl", "x")]
)
def test_who_goes_on_never_removes_what_is_no_beginning_of_results(here: Path, form: str, text: str) -> None:
    photo(Path("a.png"))
    out = Path(f"out.{form}")
    out.write_text(text)
    for more in ((), ("--retry-failed",)):
        done = veiqa("run", "a.png", *OPTIONS, "--output", out, "--resume", *more)
        if text == "{":  # which a row begins with
            assert done.exit_code == 0
            return
        assert (done.exit_code, "row 1 of out" in done.stderr) == (2, True), done.output
        assert out.read_text() == text


def test_a_file_of_results_never_looks_like_an_image(here: Path, untouched: list[str]) -> None:
    photo(Path("d/a.png"))
    for option in ("--output", "--report"):
        done = veiqa("run", "d", *OPTIONS, option, "d/new.PNG")
        assert (done.exit_code, done.stderr) == (
            2,
            f"Error: {option} d/new.PNG: has the name of an image, and will be none; name another file\n",
        )
    assert [path.name for path in Path("d").iterdir()] == ["a.png"]


# --- Rated images -----------------------------------------------------------------------------------------------------


def write_set(folder: Path, split: bool = False) -> Path:
    """Waves that are more and more noisy."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    y, x = np.mgrid[:64, :72]
    lines = [f"image,reference,distortion,score,score_type{',split' if split else ''}"]
    for content in range(3):
        waves = 127 + 80 * np.sin(x / (2 + content))[..., None] * np.cos(y[..., None] / rng.uniform(2, 6, 3))
        PIL.Image.fromarray(waves.astype(np.uint8)).save(folder / f"ref{content}.png")
        for level in range(1, 4):
            noisy = np.clip(waves + rng.normal(0, 15 * level, waves.shape), 0, 255).astype(np.uint8)
            PIL.Image.fromarray(noisy).save(folder / f"{content}-{level}.png")
            side = f",{'train' if level == 1 else 'test'}" if split else ""
            lines.append(f"{content}-{level}.png,ref{content}.png,WN,{25 * level},dmos{side}")
    (folder / "scores.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def rated(here: Path) -> Path:
    return write_set(Path("rated"))


@pytest.fixture
def one(here: Path) -> Path:
    extractor = Choice("timm", {"model": "test_resnet", "weights": "random:0"})
    branch = Branch(pri=Choice("mean-blur"), extractor=extractor, layer=1)
    Path("one.toml").write_text(recipe_files.dumps(Recipe("one", (branch,), Choice("logistic4"))))
    return Path("one.toml")


@pytest.mark.parametrize("form", ["table", "md", "csv", "json"])
def test_an_evaluation_takes_the_place_of_one_and_of_nothing_else(rated: Path, one: Path, form: str) -> None:
    command = ("evaluate", "csv", rated, "--recipe", one, "--device", "cpu", "--format", form, "--output")
    assert [veiqa(*command, "out").exit_code for _ in range(2)] == [0, 0]
    Path("mine.md").write_text("# Mine\n")
    done = veiqa(*command, "mine.md")
    assert (done.exit_code, "is not an evaluation that VEIQA wrote" in done.stderr) == (2, True)
    assert Path("mine.md").read_text() == "# Mine\n"


def test_a_fit_never_overwrites_what_it_reads(rated: Path, one: Path, untouched: list[str]) -> None:
    other = write_set(Path("other"))
    Path("weights.safetensors").write_bytes(b"of a network")
    Path("weighted.toml").write_text(one.read_text().replace('"random:0"', '"weights.safetensors"'))
    os.link(one, "hard.toml")
    before = {path: path.read_bytes() for path in (one, rated / "scores.csv", other / "scores.csv")}
    for recipe, target, more, reported in (
        (one, one, (), "is one of the images, lists or other files that are read"),
        (one, "hard.toml", (), "is one of the images, lists or other files that are read"),
        (one, rated / "scores.csv", (), "is a file of the dataset"),
        (one, other / "scores.csv", ("--also", "csv", other), "is a file of the dataset"),
        ("weighted.toml", "weights.safetensors", (), "is one of the images, lists or other files that are read"),
    ):
        done = veiqa("fit", "csv", rated, "--recipe", recipe, "--output", target, "--force", *more)
        assert (done.exit_code, reported in done.stderr) == (2, True), done.output
    assert {path: path.read_bytes() for path in before} == before
    assert Path("weights.safetensors").read_bytes() == b"of a network"
    assert not untouched


SPACE = """
pri = ["mean-blur"]
extractor = { name = "timm", model = "test_resnet", weights = "random:0", layer = ["layer4"] }
explainer = ["activation-norm"]
metric = ["psnr"]
"""


def test_a_search_writes_over_the_same_search_alone(rated: Path, untouched: list[str]) -> None:
    Path("space.toml").write_text(SPACE)
    command = ("search", "csv", rated, "--device", "cpu", "--threads", 1, "--folds", 2)
    plain = (*command, "--space", "space.toml", "--output")
    assert veiqa(*plain, "found").exit_code == 0
    found = contents(Path("found"))
    assert veiqa(*plain, "found").exit_code == 0
    assert contents(Path("found")) == found
    for name in ("best.toml", "results.csv", "report.html", "search.json"):
        Path(f"of-{name}").mkdir()
        Path(f"of-{name}", name).write_text('{"mine": 1}')
    Path("spaces").mkdir()
    Path("spaces/best.toml").write_text(SPACE)
    untouched.clear()
    for arguments, reported in (
        *(((*plain, f"of-{name}"), f"{name} is there already, and no search wrote it") for name in ("best.toml",)),
        *(
            ((*plain, f"of-{name}"), f"{name} is there already")
            for name in ("results.csv", "report.html", "search.json")
        ),
        ((*command, "--space", "spaces/best.toml", "--output", "spaces"), "is the search space that is read"),
        ((*plain, "found", "--seed", 1), "found: holds another search (seed 0, not 1); name another folder"),
        ((*plain, "found", "--objective", "plcc"), "holds another search (objective srocc, not plcc)"),
    ):
        done = veiqa(*arguments)
        assert (done.exit_code, reported in done.stderr) == (2, True), done.output
    assert contents(Path("found")) == found
    assert Path("of-best.toml/best.toml").read_text() == '{"mine": 1}'
    assert not untouched


def test_fine_tuning_takes_the_place_of_its_own_files_alone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Finetuning, "run", lambda *arguments: pytest.fail("began"))
    for number in range(3):
        photo(Path(f"photos/{number}.png"), number)
    for name in (WEIGHTS, LOG):
        Path(f"of-{name}").mkdir()
        Path(f"of-{name}", name).write_text("{}")
        done = veiqa(
            *("finetune", "photos", "--output", f"of-{name}", "--extractor", "timm", "--crop", 48, "--device", "cpu"),
            *("-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0", "--distortion", "GB"),
        )
        reported = f"Error: of-{name}/{name}: is there already, and not of this run; name another folder\n"
        assert (done.exit_code, done.stderr) == (2, reported)
        assert Path(f"of-{name}", name).read_text() == "{}"


@pytest.mark.parametrize("foreign", ["refimgs/x.bmp", "refimgs/x.png", "scores.csv", "details.csv"])
def test_a_made_set_goes_on_in_one_that_was_begun_alone(here: Path, foreign: str) -> None:
    photo(Path("photos/a.png"))
    Path("out/refimgs").mkdir(parents=True)
    photo(Path("out") / foreign) if foreign.endswith(".png") else Path("out", foreign).write_text("image,score\n")
    before = contents(Path("out"))
    done = veiqa("datasets", "make", "photos", "out", "--distortion", "JPEG", "--metric", "psnr", "--resume")
    assert (done.exit_code, contents(Path("out"))) == (2, before)
    assert done.stderr == f"Error: out/{foreign}: is of no set that was begun here; name another folder\n"


# --- What can be known before the work --------------------------------------------------------------------------------


def test_long_names_are_written_to(rated: Path, one: Path) -> None:
    photo(Path("a.png"))
    pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    for end in (".csv", ".jsonl", ".parquet"):
        out = f"{'x' * (LONG - len(end))}{end}"
        for more in ((), ("--resume",), ("--resume", "--retry-failed")):
            assert veiqa("run", "a.png", *OPTIONS, "--output", out, *more).exit_code == 0
        assert Path(out).stat().st_size
    page = "\u00e9" * 122 + ".html"  # 249 bytes
    assert veiqa("run", "a.png", *OPTIONS, "--report", page).exit_code == 0
    assert veiqa("fit", "csv", rated, "--recipe", one, "--output", f"{'f' * 245}.toml").exit_code == 0
    assert veiqa("evaluate", "csv", rated, "--recipe", one, "--output", "e" * LONG).exit_code == 0
    assert not list(Path().glob(".*"))


@pytest.fixture
def place(here: Path) -> Callable[[str], str]:
    """A target that cannot be written, by what is wrong with it."""

    def made(wrong: str) -> str:
        if wrong == "a name too long":
            return "x" * 256
        if wrong == "a loop":
            Path("loop").symlink_to("loop")
            return "loop"
        if wrong == "below a file":
            Path("file").write_text("mine")
            return "file/below"
        Path("nowhere").symlink_to("absent/file")
        return "nowhere"

    return made


@pytest.mark.parametrize("wrong", ["a name too long", "a loop", "below a file", "a link to no folder"])
def test_files_that_cannot_be_written_are_named_before_the_work(
    rated: Path, one: Path, place: Callable[[str], str], wrong: str, untouched: list[str]
) -> None:
    target = place(wrong)
    photo(Path("a.png"))
    for option, command in (
        ("--output", ("run", "a.png", *OPTIONS)),
        ("--report", ("run", "a.png", *OPTIONS)),
        ("--output", ("evaluate", "csv", rated, "--recipe", one)),
        ("--output", ("fit", "csv", rated, "--recipe", one)),
    ):
        done = veiqa(*command, option, target)
        (line,) = done.stderr.splitlines()
        assert done.exit_code == 2
        assert line.startswith(f"Error: {option} {target}: cannot be written: ")
    assert not untouched


@pytest.mark.parametrize("wrong", ["a name too long", "below a file"])
def test_folders_that_cannot_be_made_are_named_before_the_work(
    rated: Path, one: Path, place: Callable[[str], str], wrong: str, untouched: list[str]
) -> None:
    target = place(wrong)
    photo(Path("photos/a.png"))
    Path("space.toml").write_text(SPACE)
    for command in (
        ("run", "photos", *OPTIONS, "--vei"),
        ("evaluate", "csv", rated, "--recipe", one, "--keep-vei"),
        ("search", "csv", rated, "--space", "space.toml", "--output"),
        ("finetune", "photos", "--output"),
        ("plugin", "new", "mine", "--kind", "metric", "--into"),
        ("datasets", "make", "photos"),
    ):
        for deeper in ("", "/deeper"):
            done = veiqa(*command, f"{target}{deeper}")
            (line,) = done.stderr.splitlines()
            assert done.exit_code == 2, command
            assert line.startswith("Error: ")
            assert target in line
    assert veiqa("plugin", "new", "m" * LONG, "--kind", "metric").exit_code == 2
    assert not untouched


def test_no_place_is_left_with_traces(here: Path, untouched: list[str]) -> None:
    photo(Path("a.png"))
    before = contents(here)
    for more in (("--recipe", "absent.toml"), ("--pri", "absent")):
        veiqa("run", "a.png", "--output", "o.csv", "--report", "r.html", "--vei", "maps", *more)
    assert contents(here) == before
    assert not Path("maps").exists()


def test_a_missing_extra_is_said_before_networks_are_opened(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    done = veiqa("run", "absent.png", "--recipe", "absent.toml", "--output", "o.parquet")
    assert (done.exit_code, done.stderr) == (2, "Error: --format parquet needs pyarrow: pip install 'veiqa[parquet]'\n")


def test_a_split_that_shares_a_scene_is_refused_before_anything_is_measured(
    here: Path, one: Path, untouched: list[str]
) -> None:
    rated = write_set(Path("split"), split=True)
    for more in (("--split", "list"), ("--train", "csv", rated)):
        done = veiqa("evaluate", "csv", rated, "--recipe", one, *more)
        assert (done.exit_code, "one scene or picture on both sides" in done.stderr) == (2, True), done.output
    assert not untouched


def test_sets_that_no_recipe_is_for_are_refused_before_anything_is_measured(
    rated: Path, one: Path, untouched: list[str]
) -> None:
    other = write_set(Path("other"))
    (other / "scores.csv").write_text((other / "scores.csv").read_text().replace(",WN,", ",GB,"))
    branch = recipe_files.load(one)
    assert isinstance(branch, Recipe)
    Path("set.toml").write_text(recipe_files.dumps(recipes.RecipeSet("set", {"WN": branch})))
    done = veiqa("fit", "csv", rated, "--recipe", "set.toml", "--also", "csv", other, "--output", "new.toml")
    assert (done.exit_code, "recipe set 'set' is for WN; other holds GB" in done.stderr) == (2, True), done.output
    assert not untouched


def test_a_made_set_is_calibrated_after_its_place_is_looked_at(rated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Calibrated, "_measured", lambda *arguments: pytest.fail("began"))
    photo(Path("photos/a.png"))
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    done = veiqa("datasets", "make", "photos", "out", "--calibrate", "csv", rated)
    assert (done.exit_code, done.stderr) == (2, "Error: out: is not empty; name another folder\n")
