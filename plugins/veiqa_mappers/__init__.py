"""The built-in score mappers."""
