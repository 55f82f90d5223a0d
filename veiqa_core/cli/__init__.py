"""The command line. Each command has a module of its own and imports what is heavy inside its callback."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UsageError, VeiqaError, one_line, strict
from ..prints import standard_output_reserved
from .compare import compare
from .components import components
from .datasets import datasets
from .evaluate import evaluate, fit
from .finetune import finetune
from .plugin import plugin
from .plugins import plugins
from .recipes import recipes
from .run import run
from .search import search
from .spaces import spaces
from .store import store
from .verify import verify


class _Failure(click.ClickException):
    """One line on standard error and the exit status: 2 for what cannot be done as asked, 1 for what failed."""

    def __init__(self, error: Exception) -> None:
        if isinstance(error, ModuleNotFoundError):
            error = UsageError(f"this needs {error.name}, which is not installed here: pip install veiqa")
        hint = "" if isinstance(error, VeiqaError) else " (VEIQA_STRICT=1 shows where)"
        super().__init__(f"{one_line(error)}{hint}")
        self.exit_code = 2 if isinstance(error, UsageError) else 1  # type: ignore[misc]  # declared as a class variable


class _Group(click.Group):
    """Turns errors into their one line; ``VEIQA_STRICT=1`` lets the traceback through."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with standard_output_reserved():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("\nstopped", err=True)
            raise click.exceptions.Exit(130) from None  # as shells have it
        except Exception as error:
            if isinstance(error, BrokenPipeError) or strict():
                raise
            raise _Failure(error) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="veiqa")
def main() -> None:
    """Score the quality of images without a reference, and see why."""


_COMMANDS = (
    *(run, evaluate, fit, search, finetune, compare, verify),
    *(datasets, recipes, spaces, components, plugins, plugin, store),
)

for command in _COMMANDS:
    main.add_command(command)
