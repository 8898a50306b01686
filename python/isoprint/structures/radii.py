"""Covalent radii in Å, from hydrogen on."""

from __future__ import annotations

from isoprint.structures.elements import symbol_of

# The table of the overlap-matrix fingerprint; from cerium on partly interpolated.
_RADII = tuple(
    map(
        float,
        """
        .37 .32 1.34 .90 .82 .77 .75 .73 .71 .69 1.54 1.30 1.18 1.11 1.06 1.02 .99 .97
        1.96 1.74 1.44 1.36 1.25 1.27 1.39 1.25 1.26 1.21 1.38 1.31 1.26 1.22 1.19 1.16 1.14 1.10
        2.11 1.92 1.62 1.48 1.37 1.45 1.56 1.26 1.35 1.31 1.53 1.48 1.44 1.41 1.38 1.35 1.33 1.30
        2.25 1.98 1.80 1.63 1.76 1.74 1.73 1.72 1.68 1.69 1.68 1.67 1.66 1.65 1.64 1.70 1.60
        1.50 1.38 1.46 1.59 1.28 1.37 1.28 1.44 1.49 1.48 1.47 1.46 1.45 1.47 1.42
        2.23 2.01 1.86 1.75 1.69 1.70 1.71 1.72 1.66 1.66 1.68 1.68 1.65 1.67 1.73 1.76 1.61
        1.57 1.49 1.43 1.41 1.34 1.29 1.28 1.21 1.22
        """.split(),
    )
)


def covalent_radius(number: int) -> float:
    """The covalent radius of an element in Å."""
    if not 1 <= number <= len(_RADII):
        raise ValueError(f"there is no covalent radius of {symbol_of(number)!r} in the table; give it in radii, in Å")
    return _RADII[number - 1]
