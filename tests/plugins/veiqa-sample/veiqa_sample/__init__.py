"""A third-party plugin with one component of each kind."""
