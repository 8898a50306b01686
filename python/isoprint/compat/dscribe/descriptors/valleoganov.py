"""The fingerprint of Valle and Oganov with DScribe's interface."""

from __future__ import annotations

from typing import Any

from isoprint.compat.dscribe.descriptors.mbtr import MBTR


class ValleOganov(MBTR):
    """Fingerprint of a crystal, as DScribe's class of this name: `MBTR` with a fixed weighting and normalization.

    Parameters
    ----------
    species : iterable of str or of int
        The elements that there may be.
    function : {"distance", "angle"}
        Distances from 0 to `r_cut`, or angles from 0 to 180 degrees.
    n : int
        Number of points of the grid.
    sigma : float
        Standard deviation of the Gaussians.
    r_cut : float
        Cutoff in Å.
    sparse : bool
        Whether results are `sparse.COO`.
    dtype : {"float64", "float32"}
        Of the results.
    strict : bool
        Whether to refuse what DScribe refuses and isoprint can do, as of `MBTR`.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from isoprint.compat.dscribe.descriptors import ValleOganov
    >>> fingerprint = ValleOganov(species=["Na", "Cl"], function="distance", n=100, sigma=0.05, r_cut=6.0)
    >>> fingerprint.create(bulk("NaCl", "rocksalt", a=5.64)).shape
    (300,)
    """

    def __init__(
        self,
        species: Any,
        function: Any,
        n: Any,
        sigma: Any,
        r_cut: Any,
        sparse: Any = False,
        dtype: Any = "float64",
        *,
        strict: bool = True,
    ) -> None:
        if function not in ("distance", "angle"):
            raise ValueError("Invalid function. Use 'distance' or 'angle'.")
        near = function == "distance"
        super().__init__(
            geometry={"function": function},
            grid={"min": 0, "max": r_cut if near else 180, "sigma": sigma, "n": n},
            weighting={"function": "inverse_square" if near else "smooth_cutoff", "r_cut": r_cut},
            normalize_gaussians=True,
            normalization="valle_oganov",
            species=species,
            periodic=True,
            sparse=sparse,
            dtype=dtype,
            strict=strict,
        )
