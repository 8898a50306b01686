"""Checks of fingerprints.

Each takes any object with the methods it needs, raises `AssertionError` with the numbers that disagree, and returns
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import whole
from isoprint.structures.frames import pack
from isoprint.structures.neighbors import neighbors

Array = NDArray[Any]
# Rotations and sums in another order move the last digits of double and of single precision by this much.
_ROUNDING = {"float64": 1e-10, "float32": 1e-5}
# Where neighbors are so near to the cutoff that all features vanish, this is left of terms of the size of one.
_RESIDUE = 1e-15


def assert_invariant(
    descriptor: Any, frame: Any, *, centers: Sequence[Any] | None = None, seed: int = 0, tolerance: float | None = None
) -> None:
    """Assert that a row does not depend on how its surroundings are written down.

    Tried are a rotation, a translation, a permutation, atoms moved by lattice vectors, another choice of the cell and
    a supercell. Where features jump at the cutoff, no distance may be near it (see `in_general_position`).

    Parameters
    ----------
    descriptor : Fingerprint
        Has `transform`.
    frame : ase.Atoms or alike
        The structure.
    centers : sequence, optional
        Atoms and points that are described; all atoms by default.
    seed : int
        Of the random rotation, translation, permutation and lattice vectors.
    tolerance : float, optional
        Largest difference allowed, relative to the largest feature; by default 1e-10, in single precision 1e-5.
        Differences of 1e-15 are always allowed: all features may be nearly zero.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> ip.testing.assert_invariant(soap, molecule("H2O"))
    """
    atoms = _atoms(frame)
    wanted = list(range(len(atoms)) if centers is None else centers)
    rows = np.asarray(descriptor.transform(atoms, centers=wanted))
    allowed = max((_ROUNDING[rows.dtype.name] if tolerance is None else tolerance) * _largest(rows), _RESIDUE)
    for name, moved, atom, point in _disguises(atoms, _generator(seed)):
        same = [atom(center) if np.ndim(center) == 0 else point(np.asarray(center, float)) for center in wanted]
        _compare(f"under {name}", np.asarray(descriptor.transform(moved, centers=same)), rows, allowed)


def _disguises(
    atoms: Any, rng: np.random.Generator
) -> Iterator[tuple[str, Any, Callable[[int], int], Callable[[Array], Array]]]:
    """A structure written down in other ways, and where its atoms and points are found then."""
    positions, cell, periodic = atoms.positions, atoms.cell.array, np.flatnonzero(atoms.pbc)

    def rewritten(new_positions: Array, new_cell: Array) -> Any:
        moved = atoms.copy()
        moved.set_cell(new_cell)
        moved.positions = new_positions
        return moved

    turn, shift = _rotation(rng), rng.uniform(-3.0, 3.0, 3)
    yield "a rotation", rewritten(positions @ turn, cell @ turn), int, lambda x: x @ turn
    yield "a translation", rewritten(positions + shift, cell), int, lambda x: x + shift
    order = rng.permutation(len(atoms))
    yield "a permutation", atoms[order], lambda i: int(np.argmax(order == i)), lambda x: x
    if len(periodic):
        lattice = rng.integers(-2, 3, (len(atoms), len(periodic))) @ cell[periodic]
        yield "lattice vectors added to atoms", rewritten(positions + lattice, cell), int, lambda x: x
        sheared = cell.copy()
        sheared[periodic[-1]] = cell[periodic[:-1]].sum(axis=0) - cell[periodic[-1]]
        yield "another choice of the cell", rewritten(positions, sheared), int, lambda x: x
        times = [2 if axis == periodic[0] else 1 for axis in range(3)]
        copy = int(rng.integers(2))
        yield (
            "a supercell",
            atoms.repeat(times),
            lambda i: i + copy * len(atoms),
            lambda x: x + copy * cell[periodic[0]],
        )


def assert_pullback_is_the_derivative(
    descriptor: Any,
    frame: Any,
    *,
    centers: Sequence[Any] | None = None,
    seed: int = 0,
    step: float = 5e-4,
    tolerance: float = 1e-7,
) -> None:
    """Assert that `pullback(...).positions` is what a difference of features says.

    A random adjoint and a random displacement of all atoms make one number of everything, which is compared with a
    five-point difference. No pair may be nearly at the cutoff or nearly coincident (see `in_general_position`).

    Parameters
    ----------
    descriptor : object
        Has `transform` and `pullback`.
    frame : ase.Atoms or alike
        The structure.
    centers : sequence, optional
        Atoms and points that are described.
    seed : int
        Of the adjoint and the displacement.
    step : float
        Largest displacement of an atom between two points of the difference, in Å.
    tolerance : float
        Largest difference allowed, relative to the length of the derivative of all features, up to a factor of ten.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> ip.testing.assert_pullback_is_the_derivative(soap, molecule("H2O"))
    """
    atoms, rng = _atoms(frame), _generator(seed)
    direction = rng.uniform(-1.0, 1.0, (len(atoms), 3))

    def rows(amount: float) -> Array:
        moved = atoms.copy()
        moved.positions = atoms.positions + amount * direction
        return np.asarray(descriptor.transform(moved, centers=centers))

    adjoint = rng.standard_normal(rows(0.0).shape)
    gradient = descriptor.pullback(atoms, adjoint, centers=centers).positions
    _compare_with_difference(
        "pullback to positions", float(np.sum(gradient * direction)), adjoint, rows, step, tolerance
    )


def assert_strain_is_the_derivative(
    descriptor: Any,
    frame: Any,
    *,
    centers: Sequence[Any] | None = None,
    seed: int = 0,
    step: float = 5e-5,
    tolerance: float = 1e-7,
) -> None:
    """Assert that `pullback(...).strain` is what a difference of features says.

    The strain moves atoms, cell and points alike: `x` to `x (1 + ε)`.

    Parameters
    ----------
    descriptor : object
        Has `transform` and `pullback`.
    frame : ase.Atoms or alike
        The structure.
    centers : sequence, optional
        Atoms and points that are described.
    seed : int
        Of the adjoint and the strain.
    step : float
        Largest entry of the strain between two points of the difference.
    tolerance : float
        Largest difference allowed, relative to the length of the derivative of all features, up to a factor of ten.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> ip.testing.assert_strain_is_the_derivative(soap, molecule("H2O"))
    """
    atoms, rng = _atoms(frame), _generator(seed)
    strain = rng.uniform(-1.0, 1.0, (3, 3))

    def rows(amount: float) -> Array:
        grow = np.eye(3) + amount * strain
        moved = atoms.copy()
        moved.set_cell(atoms.cell.array @ grow)
        moved.positions = atoms.positions @ grow
        at = centers if centers is None else [c if np.ndim(c) == 0 else np.asarray(c) @ grow for c in centers]
        return np.asarray(descriptor.transform(moved, centers=at))

    adjoint = rng.standard_normal(rows(0.0).shape)
    gradient = descriptor.pullback(atoms, adjoint, centers=centers).strain[0]
    _compare_with_difference("pullback to strain", float(np.sum(gradient * strain)), adjoint, rows, step, tolerance)


def assert_jacobian_consistent(
    descriptor: Any, frame: Any, *, centers: Sequence[Any] | None = None, seed: int = 0, tolerance: float | None = None
) -> None:
    """Assert that `derivatives`, `pullback` and `pushforward` are one Jacobian, and that rows do not see a translation.

    Parameters
    ----------
    descriptor : object
        Has `transform`, `derivatives`, `pullback` and `pushforward`.
    frame : ase.Atoms or alike
        The structure.
    centers : sequence, optional
        Atoms and points that are described.
    seed : int
        Of the adjoint and the displacement.
    tolerance : float, optional
        Largest difference allowed, relative to the largest feature or derivative; by default 1e-10, in single
        precision 1e-5.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> ip.testing.assert_jacobian_consistent(soap, molecule("H2O"), centers=[0, (0.0, 0.0, 1.0)])
    """
    atoms, rng = _atoms(frame), _generator(seed)
    sparse = descriptor.derivatives(atoms, centers=centers)
    jacobian = sparse.dense()
    precision = _ROUNDING[jacobian.dtype.name] if tolerance is None else tolerance
    rows = np.asarray(descriptor.transform(atoms, centers=centers))
    # Where derivatives cancel, as in a chain of equal atoms, what is left is the rounding of their terms.
    allowed = precision * (_largest(jacobian) + _largest(rows)) * max(1, len(atoms)) ** 0.5
    pairs = np.stack([sparse.center, sparse.atom], axis=1)
    if len(pairs) > 1 and not (np.lexsort((pairs[:, 1], pairs[:, 0])) == np.arange(len(pairs))).all():
        raise AssertionError("blocks are not sorted by row, then by atom")
    if len(np.unique(pairs, axis=0)) != len(pairs):
        raise AssertionError("a pair of row and atom has more than one block")
    adjoint = rng.standard_normal((jacobian.shape[0], jacobian.shape[3]))
    gradient = np.einsum("raxf,rf->ax", jacobian, adjoint)
    scale = max(1.0, float(np.abs(adjoint).sum(axis=1).max(initial=0.0)))
    _compare("of pullback", descriptor.pullback(atoms, adjoint, centers=centers).positions, gradient, allowed * scale)
    move = rng.standard_normal((len(atoms), 3))
    _compare(
        "of pushforward",
        descriptor.pushforward(atoms, move, centers=centers),
        np.einsum("raxf,ax->rf", jacobian, move),
        4 * allowed,
    )
    attached = [True] * len(jacobian) if centers is None else [np.ndim(center) == 0 for center in centers]
    if len(attached) == len(jacobian) or all(attached):
        kept = jacobian if len(attached) != len(jacobian) else jacobian[attached]
        _compare("of the sum over all atoms", kept.sum(axis=1), np.zeros_like(kept[:, 0]), allowed)


def assert_strain_jacobian_consistent(
    descriptor: Any, frame: Any, *, centers: Sequence[Any] | None = None, seed: int = 0, tolerance: float | None = None
) -> None:
    """Assert that `derivatives(strain=True)`, and `pullback` and `pushforward` along a strain, are one Jacobian.

    Parameters
    ----------
    descriptor : object
        Has `transform`, `pullback`, `derivatives` with the argument `strain`, and `pushforward` with the argument
        `strain`.
    frame : ase.Atoms or alike
        The structure.
    centers : sequence, optional
        Atoms and points that are described.
    seed : int
        Of the adjoint, the displacement and the strain.
    tolerance : float, optional
        Largest difference allowed, relative to the largest feature or derivative; by default 1e-10, in single
        precision 1e-5.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["Si"])
    >>> ip.testing.assert_strain_jacobian_consistent(soap, bulk("Si"), centers=[0, (0.0, 0.0, 1.0)])
    """
    atoms, rng = _atoms(frame), _generator(seed)
    found = descriptor.derivatives(atoms, centers=centers, strain=True)
    precision = _ROUNDING[found.strain.dtype.name] if tolerance is None else tolerance
    rows = np.asarray(descriptor.transform(atoms, centers=centers))
    terms = _largest(found.strain) + _largest(found.values) * min(max(1.0, _reach(descriptor)), 10.0) + _largest(rows)
    allowed = precision * terms * max(1, len(atoms)) ** 0.5
    adjoint = rng.standard_normal(rows.shape)
    scale = max(1.0, float(np.abs(adjoint).sum(axis=1).max(initial=0.0))) * max(1, len(rows)) ** 0.5
    expected = np.einsum("rf,rabf->ab", adjoint, found.strain)
    _compare("of pullback", descriptor.pullback(atoms, adjoint, centers=centers).strain[0], expected, allowed * scale)
    move, strain = rng.standard_normal((len(atoms), 3)), rng.standard_normal((3, 3))
    _compare(
        "of pushforward",
        descriptor.pushforward(atoms, move, strain=strain[None], centers=centers),
        found.pushforward(move, strain=strain),
        10 * allowed,
    )


def assert_smooth_through_cutoff(
    descriptor: Any, *, species: Sequence[Any] | None = None, order: int = 1, tolerance: float = 1e-5
) -> None:
    """Assert that features do not notice when a neighbor leaves through the cutoff.

    Parameters
    ----------
    descriptor : object
        Has `transform`, `reach` or `r_cut` and, for `order=1`, `derivatives`.
    species : sequence, optional
        Elements of the neighbors; by default those of the descriptor.
    order : {0, 1}
        Features only, or first derivatives too.
    tolerance : float
        Largest jump allowed, relative to the largest feature or derivative.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> ip.testing.assert_smooth_through_cutoff(soap)
    """
    from ase import Atoms

    r_cut, direction = _reach(descriptor), np.array([0.48, -0.6, 0.64])
    for element in descriptor.species_ if species is None else species:

        def around(distance: float, element: Any = element) -> Any:
            fixed = np.array([[0.0, 0.0, 0.0], [0.3, 0.1, 0.2], [-0.2, 0.4, 0.1]]) * r_cut
            return Atoms([element] * 4, positions=[*fixed, distance * direction])

        inside, outside = around(r_cut * (1 - 1e-7)), around(r_cut * (1 + 1e-7))
        here, there = (np.asarray(descriptor.transform(atoms, centers=[0])) for atoms in (inside, outside))
        _compare(f"when {element} passes the cutoff", here, there, tolerance * _largest(here))
        if order:
            # What is left of derivatives that are all zero, as those of one normalized feature.
            rounding = 1e-15 * _largest(here)
            here, there = (descriptor.derivatives(atoms, centers=[0]).dense() for atoms in (inside, outside))
            allowed = max(tolerance * _largest(here), rounding)
            _compare(f"of derivatives when {element} passes the cutoff", here, there, allowed)


def assert_same_for_any_threads(
    descriptor: Any, frames: Any, *, n_jobs: Sequence[int] = (1, 2, 7), seed: int = 0
) -> None:
    """Assert that every result has the same bits for any number of threads.

    Parameters
    ----------
    descriptor : object
        Has `transform`, `pullback`, `pushforward` and `derivatives`, all with `n_jobs`.
    frames : sequence of ase.Atoms or alike
        The structures.
    n_jobs : sequence of int
        Numbers of threads to compare.
    seed : int
        Of the adjoint and the displacement.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> ip.testing.assert_same_for_any_threads(soap, [molecule("H2O"), molecule("H2O2")])
    """
    structures, rng = list(frames), _generator(seed)
    adjoint = rng.standard_normal(np.shape(descriptor.transform(structures, n_jobs=1)))
    move = rng.standard_normal((pack(structures).n_atoms, 3))

    def results(jobs: int) -> dict[str, Array]:
        back = descriptor.pullback(structures, adjoint, n_jobs=jobs)
        return {
            "transform": np.asarray(descriptor.transform(structures, n_jobs=jobs)),
            "pullback to positions": back.positions,
            "pullback to strain": back.strain,
            "pushforward": descriptor.pushforward(structures, move, n_jobs=jobs),
            "derivatives": descriptor.derivatives(structures[0], n_jobs=jobs).values,
        }

    expected = results(n_jobs[0])
    for jobs in n_jobs[1:]:
        for name, found in results(jobs).items():
            if found.tobytes() != expected[name].tobytes():
                worst = np.max(np.abs(found - expected[name]))
                raise AssertionError(
                    f"{name} with {jobs} threads differs from {n_jobs[0]} by up to {worst:.3e}; bits must be the same"
                )


def in_general_position(
    frame: Any, r_cut: float, *, centers: Sequence[Any] | None = None, margin: float = 5e-3
) -> bool:
    """Whether no pair is nearly at the cutoff or nearly coincident, where differences are no derivatives.

    Parameters
    ----------
    frame : ase.Atoms or alike
        The structure.
    r_cut : float
        Distance in Å beyond which nothing is seen; `reach` of a descriptor.
    centers : sequence, optional
        Points among these count like atoms.
    margin : float
        Distance to keep from the cutoff, in Å; pairs are kept apart by 20 of it.

    Returns
    -------
    bool
        Whether `frame` may be given to the checks of derivatives.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> ip.testing.in_general_position(molecule("H2O"), 4.0)
    True
    >>> ip.testing.in_general_position(molecule("H2O"), molecule("H2O").get_distance(0, 1))
    False
    """
    atoms = _atoms(frame)
    points = [center for center in centers or [] if np.ndim(center) == 1]
    if points:
        atoms.extend(type(atoms)(["X"] * len(points), positions=points))
    if not np.isfinite(r_cut):  # of open structures alone: there all atoms are seen
        r_cut = 2.0 * float(np.linalg.norm(np.ptp(atoms.positions, axis=0))) + 1.0
    distance = np.linalg.norm(neighbors(atoms, r_cut + 2 * margin).vector, axis=1)
    return bool((np.abs(distance - r_cut) > margin).all() and (distance > 20 * margin).all())


def _atoms(frame: Any) -> Any:
    from ase import Atoms

    packed = pack([frame])
    return Atoms(packed.numbers, positions=packed.positions, cell=packed.cells[0], pbc=packed.pbc[0])


def _reach(descriptor: Any) -> float:
    """Distance beyond which nothing is seen; where a descriptor does not say, its cutoff."""
    return float(descriptor.reach if hasattr(descriptor, "reach") else descriptor.r_cut)


def _generator(seed: Any) -> np.random.Generator:
    return np.random.default_rng(whole("seed", seed, 0, 2**63 - 1))


def _rotation(rng: np.random.Generator) -> Array:
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    return np.asarray(turn * np.sign(np.linalg.det(turn)))


def _largest(array: Array) -> float:
    return max(float(np.max(np.abs(array), initial=0.0)), 1e-300)


def _compare(what: str, found: Array, expected: Array, allowed: float) -> None:
    """Raise where two arrays differ by more than is allowed, or where a number is not finite."""
    if found.shape != expected.shape:
        raise AssertionError(f"shape {what} is {found.shape}, expected {expected.shape}")
    difference = np.abs(np.asarray(found, float) - expected)
    if not (difference <= allowed).all():
        place = tuple(map(int, np.unravel_index(np.argmax(np.nan_to_num(difference, nan=np.inf)), difference.shape)))
        raise AssertionError(
            f"values {what} change by {difference[place]:.3e} at {place}, more than {allowed:.1e}:"
            f" {found[place]!r}, expected {expected[place]!r}"
        )


def _compare_with_difference(
    what: str, found: float, adjoint: Array, rows: Callable[[float], Array], step: float, tolerance: float
) -> None:
    near, far = rows(step).astype(float) - rows(-step), rows(2 * step).astype(float) - rows(-2 * step)
    change = (8 * near - far) / (12 * step)
    expected = float(np.sum(adjoint * change))
    rounding = 1e3 * float(np.finfo(rows(0.0).dtype).eps) * float(np.linalg.norm(rows(0.0))) / step
    # A random adjoint turns an error of the features into a number of its length; ten times is out of the question.
    allowed = 10 * (tolerance * float(np.linalg.norm(change)) + rounding)
    if not abs(found - expected) <= allowed:
        raise AssertionError(
            f"{what} gives {found!r} along a random direction, a difference gives {expected!r};"
            f" more than {allowed:.1e} apart"
        )
