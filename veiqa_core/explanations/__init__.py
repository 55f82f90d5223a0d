"""What is shown of a score: where quality is lost, and the pairs of VEIs that show it."""
