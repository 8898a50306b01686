"""Makes the reference numbers of the radial functions of Gaussian SOAP.

    python tests/golden/make_radial_integrals.py

needs mpmath alone, takes half a minute, and writes `rust/core/tests/golden/radial_integrals.txt`. All is done with 90
digits, from closed forms where there are any, else by quadrature; nothing is shared with isoprint. The tables are
explained in the README beside this file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from mpmath import mp, mpf

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent.parent / "rust" / "core" / "tests" / "golden" / "radial_integrals.txt"

mp.dps = 90

BASES = ("gto", "polynomial", "equispaced", "gto_featomic", "gto_quip", "polynomial_quip")
# basis, n_max, l_max, r_cut, sigma
CASES = (
    ("gto", 1, 3, 4.0, 1.0),
    ("gto", 3, 2, 5.0, 0.1),
    ("gto", 8, 6, 5.0, 0.5),
    ("gto", 12, 3, 6.0, 0.25),
    ("gto", 16, 4, 5.0, 0.4),
    ("gto", 24, 2, 7.0, 0.5),
    ("gto", 2, 30, 5.0, 0.2),
    ("polynomial", 3, 2, 5.0, 0.1),
    ("polynomial", 8, 5, 5.0, 0.5),
    ("polynomial", 10, 3, 0.8, 0.1),
    ("polynomial", 16, 4, 6.5, 0.3),
    ("polynomial", 24, 1, 8.0, 0.5),
    ("equispaced", 1, 2, 3.0, 0.5),
    ("equispaced", 6, 5, 5.0, 0.5),
    ("equispaced", 16, 16, 4.8, 0.3),
    ("gto_featomic", 1, 2, 4.0, 0.5),
    ("gto_featomic", 3, 2, 5.0, 0.1),
    ("gto_featomic", 8, 6, 5.0, 0.3),
    ("gto_featomic", 16, 4, 5.0, 0.5),
    ("gto_featomic", 24, 1, 6.0, 0.4),
    ("gto_quip", 3, 2, 5.0, 0.5),
    ("gto_quip", 8, 3, 5.0, 0.5),
    ("gto_quip", 12, 3, 4.0, 0.3),
    ("polynomial_quip", 3, 2, 5.0, 0.5),
    ("polynomial_quip", 14, 4, 5.0, 0.3),
)
# All functions of one degree at one distance.
Values = Callable[[mpf], list[mpf]]
DISTANCES = (0.0, 1e-3, 0.3, 1.1, 2.7)
BASIS_ERROR_EXPONENT = 10.0


def ln(x: float) -> float:
    """The logarithm, rounded to a double."""
    return float(mp.log(mpf(x)))


def decay_exponents(radii: list[float], degree: int) -> list[float]:
    """Of functions `r^l exp(-a r²)` that have decayed to 1e-3; by definition rounded to doubles step by step."""
    return [(ln(1000.0) + degree * ln(radius)) / (radius * radius) for radius in radii]


def phi(degree: int, r: mpf, s: mpf, sigma: float) -> mpf:
    """`exp(-(r² + s²) / 2σ²) i_l(r s / σ²)`."""
    alpha = 1 / (2 * mpf(sigma) ** 2)
    z = 2 * alpha * r * s
    if z == 0:
        return mp.exp(-alpha * (r * r + s * s)) if degree == 0 else mpf(0)
    return mp.exp(-alpha * (r * r + s * s)) * mp.sqrt(mp.pi / (2 * z)) * mp.besseli(degree + mpf(1) / 2, z)


def inverse_square_root(overlaps: mp.matrix) -> mp.matrix:
    """`S^(-1/2)`."""
    values, vectors = mp.eigsy(overlaps)
    return vectors * mp.diag([1 / mp.sqrt(value) for value in values]) * vectors.T


def matrix(n: int, entry: Callable[[int, int], mpf]) -> mp.matrix:
    """The matrix of these entries, counted from zero."""
    return mp.matrix([[entry(j, k) for k in range(n)] for j in range(n)])


def gto(n: int, degree: int, r_cut: float, sigma: float) -> Values:
    """`I_nl(r)` for all `n`, from the integral of two Gaussians."""
    step = (r_cut - 1.0) / (n - 1) if n > 1 else 0.0
    radii = [r_cut if k == n - 1 and k > 0 else 1.0 + k * step for k in range(n)]
    a = [mpf(x) for x in decay_exponents(radii, degree)]
    h = degree + mpf(3) / 2
    beta = inverse_square_root(matrix(n, lambda j, k: mp.gamma(h) * (a[j] + a[k]) ** -h / 2))
    eta = 1 / (2 * mpf(sigma) ** 2)

    def values(r: mpf) -> list[mpf]:
        shares = [
            (1 + a[k] / eta) ** -h * r**degree * mp.exp(-a[k] * r * r / (1 + a[k] / eta)) * (mp.pi / eta) ** 1.5
            for k in range(n)
        ]
        return [mp.fsum(beta[i, k] * shares[k] for k in range(n)) for i in range(n)]

    return values


def gto_featomic(n: int, degree: int, r_cut: float, sigma: float) -> Values:
    """`I_nl(r)` for all `n`, from Kummer's function."""
    widths = [mpf(r_cut) * max(mp.sqrt(k), 1) / n for k in range(n)]
    a = [1 / (2 * width**2) for width in widths]
    norms = [mp.sqrt(2 / (widths[k] ** (2 * k + 3) * mp.gamma(k + mpf(3) / 2))) for k in range(n)]

    def overlap(j: int, k: int) -> mpf:
        h = mpf(3 + j + k) / 2
        return norms[j] * norms[k] * mp.gamma(h) * (a[j] + a[k]) ** -h / 2

    beta = inverse_square_root(matrix(n, overlap))
    alpha = 1 / (2 * mpf(sigma) ** 2)

    def values(r: mpf) -> list[mpf]:
        shares = []
        for k in range(n):
            h, b = mpf(k + degree + 3) / 2, degree + mpf(3) / 2
            factor = mp.pi**1.5 * mp.gamma(h) / mp.gamma(b) * (alpha * r) ** degree * (alpha + a[k]) ** -h
            kummer = mp.hyp1f1(h, b, alpha**2 * r**2 / (alpha + a[k]))
            shares.append(norms[k] * factor * mp.exp(-alpha * r * r) * kummer)
        return [mp.fsum(beta[i, k] * shares[k] for k in range(n)) for i in range(n)]

    return values


