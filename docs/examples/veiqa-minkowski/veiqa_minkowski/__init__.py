"""The similarity metric ``minkowski`` for VEIQA."""
