"""Recipes: read, checked, and resolved to installed components."""
