"""``veiqa doctor``, ``--version``, completion and exit statuses: the installed base."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from making import veiqa

from veiqa_core import doctor
from veiqa_core.cli import main
from veiqa_core.extension.discovery import Found, find
from veiqa_core.extension.registry import Registry


@pytest.fixture
def no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out what takes long."""
    monkeypatch.setattr(doctor, "_trial", lambda registry: iter(()))
    monkeypatch.setattr(doctor, "_weights", lambda registry: iter(()))


def found(registry: Registry, store: Path | None = None) -> dict[str, list[doctor.Finding]]:
    by_subject: dict[str, list[doctor.Finding]] = {}
    for finding in doctor.examine(registry, store):
        by_subject.setdefault(finding.about, []).append(finding)
    return by_subject


def test_a_sound_installation_has_no_problem(tmp_path: Path) -> None:
    done = veiqa("doctor", "--json", "--store", tmp_path / "store.sqlite")
    rows = json.loads(done.stdout)
    assert done.exit_code == 0, done.stdout
    assert {row["about"] for row in rows} == {
        "versions",
        "plugins",
        "extras",
        "memory",
        "store",
        "devices",
        "weights",
        "trial",
    }
    said = {row["text"].split(":")[0]: row for row in rows if row["about"] == "weights"}
    assert "installed, sha256:" in said["efficientnet-lite0"]["text"]
    assert "no package carries the weights" in said["vgg16"]["text"]
    assert not (tmp_path / "store.sqlite").exists()


def test_what_is_wrong_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_trial: None) -> None:
    registry = Registry([*find(), Found("gone", "main", "1.0", "gone_module")])
    (tmp_path / "no.sqlite").write_bytes(b"no database at all, and longer than a header" * 9)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(doctor, "needed", lambda: ["click", "absent-package"])
    findings = found(registry, tmp_path / "no.sqlite")
    assert findings["versions"][-1] == doctor.Finding(
        "versions", "problem", "absent-package is not installed", "pip install absent-package"
    )
    (problem,) = (finding for finding in findings["plugins"] if finding.state == "problem")
    assert "gone 1.0" in problem.text
    assert problem.advice == "mend or remove gone"
    (store,) = findings["store"]
    assert store.state == "problem"
    assert "name another with --store" in store.text
    assert "parquet: not installed; for results as Parquet: pip install 'veiqa[parquet]'" in {
        finding.text for finding in findings["extras"]
    }


def test_without_torch_the_rest_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "veiqa_core.measuring.networks", raising=False)
    monkeypatch.setattr(doctor, "_trial", doctor._devices)  # the scorer has torch already here
    done = veiqa("doctor", "--store", tmp_path / "store.sqlite")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert sum(line.startswith("problem  ") for line in lines) == 3
    assert any(line.startswith("ok       plugins   veiqa ") for line in lines)
    assert "Traceback" not in done.output


def test_no_plugins_at_all_is_a_problem(monkeypatch: pytest.MonkeyPatch, no_trial: None, tmp_path: Path) -> None:
    monkeypatch.setenv("VEIQA_PLUGINS", "")
    (finding,) = found(Registry(()), tmp_path / "x")["plugins"]
    assert (finding.state, finding.advice) == ("problem", "unset VEIQA_PLUGINS")


def test_the_version_names_what_decides_results() -> None:
    lines = veiqa("--version").stdout.splitlines()
    assert [line.rpartition(" ")[0] for line in lines[:4]] == ["veiqa", "plugin API", "Python", "torch"]
    others = {plugin.dist for plugin in find()} - {"veiqa"}
    assert {line.rpartition(" ")[0] for line in lines[4:]} == others


def completed(*words: str) -> list[str]:
    *given, begun = words
    complete = ShellComplete(main, {}, "veiqa", "_VEIQA_COMPLETE")
    return [item.value for item in complete.get_completions(given, begun) if item.type == "plain"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("doc",), ["doctor"]),
        (("run", "--metric", "ps"), ["psnr", "pss"]),
        (("run", "--pri", "jpeg"), ["jpeg", "jpeg2000"]),
        (("run", "--pri", "jpeg", "--extractor", "vg"), ["vgg16"]),
        (("run", "--explainer", "gradcam"), ["gradcam", "gradcam++"]),
        (("run", "--mapper", "logi"), ["logistic4", "logistic5"]),
        (("run", "--recipe", "def"), ["default"]),
        (("run", "--format", "pa"), ["parquet"]),
        (("evaluate", "ko"), ["koniq10k"]),
        (("compare", "--metric", "vs"), ["vsi"]),
        (("search", "live", ".", "--strategy", "ra"), ["random"]),
        (("completion", "f"), ["fish"]),
    ],
)
def test_names_are_completed(words: tuple[str, ...], names: list[str]) -> None:
    assert completed(*words) == names


def test_spaces_and_recipes_may_be_files_too() -> None:
    complete = ShellComplete(main, {}, "veiqa", "_VEIQA_COMPLETE")
    for words in (["run", "--recipe"], ["search", "--space"]):
        items = complete.get_completions(words, "p")
        assert [(item.value, item.type) for item in items][-1] == ("p", "file")
        assert "paper" in [item.value for item in items]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    done = veiqa("completion", shell)
    assert done.exit_code == 0
    assert "_VEIQA_COMPLETE" in done.stdout
    assert f"{shell}_complete" in done.stdout


def test_every_option_that_names_a_component_completes_it() -> None:
    names = {"--pri", "--extractor", "--explainer", "--metric", "--mapper", "--recipe", "--space", "--strategy"}

    def commands(group: click.Command) -> list[click.Command]:
        if not isinstance(group, click.Group):
            return [group]
        context = click.Context(group)
        below = [group.get_command(context, name) for name in group.list_commands(context)]
        return [inner for command in below if command is not None for inner in commands(command)]

    options = [option for command in commands(main) for option in command.params if names & set(option.opts)]
    assert len(options) > 20
    assert [option.opts for option in options if option._custom_shell_complete is None] == []
