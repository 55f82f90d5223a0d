"""What a user sees of broken plugins, situation by situation, word for word; ``docs/broken-plugins.md`` says the same.

The plugins are modules with the metadata that pip would leave, on the path of this process or of one that is begun.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import Result
from making import veiqa

from veiqa_core import Scorer
from veiqa_core.extension import discovery, registration, registry
from veiqa_core.recipes.recipe import Branch, Choice, Recipe

HEADER = "from veiqa_core.api import Component, Resource, hookimpl, param, params\n"
TRAITS = 'traits={"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True}'
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
UNLOADABLE = "cannot be loaded from broken_code:Metric"
FAST = ("--extractor", "timm", "-p", "extractor.model=test_resnet", "-p", "extractor.weights=random:0")
API = ".".join(map(str, registration.API_VERSION))


def metric(name: str, factory: str = "nowhere:Nothing") -> str:
    return f'Component(name="{name}", summary="S.", factory="{factory}", {TRAITS})'


def hook(*records: str) -> str:
    return "@hookimpl\ndef veiqa_similarity_metrics():\n" + "\n".join(f"    yield {record}" for record in records)


LEFT_OUT = {
    "import error": (
        "import not_there_at_all",
        "cannot be imported: ModuleNotFoundError: No module named 'not_there_at_all'",
    ),
    "syntax error": (
        "def broken(:",
        "cannot be imported: SyntaxError: invalid syntax (syntax_error.py, line 2)",
    ),
    "sys.exit at import": ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
    "exception without a text at import": ("raise RuntimeError", "cannot be imported: RuntimeError"),
    "exception without a text": (
        "class Unspeakable(Exception):\n    def __str__(self):\n        raise ValueError\nraise Unspeakable",
        "cannot be imported: Unspeakable: its own text cannot be made",
    ),
    "exception of the lowest kind": (
        "class Odd(BaseException):\n    pass\nraise Odd('it ends\\nhere')",
        "cannot be imported: Odd: it ends here",
    ),
    "recursion without end": (
        "def fall():\n    fall()\nfall()",
        "cannot be imported: RecursionError: maximum recursion depth exceeded",
    ),
    "other major version": ("VEIQA_API = (3, 0)", f"is written for plugin API 3.0; this VEIQA offers {API}"),
    "older major version": ("VEIQA_API = (1, 6)", f"is written for plugin API 1.6; this VEIQA offers {API}"),
    "newer minor version": ("VEIQA_API = (2, 99)", f"is written for plugin API 2.99; this VEIQA offers {API}"),
    "version that is none": ("VEIQA_API = '1'", "VEIQA_API must be (major, minor), not '1'"),
    "misspelt hook": (
        "@hookimpl\ndef veiqa_similarity_metric():\n    return []",
        "unknown hook 'veiqa_similarity_metric'. Did you mean 'veiqa_similarity_metrics'? Known: veiqa_controls, "
        "veiqa_datasets, veiqa_distortion_classifiers, veiqa_explainers, veiqa_feature_extractors, "
        "veiqa_methods, veiqa_pri_generators, veiqa_recipes, veiqa_score_mappers, veiqa_search_strategies, "
        "veiqa_similarity_metrics.",
    ),
    "hook that is not decorated": (
        "def veiqa_explainers():\n    return []",
        "veiqa_explainers is not decorated with @hookimpl",
    ),
    "hook with an argument": (
        "@hookimpl\ndef veiqa_explainers(extra):\n    return []",
        "PluginValidationError: Plugin 'hook-with-an-argument:main' for hook 'veiqa_explainers' hookimpl definition: "
        "veiqa_explainers(extra) Argument(s) {'extra'} are declared in the hookimpl but can not be found in the "
        "hookspec",
    ),
    "hook that gives a number": (
        "@hookimpl\ndef veiqa_explainers():\n    return 5",
        "hook veiqa_explainers failed: TypeError: 'int' object is not iterable",
    ),
    "hook that yields a text": (
        "@hookimpl\ndef veiqa_explainers():\n    yield 'gradcam'",
        "hook veiqa_explainers gives str where a Component is due",
    ),
    "hook that yields another record": (
        "@hookimpl\ndef veiqa_explainers():\n    yield Resource(name='r', summary='S.', package='p', file='r.toml')",
        "hook veiqa_explainers gives Resource where a Component is due",
    ),
    "hook that yields without end": (
        f"@hookimpl\ndef veiqa_similarity_metrics():\n    while True:\n        yield {metric('a')}",
        "hook veiqa_similarity_metrics gives more than 1000 records",
    ),
    "hook that raises late": (
        f"{hook(metric('a'))}\n    raise OSError('late')",
        "hook veiqa_similarity_metrics failed: OSError: late",
    ),
    "hook that exits": (
        f"{hook(metric('a'))}\n    raise SystemExit('enough')",
        "hook veiqa_similarity_metrics failed: SystemExit: enough",
    ),
    "name given twice by one": (hook(metric("a"), metric("a")), "gives the metric 'a' twice"),
    "name that is none": (
        hook(metric("Bad Name")),
        "hook veiqa_similarity_metrics failed: ValueError: component 'Bad Name': name must be lower-case letters, "
        "digits and - + . _, a letter first",
    ),
    "trait missing": (
        "@hookimpl\ndef veiqa_similarity_metrics():\n    yield Component(name='a', summary='S.', factory='m:C')",
        "metric 'a': trait 'similar' is missing: 'high' or 'low': which way is more similar",
    ),
    "trait misspelt": (
        "@hookimpl\ndef veiqa_explainers():\n"
        "    yield Component(name='a', summary='S.', factory='m:C', traits={'spaces': 'layer'})",
        "explainer 'a': unknown trait 'spaces'. Did you mean 'space'? Known: space, uses.",
    ),
    "trait of another type": (
        "@hookimpl\ndef veiqa_explainers():\n"
        "    yield Component(name='a', summary='S.', factory='m:C', traits={'space': 1, 'uses': ('gradients',)})",
        "explainer 'a': trait 'space' cannot be 1: 'layer' or 'input': where its map lives",
    ),
}

FAILING = {
    "an exception": ("raise RuntimeError('out of\\nluck')", "failed: RuntimeError: out of luck"),
    "an exception without a text": ("raise Unspeakable", "failed: Unspeakable: its own text cannot be made"),
    "an exception whose text exits": ("raise Exits", "failed: Exits: its own text cannot be made"),
    "the end of a generator": ("raise GeneratorExit", "failed: GeneratorExit"),
    "control characters": ("raise ValueError('\\x1b[31m red')", "failed: ValueError: \\x1b[31m red"),
    "sys.exit": ("raise SystemExit(0)", "failed: SystemExit: 0"),
    "an exception of the lowest kind": ("raise Odd", "failed: Odd"),
    "recursion without end": ("return self.compare(x, y)", "failed: RecursionError: maximum recursion depth exceeded"),
    "want of memory": ("raise MemoryError", "ran out of memory; use a smaller image, fewer processes, or the CPU"),
    "a value that is not finite": ("return x.sum((1, 2)) * float('nan')", "failed: ValueError: gave nan"),
    "something else than a number": (
        "return None",
        "failed: TypeError: float() argument must be a string or a real number, not 'NoneType'",
    ),
}

DISTURBANCES = {
    "Python's generator": "import random; random.seed(5)",
    "NumPy's generator": "import numpy; numpy.random.seed(5)",
    "torch's generator": "torch.manual_seed(5)",
    "NumPy's pair of normal numbers": "import numpy; numpy.random.randn()",
    "the grad mode": "torch.set_grad_enabled(False)",
    "the rounding of convolutions": "torch.backends.cudnn.allow_tf32 = True",
    "the rounding of products": "torch.set_float32_matmul_precision('medium')",
    "the threads": "torch.set_num_threads(3)",
    "the default type": "torch.set_default_dtype(torch.float64)",
    "the working folder": "import os; os.chdir('/')",
}


class Site:
    """A folder of distributions, as pip leaves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, situation: str, code: str, **modules: str) -> str:
        """A distribution called after its situation, with further modules; gives its name."""
        name = discovery.normalise("".join(c if c.isalnum() else "-" for c in situation))
        module = name.replace("-", "_")
        (self.folder / f"{module}.py").write_text(HEADER + textwrap.dedent(code))
        for other, text in modules.items():
            (self.folder / f"{other}.py").write_text(textwrap.dedent(text))
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(METADATA.format(name=name))
        (info / "entry_points.txt").write_text(f"[veiqa]\nmain = {module}\n")
        return name

    def add_metric(self, name: str, work: str) -> None:
        """A metric that does some work before it gives the mean absolute error; its module is called after it."""
        body = textwrap.indent(textwrap.dedent(work), " " * 8)
        code = (
            "import torch\n"
            "class Odd(BaseException):\n    pass\n"
            "class Exits(Exception):\n    def __str__(self):\n        raise SystemExit(0)\n"
            "class Unspeakable(Exception):\n    def __str__(self):\n        raise ValueError\n"
            "class Metric:\n    def __init__(self, params):\n        pass\n"
            f"    def compare(self, x, y):\n{body}\n        return (x - y).abs().mean((1, 2))\n"
        )
        module = f"{name.replace('-', '_')}_code"
        self.add(name, hook(metric(name, f"{module}:Metric")), **{module: code})

    def veiqa(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own."""
        code = ("-c", "from veiqa_core.cli import main; main()", *map(str, arguments))
        env = {**self.environment, **environment}
        return subprocess.run([sys.executable, *code], capture_output=True, text=True, check=False, env=env)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder)}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty one, which this process looks into."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    modules = set(sys.modules)
    registry.installed.cache_clear()
    yield Site(folder)
    registry.installed.cache_clear()
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and Path(str(sys.modules[name].__file__)).parent == folder:
            del sys.modules[name]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Waves with some noise."""
    y, x = np.mgrid[:64, :72]
    waves = 127 + 80 * np.sin(x / 3)[..., None] * np.cos(y[..., None] / np.array([2, 3, 5]))
    pixels = np.clip(waves + np.random.default_rng(0).normal(0, 10, waves.shape), 0, 255)
    PIL.Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def run(photo: Path, *more: object) -> Result:
    return veiqa("run", photo, "--pri", "jpeg", *FAST, "--device", "cpu", "--no-store", "--format", "json", *more)


@pytest.mark.parametrize("situation", LEFT_OUT)
def test_a_plugin_that_is_left_out_says_why_and_the_rest_works(site: Site, situation: str) -> None:
    code, reported = LEFT_OUT[situation]
    dist = site.add(situation, code)
    site.add("a good one", hook(metric("fine")))
    found = registry.installed()
    assert [str(problem) for problem in found.problems] == [f"plugin {dist} 1.0 (entry point 'main'): {reported}"]
    assert found.get("metric", "fine").dist == "a-good-one"
    assert {item.dist for item in found} >= {"veiqa", "a-good-one"}
    assert dist not in {item.dist for item in found}


def test_each_costs_a_warning_line_and_the_check_tells_all(site: Site) -> None:
    expected = {site.add(situation, code): reported for situation, (code, reported) in LEFT_OUT.items()}
    lines = [f"plugin {dist} 1.0 (entry point 'main'): {reported}" for dist, reported in sorted(expected.items())]
    listed = site.veiqa("components", "metric")
    assert (listed.returncode, "psnr" in listed.stdout) == (0, True)
    assert listed.stderr.splitlines() == [
        f"warning: {line}; the rest works, 'veiqa plugins --check' lists all" for line in lines
    ]
    alone = {"VEIQA_PLUGINS": ",".join(expected)}  # to check the built-ins takes its time
    plain, checked = site.veiqa("plugins"), site.veiqa("plugins", "--check", **alone)
    assert (plain.returncode, checked.returncode) == (0, 1)
    for done in (plain, checked):
        reported = [line for line in done.stdout.splitlines() if line.startswith("problem")]
        assert [line for line in reported if "every start" not in line] == [f"problem: {line}" for line in lines]
        assert f"{next(iter(expected))} 1.0  main  import_error  (left out)" in done.stdout
        assert done.stderr == ""


def test_a_name_that_two_distributions_give_is_an_error_when_it_is_used_bare(site: Site, photo: Path) -> None:
    site.add("first one", hook(metric("mae")))
    site.add("second one", hook(metric("mae")))
    reported = (
        "similarity metric 'mae' is offered by first-one 1.0 and second-one 1.0: "
        "say 'first-one:mae' or 'second-one:mae'"
    )
    done = run(photo, "--metric", "mae")
    assert (done.exit_code, done.stderr) == (2, f"Error: {reported}\n")
    assert veiqa("components", "show", "metric/second-one:mae").exit_code == 0
    checked = site.veiqa("plugins", "--check", VEIQA_PLUGINS="first-one,second-one")
    assert (checked.returncode, f"problem: {reported}\n" in checked.stdout) == (1, True)


@pytest.mark.parametrize(
    ("code", "reported"),
    [
        ("raise SystemExit(3)", f"{UNLOADABLE}: SystemExit: 3"),
        ("import absent", f"{UNLOADABLE}: ModuleNotFoundError: No module named 'absent'"),
        (
            "",
            f"{UNLOADABLE}: AttributeError: module 'broken_code' has no attribute 'Metric'",
        ),
        ("Metric = 5", "failed: TypeError: 'int' object is not callable"),
        ("class Metric:\n    def __init__(self, params): exit()", "failed: SystemExit"),
    ],
)
def test_a_component_that_cannot_be_built_is_one_line_before_the_first_image(
    site: Site, photo: Path, code: str, reported: str
) -> None:
    site.add("broken", hook(metric("mae", "broken_code:Metric")), broken_code=code)
    done = run(photo, "--metric", "mae")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: metric 'mae' (broken 1.0) {reported}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("situation", FAILING)
def test_a_component_that_fails_is_named_in_the_row_of_its_image(site: Site, photo: Path, situation: str) -> None:
    work, reported = FAILING[situation]
    site.add_metric("mae", work)
    done = run(photo, "--metric", "mae")
    assert (done.exit_code, done.stderr) == (1, "failed: 1 of 1 images\n")
    (row,) = json.loads(done.stdout)
    assert row["error"] == f"{photo}: metric 'mae' (mae 1.0) {reported}"
    assert row["score"] is None


def test_an_interrupt_that_a_component_raises_stops_the_command_as_ctrl_c_does(site: Site, photo: Path) -> None:
    site.add_metric("mae", "raise KeyboardInterrupt")
    done = run(photo, "--metric", "mae")
    assert (done.exit_code, done.stderr) == (130, "\nstopped; nothing was scored yet\n")
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("disturbed", DISTURBANCES)
def test_what_a_component_does_to_global_state_reaches_nobody_else(
    site: Site, photo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, disturbed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    site.add_metric("disturbs", DISTURBANCES[disturbed])
    site.add_metric("draws", "import random, numpy\nx = x + random.random() + numpy.random.rand() + torch.rand(())")
    small = Choice("timm", {"model": "test_resnet", "weights": "random:0"})
    names = ("disturbs", "psnr", "draws")
    branches = {name: Branch(pri=Choice("jpeg"), extractor=small, metric=Choice(name)) for name in names}

    def scored(*order: str) -> dict[str, float | None]:
        before = _state()
        scorer = Scorer(Recipe("mixed", tuple(branches[name] for name in order)), device="cpu")
        values = [scorer.score(photo).similarities for _ in range(2)]
        assert values[0] == values[1]
        assert _state() == before
        return {key.rpartition("/")[2].rpartition(":")[2]: value for key, value in values[0].items()}

    together = scored("disturbs", "psnr", "draws")
    assert together == scored("draws", "psnr", "disturbs")
    assert together["psnr"] == scored("psnr")["psnr"]
    assert together["draws"] == scored("draws")["draws"]


def _state() -> list[object]:
    numbers = np.random.get_state()
    return [
        random.getstate(),
        [repr(part) for part in numbers],
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.get_default_dtype(),
        Path.cwd(),
    ]


NOISE = """
import os, subprocess, sys
print("{where} prints")
os.write(1, b"{where} writes\\n")
subprocess.run([sys.executable, "-c", "print('{where} begins a process')"])
"""


def test_what_a_plugin_prints_goes_to_standard_error(site: Site, photo: Path) -> None:
    site.add_metric("noisy", "print('at work', flush=True)")
    done = run(photo, "--metric", "noisy")
    assert (done.exit_code, done.stderr) == (0, "at work\n")
    assert [row["image"] for row in json.loads(done.stdout)] == [str(photo)]


def test_so_does_what_it_writes_to_the_descriptor_itself_by_whatever_process(site: Site, photo: Path) -> None:
    site.add_metric("noisy", NOISE.format(where="component"))
    module = site.folder / "noisy.py"
    code = module.read_text().replace("    yield", "    print('hook')\n    yield")
    module.write_text(NOISE.format(where="module") + code)
    options = ("--pri", "jpeg", *FAST, "--metric", "noisy", "--device", "cpu", "--no-store", "--format", "json")
    done = site.veiqa("run", photo, *options, "--workers", 2, "--threads", 1)
    assert done.returncode == 0, done.stderr
    assert [row["image"] for row in json.loads(done.stdout)] == [str(photo)]
    ways = ("prints", "writes", "begins a process")
    assert set(done.stderr.splitlines()) == {"hook", *(f"{w} {way}" for w in ("module", "component") for way in ways)}


EXTRACTORS = {
    "exits": "raise SystemExit(3)",
    "prints": "print('hello')\n        raise WeightsError('the weights of prints are not here')",
    "half": "raise DamagedWeightsError('the file x ends too soon')",
    "other": "return 5",
}


def test_the_doctor_outlives_extractors_and_tells_absent_weights_from_damaged_ones(site: Site) -> None:
    records = (f'Component(name="{name}", summary="S.", factory="codes:{name}")' for name in EXTRACTORS)
    classes = (
        f"class {name}:\n    def __init__(self, params): pass\n    def open(self, device):\n        {work}\n"
        for name, work in EXTRACTORS.items()
    )
    code = "from veiqa_core.api import DamagedWeightsError, WeightsError\n" + "".join(classes)
    site.add("odd", hook(*records).replace("similarity_metrics", "feature_extractors"), codes=code)
    done = site.veiqa("doctor", "--json", VEIQA_PLUGINS="odd")
    assert (done.returncode, "hello\n" in done.stderr) == (1, True)
    rows = [row for row in json.loads(done.stdout) if row["about"] == "weights"]
    reported = {row["text"].partition(": ")[0]: (row["state"], row["text"].partition(": ")[2]) for row in rows}
    assert reported == {
        "odd:exits": ("problem", "extractor 'exits' (odd 1.0) failed: SystemExit: 3"),
        "odd:prints": ("ok", "the weights of prints are not here"),
        "odd:half": ("problem", "the file x ends too soon"),
        "odd:other": ("problem", "extractor 'other' (odd 1.0): opens int where a Network is due"),
    }


def test_the_check_names_what_makes_every_start_slow(site: Site) -> None:
    site.add("heavy", f"import numpy\n{hook(metric('a'))}")
    work = f"import time\nwhile time.process_time() < {registration.SLOW_WORK + 1}:\n    pass"
    site.add("slow", f"{work}\n{hook(metric('b'))}")
    quiet = site.veiqa("components", "metric")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    done = site.veiqa("plugins", "--check", VEIQA_PLUGINS="heavy,slow")
    assert done.returncode == 1
    reported = [line for line in done.stdout.splitlines() if "every start" in line]
    assert reported[0] == (
        "problem: plugin heavy 1.0 (entry point 'main'): imports numpy at every start; "
        "leave that to its components' modules"
    )
    slow = r"problem: plugin slow 1.0 \(entry point 'main'\): takes \d+\.\d s at every start; a light module takes .*"
    assert re.fullmatch(slow, reported[-1])
    assert {line.split()[2] for line in reported} == {"heavy", "slow"}


@pytest.mark.skipif(os.name == "nt", reason="no signals as elsewhere")
def test_ctrl_c_during_a_slow_import_stops_the_command(site: Site, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    site.add("slow", f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(60)")
    code = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a background job is started without
        "from veiqa_core.cli import main; main()"
    )
    for arguments in (["plugins"], ["run", "photo.png", "--metric", "psnr"]):
        begun.unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=site.environment,
        )
        while not begun.exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said, reported = process.communicate(timeout=30)
        assert (process.returncode, said, reported) == (130, "", "\nstopped\n")
