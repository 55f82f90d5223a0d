"""The built-in controls."""
