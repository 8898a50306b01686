"""Recursive SOAP from its definition, slowly: integrals by quadrature, loops over images, derivatives by complex steps.

Nothing here is shared with the package: no table, no recursion over the degree of the basis, no power of two saved by a
symmetry. Every function accepts complex positions, so `(f(x + ih)).imag / h` is an exact derivative. Sound for up to
five radial functions a species, beyond which S^(-1/2) loses digits.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.special import erf, eval_jacobi

from naive import Naive

NODES, WEIGHTS = np.polynomial.legendre.leggauss(96)


def window(lower, upper):
    """Gauss-Legendre nodes and weights on [lower, upper], in eight panels."""
    edges = np.linspace(lower, upper, 9)
    centers, halves = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return (centers[:, None] + halves[:, None] * NODES).ravel(), (halves[:, None] * WEIGHTS).ravel()


def primitives(n, v):
    """The polynomials phi_1 ... phi_n, normalized on [0, 1]."""
    alpha = np.arange(1, n + 1)[:, None]
    return np.sqrt(2 * alpha + 5) * (1 - v) ** (alpha + 2)


def inverse_root(overlap):
    values, vectors = np.linalg.eigh(overlap)
    return vectors @ np.diag(values**-0.5) @ vectors.T


class Species:
    """The radial functions of one species, and what a neighbor at distance x (in units of the cutoff) makes of them."""

    def __init__(
        self,
        *,
        r_cut,
        r_soft,
        basis,
        filter_decay,
        radial_enhancement,
        n_max,
        sigma,
        sigma_scaling,
        amplitude_scaling,
    ):
        self.r_cut, self.soft, self.basis, self.n_max = r_cut, r_soft / r_cut, basis, n_max
        self.decay, self.k, self.amplitude_scaling = filter_decay, radial_enhancement, amplitude_scaling
        self.sigma, self.growth = sigma / r_cut, sigma_scaling
        pieces = [window(0, self.soft)] + ([window(self.soft, 1)] if self.soft < 1 else [])
        self.v, self.w = (np.concatenate(part) for part in zip(*pieces, strict=True))
        alpha = np.arange(1, n_max + 1)
        self.norm = math.sqrt(2 / self.sigma) * math.pi**-0.25
        if basis == "jacobi":
            t = 1 - self.v
            self.g = np.array([math.sqrt(2 * k + 7) * t**3 * eval_jacobi(k, 0, 6, 2 * t - 1) for k in range(n_max)])
            return
        overlap = np.sqrt(np.outer(2 * alpha + 5, 2 * alpha + 5)) / (alpha[:, None] + alpha + 5)
        if basis == "poly3gauss":
            v, w = window(0, 1)
            mixed = primitives(n_max - 1, v) @ (w * self.norm * np.exp(-(v**2) / (2 * self.sigma**2)))
            overlap[-1, :-1] = overlap[:-1, -1] = mixed
            overlap[-1, -1] = 1
        self.overlap, self.W = overlap, inverse_root(overlap)

    def amplitude(self, x):
        s = self.sigma + self.growth * x
        enhanced = [1, x + math.sqrt(2 / math.pi) * s, x**2 + s**2 + math.sqrt(8 / math.pi) * s * x][self.k]
        decay = ((1 - x) ** 2 * (1 + 2 * x)) ** self.amplitude_scaling if self.amplitude_scaling else 1
        return enhanced * decay / s

    def radial(self, x):
        """b_n of a neighbor."""
        s = self.sigma + self.growth * x
        beyond = np.maximum(self.v - self.soft, 0) / (1 - self.soft) if self.soft < 1 else 0
        fade = np.exp(-0.5 * (self.decay * beyond) ** 2)
        density = self.w * fade * np.exp(-((self.v - x) ** 2) / (2 * s**2))
        if self.basis == "jacobi":
            return math.sqrt(self.r_cut) * self.amplitude(x) * (self.g @ density)
        overlaps = primitives(self.n_max, self.v) @ density
        if self.basis == "poly3gauss":
            both = np.sqrt(self.sigma**2 + s**2)
            overlaps[-1] = (
                self.norm * math.sqrt(math.pi / 2) * self.sigma * s / both * np.exp(-(x**2) / (2 * both**2))
                * (1 + erf(self.sigma * x / (math.sqrt(2) * s * both)))
            )  # fmt: skip
        return math.sqrt(self.r_cut) * self.amplitude(x) * (self.W @ overlaps)

    def radial_of_center(self):
        if self.basis != "poly3gauss":
            return self.radial(0.0)
        return math.sqrt(self.r_cut) * self.amplitude(0.0) * (self.W @ self.overlap)[:, -1] / self.norm


def scaled_bessel(l_max, z):
    """exp(-z) i_l(z) for l = 0 ... l_max, by the series where z is small and by ratios downward elsewhere."""
    if abs(z) < 1e-3:
        h = z**2 / 2
        series = [1 + h / (2 * l + 3) * (1 + h / (2 * (2 * l + 5))) for l in range(l_max + 1)]
        return np.array([np.exp(-z) * z**l / math.prod(range(1, 2 * l + 2, 2)) * series[l] for l in range(l_max + 1)])
    ratio, ratios = 0.0, {}
    for l in range(l_max + 30 + int(6.5 * math.sqrt(abs(z))), 0, -1):
        ratio = z / (2 * l + 1 + z * ratio)
        ratios[l] = ratio
    values = [(1 - np.exp(-2 * z)) / (2 * z)]
    for l in range(1, l_max + 1):
        values.append(values[-1] * ratios[l])
    return np.array(values)


def harmonics(l_max, u):
    """Real orthonormal spherical harmonics, index l * l + l + m, from associated Legendre functions without angles."""
    x, y, z = u
    out = np.zeros((l_max + 1) ** 2, dtype=complex)
    for m in range(l_max + 1):  # real and imaginary part of (x + iy)^m, where x and y may be complex themselves
        cosine = sum((-1) ** (k // 2) * math.comb(m, k) * x ** (m - k) * y**k for k in range(0, m + 1, 2))
        sine = sum((-1) ** (k // 2) * math.comb(m, k) * x ** (m - k) * y**k for k in range(1, m + 1, 2))
        column = {m: math.prod(range(1, 2 * m, 2)) * (-1) ** m}
        for l in range(m + 1, l_max + 1):
            column[l] = ((2 * l - 1) * z * column[l - 1] - (l + m - 1) * column.get(l - 2, 0)) / (l - m)
        for l, legendre in column.items():
            factor = math.sqrt((2 * l + 1) / (4 * math.pi) * math.factorial(l - m) / math.factorial(l + m)) * (
                math.sqrt(2) if m else 1
            )
            out[l * l + l + m] = factor * legendre * cosine
            if m:
                out[l * l + l - m] = factor * legendre * sine
    return out


def images(cell, pbc, r_cut, positions):
    """Integer shifts that bring every image within reach of every atom."""
    real = np.where(np.array(pbc)[:, None], cell.real, 0)
    full = real.copy()
    for axis in np.flatnonzero(~np.array(pbc)):  # any vector out of the plane will do
        full[axis] = np.linalg.svd(np.delete(full, axis, 0))[2][-1] if np.any(real) else np.eye(3)[axis]
    if not np.any(pbc):
        return [(0, 0, 0)]
    reach = np.linalg.norm(np.linalg.inv(full), axis=0)
    spread = np.ptp(positions.real @ np.linalg.inv(full), axis=0)
    counts = [int(np.ceil(r_cut * reach[k] + spread[k])) if pbc[k] else 0 for k in range(3)]
    return list(itertools.product(*[range(-n, n + 1) for n in counts]))


def listed(settings):
    """The parameters of a compiled fingerprint, with a list in place of a value in the mapping of each species."""
    species = settings["species"]
    by_species = {name: [entry[name] for entry in species] for name in species[0]}
    numbers = [-1 if number is None else number for number in by_species.pop("number")]
    return {**settings, **by_species, "numbers": numbers}


class NaiveTurbo(Naive):
    """The same parameters as the compiled fingerprint; policy "exact" only."""

    def __init__(self, **p):
        self.p, self.numbers, self.l_max = p, list(p["numbers"]), p["l_max"]
        common = {name: p[name] for name in ("r_cut", "r_soft", "basis", "filter_decay", "radial_enhancement")}
        own = ("n_max", "sigma", "sigma_scaling", "amplitude_scaling")
        self.species = [Species(**common, **{name: p[name][s] for name in own}) for s in range(len(self.numbers))]
        starts = np.concatenate([[0], np.cumsum(p["n_max"])])
        self.blocks = [slice(a, b) for a, b in itertools.pairwise(starts)]
        self.n = int(starts[-1])

    def coefficients(self, frame, center):
        """c[n, lm] of a center: an atom's index or a point."""
        positions, numbers, cell, pbc = frame
        c = np.zeros((self.n, (self.l_max + 1) ** 2), dtype=complex)
        attached = np.ndim(center) == 0
        origin = positions[center] if attached else np.asarray(center)
        for shift in images(cell, pbc, self.p["r_cut"], np.vstack([positions, origin[None]])):
            for j, number in enumerate(numbers):
                if number in self.numbers and not (attached and j == center and shift == (0, 0, 0)):
                    self.add(
                        c,
                        self.numbers.index(number),
                        positions[j] + np.array(shift) @ np.where(np.array(pbc)[:, None], cell, 0) - origin,
                    )
        if attached and numbers[center] in self.numbers:
            s = self.numbers.index(numbers[center])
            ratio = (self.p["r_cut"] / self.p["sigma_t"][s]) ** 2
            c[self.blocks[s], 0] += (
                self.p["central_weight"][s] * self.species[s].radial_of_center() * math.sqrt(4 * math.pi) * ratio
            )
        return c

    def add(self, c, s, vector):
        r = np.sqrt(np.sum(vector**2))
        if not r.real < self.p["r_cut"]:
            return
        width = self.p["sigma_t"][s] + self.p["sigma_t_scaling"][s] * r
        angular = 4 * math.pi * (self.p["r_cut"] / width) ** 2 * scaled_bessel(self.l_max, (r / width) ** 2)
        if r == 0:
            y = np.zeros((self.l_max + 1) ** 2)
            y[0] = math.sqrt(1 / (4 * math.pi))
        else:
            y = harmonics(self.l_max, vector / r)
        degree = [l for l in range(self.l_max + 1) for _ in range(2 * l + 1)]
        c[self.blocks[s]] += np.outer(self.species[s].radial(r / self.p["r_cut"]), angular[degree] * y)

    def contract(self, c):
        """The row of these coefficients."""
        compression = self.p["compression"]
        if isinstance(compression, tuple) and len(compression) == 2:
            row = self.of_factors(c, *compression)
        else:
            row = self.products(c, c, symmetric=True)
            if compression == "trivial":
                row = row[self.trivial()]
            elif compression is not None:
                n_rows, i, j, value = compression
                dense = np.zeros((n_rows, len(row)))
                np.add.at(dense, (i, j), value)
                row = dense @ row
        length = np.sqrt(np.sum(row**2))
        return row / length if self.p["normalize"] and abs(length) >= 1e-5 else row

    def products(self, a, b, symmetric):
        degrees = [slice(l * l, (l + 1) ** 2) for l in range(self.l_max + 1)]
        pairs = [(i, j) for i in range(len(a)) for j in range(i if symmetric else 0, len(b))]
        weight = [math.sqrt(2) if symmetric and i != j else 1 for i, j in pairs]
        return np.array(
            [w * np.sum(a[i, lm] * b[j, lm]) for w, (i, j) in zip(weight, pairs, strict=True) for lm in degrees]
        )

    def trivial(self):
        pairs = [(i, j) for i in range(self.n) for j in range(i, self.n)]
        first = {block.start for block in self.blocks}
        return np.repeat([i in first or j in first for i, j in pairs], self.l_max + 1)

    def of_factors(self, c, nu_r, nu_s):
        c = c.reshape(len(self.numbers), -1, c.shape[1])

        def summed(keep_species, keep_radial):
            part = c if keep_species else c.sum(axis=0, keepdims=True)
            part = part if keep_radial else part.sum(axis=1, keepdims=True)
            return part.reshape(-1, c.shape[2])

        first, second = summed(nu_s >= 1, nu_r >= 1), summed(nu_s == 2, nu_r == 2)
        return self.products(first, second, symmetric=nu_r % 2 == 0 and nu_s % 2 == 0)
