"""The tables of the paper that VEIQA follows, with its own figures beside those that are measured here."""
