"""Ewald sum matrices with DScribe's interface."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.dscribe.descriptors._forms import n_threads, percents, rows_or_one, systems_of
from isoprint.compat.dscribe.descriptors.descriptormatrix import DescriptorMatrix
from isoprint.descriptors import ewald_sum_matrix


class _Exact(ewald_sum_matrix.EwaldSumMatrix):
    """The matrix of atoms that may be in one place, whose own term is left out then."""

    _exact = True


class _Sums(NamedTuple):
    """How far the sums of one structure go."""

    accuracy: Any = 1e-5
    w: Any = 1
    r_cut: Any = None
    g_cut: Any = None
    a: Any = None


_STANDARD = _Sums()


class EwaldSumMatrix(DescriptorMatrix):
    """The Ewald sum matrix of a structure, as DScribe's class of this name.

    Structures are taken for periodic along all three axes, whatever they say.

    Parameters
    ----------
    n_atoms_max, permutation, sigma, seed, sparse, dtype
        As of `DescriptorMatrix`.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from isoprint.compat.dscribe.descriptors import EwaldSumMatrix
    >>> ewald = EwaldSumMatrix(n_atoms_max=2, permutation="none")
    >>> ewald.create(bulk("NaCl", "rocksalt", a=5.64), accuracy=1e-9).round(2)
    array([ -49.18,  -36.13,  -36.13, -117.47])
    """

    _kind = _Exact
    _crystals = True
    _sums = _STANDARD

    def create(  # type: ignore[override]
        self,
        system: Any,
        accuracy: Any = 1e-5,
        w: Any = 1,
        r_cut: Any = None,
        g_cut: Any = None,
        a: Any = None,
        n_jobs: int = 1,
        only_physical_cores: bool = False,
        verbose: bool = False,
    ) -> Any:
        """The descriptor of one structure or of several.

        Parameters
        ----------
        system : ase.Atoms or alike, or a sequence of these
            The structures.
        accuracy : float
            Terms that are smaller, in parts of the first, are left out where no cutoffs are given.
        w : float
            What a term of the sum over images costs, in terms of the sum over waves.
        r_cut, g_cut : float, optional
            Cutoffs of the sums over images in Å, and over waves in 1/Å: both or none.
        a : float, optional
            Inverse width of the Gaussian charges in 1/Å.
        n_jobs, only_physical_cores, verbose
            As of the other matrices.

        Returns
        -------
        ndarray or sparse.COO
            Of one structure `(n_features,)`, of several `(n_systems, n_features)`. Numbers may be lists too, with one a
            structure.
        """
        systems, _ = systems_of(system)
        n = len(systems)
        each = [given if np.ndim(given) else [given] * n for given in (accuracy, w, r_cut, g_cut, a)]
        sums = [_Sums(*(_plain(value) for value in values)) for values in zip(*each, strict=True)]
        for own in sums:
            if (own.r_cut is None) != (own.g_cut is None):
                raise ValueError(
                    "If you do not want to use the default cutoffs, please provide both cutoffs r_cut and g_cut."
                )
        threads = 1 if n == 1 else n_threads(n_jobs, only_physical_cores)
        for one in systems:
            self._require_fit(one)
        if len(set(sums)) <= 1:
            calm = self._with(sums[0] if sums else _STANDARD)
            return rows_or_one(calm._rows(systems, None, threads, percents(verbose)))
        rows = [self._with(own)._rows([one], None, 1, None) for one, own in zip(systems, sums, strict=True)]
        if self.sparse:
            from sparse import concatenate

            return concatenate(rows)
        return np.concatenate(rows)

    def create_single(
        self,
        system: Any,
        accuracy: Any = 1e-5,
        w: Any = 1,
        r_cut: Any = None,
        g_cut: Any = None,
        a: Any = None,
    ) -> NDArray[np.float64]:
        """The descriptor of one structure, dense and in double precision."""
        self._require_fit(system)
        sums = _Sums(*(_plain(value) for value in (accuracy, w, r_cut, g_cut, a)))
        return np.asarray(self._with(sums)._dense(system, None)[0])

    def _options(self) -> dict[str, Any]:
        sums = self._sums
        return (sums if sums.accuracy is not None else sums._replace(accuracy=_STANDARD.accuracy))._asdict()

    def _with(self, sums: _Sums) -> EwaldSumMatrix:
        """The same descriptor with other sums."""
        if sums == self._sums:
            return self
        other = object.__new__(type(self))
        vars(other).update({**vars(self), "_sums": sums, "_made": {}})
        return other


def _plain(value: Any) -> Any:
    """A number of Python's for one of numpy's."""
    return value.item() if isinstance(value, np.generic) else value
