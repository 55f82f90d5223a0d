"""The similarity metric ``piq`` for VEIQA."""
