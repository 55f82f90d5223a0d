"""The built-in distortion classifiers."""
