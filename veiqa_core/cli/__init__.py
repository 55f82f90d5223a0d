"""The command line. Each command has a module of its own and imports what is heavy inside its callback."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from collections.abc import Mapping
from typing import Any

import click

from ..errors import UsageError, VeiqaError, brief, near_miss, one_line, strict
from ..isolation.prints import standard_output_reserved
from ..isolation.terminal import escaped_streams
from ..text import printable
from .printing import say
from .process import prepared
from .version import version_option

_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Score images": {
        "run": "Score images, and show the similarities behind each score.",
        "serve": "Serve a page on which a photo is dropped, and an interface for programs.",
        "compare": "Compare images with their originals by full-reference metrics.",
        "audit": "Look for duplicates, odd images and what is no photo in a folder.",
    },
    "Work with ratings": {
        "evaluate": "Measure how well a recipe's scores agree with the ratings of a dataset.",
        "ablate": "Show what each part of a recipe brings, left out and alone.",
        "fit": "Fit a recipe's mapper to the ratings of a dataset, and write the recipe.",
        "fit-map": "Fit what a recipe's quality map is made by to good photos, and write the recipe.",
        "search": "Search a space for the branches that agree best with the ratings of a dataset.",
        "finetune": "Fine-tune a feature extractor to image quality on pristine photos, or train a method on "
        "rated images.",
        "ladder": "Make good photos worse step by step, and show where a recipe's score does not fall.",
        "paper": "Make the paper's tables and figures from the databases and weights that are here.",
    },
    "See what there is": {
        "recipes": "List the recipes and recipe sets that --recipe knows by name.",
        "components": "List the components, or show one with its parameters.",
        "datasets": "List the datasets; check a folder, or make a synthetic one.",
        "spaces": "List the search spaces that --space knows by name.",
        "weights": "Say which weights each feature extractor wants and where they are; convert files to its own "
        "layout.",
        "plugins": "List the installed plugins and their problems.",
    },
    "Look after it": {
        "doctor": "Look at versions, plugins, extras, memory, store, devices and weights, and score an image on trial.",
        "verify": "Check what components compute against published, exact and independently derived values.",
        "store": "Look after the file that keeps similarities between runs.",
        "completion": "Print the script that lets a shell complete commands, options and names.",
        "plugin": "Write a plugin.",
    },
}
"""The commands in groups, each with its first sentence: to list them, none is imported."""

_SUMMARIES = {name: summary for group in _GROUPS.values() for name, summary in group.items()}
_ALSO_CALLED = {"score": "run", "rate": "run", "predict": "run", "train": "fit", "calibrate": "fit", "ui": "serve"}
"""What people look for, and what it is called here."""


class _Failure(click.ClickException):
    """One line on standard error and the exit status: 2 for what cannot be done as asked, 1 for what failed."""

    def __init__(self, error: Exception) -> None:
        if isinstance(error, ModuleNotFoundError):
            error = UsageError(f"this needs {error.name}, which is not installed here: pip install veiqa")
        hint = "" if isinstance(error, VeiqaError) else " (VEIQA_STRICT=1 shows where)"
        super().__init__(f"{one_line(error)}{hint}")
        self.exit_code = 2 if isinstance(error, UsageError) else 1  # type: ignore[misc]  # declared as a class variable


def _in_one_line(error: click.ClickException) -> click.ClickException:
    """click's own error, which may name any argument; its help is no error, and has several lines."""
    if not isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.message = printable(error.message)  # type: ignore[misc]  # no constructor takes the parts of all kinds
    return error


class _Group(click.Group):
    """Turns errors into their one line; ``VEIQA_STRICT=1`` lets the traceback through."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with escaped_streams():
            return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.ClickException as error:
            raise _in_one_line(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with prepared(), standard_output_reserved():
                return self._written(ctx)
        except click.ClickException as error:
            raise _in_one_line(error) from None
        except (click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            say()
            say("stopped")
            raise click.exceptions.Exit(130) from None  # as shells have it
        except BrokenPipeError:  # who reads the results wants no more, as head does
            raise click.exceptions.Exit(141) from None  # 128 + SIGPIPE
        except Exception as error:
            if strict():
                raise
            raise _Failure(error) from error

    def _written(self, ctx: click.Context) -> Any:
        """Run the command; where it ends by its exit status, what it wrote has arrived."""
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            if sys.stdout is not None:  # closed before the command began
                sys.stdout.flush()
            raise


class _Commands(_Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _SUMMARIES:
            return None
        module = importlib.import_module(f".commands.{_module(cmd_name)}", __package__)
        command: click.Command = getattr(module, _module(cmd_name))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _SUMMARIES:
            _refuse(args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _SUMMARIES))
        limit = formatter.width - 6 - width  # as click has it
        for title, group in _GROUPS.items():
            rows = [
                (f"{name:<{width}}", click.Command(name, help=summary).get_short_help_str(limit))
                for name, summary in group.items()
            ]
            with formatter.section(title):
                formatter.write_dl(rows)


def _refuse(args: list[str]) -> None:
    """Say what is meant by what is no command: an image, or something by another name.

    Raises:
        UsageError: it is one of these, or a word.
    """
    name = args[0]
    if name in _ALSO_CALLED:
        raise UsageError(f"unknown command {name!r}. Did you mean 'veiqa {_ALSO_CALLED[name]}'?")
    if not name.startswith("-") and ("." in name or os.sep in name or os.path.lexists(name)):
        shown = brief(name, quoted=False)
        raise UsageError(f"{shown} is no command. Did you mean 'veiqa run {shlex.quote(shown)}'?")
    if name.isalpha():
        raise UsageError(near_miss("command", name, _SUMMARIES))


def _module(command: str) -> str:
    return command.replace("-", "_")


_SETTINGS = {"help_option_names": ["-h", "--help"], "color": True}  # so that click removes nothing: the streams escape


@click.group(cls=_Commands, context_settings=_SETTINGS)
@version_option
def main() -> None:
    """Score the quality of images without a reference, and see why."""
