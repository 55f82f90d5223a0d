"""Metrics of piq, on heat maps and on pictures."""

import piq


class PiqMetric:
    """A metric of piq; subclasses say which."""

    measure = None

    def __init__(self, params):
        pass

    def compare(self, x, y):
        """Similarity ``[N]`` of maps ``[N, h, w]`` in [0, 1], float64; a map is a picture without colour."""
        return self.compare_images(x[:, None], y[:, None])

    def compare_images(self, a, b):
        """Similarity ``[N]`` of images ``[N, 3 or 1, H, W]`` in [0, 1]."""
        a, b = (images.double().clamp(0, 1).expand(-1, 3, -1, -1) for images in (a, b))
        return type(self).measure(a, b, data_range=1.0, reduction="none").double()


class Haarpsi(PiqMetric):
    """HaarPSI, 1 for equal images, those without structure among them, where piq gives infinity or a little over 1."""

    measure = staticmethod(piq.haarpsi)

    def compare_images(self, a, b):
        """Similarity ``[N]`` of images ``[N, 3 or 1, H, W]`` in [0, 1]."""
        equal = (a == b).flatten(1).all(dim=1)
        return super().compare_images(a, b).clamp(0, 1).masked_fill(equal, 1.0)


class Mdsi(PiqMetric):
    """MDSI, 0 for equal images."""

    measure = staticmethod(piq.mdsi)


class MsGmsd(PiqMetric):
    """Multi-scale GMSD, 0 for equal images."""

    measure = staticmethod(piq.multi_scale_gmsd)
