"""Files as people have them, read strictly and written whole; and by what VEIQA knows again what it wrote."""
