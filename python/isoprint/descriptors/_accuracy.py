"""What is said where tables of radial functions are not as good as they were asked to be."""

from __future__ import annotations

import math
import warnings


def warn_of_accuracy(reached: float, asked: float) -> None:
    """Warn whoever made a fingerprint whose radial functions are less accurate than they were asked to be."""
    if reached <= asked:
        return
    enough = 10.0 ** math.ceil(math.log10(reached))
    warnings.warn(
        f"the radial functions are accurate to {reached:.1e} of their largest value, not to the accuracy"
        f" {asked:.1e} that was asked for; take fewer functions or another sigma,"
        f" or say that accuracy={enough:.0e} is enough",
        UserWarning,
        stacklevel=3,
    )
