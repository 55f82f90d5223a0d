"""What there is to know of a folder of images besides scores: duplicates, odd ones, and what is no photo."""
