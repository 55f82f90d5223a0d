"""Wants another major version of the plugin API."""

VEIQA_API = (3, 0)
