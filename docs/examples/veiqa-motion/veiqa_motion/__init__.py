"""The PRI generator ``motion`` for VEIQA."""
