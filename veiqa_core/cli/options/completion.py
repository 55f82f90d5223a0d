"""Names that shells complete: of components, recipes and search spaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import click
from click.shell_completion import CompletionItem

from ...extension.registry import installed

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def component_names(kind: str) -> Complete:
    """Completes the name of a component of a kind."""

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        items = installed().of_kind(kind)
        return [
            CompletionItem(item.label, help=item.component.summary) for item in items if item.label.startswith(begun)
        ]

    return complete


def shipped_names(catalogue: Literal["recipes", "spaces"]) -> Complete:
    """Completes the name of a shipped recipe or search space, or of a file."""

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        items = getattr(installed(), catalogue)
        known = [CompletionItem(item.label, help=item.record.summary) for item in items if item.label.startswith(begun)]
        return [*known, CompletionItem(begun, type="file")]

    return complete
