"""Results written, read back, drawn and judged against a gate."""
