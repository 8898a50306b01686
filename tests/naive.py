"""What slow twins of fingerprints have in common: they take complex positions, and so derivatives by a complex step."""

import numpy as np


class Naive:
    """A fingerprint by its definition: `coefficients(frame, center)` are a subclass's own."""

    def contract(self, coefficients):
        return coefficients

    def rows(self, frame, centers, average=None):
        """Features of one frame `(positions, numbers, cell, pbc)`; real where the positions are."""
        every = [self.coefficients(frame, center) for center in centers]
        if average == "inner":
            out = self.contract(sum(every) / len(every))[None]
        else:
            out = np.array([self.contract(c) for c in every])
            out = out if average is None else (np.sum if average == "sum" else np.mean)(out, axis=0, keepdims=True)
        return out if np.iscomplexobj(frame[0]) or np.iscomplexobj(frame[2]) else out.real

    def derivative(self, frame, centers, displacements, strain=None, average=None):
        """Derivative of the rows along a displacement of the atoms, or along a strain of everything."""
        positions, numbers, cell, pbc = frame
        step = 1e-100j
        if strain is None:
            moved = positions + step * displacements
            return self.rows((moved, numbers, np.asarray(cell, float), pbc), centers, average).imag / step.imag
        grow = np.eye(3) + step * strain
        at = [center if np.ndim(center) == 0 else center @ grow for center in centers]
        return self.rows((positions @ grow, numbers, cell @ grow, pbc), at, average).imag / step.imag
