"""What tests in several folders make: photos, rated sets, plugins, and a command carried out in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner, Result

from veiqa_core import Recipe
from veiqa_core.cli import main
from veiqa_core.devices import Device
from veiqa_core.extension.discovery import Found, find
from veiqa_core.extension.registry import Part, Registry, installed
from veiqa_core.measuring.branches.engine import Engine
from veiqa_core.recipes.recipe import Branch
from veiqa_core.recipes.resolution import resolve


def veiqa(*arguments: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def photo(height: int, width: int, seed: int = 3) -> np.ndarray:
    """Waves and noise, ``[H, W, 3]`` uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 19 + k) + np.cos(y / (17 + k)) for k in range(3)], axis=-1)
    return (127 + 50 * waves + rng.normal(0, 8, waves.shape)).clip(0, 255).astype(np.uint8)


def waves(rng: np.random.Generator, height: int = 64) -> np.ndarray:
    """One of many patterns, ``[H, 72, 3]`` from 47 to 207."""
    y, x = np.mgrid[:height, :72]
    return 127 + 80 * np.sin(x / rng.uniform(2, 5))[..., None] * np.cos(y[..., None] / rng.uniform(2, 6, 3))


def save(pixels: np.ndarray, path: Path) -> None:
    PIL.Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


def write_set(
    folder: Path, contents: int, levels: int, noisy: str, noise: float, blurs: int, step: float, seed: int = 0
) -> Path:
    """Waves, blurred (GB) and noisy at several levels, with DMOS by level.

    Args:
        noisy: what the type of the noisy ones is called.
        noise: deviation at level 1.
        blurs: how often level 1 is blurred.
        step: of DMOS from level to level.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir()
    rows = ["image,reference,distortion,level,score,score_type"]
    for content in range(contents):
        pristine = waves(rng)
        save(pristine, folder / f"ref{content}.png")
        for kind in ("GB", noisy):
            for level in range(1, levels + 1):
                worse = pristine
                for _ in range(blurs * level if kind == "GB" else 0):
                    worse = (np.roll(worse, 1, 0) + np.roll(worse, -1, 0) + np.roll(worse, 1, 1) + 2 * worse) / 5
                name = f"{kind}{content}-{level}.png"
                save(worse + rng.normal(0, 1 if kind == "GB" else noise * level, worse.shape), folder / name)
                rows.append(f"{name},ref{content}.png,{kind},{level},{step * level + rng.uniform(-3, 3):.3f},dmos")
    (folder / "scores.csv").write_text("\n".join(rows) + "\n")
    return folder


def with_plugin(name: str, source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Everything installed, and the components of a distribution of one module, which both have this name."""
    (folder / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return Registry([*find(), Found(name, "main", "1.0", name)])


def of_a_later_version(part: Part) -> Part:
    """The part as a plugin may have it that changed its numbers."""
    component = part.registered.component
    later = attrs.evolve(component, version=component.version + 1)
    return attrs.evolve(part, registered=attrs.evolve(part.registered, record=later))


def engine(*branches: Branch) -> Engine:
    """One on the CPU."""
    return Engine(resolve(Recipe("r", branches), installed()).branches, Device())


@contextmanager
def one_thread() -> Iterator[None]:
    """Networks this small only lose by sharing their work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
