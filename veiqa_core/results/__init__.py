"""Results written, read back, drawn, and held against a gate."""
