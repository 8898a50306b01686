"""How a model learns: sparse points, rows of labelled frames, weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.blas import single_threaded
from isoprint._support.output import PathLike
from isoprint._support.parameters import real, whole
from isoprint._support.progress import Report, reporting
from isoprint.models import _checkpoint, _labels, _made_with, _solver
from isoprint.models._calibration import Calibration
from isoprint.models._checkpoint import Checkpoint
from isoprint.models._declared import fingerprints_of, fixed_of, terms_of
from isoprint.models._labels import KINDS, Keys, Labels
from isoprint.models._learned import Learned, not_fitted, structures_of
from isoprint.models._seen import Seen
from isoprint.models._terms import LearnedTerm, Terms, kernel_of, learned, less_fixed, term_of
from isoprint.models._triangle import Triangle
from isoprint.models.term import Term
from isoprint.structures.elements import numbers_of, symbol_of
from isoprint.structures.frames import Frames

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike

Floats = NDArray[np.float64]

# Frames that say their own sigma; their rows are divided by it at once.
_OWN = "\0own"


class Fitting(Learned):
    """`fit`, `partial_fit` and `resolve`."""

    zeta: Any
    delta: Any
    n_sparse: Any
    sparse: Any
    e0: Any
    sigma_energy: Any
    sigma_forces: Any
    sigma_virial: Any
    jitter: Any
    random_state: Any

    def fit(
        self,
        frames: FramesLike,
        y: Any = None,
        *,
        energy: str | None = "energy",
        forces: str | None = "forces",
        virial: str | None = "virial",
        checkpoint: PathLike | None = None,
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
        checkpoint : path, optional
            File in which what was seen is kept from time to time, and on Control-C. A run that finds it there goes on
            from it, if all else is the same, and ends with the same model. It stays at the end.
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
            Where there is nothing to learn from, or a label is not finite or of a wrong shape; it names the frame. Or
            where `checkpoint` is of another fit; it names what differs.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> model.fit(silicon).report_["rows"]
        {'energy': 1}
        """
        keys = Keys(energy, forces, virial)
        structures, packed, labels, kept = self._start(frames, keys, checkpoint, n_jobs)
        self._push(structures, packed, labels, n_jobs, progress, kept)
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

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> model.fit(silicon).partial_fit([silicon, silicon]).report_["rows"]
        {'energy': 3}
        """
        if self.__sklearn_is_fitted__() and not hasattr(self, "_triangles_"):
            raise ValueError("this model was saved without what it saw of the data; save it with data=True to learn on")
        if not self.__sklearn_is_fitted__():
            return self.fit(frames, energy=energy, forces=forces, virial=virial, n_jobs=n_jobs, progress=progress)
        structures, packed = structures_of(frames)
        labels = _labels.read(structures, packed, Keys(energy, forces, virial))
        self._require_known(packed)
        self._require_centers(packed)
        labels = less_fixed(self._terms_.fixed, structures, packed, labels, n_jobs)
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
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> model.fit(silicon).resolve(sigma_energy=0.1).sigma_energy
        0.1
        """
        if not self.__sklearn_is_fitted__() and not hasattr(self, "_triangles_"):
            raise not_fitted()
        if not hasattr(self, "_triangles_"):
            raise ValueError(
                "this model was saved without what it saw of the data; save it with data=True to solve anew"
            )
        known = [f"sigma_{kind}" for kind in KINDS]
        for name in sigmas:
            if name not in known:
                raise ValueError(f"resolve has no argument {name!r}; there are {', '.join(known)}")
        wanted = {name: sigmas.get(name, getattr(self, name)) for name in known}
        seen = {kind for kind, _ in self._triangles_}
        for kind in KINDS:
            if sigmas.get(f"sigma_{kind}") is not None and kind not in seen:
                raise ValueError(f"sigma_{kind} is given, but no {kind} was fitted; fit with it on such frames")
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

    def _start(
        self, frames: FramesLike, keys: Keys, checkpoint: PathLike | None, n_jobs: int | None
    ) -> tuple[list[Any], Frames, list[Labels], Checkpoint | None]:
        """Become a new model that has learned nothing, and tell what there is to learn from."""
        structures, packed = structures_of(frames)
        labels = _labels.read(structures, packed, keys)
        _labels.require_found(labels, keys)
        if not packed.n_atoms:
            raise ValueError("there are no atoms to learn from; fit on other frames")
        declared = self._declared()
        self._require_descriptors()
        self._require_centers(packed)
        kept = _checkpoint.opened(checkpoint, self, keys, packed, labels)
        for descriptor in fingerprints_of(self.descriptor):
            descriptor.fit(structures)
        terms = self._begun(declared, kept) or self._chosen(declared, structures, packed, n_jobs)
        chosen = Terms(terms, fixed_of(self.descriptor))
        labels = less_fixed(chosen.fixed, structures, packed, labels, n_jobs)
        elements = [int(number) for number in np.unique(packed.numbers)]
        symbols = [symbol_of(number) for number in elements]
        single = _labels.atom_energies(self.e0, elements, packed, labels, symbols)
        _labels.warn_of_outliers(labels, packed, dict(zip(elements, single, strict=True)))
        jitter = real("jitter", self.jitter, least=0.0, remedy="it must be a number of at least 0")
        prior = chosen.prior(jitter)
        # From here on the model is a new one.
        self._terms_, self._prior_, self._single_ = chosen, prior, dict(zip(elements, single.tolist(), strict=True))
        self._triangles_: dict[tuple[str, str], Triangle] = {}
        self._calibration_ = {"energy": Calibration(), "forces": Calibration()}
        self._made_with_, self._keys_ = _made_with.told(self), keys
        return structures, packed, labels, kept

    def _made(self, residual: float) -> None:
        """What follows from the weights."""
        rows: dict[str, int] = {}
        for (kind, _), triangle in self._triangles_.items():
            rows[kind] = rows.get(kind, 0) + triangle.n_rows
        self._restored({"rows": rows, "residual": residual, "n_sparse": self._terms_.n_points})

    def _declared(self) -> dict[str, Term]:
        """The terms that the user gives, if they make sense."""
        declared = terms_of(self.descriptor)
        for term in declared.values():
            kernel_of(term, self.zeta, self.delta)
        return declared

    def _begun(self, declared: dict[str, Term], kept: Checkpoint | None) -> dict[str, LearnedTerm]:
        """The terms with the sparse points of an earlier run of the same fit, if there was one."""
        if kept is None or not kept.sparse:
            return {}
        return {
            name: term_of(term.copied().descriptor, kernel_of(term, self.zeta, self.delta), kept.sparse[name])
            for name, term in declared.items()
        }

    def _chosen(
        self, declared: dict[str, Term], structures: list[Any], packed: Frames, n_jobs: int | None
    ) -> dict[str, LearnedTerm]:
        """The terms with sparse points that are chosen now, or whatever their columns are."""
        rng = np.random.default_rng(whole("random_state", self.random_state))
        # Changes of the fingerprints are for the next fit.
        own = {name: term.copied() for name, term in declared.items()}
        return {name: learned(term, self, structures, packed, rng, n_jobs) for name, term in own.items()}

    def _require_descriptors(self) -> None:
        for descriptor in fingerprints_of(self.descriptor):
            for name, wanted in (("average", None), ("dtype", "float64")):
                value = getattr(descriptor, name, wanted)
                if value != wanted:
                    raise ValueError(
                        f"descriptor has {name}={value!r}; a model needs a row in double precision for each atom:"
                        f" {name}={wanted!r}"
                    )

    def _require_centers(self, packed: Frames) -> None:
        for descriptor in fingerprints_of(self.descriptor):
            centers = getattr(descriptor, "centers", None)
            if centers is None:
                continue
            known = np.isin(packed.numbers, numbers_of(centers, "centers"))
            if not known.all():
                frame, atom = packed.locate(int(np.argmin(known)))
                raise ValueError(
                    f"atom {atom} of frame {frame} is no center of the descriptor, whose centers are {centers!r}; a"
                    " model needs a row for each atom: leave centers out"
                )

    def _push(
        self,
        structures: list[Any],
        packed: Frames,
        labels: list[Labels],
        n_jobs: int | None,
        progress: Report | bool | None,
        kept: Checkpoint | None = None,
    ) -> None:
        """Take the rows of frames into the triangles; all of them, or none if something goes wrong."""
        if all(label.of(kind) is None for label in labels for kind in KINDS):
            raise ValueError(
                "no frame has a label: no energy in info or calc, no forces in arrays or calc; name the keys, as in"
                " fit(frames, energy='dft_energy')"
            )
        seen = kept.begun(self._terms_.sparse_by_name) if kept else Seen.after(self._triangles_)
        # The BLAS makes small products between ours: its threads would wait for the next in a loop, on our cores.
        with single_threaded(), reporting(progress) as report, kept.kept(seen) if kept else nullcontext():
            for place in range(seen.n_frames, len(labels)):
                seen.add(self._labelled(structures[place], packed, place, labels[place], n_jobs))
                if kept:
                    kept.write_from_time_to_time(seen)
                if report is not None:
                    report(int(packed.offsets[place + 1]), packed.n_atoms)
        if kept:
            kept.finish(seen)
        self._triangles_ = seen.finished()

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
