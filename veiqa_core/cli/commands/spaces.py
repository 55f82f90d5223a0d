"""``veiqa spaces``: the search spaces that come with the installed plugins."""

from ..shipped import shipped_files

spaces = shipped_files(
    "spaces",
    lambda registry: registry.spaces,
    "List the search spaces that --space knows by name.",
    "Print a shipped space's TOML, to start one's own from.",
)
