"""``veiqa recipes``: the recipes that come with the installed plugins."""

from ..shipped import shipped_files

recipes = shipped_files(
    "recipes",
    lambda registry: registry.recipes,
    "List the recipes and recipe sets that --recipe knows by name.",
    "Print a shipped recipe's TOML, to start one's own from.",
)
