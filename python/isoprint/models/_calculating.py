"""Models as calculators of ASE."""

from __future__ import annotations

from copy import copy
from typing import Any

from isoprint._support.jobs import threads
from isoprint._support.parameters import flag, real
from isoprint.models._learned import Learned, not_fitted


class Calculating(Learned):
    """`calculator`."""

    def calculator(self, *, std: bool = False, compress: float | None = None, n_jobs: int | None = None) -> Any:
        """Make a calculator for ASE: energy, energies, forces and stress of one evaluation.

        Parameters
        ----------
        std : bool
            Whether results have `energy_std` and `energies_std` too.
        compress : float, optional
            Sees fingerprints along those directions alone in which the sparse points have singular values above this
            part of the largest: fewer products, and a model that is a slightly different one, whose forces are the
            derivatives of its energies. With 1e-6, silicon keeps half of the features or less, and local energies
            change by 3e-6 eV at most; none can change by more than `zeta delta² compress σ Σ |alpha|`, where σ is the
            largest singular value. Where more than half of the directions are left, nothing is changed.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ase.calculators.calculator.Calculator
            For molecular dynamics, relaxation, phonons and all that ASE does.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> silicon.calc = model.fit(silicon).calculator()
        >>> round(silicon.get_potential_energy(), 6)
        -43.4
        """
        from isoprint.models.calculator import ModelCalculator

        if not self.__sklearn_is_fitted__():
            raise not_fitted()
        threads(n_jobs)
        if flag("std", std):
            self._require_spread()
        model = self
        if compress is not None:
            model = copy(self)
            model._terms_ = self._terms_.compressed(
                real("compress", compress, above=0.0, remedy="give a small number such as 1e-6")
            )
        return ModelCalculator(model, std=flag("std", std), n_jobs=n_jobs)
