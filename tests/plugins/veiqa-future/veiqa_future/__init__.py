"""A third-party plugin for a plugin API of the future."""
