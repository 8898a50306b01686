"""Sparse Gaussian processes for energies, forces and virials: Gaussian approximation potentials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import flag, real, whole
from isoprint._support.progress import Report, reporting
from isoprint.models import _labels, _solver, _sparse_set
from isoprint.models._archive import Archive
from isoprint.models._estimator import Model
from isoprint.models._evaluation import Evaluator, energies, energies_and_gradient
from isoprint.models._kernel import Power
from isoprint.models._labels import KINDS, Keys, Labels
from isoprint.models._rows import FrameRows, batches, normalizes, rows_of
from isoprint.models._triangle import Triangle
from isoprint.models.errors import Errors, collected
from isoprint.models.prediction import Prediction
from isoprint.structures.elements import numbers_of, symbol_of
from isoprint.structures.frames import Frames, as_list, pack

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike

Floats = NDArray[np.float64]

# Rows of the least-squares problem that are factorized at a time.
_ROWS = 3000
# Atoms whose fingerprints are looked at in one go when sparse points are chosen.
_ATOMS = 4096
# Parameters that a file keeps; the others are about what was learned.
STORED = ("zeta", "delta", "jitter", "random_state", "sigma_energy", "sigma_forces", "sigma_virial")
# Frames that say their own sigma; their rows are divided by it at once.
_OWN = "\0own"


class SparseGP(Model):
    """Energies as sums of local energies, each a sum of kernels with a few fingerprints: a GAP.

    `E = Σ_i (e0_Z + Σ_s alpha_s k(q_i, q_s))` with `k = delta² (q · q')^zeta` between centers of one element. The
    weights minimize the squared errors of energies, forces and virials, each divided by its sigma. All of it is solved
    by orthogonal factorizations, frame by frame: memory does not grow with the data.

    Parameters
    ----------
    descriptor : Descriptor
        A fingerprint with one row an atom, in double precision. Rows are made unit vectors unless they are
        (`normalize=True`).
    zeta : float
        Exponent of the kernel; a whole number unless all dot products are positive.
    delta : float
        Standard deviation in eV of a local energy before anything is known.
    n_sparse : int or mapping
        Number of sparse points: in all, shared out by number of atoms, or for each element.
    sparse : {"cur", "fps", "random"}, array, or mapping of arrays
        How they are chosen: drawn by leverage; each the farthest from those before; at random; or given, by element,
        as fingerprints `(n, n_features)` or as places among the atoms of that element.
    e0 : {"average", "lstsq"}, float, or mapping
        Energy of a single atom in eV: the mean energy per atom; least squares of the compositions; or given. A frame of
        one atom says it of its element.
    sigma_energy, sigma_forces, sigma_virial : float or mapping
        Expected errors: of energies in eV per atom (it counts `√n` times), of force components in eV/Å, of virial
        components in eV per atom (`√n` times, too). A mapping goes by `info["config_type"]`, "default" for others; a
        frame may say its own in `info["sigma_energy"]` and so on. `sigma_virial=None` passes over virials.
    jitter : float
        What is added to the diagonal of the kernel matrix of the sparse points, in units of `delta²`.
    random_state : int
        Seed of "cur" and "random".

    Attributes
    ----------
    alpha_ : ndarray (n_sparse,)
        Weights in eV; the elements one after the other.
    sparse_ : dict
        Sparse points `(n, n_features)` by element.
    e0_ : dict
        Energies of single atoms by element.
    report_ : dict
        How many rows of each kind were seen, and what is left over of them.

    Examples
    --------
    >>> import isoprint as ip
    >>> import numpy as np
    >>> from ase.build import bulk
    >>> from ase.calculators.lj import LennardJones
    >>> rng = np.random.default_rng(0)
    >>> frames = []
    >>> for _ in range(12):
    ...     atoms = bulk("Ar", "sc", 3.4).repeat(2)
    ...     atoms.positions += rng.normal(scale=0.1, size=atoms.positions.shape)
    ...     atoms.calc = LennardJones(sigma=3.0, epsilon=0.01, rc=6.0, smooth=True)
    ...     _ = atoms.get_forces()
    ...     frames.append(atoms)
    >>> soap = ip.SOAP(r_cut=6.0, n_max=6, l_max=4, species=["Ar"])
    >>> model = ip.models.SparseGP(soap, n_sparse=40, sigma_energy=1e-4, sigma_forces=1e-3).fit(frames[:10])
    >>> bool(model.errors(frames[10:]).energy.rmse < 0.005)
    True

    Notes
    -----
    A. P. Bartók, M. C. Payne, R. Kondor, G. Csányi, Phys. Rev. Lett. 104, 136403 (2010); A. P. Bartók, G. Csányi, Int.
    J. Quantum Chem. 115, 1051 (2015). Streamed orthogonal factorization in place of the normal equations, whose
    condition number is the square.
    """

    def __init__(
        self,
        descriptor: Any,
        *,
        zeta: float = 4,
        delta: float = 1.0,
        n_sparse: Any = 500,
        sparse: Any = "cur",
        e0: Any = "average",
        sigma_energy: Any = 1e-3,
        sigma_forces: Any = 0.05,
        sigma_virial: Any = None,
        jitter: float = 1e-8,
        random_state: int = 0,
    ) -> None:
        self.descriptor = descriptor
        self.zeta = zeta
        self.delta = delta
        self.n_sparse = n_sparse
        self.sparse = sparse
        self.e0 = e0
        self.sigma_energy = sigma_energy
        self.sigma_forces = sigma_forces
        self.sigma_virial = sigma_virial
        self.jitter = jitter
        self.random_state = random_state

    # Learning

    def fit(
        self,
        frames: FramesLike,
        y: Any = None,
        *,
        energy: str | None = "energy",
        forces: str | None = "forces",
        virial: str | None = "virial",
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Self:
        """Choose sparse points, and find the weights that fit the labels.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            Structures with labels: `info[energy]` in eV, `arrays[forces]` in eV/Å, `info[virial]` (minus the derivative
            of the energy by strain) in eV; or, under the usual names, the results of the calculator that a frame
            carries, with the stress for the virial. A frame may have some of them and lack others.
        y : ignored
            Accepted because scikit-learn passes it; frames bring their labels along.
        energy, forces, virial : str or None
            Other names of the labels; `None` passes over them.
        n_jobs : int, optional
            Threads; -1 for all cores.
        progress : callable or bool, optional
            Told how many atoms of how many are done; what it raises ends the work. `True` shows a bar.

        Returns
        -------
        SparseGP
            The model itself.

        Raises
        ------
        ValueError
            Where there is nothing to learn from, or a label is not finite or of a wrong shape; it names the frame.
        """
        structures, packed = _structures(frames)
        keys = Keys(energy, forces, virial)
        labels = _labels.read(structures, packed, keys)
        if not packed.n_atoms:
            raise ValueError("there are no atoms to learn from; fit on other frames")
        self._require_descriptor()
        self._kernel_ = Power(
            real("zeta", self.zeta, least=1.0, remedy="it must be a number of at least 1"),
            real("delta", self.delta, above=0.0, remedy="it must be a positive number of eV"),
        )
        self._require_centers(packed)
        self.descriptor.fit(structures)
        chosen = self._chosen(structures, packed, n_jobs)
        elements = [int(number) for number in np.unique(packed.numbers)]
        symbols = [symbol_of(number) for number in elements]
        single = _labels.atom_energies(self.e0, elements, packed, labels, symbols)
        jitter = real("jitter", self.jitter, least=0.0, remedy="it must be a number of at least 0")
        prior = _solver.prior_factor(chosen, self._kernel_, jitter)
        # From here on the model is a new one.
        self._set_, self._prior_, self._single_ = chosen, prior, dict(zip(elements, single.tolist(), strict=True))
        self._triangles_: dict[tuple[str, str], Triangle] = {}
        self._factors_ = {"energy": 1.0, "forces": 1.0}
        self._push(structures, packed, labels, n_jobs, progress)
        return self.resolve()

    def partial_fit(
        self,
        frames: FramesLike,
        y: Any = None,
        *,
        energy: str | None = "energy",
        forces: str | None = "forces",
        virial: str | None = "virial",
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Self:
        """Learn from more frames, with the sparse points and single-atom energies that there are.

        The weights are those of one fit to all data with these points. Parameters as of `fit`, which this is if
        nothing was learned yet.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            More structures with labels.
        y : ignored
            Accepted because scikit-learn passes it.
        energy, forces, virial, n_jobs, progress : optional
            As in `fit`.

        Returns
        -------
        SparseGP
            The model itself.
        """
        if self.__sklearn_is_fitted__() and not hasattr(self, "_triangles_"):
            raise ValueError("this model was saved without what it saw of the data; save it with data=True to learn on")
        if not self.__sklearn_is_fitted__():
            return self.fit(frames, energy=energy, forces=forces, virial=virial, n_jobs=n_jobs, progress=progress)
        structures, packed = _structures(frames)
        labels = _labels.read(structures, packed, Keys(energy, forces, virial))
        self._require_known(packed)
        self._require_centers(packed)
        self._push(structures, packed, labels, n_jobs, progress)
        return self.resolve()

    def resolve(self, **sigmas: Any) -> Self:
        """Find the weights anew for other expected errors, without a look at the data.

        Parameters
        ----------
        **sigmas
            New `sigma_energy`, `sigma_forces`, `sigma_virial`; those that are not given stay.

        Returns
        -------
        SparseGP
            The model itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> model.resolve(sigma_energy=0.01)
        Traceback (most recent call last):
        ValueError: this SparseGP has learned nothing yet; call fit(frames)
        """
        if not self.__sklearn_is_fitted__() and not hasattr(self, "_triangles_"):
            raise _not_fitted()
        if not hasattr(self, "_triangles_"):
            raise ValueError(
                "this model was saved without what it saw of the data; save it with data=True to solve anew"
            )
        known = [f"sigma_{kind}" for kind in KINDS]
        for name in sigmas:
            if name not in known:
                raise ValueError(f"resolve has no argument {name!r}; there are {', '.join(known)}")
        wanted = {name: sigmas.get(name, getattr(self, name)) for name in known}
        groups = []
        for (kind, group), triangle in self._triangles_.items():
            given = wanted[f"sigma_{kind}"]
            if given is not None:
                groups.append((triangle, 1.0 if group == _OWN else _solver.sigma_of(kind, given, group)))
        solution = _solver.solve(self._prior_, groups)
        for name, value in sigmas.items():
            setattr(self, name, value)
        self.alpha_, self.factor_ = solution.alpha, solution.factor
        self._made(solution.residual)
        return self

    def _made(self, residual: float) -> None:
        """What follows from the weights."""
        rows: dict[str, int] = {}
        for (kind, _), triangle in self._triangles_.items():
            rows[kind] = rows.get(kind, 0) + triangle.n_rows
        self._restored({"rows": rows, "residual": residual, "n_sparse": self._set_.n_points})

    def _restored(self, report: dict[str, Any]) -> None:
        """What is public of what was learned."""
        self.report_ = report
        self.sparse_ = {symbol_of(e): p for e, p in zip(self._set_.elements, self._set_.points, strict=True)}
        self.e0_ = {symbol_of(element): energy for element, energy in self._single_.items()}
        self._evaluator = Evaluator(self._set_, self._kernel_, self.alpha_, normalizes(self.descriptor))

    def _require_descriptor(self) -> None:
        if not hasattr(self.descriptor, "iter_derivatives"):
            raise TypeError(f"descriptor is {short_repr(self.descriptor)}; give a fingerprint of isoprint")
        for name, wanted in (("average", None), ("dtype", "float64")):
            value = getattr(self.descriptor, name, wanted)
            if value != wanted:
                raise ValueError(
                    f"descriptor has {name}={value!r}; a model needs a row in double precision for each atom:"
                    f" {name}={wanted!r}"
                )

    def _require_centers(self, packed: Frames) -> None:
        centers = getattr(self.descriptor, "centers", None)
        if centers is None:
            return
        known = np.isin(packed.numbers, numbers_of(centers, "centers"))
        if not known.all():
            frame, atom = packed.locate(int(np.argmin(known)))
            raise ValueError(
                f"atom {atom} of frame {frame} is no center of the descriptor, whose centers are {centers!r}; a model"
                " needs a row for each atom: leave centers out"
            )

    def _chosen(self, structures: list[Any], packed: Frames, n_jobs: int | None) -> _sparse_set.SparseSet:
        rows = []
        for first, last in batches(packed.offsets, _ATOMS):
            found = self.descriptor.transform(structures[first:last], n_jobs=n_jobs)
            rows.append(_sparse_set.unit(found, normalizes(self.descriptor))[0])
        features = np.concatenate(rows)
        by_element = {int(number): features[packed.numbers == number] for number in np.unique(packed.numbers)}
        rng = np.random.default_rng(whole("random_state", self.random_state))
        return _sparse_set.chosen(self.sparse, self.n_sparse, by_element, rng)

    def _push(
        self,
        structures: list[Any],
        packed: Frames,
        labels: list[Labels],
        n_jobs: int | None,
        progress: Report | bool | None,
    ) -> None:
        """Take the rows of frames into the triangles; all of them, or none if something goes wrong."""
        if all(label.of(kind) is None for label in labels for kind in KINDS):
            raise ValueError(
                "no frame has a label: no energy in info or calc, no forces in arrays or calc; name the keys, as in"
                " fit(frames, energy='dft_energy')"
            )
        triangles = {key: Triangle.of(known.factor.copy(), known.n_rows) for key, known in self._triangles_.items()}
        waiting: dict[tuple[str, str], list[Floats]] = {}
        with reporting(progress) as report:
            for place, label in enumerate(labels):
                for key, rows in self._labelled(structures[place], packed, place, label, n_jobs):
                    queue = waiting.setdefault(key, [])
                    queue.append(rows)
                    if sum(map(len, queue)) >= _ROWS:
                        _push_all(triangles, key, queue)
                if report is not None:
                    report(int(packed.offsets[place + 1]), packed.n_atoms)
        for key, queue in waiting.items():
            _push_all(triangles, key, queue)
        self._triangles_ = triangles

    def _labelled(
        self, frame: Any, packed: Frames, place: int, label: Labels, n_jobs: int | None
    ) -> Iterator[tuple[tuple[str, str], Floats]]:
        """Rows of one frame, the label as the last column, by kind and group."""
        virial = self.sigma_virial is not None and label.virial is not None
        derivatives = label.forces is not None or virial
        if label.energy is None and not derivatives:
            return
        own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
        numbers = packed.numbers[own]
        found = self._rows(frame, numbers, derivatives, virial, n_jobs)
        root = np.sqrt(len(numbers))
        blocks: dict[str, tuple[Floats, Any, float]] = {}
        if label.energy is not None:
            blocks["energy"] = found.energy[None], label.energy - self._alone(numbers), root
        if label.forces is not None and found.forces is not None:
            blocks["forces"] = found.forces.reshape(3 * len(numbers), -1), label.forces.ravel(), 1.0
        if virial and found.virial is not None:
            blocks["virial"] = found.virial, label.virial, root
        for kind, (rows, wanted, scale) in blocks.items():
            group = label.config_type
            if kind in label.sigma:
                scale, group = scale * label.sigma[kind], _OWN
            yield (kind, group), np.column_stack([rows, np.atleast_1d(wanted)]) / scale

    def _rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows:
        return rows_of(
            self.descriptor,
            self._set_,
            self._kernel_,
            frame,
            numbers,
            derivatives=derivatives,
            strain=strain,
            n_jobs=n_jobs,
        )

    def _alone(self, numbers: NDArray[np.int64]) -> float:
        return float(sum(self._single_[int(number)] for number in numbers))

    # Predicting

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
        """
        if not self.__sklearn_is_fitted__():
            raise _not_fitted()
        structures, packed = _structures(frames)
        self._require_known(packed)
        pull = None
        if flag("forces", forces) | flag("stress", stress):
            local, pull = energies_and_gradient(self.descriptor, self._evaluator, structures, packed, n_jobs)
        else:
            local = energies(self.descriptor, self._evaluator, structures, packed, n_jobs)
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
        frame_std, local_std, force_std = [], [], []
        for place, frame in enumerate(structures):
            numbers = packed.numbers[packed.offsets[place] : packed.offsets[place + 1]]
            rows = self._rows(frame, numbers, forces, False, n_jobs)
            frame_std.append(self._deviation(rows.energy[None])[0])
            left = self._kernel_.on_diagonal() - (_solved(self._prior_.T, rows.centers) ** 2).sum(axis=0)
            local_std.append(np.sqrt(self._deviation(rows.centers) ** 2 + np.maximum(left, 0.0)))
            if rows.forces is not None:
                force_std.append(self._deviation(rows.forces.reshape(3 * len(numbers), -1)).reshape(-1, 3))
        return (
            np.array(frame_std) * self._factors_["energy"],
            np.concatenate(local_std) if local_std else np.empty(0),
            np.concatenate(force_std) * self._factors_["forces"] if force_std else None,
        )

    def _deviation(self, rows: Floats) -> Floats:
        """What the data leave open of linear functionals of the weights."""
        return np.asarray(np.linalg.norm(_solved(self.factor_, rows), axis=0))

    def extrapolation(self, frames: FramesLike, *, n_jobs: int | None = None) -> Floats:
        """How unlike each atom's surroundings are to all sparse points of its element: one less the largest kernel.

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
        """
        if not self.__sklearn_is_fitted__():
            raise _not_fitted()
        structures, packed = _structures(frames)
        self._require_known(packed)
        found = np.zeros(packed.n_atoms)
        for first, last in batches(packed.offsets, _ATOMS):
            own = slice(int(packed.offsets[first]), int(packed.offsets[last]))
            rows, _ = _sparse_set.unit(
                self.descriptor.transform(structures[first:last], n_jobs=n_jobs), normalizes(self.descriptor)
            )
            for element, points, _ in self._set_.columns():
                mine = np.flatnonzero(packed.numbers[own] == element)
                if len(mine):
                    nearest, _ = self._kernel_.value_and_slope((rows[mine] @ points.T).max(axis=1))
                    found[own.start + mine] = 1.0 - nearest / self._kernel_.on_diagonal()
        return found

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
        """
        structures, packed = _structures(frames)
        labels = _labels.read(structures, packed, Keys(energy, forces, virial))
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
            Structures with energies.
        y : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        float
            In eV per atom.
        """
        line = self.errors(frames, forces=None, virial=None).energy
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
        express. One factor for energies and one for forces make the mean squared error over variance one.

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
        """
        structures, packed = _structures(frames)
        labels = _labels.read(structures, packed, Keys(energy, forces, None))
        wants = any(label.forces is not None for label in labels)
        found = self.predict(structures, forces=wants, std=True, n_jobs=n_jobs)
        scores: dict[str, list[Floats]] = {"energy": [], "forces": []}
        for place, label in enumerate(labels):
            own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
            if label.energy is not None and found.energy_std is not None:
                scores["energy"].append(np.array([(found.energy[place] - label.energy) / found.energy_std[place]]))
            if label.forces is not None and found.forces is not None and found.forces_std is not None:
                scores["forces"].append(((found.forces[own] - label.forces) / found.forces_std[own]).ravel())
        factors = dict(self._factors_)
        for kind, each in scores.items():
            if each:
                factors[kind] *= float(np.sqrt(np.mean(np.concatenate(each) ** 2)))
        if not any(scores.values()):
            raise ValueError("no frame has a label to calibrate with; give frames with energies or forces")
        self._factors_ = factors
        return self

    def _require_known(self, packed: Frames) -> None:
        known = np.isin(packed.numbers, self._set_.elements)
        if not known.all():
            frame, atom = packed.locate(int(np.argmin(known)))
            number = int(packed.numbers[np.argmin(known)])
            told = ", ".join(symbol_of(element) for element in self._set_.elements)
            raise ValueError(
                f"atom {atom} of frame {frame} is {symbol_of(number)!r}, which this model has not seen; it knows"
                f" {told}: fit on frames that contain it"
            )

    # Using

    def calculator(self, *, std: bool = False, n_jobs: int | None = None) -> Any:
        """Make a calculator for ASE: energy, energies, forces and stress of one evaluation.

        Parameters
        ----------
        std : bool
            Whether results have `energy_std` and `energies_std` too.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ase.calculators.calculator.Calculator
            For molecular dynamics, relaxation, phonons and all that ASE does.
        """
        from isoprint.models.calculator import ModelCalculator

        if not self.__sklearn_is_fitted__():
            raise _not_fitted()
        threads(n_jobs)
        return ModelCalculator(self, std=flag("std", std), n_jobs=n_jobs)

    def save(self, path: Any, *, data: bool = False) -> None:
        """Write the model to a file.

        Parameters
        ----------
        path : path
            Of the file, which is a zip of arrays and a JSON text, without pickles.
        data : bool
            Whether to keep what was seen of the data, which `partial_fit` and `resolve` need: some
            `8 n_sparse²` bytes for each kind of label.

        See Also
        --------
        isoprint.models.load : reads it.
        """
        if not self.__sklearn_is_fitted__():
            raise _not_fitted()
        archive = Archive("SparseGP", self.descriptor)
        for element, points, columns in self._set_.columns():
            archive.arrays[f"sparse_{symbol_of(element)}"] = points
            archive.arrays[f"alpha_{symbol_of(element)}"] = self.alpha_[columns]
        archive.arrays["factor"] = self.factor_
        groups = []
        if flag("data", data):
            for place, ((kind, group), triangle) in enumerate(self._triangles_.items()):
                archive.arrays[f"rows_{place}"] = np.triu(triangle.factor)
                groups.append([kind, group, triangle.n_rows])
        archive.fields |= {
            "settings": archive.plain("setting", {name: getattr(self, name) for name in STORED}),
            "elements": [symbol_of(element) for element in self._set_.elements],
            "e0": self.e0_,
            "factors": self._factors_,
            "report": self.report_,
            "groups": groups,
        }
        archive.write(path)


def _structures(frames: Any) -> tuple[list[Any], Frames]:
    structures, _ = as_list(frames)
    return structures, pack(structures)


def _push_all(triangles: dict[tuple[str, str], Triangle], key: tuple[str, str], queue: list[Floats]) -> None:
    rows = np.concatenate(queue)
    if key not in triangles:
        triangles[key] = Triangle(rows.shape[1])
    triangles[key].push(rows)
    queue.clear()


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


def _not_fitted() -> Exception:
    from isoprint.descriptors._estimator import not_fitted

    return not_fitted("this SparseGP has learned nothing yet; call fit(frames)")
