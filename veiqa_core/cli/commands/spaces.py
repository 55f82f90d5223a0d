"""``veiqa spaces``: the search spaces that come with the installed plugins."""

import click

from ..common import registry
from ..printing import data
from ..shipped import shipped_files

spaces = shipped_files("spaces", lambda registry: registry.spaces, "List the search spaces that --space knows by name.")


@spaces.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a shipped space's TOML, to start one's own from."""
    data(registry().spaces.get(name).read_text())
