"""Symmetry functions from their definition, slowly: loops over images, one function at a time, no table.

Nothing here is shared with the package. Every function accepts complex positions, so `(f(x + ih)).imag / h` is an exact
derivative.
"""

import numpy as np

from naive import Naive
from naive_turbo import images

POLYNOMIALS = {
    "poly1": lambda x: 1 - x**2 * (3 - 2 * x),
    "poly2": lambda x: 1 - x**3 * (10 - 15 * x + 6 * x**2),
    "poly3": lambda x: 1 - x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3),
    "poly4": lambda x: 1 - x**5 * (126 - 420 * x + 540 * x**2 - 315 * x**3 + 70 * x**4),
}


def fading(kind, alpha, r_cut, r):
    """The cutoff function."""
    if r.real >= r_cut:
        return 0.0
    if kind in ("tanh3", "tanh3_norm"):
        return np.tanh(1 - r / r_cut) ** 3 / (np.tanh(1.0) ** 3 if kind == "tanh3_norm" else 1)
    x = (r - alpha * r_cut) / (r_cut - alpha * r_cut)
    if x.real <= 0 or kind == "hard":
        return 1.0
    if kind == "cos":
        return (1 + np.cos(np.pi * x)) / 2
    return np.exp(1 - 1 / (1 - x**2)) if kind == "exp" else POLYNOMIALS[kind](x)


def norm(vector):
    return np.sqrt(np.sum(vector**2))


class NaiveACSF(Naive):
    """The same parameters as the compiled fingerprint."""

    def __init__(self, *, cutoff_function, alpha, ignore_unknown_species, species, numbers, weights, functions):
        self.numbers, self.functions = numbers, functions
        self.weights = [1.0 if weight is None else weight for weight in weights]
        self.cutoff, self.ignores = (cutoff_function, alpha), ignore_unknown_species

    def sites(self, frame, center):
        """Channel and vector of all sites within the longest cutoff."""
        positions, numbers, cell, pbc = frame
        attached = np.ndim(center) == 0
        origin = positions[center] if attached else np.asarray(center)
        periodic = np.where(np.array(pbc)[:, None], cell, 0)
        reach = max(function["r_cut"] for function in self.functions)
        found = []
        for shift in images(cell, pbc, reach, np.vstack([positions, origin[None]])):
            for j, number in enumerate(numbers):
                seen = number in self.numbers or self.numbers == [-1]
                if seen and not (attached and j == center and shift == (0, 0, 0)):
                    vector = positions[j] + np.array(shift) @ periodic - origin
                    if norm(vector).real < reach:
                        found.append((0 if self.numbers == [-1] else self.numbers.index(number), vector))
        return found

    def coefficients(self, frame, center):
        sites = self.sites(frame, center)
        return np.array([self.value(function, sites) for function in self.functions])

    def value(self, function, sites):
        kind, r_cut, channels = function["kind"], function["r_cut"], function["channels"]

        def f(r):
            return fading(*self.cutoff, r_cut, r)

        if kind in ("g1", "g2", "g3"):
            total = 0.0
            for channel, vector in sites:
                r = norm(vector)
                weight = self.weights[channel] if not channels else float(channel == channels[0])
                if kind == "g2":
                    weight = weight * np.exp(-function["eta"] * (r - function["r_s"]) ** 2)
                elif kind == "g3":
                    weight = weight * np.cos(function["kappa"] * r)
                total = total + weight * f(r)
            return total
        eta, zeta, lambda_, shift = (function[name] for name in ("eta", "zeta", "lambda", "r_s"))
        total = 0.0
        for k in range(len(sites)):
            for j in range(k):
                (a, r_j), (b, r_k) = sites[j], sites[k]
                if channels and sorted((a, b)) != sorted(channels):
                    continue
                weight = 1.0 if channels else self.weights[a] * self.weights[b]
                lengths = [norm(r_j), norm(r_k)] + ([norm(r_k - r_j)] if kind == "g4" else [])
                cosine = np.sum(r_j * r_k) / (lengths[0] * lengths[1])
                base = 1 + lambda_ * cosine
                if abs(lambda_) <= 1:
                    base = max(base, 0, key=lambda x: np.real(x))
                term = 2 ** (1 - zeta) * base**zeta * np.exp(-eta * sum((r - shift) ** 2 for r in lengths))
                total = total + weight * term * np.prod([f(r) for r in lengths])
        return total
