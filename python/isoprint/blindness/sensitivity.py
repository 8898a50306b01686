"""What a fingerprint sees of small displacements, and what it does not.

The sensitivity matrix `S = JᵀJ` of one environment (Parsaeifard & Goedecker, J. Chem. Phys. 156, 034302 (2022)) says
how fast the fingerprint of a center changes when its sites move. Its eigenvalues come from a singular value
decomposition of the Jacobian itself: squaring it first would lose half of the digits, and with them the soft modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import real_array
from isoprint._support.parameters import real, whole
from isoprint.blindness.environment import Environment, environment
from isoprint.blindness.motion import complement, rigid_motions

if TYPE_CHECKING:
    from ase import Atoms

    from isoprint.typing import Differentiable, FramesLike

Floats = NDArray[np.float64]

# Singular values below this part of the largest are zero: what is left of them is rounding.
RANK_RTOL = 1e-10
# Sites farther apart than this, in Å, are in different shells.
_SHELL_GAP = 0.3


class Shell(NamedTuple):
    """Sites at about one distance from the center.

    Attributes
    ----------
    radius : float
        Mean distance from the center in Å.
    sites : ndarray of int
        The sites.
    sensitivity : float
        Root mean square over the sites of `|dF / d position|`, in 1 / Å.
    """

    radius: float
    sites: NDArray[np.intp]
    sensitivity: float


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How the fingerprint of one center answers to displacements of its sites.

    Attributes
    ----------
    environment : Environment
        The center and its sites; `numbers`, `positions` and `atom` are those of the environment.
    per_atom : ndarray (n_sites,)
        `|dF / d position|` of every site, in 1 / Å.
    singular_values : ndarray (n_internal,)
        Of the Jacobian on the internal motions, ascending, in 1 / Å.
    internal_modes : ndarray (n_internal, n_sites, 3)
        Unit displacements in the same order.
    rigid_values : ndarray (n_rigid,)
        `|J v|` of the rigid motions, in 1 / Å: what rounding leaves of zero.
    rigid_modes : ndarray (n_rigid, n_sites, 3)
        Translations and rotations.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> water.rattle(0.05, seed=1)
    >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
    >>> found.rank, found.n_internal  # all that can change is seen
    (3, 3)
    >>> round(found.condition, 1)
    6.9
    """

    environment: Environment
    per_atom: Floats
    singular_values: Floats
    internal_modes: Floats
    rigid_values: Floats
    rigid_modes: Floats

    # The whole spectrum

    @property
    def n_sites(self) -> int:
        """Sites of the environment, with the center."""
        return len(self.environment.numbers)

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(np.concatenate([self.rigid_values, self.singular_values]), kind="stable")

    @cached_property
    def eigenvalues(self) -> Floats:
        """Eigenvalues of `S = JᵀJ`, ascending, `(3 n_sites,)` in 1 / Å²; those of rigid motions are rounding."""
        return np.asarray(np.concatenate([self.rigid_values, self.singular_values])[self._order] ** 2)

    @property
    def scaled(self) -> Floats:
        """The eigenvalues over the largest."""
        return np.asarray(self.eigenvalues / self.eigenvalues[-1])

    @cached_property
    def modes(self) -> Floats:
        """Unit displacement patterns of the eigenvalues, `(3 n_sites, n_sites, 3)`; the center is site 0."""
        return np.asarray(np.concatenate([self.rigid_modes, self.internal_modes])[self._order])

    # Figures of merit

    @property
    def largest(self) -> float:
        """The largest singular value, in 1 / Å."""
        return float(self.singular_values[-1])

    @property
    def rank(self) -> int:
        """Internal motions that are seen: singular values above 1e-10 of the largest."""
        return self.n_internal - len(self.null_modes())

    @property
    def n_internal(self) -> int:
        """Internal motions: all but translations and rotations."""
        return len(self.singular_values)

    @property
    def condition(self) -> float:
        """Largest over smallest singular value of the internal motions; infinite where a motion is not seen at all."""
        return self.largest / float(self.singular_values[0]) if self.rank == self.n_internal else np.inf

    @property
    def isolation(self) -> float:
        """Second smallest over smallest eigenvalue of the internal motions.

        How clearly one mode is softer than all others: it predicts, better than the smallest eigenvalue, whether a
        manifold can be followed from here. Infinite for a single internal motion, or one that is not seen at all; 1
        where two motions are not seen.
        """
        if self.n_internal < 2:
            return np.inf
        if self.rank == self.n_internal:
            return float((self.singular_values[1] / self.singular_values[0]) ** 2)
        return np.inf if self.rank == self.n_internal - 1 else 1.0

    @property
    def rigid_residual(self) -> float:
        """What translations and rotations change, over the largest singular value: rounding, if all is well."""
        return float(np.max(self.rigid_values)) / self.largest

    def null_modes(self, rtol: float = RANK_RTOL) -> Floats:
        """Internal motions that change nothing.

        Parameters
        ----------
        rtol : float
            Singular values at or below this part of the largest count as zero.

        Returns
        -------
        ndarray (k, n_sites, 3)
            Unit displacements; rigid motions are not among them.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> len(found.null_modes()), len(found.null_modes(rtol=0.5))
        (0, 2)
        """
        part = real("rtol", rtol, least=0.0, most=1.0, remedy="it must be a part of the largest singular value, 0 to 1")
        return self.internal_modes[self.singular_values <= part * self.largest]

    # Learnability of a target

    def slopes(self, gradient: ArrayLike) -> Floats:
        """How fast a function of the fingerprint would have to change along each mode, to follow a target.

        `c_k = (g · v_k) / s_k`, with `g` the gradient of the target.

        Parameters
        ----------
        gradient : array_like (n_atoms, 3) or (n_sites, 3)
            Derivatives dE / d position of the atoms of the frame, in their order, where every site is an atom of its
            own; else of the sites.

        Returns
        -------
        ndarray (n_internal,)
            In the order of `singular_values`; infinite where the target changes along a motion that is not seen.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> found.slopes([[0.0, 0.0, 0.2], [0.0, 0.0, -0.1], [0.0, 0.0, -0.1]]).shape
        (3,)
        """
        g = self._gradient(gradient)
        along = self.internal_modes.reshape(self.n_internal, -1) @ g
        seen = self.singular_values > RANK_RTOL * self.largest
        slopes = np.where(np.abs(along) > RANK_RTOL * np.linalg.norm(g), np.copysign(np.inf, along), 0.0)
        slopes[seen] = along[seen] / self.singular_values[seen]
        return slopes

    def learnability(self, gradient: ArrayLike) -> float:
        """The learnability norm of a target: how steep any function of this fingerprint must be, to follow it here.

        `L_E = |c| |s| / |g|` with the slopes `c` of `slopes`, the singular values `s` and the gradient `g` of the
        target. 1 is ideal; above about 10 learning is hard, above 100 it fails. It is local, and a lower bound: it
        knows nothing of smoothness.

        Parameters
        ----------
        gradient : array_like
            As in `slopes`.

        Returns
        -------
        float
            Dimensionless.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> found.learnability([[0.0, 0.0, 0.2], [0.0, 0.0, -0.1], [0.0, 0.0, -0.1]]) < 10.0
        True
        """
        size = np.linalg.norm(self._gradient(gradient))
        if size == 0.0:
            raise ValueError("gradient is zero: at a stationary point there is no slope to follow")
        return float(np.linalg.norm(self.slopes(gradient)) * np.linalg.norm(self.singular_values) / size)

    def _gradient(self, gradient: ArrayLike) -> Floats:
        """The internal part of a gradient, in the order of the sites, `(3 n_sites,)`."""
        given = real_array("gradient", gradient)
        atom, n_atoms = self.environment.atom, self.environment.n_atoms
        apart = len(np.unique(atom)) == len(atom)
        expected = (n_atoms if apart else self.n_sites, 3)
        if given.shape != expected:
            of = "atom of the frame" if apart else "site: some are images of one atom"
            raise ValueError(f"gradient has shape {given.shape}, expected {expected}: one row for each {of}")
        if not np.isfinite(given).all():
            raise ValueError("gradient has entries that are not finite")
        flat = (given[atom] if apart else given).reshape(-1)
        rigid = self.rigid_modes.reshape(len(self.rigid_modes), -1)
        return np.asarray(flat - (rigid @ flat) @ rigid)

    # Larger environments

    def histogram(self) -> dict[int, int]:
        """Internal motions by decade of `s / s_max`: how many have `10^k < s / s_max <= 10^(k + 1)`, for each `k`.

        Motions that are not seen at all, by `rank`, are in none.

        Returns
        -------
        dict of int to int
            From `k`, descending, to how many.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> found.histogram()
        {-1: 3}
        """
        part = self.singular_values[self.n_internal - self.rank :] / self.largest
        decade = np.minimum(np.ceil(np.log10(part)).astype(int) - 1, -1)
        return {int(k): int(np.sum(decade == k)) for k in range(-1, int(decade.min()) - 1, -1)}

    def shells(self, gap: float = _SHELL_GAP) -> list[Shell]:
        """Sensitivity by distance from the center.

        Parameters
        ----------
        gap : float
            A new shell begins where two distances differ by more than this, in Å.

        Returns
        -------
        list of Shell
            The nearest first.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> [(round(shell.radius, 2), sorted(shell.sites.tolist())) for shell in found.shells()]
        [(1.02, [1, 2])]
        """
        span = real("gap", gap, above=0.0, remedy="it must be a positive number of Å")
        r = np.linalg.norm(self.environment.positions - self.environment.positions[0], axis=1)
        order = 1 + np.argsort(r[1:], kind="stable")
        parts = np.split(order, 1 + np.flatnonzero(np.diff(r[order]) > span))
        return [Shell(float(r[p].mean()), p, float(np.sqrt(np.mean(self.per_atom[p] ** 2)))) for p in parts]

    def report(self) -> str:
        """Everything in a few lines of text.

        Returns
        -------
        str
            Lines of a label and what it says.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> print(found.report().splitlines()[0])
        SOAP of O (atom 0) with 2 sites
        """
        from isoprint.blindness.report import of_sensitivity

        return of_sensitivity(self)

    def __repr__(self) -> str:
        return (
            f"Sensitivity({self.n_sites} sites, rank {self.rank} of {self.n_internal},"
            f" s_max {self.largest:.4g} / Å, condition {self.condition:.3g}, isolation {self.isolation:.3g})"
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the spectrum and the sensitivity of every site (needs matplotlib).

        Parameters
        ----------
        ax : matplotlib axes, optional
            Where the spectrum alone is drawn; a new figure with both by default.

        Returns
        -------
        matplotlib.figure.Figure
            Not shown: there is no window.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> len(found.plot().axes)
        2
        """
        from isoprint.extras.plotting import plot_sensitivity

        return plot_sensitivity(self, ax)

    def to_frames(self, amplitude: float = 0.1, *, steps: int = 1) -> list[Atoms]:
        """The sites displaced along every internal mode, softest first; ASE, OVITO and chemiscope open them.

        Parameters
        ----------
        amplitude : float
            Root of the sum of squares of the displacement, in Å.
        steps : int
            Frames of one oscillation for each mode; 1 is a single frame at the full amplitude.

        Returns
        -------
        list of ase.Atoms
            The center first, with the mode as array `mode` and `eigenvalue`, `scaled` and `mode_index` in `info`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> water.rattle(0.05, seed=1)
        >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
        >>> frames = found.to_frames(amplitude=0.2)
        >>> len(frames), frames[0].info["mode_index"]
        (3, 0)
        """
        size = real("amplitude", amplitude, remedy="it must be a number of Å")
        count = whole("steps", steps, 1, 10**9)
        phases = np.sin(2.0 * np.pi * np.arange(count) / count) if count > 1 else np.ones(1)
        frames = []
        for index, (s, mode) in enumerate(zip(self.singular_values, self.internal_modes, strict=True)):
            for phase in phases:
                atoms = self.environment.frame(self.environment.positions + size * phase * mode)
                atoms.set_array("mode", mode.copy())
                atoms.info.update(mode_index=index, eigenvalue=float(s**2), scaled=float((s / self.largest) ** 2))
                frames.append(atoms)
        return frames


def sensitivity(descriptor: Differentiable, frame: FramesLike, center: int) -> Sensitivity:
    """What the fingerprint of one center sees of small displacements of its sites.

    Parameters
    ----------
    descriptor : Differentiable
        Has `transform` and `derivatives`: any fingerprint of isoprint, or another object. It learns its species from
        the frame if it has not yet.
    frame : ase.Atoms or alike
        The structure, periodic or not. In a periodic one every image within the cutoff is a site of its own.
    center : int
        The atom whose fingerprint is meant.

    Returns
    -------
    Sensitivity
        Eigenvalues and modes of `S = JᵀJ`, rank, condition, isolation, and what can be learned.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> water.rattle(0.05, seed=1)
    >>> found = ip.sensitivity(ip.SOAP(r_cut=4.8, n_max=8, l_max=6), water, 0)
    >>> found.rank, found.n_internal, found.eigenvalues.shape
    (3, 3, (9,))

    Notes
    -----
    The Jacobian is taken on an orthonormal basis of the internal motions, the complement of translations and rotations,
    and decomposed as `J Q = U diag(s) Vᵀ`; the eigenvalues are `s²`.
    """
    sites = environment(descriptor, frame, center)
    return analyze(sites, sites.positions, sites.jacobian(sites.positions))


def analyze(sites: Environment, positions: Floats, jacobian: Floats) -> Sensitivity:
    """Decompose a Jacobian `(3 n_sites, n_features)` at given positions."""
    n = len(positions)
    rigid = rigid_motions(positions)
    s, modes = decomposed(triangle(jacobian), complement(rigid))
    if s[-1] == 0.0:
        raise ValueError(
            "the fingerprint does not change with any displacement: no site is within its reach; take a larger r_cut"
        )
    return Sensitivity(
        sites,
        np.linalg.norm(jacobian.reshape(n, -1), axis=1),
        s,
        modes.reshape(-1, n, 3),
        np.linalg.norm(rigid @ jacobian, axis=1),
        rigid.reshape(-1, n, 3),
    )


def triangle(rows: Floats, *, overwrite: bool = False) -> Floats:
    """A small matrix with the singular values and right singular vectors of `rows.T`: its factor R, where that is less.

    Parameters
    ----------
    rows : ndarray (n, n_features)
        Derivatives of the features, one direction a row.
    overwrite : bool
        Whether the memory of `rows` may be used.

    Returns
    -------
    ndarray (n or n_features, n)
        Nothing is squared, so no digits are lost.
    """
    from scipy.linalg.lapack import dgeqrt

    n, n_features = rows.shape
    if n_features <= 4 * n:
        return np.asarray(rows.T)
    factored: Floats = dgeqrt(min(n, 32), rows.T, overwrite_a=overwrite)[0]
    return np.triu(factored[:n])


def decomposed(jacobian: Floats, internal: Floats) -> tuple[Floats, Floats]:
    """Singular values, ascending, and unit displacements `(n_internal, 3 n_sites)` of a Jacobian on internal motions.

    Motions beyond the number of features have singular value zero.
    """
    projected = jacobian @ internal
    _, s, vt = np.linalg.svd(projected, full_matrices=projected.shape[0] < projected.shape[1])
    values = np.zeros(internal.shape[1])
    values[: len(s)] = s
    return values[::-1].copy(), np.ascontiguousarray((vt @ internal.T)[::-1])
