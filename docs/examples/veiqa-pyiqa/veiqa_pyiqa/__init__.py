"""Metrics of pyiqa as methods and image metrics for VEIQA."""
