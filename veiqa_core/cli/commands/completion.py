"""``veiqa completion``: the script by which a shell completes."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ..printing import data

_PROGRAM = "veiqa"


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
