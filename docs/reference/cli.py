"""``cli.md``: every command with its arguments and options, from the tree of click commands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from veiqa_core.cli import main

from .markdown import code, inline, table

_HEAD = """\
# Command line

`veiqa COMMAND --help` says the same. Exit statuses and environment variables: [Environment and errors](environment.md).
"""
_HELP = {"-h", "--help"}


def page() -> str:
    """The page."""
    return "\n\n".join([_HEAD.strip(), *(_command(path, command) for path, command in commands())])


def commands(path: str = "veiqa", command: click.Command = main) -> Iterator[tuple[str, click.Command]]:
    """Every command under its full name, groups before what they hold; hidden ones too."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in _below(command):
            yield from commands(f"{path} {name}", below)


def _below(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """A group's commands, some of which are imported only when they are asked for."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        found = group.get_command(context, name)
        assert found is not None
        yield name, found


def _command(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    lines = [f"## `{path}`", f"`{usage}`", _prose(command.help or "")]
    if command.hidden:
        lines.append("What the group does where no command is named.")
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    rows = [_row(option, context) for option in options if not _HELP & set(option.opts)]
    if rows:
        lines.append(table(("option", "value", "default", "meaning"), rows))
    if isinstance(command, click.Group):
        rows = [
            (f"[`{path} {name}`](#{f'{path} {name}'.replace(' ', '-')})", below.get_short_help_str(200))
            for name, below in _below(command)
        ]
        lines.append(table(("command", "what"), rows))
    return "\n\n".join(filter(None, lines))


def _row(option: click.Option, context: click.Context) -> tuple[str, str, str, str]:
    names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag or option.count else code(option.make_metavar(context))
    info = option.to_info_dict()
    default = info["default"]
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    reported = inline(option.help or "")
    if option.required:
        reported += " Needed."
    return names, value, code(default) if plain else "", reported


def _prose(text: str) -> str:
    return "\n".join(inline(line.strip()) for line in text.replace("\b", "").strip().splitlines())
