"""Standard deviations that are right on frames that were held out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Calibration(NamedTuple):
    """What makes a variance of an error: `factor² · (that of the weights) + floor² · (a weight)`.

    The second part is what the model cannot express; it is there where the data leave nothing open, too.
    """

    factor: float = 1.0
    floor: float = 0.0

    def applied(self, deviation: Floats, weight: Floats | float = 1.0) -> Floats:
        """Standard deviations of errors from those of what the weights leave open."""
        return np.asarray(np.sqrt((self.factor * deviation) ** 2 + self.floor**2 * weight))


# Below so much of the usual deviation nothing is left open: forces that are zero by symmetry, and rounding.
_OPEN = 1e-3


def fitted(errors: Floats, deviations: Floats, weights: Floats) -> Calibration:
    """The calibration of the largest likelihood, of errors that are normal; their mean square over variance is one.

    Given the ratio `t = floor²/factor²`, the best factor is known, so that one number is looked for. Where nothing is
    left open, the likelihood would be that of rounding; such errors say what the floor is at least.
    """
    squares, variances = errors**2 / weights, deviations**2 / weights
    if not squares.any():
        return Calibration(0.0, 0.0)
    scale = float(np.mean(variances)) or 1.0
    is_open = variances > _OPEN**2 * scale
    found = _most_likely(squares[is_open], variances[is_open], scale) if is_open.any() else Calibration(0.0, 0.0)
    if not is_open.all():
        found = Calibration(found.factor, max(found.floor, float(np.sqrt(np.mean(squares[~is_open])))))
    scores = squares / (found.factor**2 * variances + found.floor**2)
    return Calibration(*(np.sqrt(np.mean(scores)) * np.array(found)).tolist())


def _most_likely(squares: Floats, variances: Floats, scale: float) -> Calibration:
    if not squares.any():
        return Calibration(0.0, 0.0)
    ratios = scale * np.concatenate([[0.0], np.logspace(-12, 12, 481)])
    best = min(ratios, key=lambda t: _minus_log_likelihood(squares, variances + t))
    factor = np.sqrt(np.mean(squares / (variances + best)))
    return Calibration(float(factor), float(factor * np.sqrt(best)))


def _minus_log_likelihood(squares: Floats, variances: Floats) -> float:
    """Up to constants, with the best factor."""
    found = float(np.mean(np.log(variances)) + np.log(np.mean(squares / variances)))
    # Where all ratios are as good, the smallest is taken, whatever rounding says.
    return round(found, 9)
