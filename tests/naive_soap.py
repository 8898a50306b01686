"""Classic SOAP from its definition, slowly: integrals by quadrature, loops over images, derivatives by complex steps.

Nothing here is shared with the package: no table, no closed form of a radial function, and every order of columns is a
sort. Every function accepts complex positions, so `(f(x + ih)).imag / h` is an exact derivative. Sound for up to four
radial functions a species, beyond which S^(-1/2) loses digits.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gamma

from naive import Naive
from naive_turbo import harmonics, images, inverse_root

NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)
LN_1000 = math.log(1000.0)


def window(lower, upper, longest=1.0):
    """Gauss-Legendre nodes and weights on [lower, upper], in panels."""
    edges = np.linspace(lower, upper, 1 + math.ceil((upper - lower) / longest))
    centers, halves = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return (centers[:, None] + halves[:, None] * NODES).ravel(), (halves[:, None] * WEIGHTS).ravel()


def scaled_bessel(l_max, z):
    """exp(-z) i_l(z) for all entries of z, by ratios downward: [l, entry]."""
    z = np.asarray(z, complex)
    ratio, ratios = np.zeros_like(z), {}
    for l in range(l_max + 30 + int(6.5 * math.sqrt(np.abs(z).max(initial=0.0))), 0, -1):
        ratio = z / (2 * l + 1 + z * ratio)
        ratios[l] = ratio
    safe = np.where(z == 0, 1, z)
    values = [np.where(z == 0, 1, -np.expm1(-2 * safe) / (2 * safe))]
    for l in range(1, l_max + 1):
        values.append(values[-1] * ratios[l])
    return np.array(values)


def power_integral(t, a):
    """Integral of r^(2t - 1) exp(-a r²) from 0 to infinity."""
    return gamma(t) / (2 * a**t)


class Radial:
    """Nodes s and weights W[l][n][s] with I_nl(r) = Σ_s W phi_l(r; s), for each basis."""

    def __init__(self, *, basis, n_max, l_max, r_cut, sigma, reach, basis_error_exponent):
        self.alpha, self.l_max = 1 / (2 * sigma**2), l_max
        self.n, self.r_cut = np.arange(n_max), r_cut
        self.edge = r_cut + sigma * math.sqrt(2 * basis_error_exponent * math.log(10))
        if basis in ("equispaced", "gto_quip", "polynomial_quip"):
            self.nodes, self.W = getattr(self, basis)()
            return
        upper = r_cut if basis == "polynomial" else reach + 9 * sigma
        self.nodes, w = window(0, upper, longest=min(1.0, 2 * sigma))
        self.W = [4 * math.pi * w * self.nodes**2 * getattr(self, basis)(l, self.nodes) for l in range(l_max + 1)]

    def gto(self, l, s):
        ends = 1 + (self.r_cut - 1) * self.n / max(len(self.n) - 1, 1)
        a = (LN_1000 + l * np.log(ends)) / ends**2
        overlap = power_integral(l + 1.5, a[:, None] + a)
        return inverse_root(overlap) @ (s**l * np.exp(-a[:, None] * s**2))

    def polynomial(self, l, s):
        def primitives(r):
            return np.array([(self.r_cut - r) ** (k + 2) for k in range(1, len(self.n) + 1)])

        r, w = window(0, self.r_cut)
        return inverse_root(primitives(r) * w * r**2 @ primitives(r).T) @ primitives(s)

    def gto_featomic(self, l, s):
        width = self.r_cut * np.maximum(np.sqrt(self.n), 1) / len(self.n)
        a, n = 1 / (2 * width**2), self.n
        norm = power_integral(n + 1.5, 2 * a) ** -0.5
        overlap = np.outer(norm, norm) * power_integral((3 + n[:, None] + n) / 2, a[:, None] + a)
        return inverse_root(overlap) @ (norm[:, None] * s ** n[:, None] * np.exp(-a[:, None] * s**2))

    def equispaced(self):
        knots = self.n * self.edge / len(self.n)

        def gaussians(r):
            return np.exp(-self.alpha * (r - knots[:, None]) ** 2)

        r, w = window(0, self.edge + 9 / math.sqrt(self.alpha))
        root = np.linalg.cholesky(gaussians(r) * w * r**2 @ gaussians(r).T)
        return knots, [np.linalg.solve(gaussians(knots), root).T] * (self.l_max + 1)

    def least_squares(self, functions):
        """Fit to three times as many knots as there are functions; these end at the edge."""
        knots = np.arange(3 * len(self.n)) * self.edge / (3 * len(self.n))
        r, w = window(0, self.edge)
        root = np.linalg.cholesky(functions(r) * w * r**2 @ functions(r).T)
        return knots, np.linalg.pinv(np.linalg.solve(root, functions(knots)).T)

    def gto_quip(self):
        ends = (1 + self.n) * self.edge / len(self.n)
        exponents = [(LN_1000 + l * np.log(ends)) / ends**2 for l in range(self.l_max + 1)]
        fits = [
            self.least_squares(lambda r, l=l, a=a: r**l * np.exp(-a[:, None] * r**2)) for l, a in enumerate(exponents)
        ]
        return fits[0][0], [W for _, W in fits]

    def polynomial_quip(self):
        k, edge = self.n[:, None] + 1, self.edge
        norm = np.sqrt(edge ** (2 * k + 7) / ((k + 3) * (2 * k + 5) * (2 * k + 7)))
        knots, W = self.least_squares(lambda r: (edge - r) ** (k + 2) / norm)
        return knots, [W] * (self.l_max + 1)

    def __call__(self, r):
        """I_nl of a distance, as [l][n]."""
        phi = np.exp(-self.alpha * (r - self.nodes) ** 2) * scaled_bessel(self.l_max, 2 * self.alpha * r * self.nodes)
        return [self.W[l] @ phi[l] for l in range(self.l_max + 1)]


class NaiveSOAP(Naive):
    """The same parameters as the compiled fingerprint."""

    def __init__(self, **p):
        self.p, self.numbers, self.l_max, self.n_max = p, list(p["numbers"]), p["l_max"], p["n_max"]
        self.reach = p["r_cut"] + p["padding"]
        common = {name: p[name] for name in ("basis", "n_max", "l_max", "r_cut", "basis_error_exponent")}
        made = {sigma: Radial(**common, sigma=sigma, reach=self.reach) for sigma in set(p["sigma"])}
        self.radial = [made[sigma] for sigma in p["sigma"]]

    def channel(self, number):
        return 0 if self.numbers == [-1] else self.numbers.index(number) if number in self.numbers else None

    def weight(self, r):
        if self.p["weighting"] is None:
            return 1.0
        given = {"d": 0.0, "m": 0.0, **self.p["weighting"]}
        kind, r0, c, d, m, w0 = (given[name] for name in ("function", "r0", "c", "d", "m", "w0"))
        if r == 0 and w0 is not None:
            return w0
        t = r / r0
        if kind == "poly":
            return c * (1 + 2 * t**3 - 3 * t**2) ** m if t.real <= 1 else 0.0
        return c / (d + (t**m if kind == "pow" else np.exp(-t)))

    def switch(self, r):
        width = self.p["cutoff_width"]
        return 1.0 if r.real <= self.reach - width else (1 + np.cos(np.pi * (r - self.reach + width) / width)) / 2

    def coefficients(self, frame, center):
        """c[species, n, lm] of a center: an atom's index or a point."""
        positions, numbers, cell, pbc = frame
        c = np.zeros((len(self.numbers), self.n_max, (self.l_max + 1) ** 2), complex)
        attached = np.ndim(center) == 0
        origin = positions[center] if attached else np.asarray(center)
        periodic = np.where(np.array(pbc)[:, None], cell, 0)
        for shift in images(cell, pbc, self.reach, np.vstack([positions, origin[None]])):
            for j, number in enumerate(numbers):
                s = self.channel(number)
                if s is not None and not (attached and j == center and shift == (0, 0, 0)):
                    self.add(c[s], s, positions[j] + np.array(shift) @ periodic - origin)
        if attached:
            own = self.channel(numbers[center])
            everywhere = self.p["center_everywhere"]
            for s in range(len(self.numbers)) if everywhere else [] if own is None else [own]:
                weight = self.p["central_weight"][s] * self.p["species_weight"][s] * self.weight(0.0)
                c[s, :, 0] += weight * self.radial[s](0.0)[0] / math.sqrt(4 * math.pi)
        return c

    def add(self, c, s, vector):
        r = np.sqrt(np.sum(vector**2))
        if not r.real < self.reach:
            return
        y = harmonics(self.l_max, vector / r) if r != 0 else np.eye(1, (self.l_max + 1) ** 2)[0] / math.sqrt(4 * np.pi)
        weight = self.p["species_weight"][s] * self.weight(r) * self.switch(r)
        for l, integrals in enumerate(self.radial[s](r)):
            lm = slice(l * l, (l + 1) ** 2)
            c[:, lm] += weight * np.outer(integrals, y[lm])

    def contract(self, c):
        """The row of these coefficients."""
        if self.p["convention"] == "featomic":  # Gaussians of unit norm there, of height one elsewhere
            sigma = np.array(self.p["sigma"])[:, None, None]
            c = c * (math.pi * sigma**2) ** -0.75
        compression = self.p["compression"]
        if isinstance(compression, tuple) and len(compression) == 2:
            row = self.of_factors(c, *compression)
        elif isinstance(compression, tuple):
            n_rows, i, j, value = compression
            whole = self.products(c, c, symmetric=True)
            dense = np.zeros((n_rows, len(whole)))
            np.add.at(dense, (i, j), value)
            row = dense @ whole
        else:
            row = self.products(c, c, symmetric=True, keeps=compression)
        length = np.sqrt(np.sum(row**2))
        row = row / length if self.p["normalize"] and length != 0 else row
        return row if self.p["constant"] is None else np.append(row, self.p["constant"])

    def products(self, a, b, symmetric, keeps=None):
        """Σ_m a b for all pairs of functions (species, n), in the order and with the factors of the convention."""
        convention = self.p["convention"]
        first = [(s, n) for s in range(a.shape[0]) for n in range(a.shape[1])]
        second = [(s, n) for s in range(b.shape[0]) for n in range(b.shape[1])]
        every = [(*i, *j) for i in first for j in second]
        if symmetric and convention == "featomic":
            every = [(s, n, t, k) for s, n, t, k in every if s <= t]
        elif symmetric:
            every = [(s, n, t, k) for s, n, t, k in every if (s, n) <= (t, k)]
        if keeps == "crossover":
            every = [(s, n, t, k) for s, n, t, k in every if s == t]
        elif keeps == "diagonal":
            every = [(s, n, t, k) for s, n, t, k in every if n == k]
        elif keeps == "trivial":
            every = [(s, n, t, k) for s, n, t, k in every if 0 in (n, k)]
        components = [(*pair, l) for pair in every for l in range(self.l_max + 1)]
        order = {
            "isoprint": lambda s, n, t, k, l: (s, n, t, k, l),
            "quip": lambda s, n, t, k, l: (t, k, s, n, l) if symmetric else (s, n, t, k, l),
            "dscribe": lambda s, n, t, k, l: (s, t, l, n, k),
            "featomic": lambda s, n, t, k, l: (s, t, l, n, k),
        }[convention]

        def factor(s, n, t, k, l):
            if convention == "dscribe":
                return math.pi * math.sqrt(8 / (2 * l + 1))
            if convention == "featomic":
                return (-1) ** l / math.sqrt(2 * l + 1) * (math.sqrt(2) if symmetric and s != t else 1)
            return math.sqrt((2 if symmetric and (s, n) != (t, k) else 1) / (2 * l + 1))

        return np.array(
            [
                factor(*component) * np.sum(a[s, n, l * l : (l + 1) ** 2] * b[t, k, l * l : (l + 1) ** 2])
                for component in sorted(components, key=lambda component: order(*component))
                for s, n, t, k, l in [component]
            ]
        )

    def of_factors(self, c, nu_r, nu_s):
        def summed(keep_species, keep_radial):
            part = c if keep_species else c.sum(axis=0, keepdims=True)
            return part if keep_radial else part.sum(axis=1, keepdims=True)

        first, second = summed(nu_s >= 1, nu_r >= 1), summed(nu_s == 2, nu_r == 2)
        return self.products(first, second, symmetric=nu_r % 2 == 0 and nu_s % 2 == 0)
