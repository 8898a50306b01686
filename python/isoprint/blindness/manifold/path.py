"""A followed manifold: structures in a row, what the fingerprint says of each, and what others say."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import integer_array, short_repr
from isoprint._support.parameters import real, whole
from isoprint.blindness.environment import Environment
from isoprint.blindness.manifold import _storage
from isoprint.blindness.manifold._assembly import contrasted, longer
from isoprint.blindness.manifold._valley import Rules
from isoprint.blindness.manifold._walk import weak_steps
from isoprint.blindness.manifold.copies import Copy, copies_along
from isoprint.blindness.motion import rigid_motions

if TYPE_CHECKING:
    from ase import Atoms

    from isoprint.typing import Differentiable, Fingerprint

Floats = NDArray[np.float64]


class Scatter(NamedTuple):
    """Distances of randomly displaced structures from the start.

    Attributes
    ----------
    feature_distance : ndarray (n,)
        In the fingerprint of the path.
    reference_distance : ndarray (n,)
        In the reference.
    """

    feature_distance: Floats
    reference_distance: Floats


@dataclass(frozen=True, eq=False)
class Path:
    """Structures along which a fingerprint stays nearly constant.

    Attributes
    ----------
    numbers : ndarray (n_sites,)
        Atomic numbers; the center first.
    positions : ndarray (n_points, n_sites, 3)
        In Å, centroids at the origin, turned so that they are nearest to the start.
    tangents : ndarray (n_points, n_sites, 3)
        Unit displacements along the path.
    spectra : ndarray (n_points, 3 n_sites)
        Eigenvalues of the sensitivity matrix in 1 / Å², ascending, rigid motions first.
    feature_distance : ndarray (n_points,)
        `|F - F0|` from the start.
    steps : ndarray (n_points,)
        Distance to the point before, in Å over all coordinates of all sites.
    iterations, ranks : ndarray (n_points,)
        Corrections of each point, and which of the soft modes its tangent is.
    status : str
        Why the path ends: "closed", "fold", "noise", "arc", "steps", "ratio", "cutoff" (see `follow_manifold`), or
        "interrupted".
    start : int
        The point it was begun from.
    first_status : str or None
        Why its first point is the first, where it was followed in both directions.
    gap : float
        How far from the start a ring crossed the plane through the start, in Å; infinite where nothing closed.
    rules : Rules
        Lengths and limits it was followed with; half or a quarter of what was asked for where a ring had weak steps and
        did not stay one.
    next_step : float
        Length of the step that would come next, in Å.
    r_cut : float
        How far the center sees, in Å.
    outside : ndarray (n_others, 3)
        Sites just beyond, which must not come in.
    contrast : float or None
        The largest change of the fingerprint along the path, over the median change of random moves of like size: moves
        along the internal motions of the start, as long over all coordinates as the way from the start to the point of
        the largest change. Far below 1 the fingerprint is blind to the path, a closed one or not; at 1 it sees it like
        anything else. `None` where the path is its start alone.
    noise : float or None
        How far the fingerprint of the start is from a smooth function that does not change with rigid motions, as
        `|dF|`: changes along the path that are not larger mean nothing. `None` in files that do not say.
    descriptor
        The fingerprint; `None` after `read`.
    reference
        The other fingerprint that `reference_distance` is measured with.

    Examples
    --------
    >>> import isoprint as ip
    >>> start = ip.study.start("NH3-a")
    >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
    >>> path.status, len(path), path.closed
    ('steps', 3, False)
    >>> bool(path.feature_distance.max() < 0.001 < path.reference_distance.max())
    True
    """

    numbers: NDArray[np.int64]
    positions: Floats
    tangents: Floats
    spectra: Floats
    feature_distance: Floats
    steps: Floats
    iterations: NDArray[np.int64]
    ranks: NDArray[np.int64]
    status: str
    start: int
    first_status: str | None
    gap: float
    rules: Rules
    next_step: float
    r_cut: float
    outside: Floats
    contrast: float | None = None
    noise: float | None = None
    descriptor: Any = None
    reference: Any = None

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        from isoprint.blindness.report import line_of_path

        return line_of_path(self)

    def report(self) -> str:
        """Everything that must be said of a path, in a few lines of text.

        Returns
        -------
        str
            Lines of a label and what it says.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> print(path.report().splitlines()[0])
        path of N with 3 sites
        """
        from isoprint.blindness.report import of_path

        return of_path(self)

    # Shape

    @property
    def closed(self) -> bool:
        """Whether it is a ring."""
        return self.status == "closed"

    @cached_property
    def weak(self) -> NDArray[np.bool_]:
        """Whether the step to each point is not along the tangents on its sides (cosine below 0.97), `(n_points,)`.

        Such a step is accepted at the smallest length only. The softest mode is not the direction of the path there, or
        the path has jumped.
        """
        return weak_steps(self.positions, self.tangents, self.start, closed=self.closed)

    @property
    def weak_steps(self) -> int:
        """How many steps are `weak`. A ring that has some is one with steps of half and quarter length, too."""
        return int(self.weak.sum())

    @cached_property
    def frames(self) -> list[Atoms]:
        """The structures as open `ase.Atoms`, the center first."""
        from ase import Atoms

        return [Atoms(numbers=self.numbers, positions=positions) for positions in self.positions]

    @cached_property
    def arc(self) -> Floats:
        """Length of the path from the start to each point, in Å, negative before it, `(n_points,)`."""
        along = np.cumsum(self.steps)
        return np.asarray(along - along[self.start])

    @property
    def length(self) -> float:
        """Length of the whole path in Å, over all coordinates of all sites."""
        return float(self.steps.sum())

    @cached_property
    def diameters(self) -> Floats:
        """For each site the largest distance between two of its places, in Å, `(n_sites,)`."""
        from scipy.spatial.distance import pdist

        places = np.swapaxes(self.positions, 0, 1)
        return np.array([pdist(place).max() if len(self) > 1 else 0.0 for place in places])

    @property
    def diameter(self) -> float:
        """The largest of `diameters`."""
        return float(self.diameters.max())

    def evenly(self, n: int) -> NDArray[np.intp]:
        """Indices of points spread evenly over the length, without the last of a ring, its first again.

        Parameters
        ----------
        n : int
            About how many; points that would be chosen twice are chosen once.

        Returns
        -------
        ndarray of int
            Ascending.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> path.evenly(2).tolist()
        [0, 2]
        """
        count = whole("n", n, 1, len(self))
        along = self.arc - self.arc[0]
        wanted = np.linspace(0.0, self.length, count, endpoint=not self.closed)
        return np.unique([int(np.argmin(np.abs(along - s))) for s in wanted])

    @cached_property
    def copies(self) -> list[Copy]:
        """Where the path meets copies of its start with like atoms exchanged, and mirror images, in order of arc.

        Of eight like neighbors or more the exchanges are too many to be tried: a `ValueError`.
        """
        return copies_along(self.numbers, self.positions, self.start, self.arc, nearer_than=0.1 * self.diameter)

    # Sensitivity

    @property
    def softest(self) -> Floats:
        """Smallest over largest eigenvalue of the internal motions, `(n_points,)`."""
        return np.asarray(self._internal[:, 0] / self._internal[:, -1])

    @property
    def isolation(self) -> Floats:
        """Second smallest over smallest eigenvalue of the internal motions, `(n_points,)`; above 4 all goes well."""
        return np.asarray(self._internal[:, 1] / np.maximum(self._internal[:, 0], np.finfo(float).tiny))

    @property
    def rigid_residual(self) -> Floats:
        """What rigid motions change, over the largest singular value, `(n_points,)`: rounding, or noise."""
        unseen = self.spectra[:, : self.spectra.shape[1] - self._internal.shape[1]]
        return np.asarray(np.sqrt(unseen.max(axis=1) / self.spectra[:, -1]))

    @property
    def _internal(self) -> Floats:
        return self.spectra[:, len(rigid_motions(self.positions[self.start])) :]

    # Other eyes

    @cached_property
    def reference_distance(self) -> Floats:
        """Distance from the start in the reference fingerprint, `(n_points,)`."""
        return self.distances(self._reference())

    def distances(self, descriptor: Fingerprint) -> Floats:
        """Distance from the start in any fingerprint.

        Parameters
        ----------
        descriptor : Fingerprint
            Has `transform`; learns its species from the path if it has not yet.

        Returns
        -------
        ndarray (n_points,)
            `|G - G0|` of the center.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> path.distances(ip.SOAP(r_cut=4.8, n_max=4, l_max=4)).shape
        (3,)
        """
        return _distances(descriptor, self.frames, self.frames[self.start])

    def random(self, amplitude: float = 0.02, n: int = 200, *, seed: int = 0) -> Scatter:
        """The same distances for random displacements of the start, to compare with.

        Parameters
        ----------
        amplitude : float
            Every coordinate moves by up to this, evenly distributed, in Å.
        n : int
            Structures.
        seed : int
            Of the displacements.

        Returns
        -------
        Scatter
            Distances in the fingerprint of the path, and in the reference.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> scatter = path.random(n=20)
        >>> bool(path.feature_distance.max() < scatter.feature_distance.min())
        True
        """
        most = real("amplitude", amplitude, above=0.0, remedy="it must be a positive number of Å")
        count = whole("n", n, 1, 10**9)
        from ase import Atoms

        start = self.positions[self.start]
        moves = np.random.default_rng(whole("seed", seed, 0, 2**63 - 1)).uniform(-most, most, (count, *start.shape))
        frames = [Atoms(numbers=self.numbers, positions=start + move) for move in moves]
        origin = self.frames[self.start]
        return Scatter(
            _distances(self._described_by(None), frames, origin), _distances(self._reference(), frames, origin)
        )

    def energies(self, calculator: Any, *, at: ArrayLike | None = None) -> Floats:
        """Energies along the path.

        Parameters
        ----------
        calculator : ase calculator
            Any that ASE knows.
        at : array_like of int, optional
            Points, such as those of `evenly`; all by default.

        Returns
        -------
        ndarray (n_points,)
            Potential energies in eV.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> from isoprint.extras.four_body import FourBody
        >>> path.energies(FourBody(), at=[0, -1]).shape
        (2,)
        """
        values = []
        for k in range(len(self)) if at is None else self._points(at):
            atoms = self.frames[k].copy()
            atoms.calc = calculator
            values.append(float(atoms.get_potential_energy()))
        return np.array(values)

    def _points(self, at: ArrayLike) -> list[int]:
        """Places of points, as users of sequences give them."""
        places = integer_array("at", at).reshape(-1)
        if len(places) and not -len(self) <= places.min() <= places.max() < len(self):
            raise ValueError(f"at is {short_repr(at)}; the path has points 0 to {len(self) - 1}")
        return [int(place) for place in places]

    def learnability(self, gradient: Callable[[Floats], ArrayLike], descriptor: Differentiable | None = None) -> Floats:
        """The learnability norm of a target at every point, see `Sensitivity.learnability`.

        Parameters
        ----------
        gradient : callable
            Gets the positions `(n_sites, 3)` in Å, the center first, and gives the gradient of the target there.
        descriptor : Differentiable, optional
            Any fingerprint; by default that of the path.

        Returns
        -------
        ndarray (n_points,)
            Dimensionless; about 1 is ideal, above 100 learning fails.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> path.learnability(ip.four_body_gradient).shape
        (3,)
        """
        from isoprint.blindness.sensitivity import analyze

        sites = self.environment(descriptor)
        return np.array([analyze(sites, x, sites.jacobian(x)).learnability(gradient(x)) for x in self.positions])

    def environment(self, descriptor: Differentiable | None = None) -> Environment:
        """The start as an environment of a fingerprint.

        Parameters
        ----------
        descriptor : Differentiable, optional
            Any fingerprint; by default that of the path.

        Returns
        -------
        Environment
            All sites of the path, where they are at its start.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> path.environment().row(path.positions[0]).shape
        (58,)
        """
        from isoprint.blindness.environment import fitted

        known = fitted(self._described_by(descriptor), self.frames[self.start])
        n, origin = len(self.numbers), self.positions[self.start]
        return Environment(known, self.numbers, origin, np.arange(n), self.outside, self.r_cut, n)

    def _reference(self) -> Any:
        if self.reference is not None:
            return self.reference
        from isoprint.descriptors.overlap_matrix import OverlapMatrix

        farthest = np.linalg.norm(self.positions - self.positions[:, :1], axis=2).max()
        r_cut = self.r_cut if np.isfinite(self.r_cut) else 2.0 * float(farthest)
        return OverlapMatrix(r_cut=r_cut, species=np.unique(self.numbers).tolist(), max_sites=len(self.numbers))

    def _described_by(self, descriptor: Any) -> Any:
        known = self.descriptor if descriptor is None else descriptor
        if known is None:
            raise ValueError("the path was read from a file and does not know its fingerprint; give descriptor=...")
        return known

    # Further

    def resume(
        self,
        descriptor: Differentiable | None = None,
        *,
        max_steps: int | None = None,
        max_arc: float | None = None,
        progress: Callable[[int, float], Any] | None = None,
    ) -> Path:
        """Go on from the last point.

        Parameters
        ----------
        descriptor : Differentiable, optional
            The same fingerprint as before; only a path that was read from a file needs it.
        max_steps, max_arc : optional
            New limits, counted from the start; by default twice the old ones.
        progress : callable, optional
            As in `follow_manifold`.

        Returns
        -------
        Path
            The longer path. A path that has ended for good ("closed", "fold", "noise", "cutoff") is returned as it is.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> len(path), len(path.resume(max_steps=4))
        (3, 5)
        """
        return longer(self, self._described_by(descriptor), max_steps=max_steps, max_arc=max_arc, progress=progress)

    # Files and figures

    def write(self, path: str | os.PathLike[str]) -> None:
        """Store the path as extended XYZ, which ASE and OVITO open, with every digit, and with checksums.

        Parameters
        ----------
        path : path
            The file, which appears under its name only when it is complete; an older file is replaced, and anything
            else in the way is refused.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path.write(Path(folder) / "path.extxyz")
        ...     [file.name for file in Path(folder).iterdir()]
        ['path.extxyz']
        """
        _storage.write(self, path)

    @classmethod
    def read(cls, path: str | os.PathLike[str], descriptor: Differentiable | None = None) -> Path:
        """Read what `write` has stored.

        Parameters
        ----------
        path : path
            The file.
        descriptor : Differentiable, optional
            The fingerprint of the path, to `resume` it or to draw its figures; and for the contrast of a path that was
            stored by a version that did not know it.

        Returns
        -------
        Path
            With every digit of what was stored.

        Raises
        ------
        ValueError
            Where the file was cut, edited or damaged; it says where.

        Warns
        -----
        UserWarning
            Where the file has no checksums, because an older isoprint or another program has written it. Of such a
            file only what contradicts itself is noticed.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path.write(Path(folder) / "path.extxyz")
        ...     ip.Path.read(Path(folder) / "path.extxyz").status
        'steps'
        """
        found = replace(_storage.read(path, cls), descriptor=descriptor)
        return found if descriptor is None or found.contrast is not None else contrasted(found)

    def pseudorotation(self, sites: ArrayLike = (1, 2, 3)) -> Any:
        """Amplitudes and phases of the distortion of three like neighbors.

        They are explained in `isoprint.blindness.manifold.pseudorotation`.

        Parameters
        ----------
        sites : sequence of three ints
            The neighbors that turn.

        Returns
        -------
        Pseudorotation
            One number a point for each amplitude, phase and mean.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> path.pseudorotation().stretch.shape
        (3,)
        """
        from isoprint.blindness.manifold.pseudorotation import pseudorotation

        return pseudorotation(self.positions, sites)

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Any:
        """Draw the rings, the distances and the spectra (needs matplotlib).

        Parameters
        ----------
        path : path, optional
            Where the figure is stored.
        **options
            Of `isoprint.extras.plotting.plot_path`.

        Returns
        -------
        matplotlib.figure.Figure
            Not shown: there is no window.

        Examples
        --------
        >>> import isoprint as ip
        >>> start = ip.study.start("NH3-a")
        >>> path = ip.follow_manifold(ip.ACSF.standard(), start, 0, max_steps=2, direction="forward")
        >>> len(path.plot().axes) > 3
        True
        """
        from isoprint.extras.plotting import plot_path, saved

        return saved(plot_path(self, **options), path)


def _distances(descriptor: Any, frames: list[Any], origin: Any) -> Floats:
    from isoprint.blindness.environment import fitted

    rows = np.asarray(fitted(descriptor, origin).transform([origin, *frames], centers=[[0]] * (len(frames) + 1)), float)
    return np.asarray(np.linalg.norm(rows[1:] - rows[0], axis=1))
