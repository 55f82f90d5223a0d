"""The recipes and recipe sets that come with VEIQA."""
