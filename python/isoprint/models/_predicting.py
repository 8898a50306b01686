"""What a model says of frames, and how far that is from labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import flag
from isoprint.models import _calibration, _labels
from isoprint.models._labels import KINDS, Keys
from isoprint.models._learned import Learned, not_fitted, structures_of
from isoprint.models.errors import Errors, collected
from isoprint.models.prediction import Prediction
from isoprint.structures.frames import Frames

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike

Floats = NDArray[np.float64]


class Predicting(Learned):
    """`predict`, `errors`, `score`, `calibrate` and `extrapolation`."""

    def predict(
        self,
        frames: FramesLike,
        forces: bool = True,
        stress: bool = False,
        std: bool = False,
        *,
        n_jobs: int | None = None,
    ) -> Prediction:
        """Energies, forces and stress of frames.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        forces, stress : bool
            What to compute beside the energy.
        std : bool
            Standard deviations of what is computed, but for the stress. Those of the forces need the Jacobian, and take
            as long as a fit.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        Prediction
            In eV and Å.

        Raises
        ------
        ValueError
            For an element that the model has not seen; it names frame and atom.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> found = model.fit(silicon).predict(silicon, stress=True)
        >>> found.energy.round(6), found.forces.shape, found.stress.shape
        (array([-43.4]), (8, 3), (1, 3, 3))
        """
        if not self.__sklearn_is_fitted__():
            raise not_fitted()
        structures, packed = structures_of(frames)
        self._require_known(packed)
        pull = None
        if flag("forces", forces) | flag("stress", stress):
            local, pull = self._terms_.energies_and_gradient(structures, packed, n_jobs)
        else:
            local = self._terms_.energies(structures, packed, n_jobs)
        alone = np.array([self._single_[int(number)] for number in packed.numbers]) if packed.n_atoms else np.empty(0)
        local += alone
        spread = self._spread(structures, packed, forces, n_jobs) if flag("std", std) else (None, None, None)
        return Prediction(
            np.array([local[a:b].sum() for a, b in zip(packed.offsets, packed.offsets[1:], strict=False)]),
            local,
            -pull.positions if pull is not None and forces else None,
            _stress(pull.strain, packed) if pull is not None and stress else None,
            *spread,
        )

    def _spread(
        self, structures: list[Any], packed: Frames, forces: bool, n_jobs: int | None
    ) -> tuple[Floats, Floats, Floats | None]:
        """Standard deviations of frame energies, local energies and forces."""
        energy, local, force = self._deviations(structures, packed, forces, n_jobs)
        known = self._calibration_
        return (
            known["energy"].applied(energy, np.diff(packed.offsets)),
            local,
            None if force is None else known["forces"].applied(force),
        )

    def _deviations(
        self, structures: list[Any], packed: Frames, forces: bool, n_jobs: int | None
    ) -> tuple[Floats, Floats, Floats | None]:
        """The same without calibration: what the data leave open."""
        self._require_spread()
        frame_std, local_std, force_std = [], [], []
        for place, frame in enumerate(structures):
            numbers = packed.numbers[packed.offsets[place] : packed.offsets[place + 1]]
            rows = self._rows(frame, numbers, forces, False, n_jobs)
            frame_std.append(self._deviation(rows.energy[None])[0])
            left = self._terms_.prior_variance(frame, numbers, n_jobs) - (
                _solved(self._prior_.T, rows.centers) ** 2
            ).sum(axis=0)
            local_std.append(np.sqrt(self._deviation(rows.centers) ** 2 + np.maximum(left, 0.0)))
            if rows.forces is not None:
                flat = rows.forces.reshape(3 * len(numbers), rows.forces.shape[2])
                force_std.append(self._deviation(flat).reshape(-1, 3))
        return (
            np.array(frame_std),
            np.concatenate(local_std) if local_std else np.empty(0),
            np.concatenate(force_std) if force_std else None,
        )

    def _deviation(self, rows: Floats) -> Floats:
        """What the data leave open of linear functionals of the weights."""
        return np.asarray(np.linalg.norm(_solved(self.factor_, rows), axis=0))

    def extrapolation(self, frames: FramesLike, *, n_jobs: int | None = None) -> Floats:
        """How unlike each atom's surroundings are to all sparse points of its element: one less the largest kernel.

        Of several terms it is the largest of theirs; of pairs and triples that of any pair or triple of the atom, times
        its weight.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n_atoms of all frames,)
            0 for a sparse point itself, 1 for what has nothing in common with any.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> bool(abs(model.fit(silicon).extrapolation(silicon)).max() < 1e-12)
        True
        """
        if not self.__sklearn_is_fitted__():
            raise not_fitted()
        structures, packed = structures_of(frames)
        self._require_known(packed)
        return self._terms_.extrapolation(structures, packed, n_jobs)

    def errors(
        self,
        frames: FramesLike,
        *,
        energy: str | None = "energy",
        forces: str | None = "forces",
        virial: str | None = "virial",
        n_jobs: int | None = None,
    ) -> Errors:
        """How far predictions are from labels, for all frames and by `info["config_type"]`.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            Structures with labels, as for `fit`.
        energy, forces, virial : str or None
            Names of the labels, as for `fit`.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        Errors
            A table when printed.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> stretched = bulk("Si", cubic=True, a=5.6)
        >>> stretched.info["energy"] = -43.0
        >>> print(model.fit(silicon).errors(stretched))
        group  label                 count        RMSE         MAE     largest
        all    energy, eV/atom           1        0.05        0.05        0.05
        """
        structures, packed = structures_of(frames)
        labels = _labels.read(structures, packed, Keys(energy, forces, virial))
        _labels.require_found(labels, Keys(energy, forces, virial))
        wants = {kind: any(label.of(kind) is not None for label in labels) for kind in KINDS}
        found = self.predict(structures, forces=wants["forces"], stress=wants["virial"], n_jobs=n_jobs)
        differences: dict[tuple[str, str], list[Floats]] = {}
        for place, label in enumerate(labels):
            own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
            n = own.stop - own.start
            told: dict[str, Any] = {}
            if label.energy is not None:
                told["energy"] = (found.energy[place] - label.energy) / max(n, 1)
            if label.forces is not None and found.forces is not None:
                told["forces"] = found.forces[own] - label.forces
            if label.virial is not None and found.stress is not None:
                six = np.array([found.stress[place][pair] for pair in _labels.VOIGT])
                told["virial"] = (-_volume(packed, place) * six - label.virial) / max(n, 1)
            for kind, difference in told.items():
                differences.setdefault((label.config_type, kind), []).append(np.atleast_1d(difference))
        return collected(differences)

    def score(self, frames: FramesLike, y: Any = None) -> float:
        """Minus the root mean squared error of the energy per atom, so that searches for parameters find the best.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            Structures with energies, under the name that was given to `fit`.
        y : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        float
            In eV per atom.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> bool(model.fit(silicon).score(silicon) > -1e-9)
        True
        """
        known = getattr(self, "_keys_", None)
        energy = known.energy if known is not None and known.energy is not None else "energy"
        line = self.errors(frames, energy=energy, forces=None, virial=None).energy
        if line is None:
            raise ValueError("no frame has an energy, so there is no score; give frames with energies")
        return -line.rmse

    def calibrate(
        self,
        frames: FramesLike,
        *,
        energy: str | None = "energy",
        forces: str | None = "forces",
        n_jobs: int | None = None,
    ) -> Self:
        """Scale standard deviations so that they are right on frames that were held out.

        What the data leave open of the weights is no error bar by itself: it knows nothing of what the model cannot
        express. A variance is that of the weights times a factor, plus a floor, which for energies is one per atom.
        Both, for energies and for forces, are those under which the errors are most likely; the mean of squared errors
        over variances is one.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            Structures with labels that were not fitted.
        energy, forces : str or None
            Names of the labels, as for `fit`.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        SparseGP
            The model itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> held_out = bulk("Si", cubic=True, a=5.5)
        >>> held_out.info["energy"] = -43.1
        >>> found = model.fit(silicon).calibrate(held_out).predict(held_out, std=True)
        >>> round(float(abs(found.energy[0] + 43.1) / found.energy_std[0]), 6)
        1.0
        """
        structures, packed = structures_of(frames)
        labels = _labels.read(structures, packed, Keys(energy, forces, None))
        _labels.require_found(labels, Keys(energy, forces, None))
        wants = any(label.forces is not None for label in labels)
        found = self.predict(structures, forces=wants, n_jobs=n_jobs)
        energy_std, _, forces_std = self._deviations(structures, packed, wants, n_jobs)
        seen: dict[str, list[Floats]] = {"energy": [], "forces": []}
        for place, label in enumerate(labels):
            own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
            if label.energy is not None:
                error = found.energy[place] - label.energy
                seen["energy"].append(np.array([[error], [energy_std[place]], [own.stop - own.start]], np.float64))
            if label.forces is not None and found.forces is not None and forces_std is not None:
                error = (found.forces[own] - label.forces).ravel()
                seen["forces"].append(np.stack([error, forces_std[own].ravel(), np.ones_like(error)]))
        if not any(seen.values()):
            raise ValueError("no frame has a label to calibrate with; give frames with energies or forces")
        for kind, each in seen.items():
            if each:
                self._calibration_ = {**self._calibration_, kind: _calibration.fitted(*np.concatenate(each, axis=1))}
        return self


def _solved(triangle: Floats, rows: Floats) -> Floats:
    """`R^-T rowᵀ` of an upper triangle, one column a row."""
    from scipy.linalg import solve_triangular

    return np.asarray(solve_triangular(triangle, rows.T, trans="T"))


def _volume(packed: Frames, place: int) -> float:
    return float(abs(np.linalg.det(packed.cells[place])))


def _stress(strain: Floats, packed: Frames) -> Floats:
    volume = np.abs(np.linalg.det(packed.cells)) if packed.n_frames else np.empty(0)
    symmetric = 0.5 * (strain + strain.transpose(0, 2, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(volume[:, None, None] > 0.0, symmetric / volume[:, None, None], np.nan)
