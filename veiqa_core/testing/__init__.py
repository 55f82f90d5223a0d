"""The conformance kit: what every component must keep to, as checks that any plugin can run on its own.

Three ways: :func:`check_component` in Python, a marker in pytest (:mod:`veiqa_core.testing.pytest_plugin`), and
``veiqa plugins --check --deep``. Which checks apply follows from a component's kind and traits. VEIQA's own components
pass the same ones.
"""

from __future__ import annotations

from .kit import Check, CheckFailed, Outcome, Subject, check_component, checks_for, subject

__all__ = ["Check", "CheckFailed", "Outcome", "Subject", "check_component", "checks_for", "subject"]
