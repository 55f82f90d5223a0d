"""Completion in shells: the script that asks for it, and names of components, recipes and datasets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import click
from click.shell_completion import CompletionItem, get_completion_class

from ...extension.registry import installed
from ..printing import data

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_PROGRAM = "veiqa"


def component_names(kind: str) -> Complete:
    """Completes the name of a component of a kind."""

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        items = installed().of_kind(kind)
        return [
            CompletionItem(item.label, help=item.component.summary) for item in items if item.label.startswith(begun)
        ]

    return complete


def shipped_names(shelf: Literal["recipes", "spaces"]) -> Complete:
    """Completes the name of a shipped recipe or search space, or of a file."""

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        items = getattr(installed(), shelf)
        known = [CompletionItem(item.label, help=item.record.summary) for item in items if item.label.startswith(begun)]
        return [*known, CompletionItem(begun, type="file")]

    return complete


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands, options and names.

    bash and zsh: add 'eval "$(veiqa completion bash)"', or zsh, to ~/.bashrc or ~/.zshrc. fish: write it to
    ~/.config/fish/completions/veiqa.fish.
    """
    found = get_completion_class(shell)
    assert found is not None  # the choice names those that there are
    data(found(ctx.find_root().command, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE").source() + "\n")
