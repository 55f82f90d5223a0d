"""From similarities to a score, its interval, and the likely distortion."""
