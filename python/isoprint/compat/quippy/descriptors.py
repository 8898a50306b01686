"""`quippy.descriptors`: one class that an argument string makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.quippy._clusters import ClusterRows
from isoprint.compat.quippy._environments import EnvironmentRows
from isoprint.compat.quippy._results import Described, DescriptorError
from isoprint.compat.quippy._structure import Structure, structure
from isoprint.descriptors.acsf import ACSF
from isoprint.descriptors.soap import SOAP
from isoprint.descriptors.soap_turbo import SoapTurbo
from isoprint.structures.frames import as_list
from isoprint.translators import quip_behler, quip_clusters, quippy
from isoprint.translators._quip_arguments import named, written

__all__ = ["Descriptor"]

Policy: TypeAlias = Literal["exact", "reference"]


class Descriptor:
    """A descriptor of quippy, made of its argument string.

    There are `soap`, `soap_turbo`, `behler`, `distance_2b`, `distance_Nb` (of order 2 and 3) and `angle_3b`. Numbers,
    shapes, types and what is counted from 0 or 1 are those of quippy 0.10.3; neighbors come in the order of their
    atoms, where quippy has the order of its search. Keys of a fit, such as `zeta` and `n_sparse`, are passed over with
    a warning that names them, and so are keys that quippy does not know.

    Parameters
    ----------
    args_str : str, optional
        Such as `"soap l_max=8 n_max=8 cutoff=5.0 atom_sigma=0.5 n_species=2 species_Z={1 6} n_Z=1 Z=6"`.
    policy : {"reference", "exact"}
        Of `soap_turbo`: the digits of quippy, which takes shortcuts of about 1e-7, or the exact numbers.
    basis_matrix : mapping, optional
        Of `soap_turbo`: the orthonormalizing matrix of each element, as some installation of quippy rounds it.
    n_jobs : int, optional
        Threads; -1 for all cores. The result does not depend on it.
    **init_kwargs
        More keys, with values as numbers, words or lists.

    Raises
    ------
    DescriptorError
        A `ValueError` and a `RuntimeError`: what the argument string says is not understood, or not supported.

    Attributes
    ----------
    n_dim : int
        Numbers in a row.
    n_perm : int
        Orders of these numbers that mean the same.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.compat.quippy.descriptors import Descriptor
    >>> soap = Descriptor("soap l_max=4 n_max=4 cutoff=4.0 atom_sigma=0.5 n_species=2 species_Z={1 8}")
    >>> result = soap.calc(molecule("H2O"), grad=True)
    >>> result["data"].shape, result["grad_data"].shape
    ((3, 181), (9, 3, 181))
    >>> result["ci"].tolist(), result["grad_index_0based"][:4].tolist()
    ([1, 2, 3], [[0, 0], [0, 1], [0, 2], [1, 1]])
    """

    def __init__(
        self,
        args_str: str | None = None,
        *,
        policy: Policy = "reference",
        basis_matrix: Mapping[Any, Any] | None = None,
        n_jobs: int | None = None,
        **init_kwargs: Any,
    ) -> None:
        with _readable():
            name, text = named(f"{args_str or ''} {written(init_kwargs)}".strip(), _KINDS)
            self._rows: EnvironmentRows | ClusterRows = _KINDS[name](text, policy, basis_matrix)
            self._n_jobs = n_jobs
            self.n_dim: int = self._rows.n_features
            self.n_perm = len(self._rows.permutations())

    def calc(
        self,
        at: Any,
        grad: bool = False,
        args_str: str | None = None,
        cutoff: float | None = None,
        **calc_args: Any,
    ) -> Any:
        """Rows of a structure, and on request their derivatives.

        Parameters
        ----------
        at : ase.Atoms, or a sequence of these
            The structures.
        grad : bool
            Whether to compute derivatives.
        args_str : str, optional
            `"atom_mask_name=NAME"`: only atoms for which the array of that name is true become centers.
        cutoff : float, optional
            Accepted because quippy takes it; it must not be below that of the descriptor.
        **calc_args
            The same as in `args_str`.

        Returns
        -------
        dict, or a list of one a structure
            `data` (n_rows, n_dim); `ci` the atoms of the rows, counted from 1; `covariance_cutoff` (n_rows,);
            `has_data`. With `grad`: `grad_data` (n, 3, n_dim) in 1 / Å, one for each row and each *image* that moves
            it, the row's own center first; `grad_index_0based` (n, 2) of center and atom; `pos` (n, 3) where that image
            is; `grad_covariance_cutoff` (n, 3); `ii` and `has_grad_data`, one array a row. A structure without rows
            gives `data` of shape (1, 0) and nothing else.

        Examples
        --------
        The derivative of all features by the position of each atom is the sum over its images:

        >>> import numpy as np
        >>> from ase.build import bulk
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> soap = Descriptor("soap l_max=2 n_max=2 cutoff=4.0 atom_sigma=0.5")
        >>> result = soap.calc(bulk("Si"), grad=True)
        >>> jacobian = np.zeros((2, 2, 3, soap.n_dim))
        >>> centers, atoms = result["grad_index_0based"].T
        >>> np.add.at(jacobian, (centers, atoms), result["grad_data"])
        """
        with _readable():
            structures, single = self._structures(at, args_str, cutoff, calc_args)
            found = [described.as_dict() for described in self._described(structures, grad)]
        return found[0] if single else found

    def calc_descriptor(
        self, at: Any, args_str: str | None = None, cutoff: float | None = None, **calc_args: Any
    ) -> Any:
        """The rows alone: `calc(at)["data"]`, or a list of these.

        Parameters
        ----------
        at, args_str, cutoff, **calc_args
            As in `calc`.

        Returns
        -------
        ndarray (n_rows, n_dim), or a list of one a structure
            The rows.

        Examples
        --------
        >>> from ase.build import molecule
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> Descriptor("distance_2b cutoff=2.0 Z1=1 Z2=8").calc_descriptor(molecule("H2O")).shape
        (4, 1)
        """
        found = self.calc(at, False, args_str, cutoff, **calc_args)
        return found["data"] if isinstance(found, dict) else [one["data"] for one in found]

    def sizes(self, at: Any, args_str: str | None = None, cutoff: float | None = None, **calc_args: Any) -> Any:
        """Numbers of rows and of rows of derivatives.

        Parameters
        ----------
        at, args_str, cutoff, **calc_args
            As in `calc`.

        Returns
        -------
        (int, int), or a list of one a structure
            As quippy counts them: for `soap_turbo`, with neighbors of elements that it does not see.

        Examples
        --------
        >>> from ase.build import molecule
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> Descriptor("distance_2b cutoff=2.0 Z1=1 Z2=8").sizes(molecule("H2O"))
        (4, 8)
        """
        with _readable():
            structures, single = self._structures(at, args_str, cutoff, calc_args)
            found = [self._rows.sizes(one, self._n_jobs) for one in structures]
        return found[0] if single else found

    def count(self, at: Any, args_str: str | None = None, cutoff: float | None = None, **calc_args: Any) -> Any:
        """Number of rows.

        Parameters
        ----------
        at, args_str, cutoff, **calc_args
            As in `calc`.

        Returns
        -------
        int, or a list of one a structure
            The number of rows.

        Examples
        --------
        >>> from ase.build import molecule
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> Descriptor("distance_2b cutoff=2.0 Z1=1 Z2=8").count(molecule("H2O"))
        4
        """
        found = self.sizes(at, args_str, cutoff, **calc_args)
        return found[0] if isinstance(found, tuple) else [one[0] for one in found]

    def dimensions(self) -> int:
        """Numbers in a row.

        Returns
        -------
        int
            `n_dim`.

        Examples
        --------
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> Descriptor("angle_3b cutoff=2.0").dimensions()
        3
        """
        return self.n_dim

    def cutoff(self) -> float:
        """The distance within which neighbors are seen, in Å.

        Returns
        -------
        float
            The cutoff of the argument string.

        Examples
        --------
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> Descriptor("angle_3b cutoff=2.0").cutoff()
        2.0
        """
        return self._rows.cutoff

    def get_n_perm(self) -> int:
        """Orders of the numbers of a row that mean the same.

        Returns
        -------
        int
            `n_perm`.

        Examples
        --------
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> Descriptor("distance_Nb order=3 cutoff=2.0").get_n_perm()
        6
        """
        return self.n_perm

    def permutations(self) -> NDArray[np.int32]:
        """The orders of the numbers of a row that mean the same, counted from 1.

        Returns
        -------
        ndarray (n_perm, n_dim)
            One order a line.

        Examples
        --------
        >>> from isoprint.compat.quippy.descriptors import Descriptor
        >>> Descriptor("distance_Nb order=3 cutoff=2.0 Z={8 1 1}").permutations().tolist()
        [[1, 2, 3], [1, 3, 2]]
        """
        return self._rows.permutations()

    def _structures(
        self, at: Any, args_str: str | None, cutoff: float | None, calc_args: Mapping[str, Any]
    ) -> tuple[list[Structure], bool]:
        frames, single = as_list(at)
        if cutoff is not None and cutoff < self.cutoff():
            raise ValueError(f"cutoff is {cutoff!r}, below that of the descriptor, {self.cutoff()!r}; leave it out")
        mask = quippy.mask_name(f"{args_str or ''} {written(calc_args)}".strip())
        return [structure(frame, mask) for frame in frames], single

    def _described(self, structures: list[Structure], grad: bool) -> list[Described]:
        if isinstance(self._rows, EnvironmentRows):
            return self._rows.describe_all(structures, bool(grad), self._n_jobs)
        return [self._rows.describe(one, bool(grad), self._n_jobs) for one in structures]


@contextmanager
def _readable() -> Iterator[None]:
    """Raise what is wrong with arguments or structures as an error that `except RuntimeError` finds too."""
    try:
        yield
    except DescriptorError:
        raise
    except ValueError as problem:
        raise DescriptorError(str(problem)) from problem


def _soap(text: str, policy: Policy, basis_matrix: Any) -> EnvironmentRows:
    _refuse_matrix(basis_matrix)
    return EnvironmentRows(SOAP(**quippy.soap(text, lenient=True)), hides_strangers=False)


def _soap_turbo(text: str, policy: Policy, basis_matrix: Any) -> EnvironmentRows:
    parameters = quippy.soap_turbo(text, lenient=True)
    if policy == "reference" and len(parameters["species"]) == 1:
        # quippy does not look at the weight of the center where there is one element.
        parameters["central_weight"] = 1.0
    return EnvironmentRows(SoapTurbo(**parameters, policy=policy, basis_matrix=basis_matrix), hides_strangers=True)


def _behler(text: str, policy: Policy, basis_matrix: Any) -> EnvironmentRows:
    _refuse_matrix(basis_matrix)
    return EnvironmentRows(ACSF(**quip_behler.behler(text, lenient=True)), hides_strangers=False)


def _clusters(read: Any) -> Any:
    def make(text: str, policy: Policy, basis_matrix: Any) -> ClusterRows:
        _refuse_matrix(basis_matrix)
        return ClusterRows(read(text, lenient=True))

    return make


def _refuse_matrix(basis_matrix: Any) -> None:
    if basis_matrix is not None:
        raise ValueError("basis_matrix is given, but only soap_turbo has one; leave it out")


_KINDS: dict[str, Any] = {
    "soap": _soap,
    "soap_turbo": _soap_turbo,
    "distance_2b": _clusters(quip_clusters.distance_2b),
    "distance_nb": _clusters(quip_clusters.distance_nb),
    "angle_3b": _clusters(quip_clusters.angle_3b),
    "behler": _behler,
}
