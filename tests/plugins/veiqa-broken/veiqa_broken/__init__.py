"""A third-party plugin that cannot be imported."""
