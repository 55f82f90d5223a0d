"""Readers of files that need a package which is not always installed, each imported where such a file is met."""