def legendre(n: int, x: mpf) -> tuple[mpf, mpf]:
    """The polynomial of degree `n` and its slope."""
    last, value = mpf(1), x
    for k in range(1, n):
        last, value = value, ((2 * k + 1) * x * value - k * last) / (k + 1)
    return value, n * (last - x * value) / (1 - x * x)


@lru_cache
def legendre_rule() -> list[tuple[mpf, mpf]]:
    """48 nodes and weights on [-1, 1]."""
    n, rule = 48, []
    for k in range(n):
        x = mp.cos(mp.pi * (k + mpf(3) / 4) / (n + mpf(1) / 2))
        for _ in range(8):
            value, slope = legendre(n, x)
            x -= value / slope
        rule.append((x, 2 / ((1 - x * x) * legendre(n, x)[1] ** 2)))
    return rule


def polynomial(n: int, degree: int, r_cut: float, sigma: float) -> Values:
    """`I_nl(r)` for all `n`, by Gauss-Legendre quadrature on panels 2.5 sigma wide: right to 40 digits."""
    c = mpf(r_cut)
    beta = inverse_square_root(matrix(n, lambda j, k: 2 * c ** (9 + j + k) / ((7 + j + k) * (8 + j + k) * (9 + j + k))))
    count = int(r_cut / (2.5 * sigma)) + 1
    nodes = [
        (c * (2 * panel + 1 + x) / (2 * count), weight * c / (2 * count))
        for panel in range(count)
        for x, weight in legendre_rule()
    ]
    g = [
        [mp.fsum(beta[i, k] * (c - s) ** (k + 3) for k in range(n)) * 4 * mp.pi * weight * s * s for i in range(n)]
        for s, weight in nodes
    ]

    def values(r: mpf) -> list[mpf]:
        strengths = [phi(degree, r, s, sigma) for s, _ in nodes]
        return [mp.fsum(row[i] * strength for row, strength in zip(g, strengths, strict=True)) for i in range(n)]

    return values


def end_quip(r_cut: float, sigma: float) -> float:
    """Where the bases of QUIP end."""
    return r_cut + sigma * float(mp.sqrt(mpf(2.0 * BASIS_ERROR_EXPONENT * ln(10.0))))


def interpolation(knots: list[mpf], weights: mp.matrix, degree: int, sigma: float) -> Values:
    """`Σ_a φ_l(r; r_a) T_an`."""

    def values(r: mpf) -> list[mpf]:
        strengths = [phi(degree, r, s, sigma) for s in knots]
        return [mp.fsum(strengths[a] * weights[a, i] for a in range(len(knots))) for i in range(weights.cols)]

    return values


