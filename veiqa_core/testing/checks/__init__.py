"""The checks: those for all components, and a module for each kind."""
