"""Fine-tuning an extractor to image quality (Ahmed et al. 2024, section 2.2).

Pristine photos are degraded on the fly; the network learns how much and how. What comes out is a weights file.
"""

from __future__ import annotations

from .samples import QUALITY, Samples
from .training import Epoch, Finetuning, Schedule

__all__ = ["QUALITY", "Epoch", "Finetuning", "Samples", "Schedule"]
