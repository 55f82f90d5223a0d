"""VEIQA's built-in similarity metrics."""
