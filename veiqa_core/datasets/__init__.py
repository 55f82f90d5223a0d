"""Rated images: datasets of people's ratings, and sets made from photos."""
