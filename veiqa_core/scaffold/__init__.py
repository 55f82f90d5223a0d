"""A new plugin distribution: small, whole, and passing its tests as it is written."""

from __future__ import annotations

import importlib.util
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
from ..extension.registry import installed
from ..files.paths import is_file
from ..files.writing import obstacle, write_text

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
        title = "".join(word.title() for word in component.split("-"))
        if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", component) or {component, title} & {*keyword.kwlist}:
            rule = "a name has letters, digits and hyphens, begins with a letter and is no keyword of Python: minkowski"
            raise UsageError(f"{name!r}: {rule}")
        return cls(f"{PREFIX}{component}", package, component, title)


def write(name: str, kind: str, into: Path) -> list[Path]:
    """Write a distribution with one component, in a folder of its own.

    Returns:
        The files, relative to ``into``.

    Raises:
        UsageError: the kind is unknown, nothing can be called so, the name is taken, or the folder is there and not
            empty.
    """
    check_kind(kind)
    names = Names.of(name)
    _check_free(names, kind)
    folder = into / names.dist
    problem = obstacle(folder / names.package)
    if problem is not None and not is_file(folder):
        raise UsageError(f"{folder}: cannot be written: {problem}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already; name another plugin, or another folder with --into")
    title, templates = KINDS[kind].title, resources.files(__package__) / "templates"
    article = "an" if title[0] in "aeiou" else "a"
    values = {
        **attrs.asdict(names),
        "cls": _free_class(names.cls, kind, templates),
        "kind": kind,
        "title": title,
        "article": article,
        "Article": article.title(),
        "hook": KINDS[kind].hook,
        "api": ", ".join(map(str, API_VERSION)),
    }
    written = []
    for part in ("common", kind):
        for template in _files(templates / part):
            path = Path(*(step.replace("package", names.package) for step in template.relative))
            text = Template(template.file.read_text(encoding="utf-8")).substitute(values)
            target = folder / path.with_name(path.name.removesuffix(_SUFFIX))
            write_text(text, target)
            written.append(target.relative_to(into))
    return sorted(written)


def _check_free(names: Names, kind: str) -> None:
    """Refuse a name that another distribution has: one of two packages would hide the other, and a component's bare
    name would mean neither.
    """
    found = installed()
    owners = {plugin.value.partition(":")[0].partition(".")[0]: plugin.dist for plugin in found.plugins}
    if importlib.util.find_spec(names.package) is not None and owners.get(names.package) != names.dist:
        raise UsageError(f"{names.component!r}: a package {names.package} is installed already; name another plugin")
    for item in found.of_kind(kind):
        if item.component.name == names.component and item.dist != names.dist:
            raise UsageError(f"{names.component!r}: {item.origin} is installed already; name another plugin")


def _free_class(cls: str, kind: str, templates: Traversable) -> str:
    """A name for the class that its module gives to nothing else."""
    modules = (templates / kind / "package" / f"{name}.py{_SUFFIX}" for name in ("component", "plugin"))
    used = any(re.search(rf"\b{cls}\b", module.read_text(encoding="utf-8")) for module in modules)
    return f"{cls}{kind.title()}" if used else cls


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
