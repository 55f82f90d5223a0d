"""Where distortions are defined."""

from __future__ import annotations

PAPER = "Ahmed et al., IJEECS 36(3), 2024"
TID2013 = "TID2013: Ponomarenko et al., Signal Processing: Image Communication 30, 2015"
KADID = "KADID-10k: Lin et al., QoMEX 2019"
