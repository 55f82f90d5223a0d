"""Plugins at work: what they do, print or break reaches neither each other nor the caller."""
