"""A new plugin distribution: small, whole, and passing its tests as it is written."""

from __future__ import annotations

import keyword
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

import attrs

from ..api import API_VERSION
from ..errors import UsageError
from ..extension.discovery import normalise
from ..extension.kinds import KINDS, check_kind
from ..files import is_file, obstacle, write_whole

PREFIX = "veiqa-"
_SUFFIX = ".template"


@attrs.frozen
class Names:
    """What things are called in a new plugin.

    Attributes:
        dist: the distribution: ``veiqa-minkowski``.
        package: the importable package: ``veiqa_minkowski``.
        component: ``minkowski``.
        cls: the class: ``Minkowski``.
    """

    dist: str
    package: str
    component: str
    cls: str

    @classmethod
    def of(cls, name: str) -> Names:
        """From the name that an author gives.

        Raises:
            UsageError: no package can be called so.
        """
        component = normalise(name).removeprefix(PREFIX)
        package = f"veiqa_{component.replace('-', '_')}"
        words = component.split("-")
        if not re.fullmatch(r"[a-z][a-z0-9-]*", component) or keyword.iskeyword(component):
            raise UsageError(f"{name!r}: a name has letters, digits and hyphens and begins with a letter: minkowski")
        return cls(f"{PREFIX}{component}", package, component, "".join(word.title() for word in words))


def write(name: str, kind: str, into: Path) -> list[Path]:
    """Write a distribution with one component, in a folder of its own.

    Returns:
        The files, relative to ``into``.

    Raises:
        UsageError: the kind is unknown, nothing can be called so, or the folder is there and not empty.
    """
    check_kind(kind)
    names = Names.of(name)
    folder = into / names.dist
    problem = obstacle(folder / names.package)
    if problem is not None and not is_file(folder):
        raise UsageError(f"{folder}: cannot be written: {problem}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already; name another plugin, or another folder with --into")
    values = {
        **attrs.asdict(names),
        "kind": kind,
        "title": KINDS[kind].title,
        "hook": KINDS[kind].hook,
        "api": ", ".join(map(str, API_VERSION)),
    }
    templates = resources.files(__package__) / "templates"
    written = []
    for part in ("common", kind):
        for template in _files(templates / part):
            path = Path(*(values["package"] if step == "package" else step for step in template.relative))
            text = Template(template.file.read_text(encoding="utf-8")).substitute(values)
            target = folder / path.with_name(path.name.removesuffix(_SUFFIX))
            write_whole(target, lambda stream, text=text: stream.write(text.encode()))  # type: ignore[misc]
            written.append(target.relative_to(into))
    return sorted(written)


@attrs.frozen
class _File:
    relative: tuple[str, ...]
    file: Traversable


def _files(folder: Traversable, above: tuple[str, ...] = ()) -> list[_File]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _files(entry, (*above, entry.name))
        elif entry.name.endswith(_SUFFIX):
            found.append(_File((*above, entry.name), entry))
    return found
