"""Linear models of energies, forces and virials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.output import PathLike
from isoprint._support.parameters import real
from isoprint._support.progress import Report
from isoprint.models import _linear_term
from isoprint.models._archive import Archive
from isoprint.models._calculating import Calculating
from isoprint.models._keeping import keep
from isoprint.models._learned import not_fitted, structures_of
from isoprint.models._linear_term import LinearTerm
from isoprint.models._predicting import Predicting
from isoprint.models._sharing import Sharing
from isoprint.models._terms import LearnedTerm
from isoprint.models.term import Term
from isoprint.structures.elements import symbol_of
from isoprint.structures.frames import Frames

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike

Floats = NDArray[np.float64]

# Parameters that a file keeps; the others are about what was learned.
STORED = ("delta", "sigma_energy", "sigma_forces", "sigma_virial")


class Linear(Sharing, Predicting, Calculating):
    """Energies as sums of local energies, each linear in the features of its atom.

    `E = Σ_i (e0_Z + w_Z · q_i)`, with weights of their own for each central element, that minimize the squared errors
    of energies, forces and virials, each divided by its sigma, and their own squares (ridge regression). The rows and
    the streamed factorization are those of `SparseGP`; an evaluation costs what the fingerprint costs.

    Parameters
    ----------
    descriptor : Descriptor
        A fingerprint with one row an atom, in double precision, taken as it is; a `Hybrid` for several.
    delta : float
        Standard deviation in eV of a local energy before anything is known: the ridge. Weights are that of it in units
        of the root mean square length of the rows of an element.
    e0 : {"average", "lstsq"}, float, or mapping
        Energy of a single atom in eV, as in `SparseGP`.
    sigma_energy, sigma_forces, sigma_virial : float or mapping
        Expected errors, as in `SparseGP`.

    Attributes
    ----------
    coef_ : dict
        Weights `(n_features,)` in eV by element.
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
    >>> distances = ip.RadialDistribution(r_cut=6.0, n_points=24, sigma=0.3, species=["Ar"])
    >>> model = ip.models.Linear(distances, sigma_energy=1e-4, sigma_forces=1e-3).fit(frames[:10])
    >>> bool(model.errors(frames[10:]).energy.rmse < 0.005)
    True

    Notes
    -----
    With unit fingerprints it is `SparseGP(zeta=1)` without sparse points. A. P. Thompson et al., J. Comput. Phys. 285,
    316 (2015), for the bispectrum.
    """

    # `fit` asks for these; there is no kernel matrix, and nothing is drawn.
    jitter = 0.0
    random_state = 0

    def __init__(
        self,
        descriptor: Any,
        *,
        delta: float = 1.0,
        e0: Any = "average",
        sigma_energy: Any = 1e-3,
        sigma_forces: Any = 0.05,
        sigma_virial: Any = None,
    ) -> None:
        self.descriptor = descriptor
        self.delta = delta
        self.e0 = e0
        self.sigma_energy = sigma_energy
        self.sigma_forces = sigma_forces
        self.sigma_virial = sigma_virial

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
        """Find the weights that fit the labels.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            Structures with labels, as for `SparseGP.fit`.
        y : ignored
            Accepted because scikit-learn passes it; frames bring their labels along.
        energy, forces, virial : str or None
            Other names of the labels; `None` passes over them.
        checkpoint : None
            A linear model keeps none: fit part by part with `partial_fit`, and `save(..., data=True)` in between.
        n_jobs : int, optional
            Threads; -1 for all cores.
        progress : callable or bool, optional
            Told how many atoms of how many are done; what it raises ends the work. `True` shows a bar.

        Returns
        -------
        Linear
            The model itself.

        Raises
        ------
        ValueError
            Where there is nothing to learn from, or a label is not finite or of a wrong shape; it names the frame.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.Linear(ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> model.fit(silicon).report_["rows"]
        {'energy': 1}
        """
        if checkpoint is not None:
            raise ValueError(
                f"checkpoint is {short_repr(checkpoint)}, and a linear model keeps none; fit part by part with"
                " partial_fit, and save(..., data=True) in between"
            )
        options = {"energy": energy, "forces": forces, "virial": virial, "n_jobs": n_jobs}
        return super().fit(frames, y, progress=progress, **options)  # type: ignore[arg-type]

    def _declared(self) -> dict[str, Term]:
        real("delta", self.delta, above=0.0, remedy="it must be a positive number of eV")
        if isinstance(self.descriptor, type) or not hasattr(self.descriptor, "iter_derivatives"):
            raise TypeError(f"descriptor is {short_repr(self.descriptor)}; give a fingerprint of isoprint")
        return {type(self.descriptor).__name__.lower(): Term(self.descriptor)}

    def _chosen(
        self, declared: dict[str, Term], structures: list[Any], packed: Frames, n_jobs: int | None
    ) -> dict[str, LearnedTerm]:
        # Changes of the fingerprint are for the next fit.
        own = {name: term.copied().descriptor for name, term in declared.items()}
        return {
            name: LinearTerm(one, _linear_term.units_of(one, structures, packed, float(self.delta), n_jobs))
            for name, one in own.items()
        }

    def _restored(self, report: dict[str, Any]) -> None:
        super()._restored({key: value for key, value in report.items() if key != "n_sparse"})
        del self.sparse_
        self.coef_ = {symbol_of(z): weights for z, weights in self._term.weights.items()}

    @property
    def _term(self) -> LinearTerm:
        (term,) = self._terms_.terms.values()
        assert isinstance(term, LinearTerm)
        return term

    def extrapolation(self, frames: FramesLike, *, n_jobs: int | None = None) -> Floats:
        """How little the data say of each atom: standard deviation of its energy after the fit over that before.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n_atoms of all frames,)
            Near 0 for what the data fix, 1 for a direction in which they have nothing.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.Linear(ip.SOAP(r_cut=4.0, n_max=4, l_max=3)).fit(silicon)
        >>> bool(model.extrapolation(silicon).max() < 1e-2)
        True
        """
        if not self.__sklearn_is_fitted__():
            raise not_fitted()
        structures, packed = structures_of(frames)
        self._require_known(packed)
        found = [np.empty(0)]
        for place, frame in enumerate(structures):
            numbers = packed.numbers[packed.offsets[place] : packed.offsets[place + 1]]
            rows = self._rows(frame, numbers, False, False, n_jobs).centers
            length = np.linalg.norm(rows, axis=1)
            found.append(self._deviation(rows) / np.where(length > 0.0, length, 1.0))
        return np.concatenate(found)

    def save(self, path: Any, *, data: bool = False) -> None:
        """Write the model to a file.

        Parameters
        ----------
        path : path
            Of the file, which is a zip of arrays and a JSON text, without pickles.
        data : bool
            Whether to keep what was seen of the data, which `partial_fit` and `resolve` need: some `8 n²` bytes for
            each kind of label, with `n` weights.

        See Also
        --------
        isoprint.models.load : Read it.

        Examples
        --------
        >>> import isoprint as ip
        >>> import tempfile
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.Linear(ip.SOAP(r_cut=4.0, n_max=4, l_max=3)).fit(silicon)
        >>> with tempfile.NamedTemporaryFile(suffix=".isoprint") as file:
        ...     model.save(file.name)
        ...     print(ip.models.load(file.name))
        Linear(SOAP(r_cut=4.0, n_max=4, l_max=3, species=['Si']))
        """
        if not self.__sklearn_is_fitted__():
            raise not_fitted()
        self._require_unchanged()
        archive = Archive("Linear")
        archive.fields |= archive.descriptor(self.descriptor)
        archive.fields["scales"] = {symbol_of(z): unit for z, unit in self._term.units.items()}
        archive.arrays["alpha"] = self.alpha_
        keep(archive, self, STORED, data)
        archive.write(path)
