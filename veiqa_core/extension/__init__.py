"""Plugins: found, registered, and looked up; what a component's record and parameters are."""
