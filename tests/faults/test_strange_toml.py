"""Recipes and search spaces of strangers: whatever a file holds, the answer is one short line that names it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from veiqa_core.cli import main
from veiqa_core.errors import RecipeError, UsageError
from veiqa_core.extension.registry import installed
from veiqa_core.files.reading import MOST_TEXT
from veiqa_core.recipes import files as recipe_files
from veiqa_core.recipes.recipe import Branch, Choice, Recipe
from veiqa_core.recipes.resolution import resolve
from veiqa_core.scoring.recipe_scorer import RecipeScorer
from veiqa_core.searching import space as spaces
from veiqa_core.searching.candidates import extractors

BRANCH = '[[branch]]\npri = "jpeg"\n'
FITTED = BRANCH + '[mapper]\nname = "linear"\n[fitted]\ndataset = "x"\nimages = 3\nseen_ids = []\nrange = '
LONG = "x" * 1_000_000
FIELDS = ("pri", "extractor", "explainer", "metric", "layer")


def shortened(value: object) -> str | None:
    """The name of a case, since values go up to a megabyte."""
    return value[:30] if isinstance(value, str) else None


def listed(count: int) -> str:
    return str([f"a{number}" for number in range(count)])


def product(count: int) -> str:
    return "".join(f"{field} = {listed(count)}\n" for field in FIELDS)


STRANGE: dict[str, tuple[str, str]] = {
    "branches": (f"[[branch]]\n{product(200)}", "stands for 320,000,000,000 branches, more than the 10,000"),
    "tables": ("[[branch]]\npri = " + listed(101) + "\nmetric = " + listed(100), "stands for 10,100 branches"),
    "set": (f"[[distortion.GB.branch]]\n{product(200)}", "stands for 320,000,000,000 branches"),
    "arrays": (f"{BRANCH}layer = {'[' * 5000}{']' * 5000}", "not valid TOML: arrays or tables are nested too deeply"),
    "deep": (f"{BRANCH}layer = {'[' * 200}{']' * 200}", "branch.layer: arrays or tables are nested more than 32 deep"),
    "inline": (f"a = {'{a = ' * 200}1{'}' * 200}", "arrays or tables are nested more than 32 deep"),
    "dotted": (f"{'.'.join('a' * 30_000)} = 1", "a key of more than 32 parts is nested too deeply"),
    "quoted": (".".join(['"a b"'] * 3000) + " = 1", "a key of more than 32 parts is nested too deeply"),
    "digits": (f"{BRANCH}layer = {'9' * 5000}", "not valid TOML: a number has too many digits"),
    "hexadecimal": (f"{BRANCH}layer = 0x{'f' * 5000}", "branch.layer: holds a whole number beyond 64 bits"),
    "wide": (f"{BRANCH}layer = 9223372036854775808", "branch.layer: holds a whole number beyond 64 bits"),
    "date": (f"{BRANCH}layer = 2020-01-01", "branch.layer: holds a date or time"),
    "layer": (f"{BRANCH}layer = '{LONG}'", "branch 1.layer: must be a text of 1 to 200 printable characters"),
    "fraction": (f"{BRANCH}layer = 1.5", "branch 1.layer: must be a name or an index, not 1.5"),
    "true": (f"{BRANCH}layer = true", "branch 1.layer: must be a name or an index, not True"),
    "nan": (f"{FITTED}[nan, inf]", "fitted.range: must be the lowest and then the highest quality, not [nan, inf]"),
    "infinite": (f"{FITTED}[0, 1e400]", "fitted.range: must be the lowest and then the highest quality"),
    "backwards": (f"{FITTED}[100, 0]", "fitted.range: must be the lowest and then the highest quality, not [100, 0]"),
    "empty": (f"{FITTED}[5, 5]", "fitted.range: must be the lowest and then the highest quality, not [5, 5]"),
    "switches": (f"{FITTED}[false, true]", "fitted.range: must be the lowest and then the highest quality"),
    "three": (f"{FITTED}[0, 1, 2]", "fitted.range: must be the lowest and then the highest quality"),
    "text": (f"{FITTED}'ab'", "fitted.range: must be the lowest and then the highest quality, not 'ab'"),
    "images": (FITTED.replace("3", "-3") + "[0, 1]", "fitted.images: must be a whole number from 1, not -3"),
    "many": (FITTED.replace("3", "true") + "[0, 1]", "fitted.images: must be a whole number from 1, not True"),
    "seen": (FITTED.replace("[]", "'a'") + "[0, 1]", "fitted.seen_ids: must be a list of texts, not 'a'"),
    "name": (f"name = {{a = 1}}\n{BRANCH}", "name: must be a text of 1 to 200 printable characters, not {'a': 1}"),
    "number": (f"name = 3\n{BRANCH}", "name: must be a text of 1 to 200 printable characters, not 3"),
    "nameless": (f"name = ''\n{BRANCH}", "name: must be a text of 1 to 200 printable characters, not ''"),
    "megabyte": (f"name = '{LONG}'\n{BRANCH}", "... (1,000,000 characters)"),
    "escape": (f'name = "\\u001b]0;x\\u0007"\n{BRANCH}', "not '\\x1b]0;x\\x07'"),
    "field": (f"{LONG} = 1", "unknown field 'xxx"),
    "type": (f"[['distortion'.'{LONG}'.branch]]\n", "distortion type: must be a text of 1 to 200 printable characters"),
    "twice": (f"name = 'a'\nname = 'b'\n{BRANCH}", "not valid TOML: Cannot overwrite a value"),
    "escaped": ('a."\\""' + '."\\""' * 40 + " = 1", "a key of more than 32 parts is nested too deeply"),
    "strings": ("branch = 'jpeg'", "no [[branch]] and no [[method]]; a recipe needs one or more"),
    "table": ("[branch]\npri = 'jpeg'", "no [[branch]] and no [[method]]; a recipe needs one or more"),
    "none": (f"{BRANCH}metric = []", "branch 1.metric: the list is empty"),
    "zero": ("\0" * 100, "not valid TOML"),
    "mapper": (f"mapper = [1]\n{BRANCH}", "mapper: must be a name, or a table with a name and parameters, not [1]"),
    "state": (f"mapper = {{name = 'linear', state = 'a'}}\n{BRANCH}", "mapper.state must be a table, not 'a'"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_a_strange_recipe_is_refused_in_a_short_line(case: str) -> None:
    text, message = STRANGE[case]
    with pytest.raises(RecipeError) as caught:
        recipe_files.loads(text, "mine.toml", "x")
    said = str(caught.value)
    assert said.startswith("mine.toml: ")
    assert message in said
    assert len(said) < 400
    assert said.isprintable()


@pytest.mark.parametrize("form", ["\ufeff{}", "\ufeff{}\r\n"])
def test_a_byte_order_mark_is_passed_over(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.toml").write_text(form.format(BRANCH), encoding="utf-8", newline="")
    assert recipe_files.load(tmp_path / "a.toml") == Recipe("a", (Branch(pri=Choice("jpeg")),))


def _pipe(path: Path) -> str:
    os.mkfifo(path)
    return "is a pipe, not a file; save what it gives first"


def _device(path: Path) -> str:
    path.symlink_to("/dev/zero")
    return "is a device, not a file"


def _folder(path: Path) -> str:
    path.mkdir()
    return "is a folder; name a TOML file"


def _huge(path: Path) -> str:
    with path.open("wb") as stream:
        stream.truncate(2**30)
    return f"has 1,073,741,824 bytes, more than the {MOST_TEXT:,} that are read"


def _utf16(path: Path) -> str:
    path.write_text(BRANCH, encoding="utf-16")
    return "is UTF-16 text; save it as UTF-8"


def _latin(path: Path) -> str:
    path.write_bytes(b"name = 'caf\xe9'")
    return "is not UTF-8 text (see its byte 12); save it as UTF-8"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("make", [_pipe, _device, _folder, _huge, _utf16, _latin])
def test_what_is_no_file_of_text_is_refused_unread(tmp_path: Path, make: Callable[[Path], str]) -> None:
    path = tmp_path / "a.toml"
    reason = make(path)
    for what, read in (("recipe", recipe_files.load), ("search space", lambda of: spaces.find(str(of), installed()))):
        with pytest.raises(UsageError) as caught:
            read(path)  # type: ignore[operator]
        assert str(caught.value).startswith(f"{what} {str(path)!r} {reason}")


SPACE = 'pri = "jpeg"\nextractor = "vgg16"\nexplainer = "gradcam"\nmetric = "psnr"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{SPACE}name = {{a = 1}}", "name: must be a text of 1 to 200 printable characters"),
        (f"{SPACE}a = {'[' * 5000}{']' * 5000}", "not valid TOML: arrays or tables are nested too deeply"),
        (f"{SPACE}a = {'9' * 5000}", "not valid TOML: a number has too many digits"),
        (SPACE.replace('"jpeg"', "{name = 'jpeg', quality = " + str([*range(2000)]) + "}"), "2,000 values, more than"),
        (
            SPACE.replace('"jpeg"', "{name = 'jpeg', quality = {from = 0, to = 9, steps = 1000000000}}"),
            "pri jpeg.quality: steps: 1,000,000,000 values, more than the 1,000 that a space may try",
        ),
        (
            SPACE.replace('"jpeg"', "{name = 'jpeg', quality = {from = 0, to = nan}}"),
            "pri jpeg.quality: a range has numbers under from and to",
        ),
        (
            SPACE.replace('"jpeg"', "{name = 'jpeg', quality = {from = 5, to = 5}}"),
            "pri jpeg.quality: from and to of a range are two numbers, not 5 twice",
        ),
    ],
    ids=shortened,
)
def test_a_strange_space_is_refused_in_a_short_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        spaces.loads(text, "mine.toml", "x")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_space_too_large_is_refused_before_it_is_expanded() -> None:
    many = f"quality = {[*range(96)]}"
    text = SPACE.replace('"jpeg"', "[" + ", ".join([f"{{name = 'jpeg', {many}}}"] * 100) + "]")
    text = text.replace('"vgg16"', "{name = 'vgg16', layer = " + str([*range(500)]) + "}")
    with pytest.raises(UsageError, match="search space 'x': has 4,800,000 combinations, more than the 100,000"):
        extractors(spaces.loads(text, "mine.toml", "x"), installed())
    for shipped in installed().spaces:
        assert extractors(spaces.find(shipped.ref, installed()), installed())


@pytest.mark.parametrize(
    ("mapper", "state", "message"),
    [
        ("linear", "coefficients = [nan, 1]", "coefficients must be a list of finite numbers, not [nan, 1]"),
        ("linear", "coefficients = [1, inf]", "coefficients must be a list of finite numbers"),
        ("linear", "coefficients = [true, 1]", "coefficients must be a list of finite numbers"),
        ("linear", "coefficients = '12'", "coefficients must be a list of finite numbers"),
        ("linear", "coefficients = []", "coefficients"),
        ("linear", "coefficients = [1, 2, 3]", "was fitted to another number of branches"),
        ("linear", "coefficients = [1, 2]\nreach = -1", "reach must be a number of zero or more, not -1"),
        ("linear", "coefficients = [1, 2]\nreach = nan", "reach must be a number of zero or more, not nan"),
        ("linear", f"{LONG} = 1", "unknown field 'xxx"),
        ("linear", f"coefficients = {['x'] * 100_000}", "coefficients must be a list of finite numbers, not ['x'"),
        ("logistic5", "coefficients = [1, 2]", "coefficients: logistic5 keeps 5, not 2"),
        ("isotonic", "similarities = [2, 1]\nscores = [1, 2]", "similarities must be in order"),
        ("isotonic", "similarities = [1, 2]\nscores = [1]", "scores: 2 are needed, not 1"),
        ("svr", "vectors = [[1]]\nweights = [1]\nwidths = [-1]\nintercept = 0", "widths must be above zero"),
        (
            "svr",
            "vectors = [[1], [1, 2]]\nweights = [1]\nwidths = [1]\nintercept = 0",
            "lists of as many finite numbers",
        ),
        ("identity", "a = 1", "unknown field 'a'; identity keeps nothing"),
    ],
    ids=shortened,
)
def test_a_strange_state_is_refused_before_networks_are_opened(mapper: str, state: str, message: str) -> None:
    _refused_state(f"{BRANCH}[mapper]\nname = '{mapper}'\n[mapper.state]\n{state}", message)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("classes = ['a']", "classes must be a list of two different texts or more, not ['a']"),
        (f"classes = ['a', '{LONG}']", "classes must be a list of two different texts or more"),
        ('classes = ["a", "\\u001b[31m"]', "classes must be a list of two different texts or more"),
        ("classes = ['a', 'b']\ncentre = ['1_0']", "centre must be a list of finite numbers"),
        ("classes = ['a', 'b']\ncentre = [nan]", "centre must be a list of finite numbers"),
        ("classes = ['a', 'b']\ncentre = [1]\nscale = [0]", "scale must hold a number above zero"),
        ("classes = ['a', 'b']\ncentre = [1]\nscale = [1]\nweights = [[1, 2]]", "weights: 2 lists of 2 numbers"),
    ],
    ids=shortened,
)
def test_a_strange_state_of_a_classifier_is_refused(state: str, message: str) -> None:
    given = {line.partition(" = ")[0] for line in state.splitlines()}
    rest = "".join(f"\n{name} = [1]" for name in ("centre", "scale", "weights") if name not in given)
    _refused_state(f"{BRANCH}[classifier]\nname = 'multinomial'\n[classifier.state]\n{state}{rest}", message)


def _refused_state(text: str, message: str) -> None:
    recipe = recipe_files.loads(text, "mine.toml", "x")
    assert isinstance(recipe, Recipe)
    with pytest.raises(UsageError) as caught:
        RecipeScorer(resolve(recipe, installed()))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def _veiqa(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("pri.quality=9_0", "pri jpeg: quality takes int, not '9_0'"),
        ("pri.quality=nan", "pri jpeg: quality takes int, not 'nan'"),
        ("pri.quality=true", "pri jpeg: quality takes int, not 'true'"),
        (f"pri.quality={'9' * 5000}", "quality takes at most 4,096 characters, not 5,000"),
        (f"pri.quality={'[' * 5000}", "quality takes at most 4,096 characters, not 5,000"),
        (f"extractor.weights={'x' * 5000}.pth", "weights takes at most 4,096 characters, not 5,004"),
        ("pri.quality=９", "pri jpeg: quality takes int, not '９'"),
        ("pri.quality=99999999999999999999", "quality: must be at most 100, not 9"),
        ("x" * 5000, "-p takes KIND.NAME=VALUE, such as pri.size=5, not 'xxx"),
    ],
    ids=shortened,
)
def test_a_strange_setting_is_refused_in_a_short_line(setting: str, message: str) -> None:
    done = _veiqa("run", "a.png", "--pri", "jpeg", "-p", setting)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr) < 400


NUMBERS: dict[str, tuple[Any, ...]] = {
    "9_0": ("9_0", "is not a"),
    "nan": ("nan", "is not a"),
    "full-width": ("９", "is not a"),
    "blank": (" 9", "is not a"),
    "digits": ("9" * 5000, "... (5,000 characters)"),
}


@pytest.mark.parametrize("case", NUMBERS)
@pytest.mark.parametrize(
    "command",
    [
        ("run", "a.png", "--fail-under"),
        ("run", "a.png", "--threads"),
        ("evaluate", "csv", ".", "--seed"),
        ("evaluate", "csv", ".", "--range", 0),
        ("search", "csv", ".", "--folds"),
        ("finetune", ".", "--rate"),
        ("datasets", "make", ".", "out", "--severity"),
        ("store", "prune", "--older-than"),
    ],
)
def test_options_read_numbers_strictly(command: tuple[object, ...], case: str) -> None:
    text, message = NUMBERS[case]
    done = _veiqa(*command, text)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_refuse_a_strange_recipe_with_status_2(tmp_path: Path) -> None:
    for case in ("branches", "arrays", "digits", "nan"):
        (tmp_path / "mine.toml").write_text(STRANGE[case][0])
        done = _veiqa("run", "a.png", "--recipe", tmp_path / "mine.toml")
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"mine.toml: {STRANGE[case][1].partition(': ')[0]}" in done.stderr.replace("\n", " ")
