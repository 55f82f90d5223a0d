"""What branches need of an image: planned, carried out and compared."""