def equispaced(n: int, degree: int, r_cut: float, sigma: float) -> Values:
    """Interpolation with Gaussians."""
    end = mpf(end_quip(r_cut, sigma))
    knots = [a * end / n for a in range(n)]
    alpha = 1 / (2 * mpf(sigma) ** 2)

    def overlap(a: int, b: int) -> mpf:
        mu, d, b2 = (knots[a] + knots[b]) / 2, knots[a] - knots[b], 2 * alpha
        edge = mu / (2 * b2) * mp.exp(-b2 * mu**2)
        bulk = mp.sqrt(mp.pi) / (4 * b2**1.5) * (1 + 2 * b2 * mu**2) * (1 + mp.erf(mp.sqrt(b2) * mu))
        return mp.exp(-alpha * d * d / 2) * (edge + bulk)

    collocation = matrix(n, lambda a, b: mp.exp(-alpha * (knots[a] - knots[b]) ** 2))
    return interpolation(knots, collocation**-1 * mp.cholesky(matrix(n, overlap)), degree, sigma)


def least_squares(values: mp.matrix, overlaps: mp.matrix) -> mp.matrix:
    """Transpose of the pseudo-inverse of `B 𝓛⁻ᵀ`."""
    m = values * (mp.cholesky(overlaps) ** -1).T
    return m * (m.T * m) ** -1


def gto_quip(n: int, degree: int, r_cut: float, sigma: float) -> Values:
    """Least squares with Gaussians at the origin."""
    end = end_quip(r_cut, sigma)
    knots = [a * mpf(end) / (3 * n) for a in range(3 * n)]
    a = [mpf(x) for x in decay_exponents([k * end / n for k in range(1, n + 1)], degree)]
    t = degree + mpf(3) / 2

    def overlap(j: int, k: int) -> mpf:
        # ∫_0^end r^(2l+2) exp(-a r²) dr, which is γ(t, a end²) a^-t / 2 where a is positive.
        total = a[j] + a[k]
        return mpf(end) ** (2 * t) / (2 * t) * mp.hyp1f1(t, t + 1, -total * mpf(end) ** 2)

    values = mp.matrix([[s**degree * mp.exp(-x * s * s) for x in a] for s in knots])
    return interpolation(knots, least_squares(values, matrix(n, overlap)), degree, sigma)


def polynomial_quip(n: int, degree: int, r_cut: float, sigma: float) -> Values:
    """Least squares with polynomials."""
    end = mpf(end_quip(r_cut, sigma))
    knots = [a * end / (3 * n) for a in range(3 * n)]
    norms = [mp.sqrt(end ** (2 * k + 7) / ((k + 3) * (2 * k + 5) * (2 * k + 7))) for k in range(1, n + 1)]
    overlaps = matrix(
        n,
        lambda j, k: 2 * end ** (j + k + 9) / ((7 + j + k) * (8 + j + k) * (9 + j + k) * norms[j] * norms[k]),
    )
    values = mp.matrix([[(end - s) ** (k + 3) / norms[k] for k in range(n)] for s in knots])
    return interpolation(knots, least_squares(values, overlaps), degree, sigma)


FAMILIES = {
    "gto": gto,
    "polynomial": polynomial,
    "equispaced": equispaced,
    "gto_featomic": gto_featomic,
    "gto_quip": gto_quip,
    "polynomial_quip": polynomial_quip,
}


def number(value: mpf) -> str:
    """Rounded to a double; what is zero but for the stand-in for no distance is zero."""
    return repr(float(value)) if abs(value) > 1e-45 else "0.0"


def tables(case: tuple[str, int, int, float, float]) -> list[str]:
    """The lines of one case."""
    basis, n, l_max, r_cut, sigma = case
    reach = r_cut + 3.0 * sigma
    distances = [r for r in DISTANCES if r < reach] + [reach]
    rows: list[list[str]] = [[] for _ in distances]
    for degree in range(l_max + 1):
        values = FAMILIES[basis](n, degree, r_cut, sigma)
        for row, distance in zip(rows, distances, strict=True):
            r = mpf(distance) if distance > 0 else mpf("1e-50")
            row += [number(value / r if degree > 0 else value) for value in values(r)]
    name = f"{basis}_{n}_{l_max}"
    parameters = [BASES.index(basis), n, l_max, r_cut, sigma, BASIS_ERROR_EXPONENT, reach]
    return [
        f"array integral_parameters_{name} {len(parameters)}",
        " ".join(repr(float(x)) for x in parameters),
        f"array integral_r_{name} {len(distances)}",
        " ".join(map(repr, distances)),
        f"array integrals_{name} {len(distances)} {n * (l_max + 1)}",
        *(" ".join(row) for row in rows),
    ]


def main() -> None:
    """Write all cases."""
    lines = [
        "# Radial functions of Gaussian SOAP, correctly rounded to f64 from 40 digits or more. A line",
        "# `array NAME SHAPE...`, then the numbers, a row a line. Made by tests/golden/make_radial_integrals.py.",
    ]
    for case in CASES:
        lines += tables(case)
        print(case, flush=True)
    OUTPUT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
