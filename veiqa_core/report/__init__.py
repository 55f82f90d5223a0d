"""Scores as a page: one file that loads nothing, for one image or ten thousand."""

from .writer import DETAILS, ReportWriter

__all__ = ["DETAILS", "ReportWriter"]
