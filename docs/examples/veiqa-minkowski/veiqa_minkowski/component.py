"""The metric ``minkowski``."""


class Minkowski:
    """The p-norm of the difference over the number of places: 0 for equal maps, at most 1."""

    def __init__(self, params):
        self.p = params.p

    def compare(self, x, y):
        """Distance ``[N]`` of maps ``[N, h, w]`` in [0, 1], float64."""
        return ((x - y).abs() ** self.p).mean(dim=(1, 2)) ** (1 / self.p)
