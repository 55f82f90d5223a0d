"""Training of networks to image quality.

Extractors are fine-tuned on pristine photos, which are degraded on the fly (Ahmed et al. 2024, section 2.2); methods
learn from rated images. What comes out is a weights file.
"""

from __future__ import annotations

from .rated import MethodTraining, RatedEpoch
from .run import Schedule
from .samples import QUALITY, Samples
from .training import Epoch, Finetuning

__all__ = ["QUALITY", "Epoch", "Finetuning", "MethodTraining", "RatedEpoch", "Samples", "Schedule"]
