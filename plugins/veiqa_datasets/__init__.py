"""VEIQA's built-in readers of rated-image datasets."""
