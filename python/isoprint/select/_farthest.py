"""Farthest point sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.jobs import threads
from isoprint._support.parameters import whole
from isoprint._support.progress import Report, reporting
from isoprint.select._matrix import Axis, chosen_from, generator, matrix


@dataclass(frozen=True, eq=False)
class FarthestSample:
    """What `fps` has chosen.

    Attributes
    ----------
    index : ndarray (n,) of int
        Rows (or columns) in the order in which they were chosen.
    distance : ndarray (n,)
        Distance of each from the nearest of those before it, which never grows; infinite for the first.
    distances : ndarray (n_rows,)
        Distance of every row (or column) of the matrix from the nearest that was chosen: how well the sample covers it.

    Examples
    --------
    >>> import isoprint as ip
    >>> sample = ip.select.fps([[0.0], [1.0], [4.0]], 2)
    >>> sample.index, sample.distance, sample.distances
    (array([0, 2]), array([inf,  4.]), array([0., 1., 0.]))
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float64]
    distances: NDArray[np.float64]


def fps(
    features: Any,
    n: int,
    *,
    axis: Axis = "rows",
    start: int | None = 0,
    random_state: Any = None,
    n_jobs: int | None = None,
    progress: Report | bool | None = None,
) -> FarthestSample:
    """Rows or columns that are as far from each other as can be: each is the farthest from all before it.

    Parameters
    ----------
    features : array_like (n_rows, n_features)
        As `transform` gives them. Single precision is read as it is; sums are double.
    n : int
        How many to choose.
    axis : {"rows", "columns"}
        Environments, or features.
    start : int, optional
        The first of the sample. `None`: drawn at random.
    random_state : int or generator, optional
        Where the first is drawn.
    n_jobs : int, optional
        Threads; -1 for all cores. The result does not depend on it.
    progress : callable or bool, optional
        Called with (chosen, to be chosen) some times a second; what it raises ends the work. `True` shows a bar.

    Returns
    -------
    FarthestSample
        `index`, `distance` and `distances`.

    Examples
    --------
    Some environments that stand for all:

    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> frames = [molecule(name) for name in ("CH4", "C2H6", "CH3OH", "H2O")]
    >>> features, rows = soap.transform(frames), soap.rows(frames)
    >>> sample = ip.select.fps(features, 5)
    >>> rows.frame[sample.index], rows.atom[sample.index]
    (array([0, 2, 3, 1, 3]), array([0, 1, 1, 2, 0]))

    And some features:

    >>> columns = ip.select.fps(features, 20, axis="columns").index
    >>> features[:, columns].shape
    (22, 20)

    Notes
    -----
    Distances are Euclidean, computed from differences. Of rows at the same distance the first is chosen; rows that
    equal one of the sample come last. Most rows need not be looked at again for every new one, by the triangle
    inequality, which changes the time and nothing else. Memory is that of a few numbers a row; for columns, a copy.

    Source: T. F. Gonzalez, Theor. Comput. Sci. 38, 293 (1985); M. Ceriotti, G. A. Tribello, M. Parrinello, J. Chem.
    Theory Comput. 9, 1521 (2013).
    """
    points, wanted = chosen_from(matrix(features), n, axis)
    if not points.shape[1]:
        raise ValueError(f"features of shape {np.shape(features)} have nothing that {axis} could differ in")
    if start is None:
        first = int(generator(random_state).integers(len(points)))
    else:
        first = whole("start", start, 0, len(points) - 1)
    number = threads(n_jobs)
    with reporting(progress) as report:
        found = _core.farthest_points(np.ascontiguousarray(points), wanted, first, threads=number, progress=report)
    sample = FarthestSample(*found)
    if not np.isfinite(sample.distance[1:]).all():
        raise ValueError("distances are not finite: features are too large; scale them down")
    return sample
