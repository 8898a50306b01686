"""Sparse Gaussian processes for energies, forces and virials: Gaussian approximation potentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isoprint.models import _stored, gap_strings
from isoprint.models._archive import Archive
from isoprint.models._calculating import Calculating
from isoprint.models._declared import named, replaced
from isoprint.models._keeping import keep
from isoprint.models._learned import not_fitted
from isoprint.models._predicting import Predicting
from isoprint.models._sharing import Sharing

if TYPE_CHECKING:
    from typing_extensions import Self

# Parameters that a file keeps; the others are about what was learned.
STORED = ("zeta", "delta", "jitter", "random_state", "sigma_energy", "sigma_forces", "sigma_virial")


class SparseGP(Sharing, Predicting, Calculating):
    """Energies as sums of local energies, each a sum of kernels with a few fingerprints: a GAP.

    `E = Σ_i (e0_Z + Σ_s alpha_s k(q_i, q_s))` with `k = delta² (q · q')^zeta` between centers of one element. The
    weights minimize the squared errors of energies, forces and virials, each divided by its sigma. All of it is solved
    by orthogonal factorizations, frame by frame: memory does not grow with the data.

    Parameters
    ----------
    descriptor : Descriptor, or sequence or mapping of terms
        A fingerprint with one row an atom, in double precision. Rows are made unit vectors unless they are
        (`normalize=True`). Or several terms, whose sum a local energy is: each a `Term`, a fingerprint, `TwoBody`,
        `ThreeBody`, or a `PairPotential`, which is there from the beginning and learns nothing. Terms are named by
        the mapping, by pairs `(name, term)`, or after their classes in lower case, and their parameters are those of
        the model: `set_params(descriptor__soap__delta=0.3)`.
    zeta : float
        Exponent of the kernel; a whole number unless all dot products are positive. This and the next three are for
        terms that do not say their own.
    delta : float
        Standard deviation in eV of a local energy before anything is known.
    n_sparse : int or mapping
        Number of sparse points: in all, shared out by number of atoms; or for each element, where "each" stands for
        those that are not named.
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
        Weights in eV; the elements one after the other, the terms one after the other.
    sparse_ : dict
        Sparse points `(n, n_features)` by element; of several terms, a dictionary of such by the names of the terms.
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

    @classmethod
    def from_gap_fit(cls, text: str, *, policy: str = "exact", **parameters: Any) -> SparseGP:
        """Make a model of the arguments of QUIP's `gap_fit`.

        Parameters
        ----------
        text : str
            A command line, or the terms alone: what stands in `gap={...}`. Of the rest, sigmas (`default_sigma`,
            `config_type_sigma`), `e0`, `e0_method`, `sparse_jitter`, `rnd_seed` and a core potential of tables are
            understood; names of labels are arguments of `fit`, see `isoprint fit --gap`.
        policy : {"exact", "reference"}
            Of `soap_turbo`: the exact numbers, or the digits of QUIP.
        **parameters
            Of the model, which override what the text says.

        Returns
        -------
        SparseGP
            With the same terms, kernels and numbers of sparse points. Those points are drawn anew.

        Raises
        ------
        ValueError
            For an argument that is not known or not supported; it names it.

        Examples
        --------
        >>> import isoprint as ip
        >>> model = ip.models.SparseGP.from_gap_fit(
        ...     "distance_2b cutoff=5 n_sparse=15 delta=2 covariance_type=ard_se theta_uniform=1 :"
        ...     " soap l_max=4 n_max=4 cutoff=4 atom_sigma=0.5 n_sparse=50 zeta=4 delta=0.3"
        ...     " covariance_type=dot_product",
        ...     sigma_forces=0.1,
        ... )
        >>> list(model.descriptor), model.descriptor["soap"].delta
        (['twobody', 'soap'], 0.3)
        """
        return cls(**{**gap_strings.parameters(text, policy=policy), **parameters})

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name.

        Parameters
        ----------
        deep : bool
            Whether to list the terms and the parameters of these and of the descriptor as well, as
            `descriptor__r_cut` or `descriptor__soap__zeta`.

        Returns
        -------
        dict
            From name to value.

        Examples
        --------
        >>> import isoprint as ip
        >>> model = ip.models.SparseGP([ip.models.TwoBody(r_cut=5.0), ip.SOAP(r_cut=4.0, n_max=4, l_max=3)])
        >>> model.get_params()["descriptor__soap__l_max"]
        3
        """
        found = super().get_params(deep)
        if deep and isinstance(self.descriptor, (list, tuple, Mapping)):
            for name, thing in named(self.descriptor).items():
                found[f"descriptor__{name}"] = thing
                for key, value in thing.get_params().items():
                    found[f"descriptor__{name}__{key}"] = value
        return found

    def set_params(self, **params: Any) -> Self:
        """Change parameters; what was learned stays until the next `fit`.

        Parameters
        ----------
        **params
            New values by name; `descriptor__soap__zeta=2` changes a term of that name, `descriptor__soap=...` puts
            another in its place.

        Returns
        -------
        SparseGP
            The model itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> model = ip.models.SparseGP([ip.models.TwoBody(r_cut=5.0), ip.SOAP(r_cut=4.0, n_max=4, l_max=3)])
        >>> model.set_params(descriptor__soap__l_max=2, zeta=3).descriptor[1]
        SOAP(r_cut=4.0, n_max=4, l_max=2)
        """
        prefix = "descriptor__"
        super().set_params(**{name: value for name, value in params.items() if name == "descriptor"})
        if not isinstance(self.descriptor, (list, tuple, Mapping)):
            super().set_params(**params)
            return self
        own = {name: value for name, value in params.items() if not name.startswith(prefix)}
        super().set_params(**own)
        inner = {name.removeprefix(prefix): value for name, value in params.items() if name not in own}
        for name, value in inner.items():
            term, _, key = name.partition("__")
            terms = named(self.descriptor)
            if term not in terms:
                raise ValueError(f"the model has no term {term!r}; there are {', '.join(terms)}")
            if not key:
                self.descriptor = replaced(self.descriptor, term, value)
        for name, value in inner.items():
            term, _, key = name.partition("__")
            if key:
                named(self.descriptor)[term].set_params(**{key: value})
        return self

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
        isoprint.models.load : Read it.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".isoprint") as file:
        ...     model.fit(silicon).save(file.name)
        ...     print(ip.models.load(file.name))
        SparseGP(SOAP(r_cut=4.0, n_max=4, l_max=3, species=['Si']))
        """
        if not self.__sklearn_is_fitted__():
            raise not_fitted()
        self._require_unchanged()
        archive = Archive("SparseGP", _stored.version_of(self.descriptor))
        _stored.store(archive, self.descriptor, self._terms_, self.alpha_)
        keep(archive, self, STORED, data)
        archive.write(path)
