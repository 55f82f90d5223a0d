"""Wants another major version of the plugin API."""

VEIQA_API = (2, 0)
