"""The built-in explainers."""
