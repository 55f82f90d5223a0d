"""The built-in methods."""
