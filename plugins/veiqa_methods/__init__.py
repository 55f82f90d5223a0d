"""No-reference methods: whole indices and feature sets that need no network."""
