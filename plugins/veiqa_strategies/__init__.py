"""The built-in search strategies."""
