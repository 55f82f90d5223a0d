"""The metrics themselves, each over maps ``[N, h, w]`` and over images ``[N, 1 or 3, H, W]``."""
