"""A third-party plugin whose metric takes a built-in's name."""
