"""Sampling by leverage: rows or columns from which all others can be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import flag, whole
from isoprint._support.progress import Report, reporting
from isoprint.select._matrix import Axis, chosen_from, generator, matrix

Floats = NDArray[np.float64]

# Numbers of a part of a matrix that is reduced at once.
_PART = 1 << 22
# What is left of a row, in parts of what it was, is rounding below this.
_ROUNDING = 1e-13
# Leverages that differ by less than this part are the same.
_ALIKE = 1e-9


@dataclass(frozen=True, eq=False)
class LeverageSample:
    """What `cur` has chosen.

    Attributes
    ----------
    index : ndarray (n,) of int
        Rows (or columns) in the order in which they were chosen.
    leverage : ndarray (n,)
        Leverage of each at the time: the squared length of what the leading singular vectors have of it.
    residual : ndarray (n,)
        Part of the matrix, in squared Frobenius norm, that is no combination of those chosen so far.

    Examples
    --------
    >>> import isoprint as ip
    >>> sample = ip.select.cur([[3.0, 0.0], [3.0, 0.1], [0.0, 1.0]], 2)
    >>> sample.index, sample.residual.round(3)
    (array([1, 2]), array([0.053, 0.   ]))
    """

    index: NDArray[np.int64]
    leverage: Floats
    residual: Floats


def cur(
    features: Any,
    n: int,
    *,
    axis: Axis = "rows",
    k: int = 1,
    deflate: bool = True,
    random_state: Any = None,
    progress: Report | bool | None = None,
) -> LeverageSample:
    """Rows or columns of which all others are combinations, as nearly as can be, by their leverage.

    Parameters
    ----------
    features : array_like (n_rows, n_features)
        As `transform` gives them; computed with in double precision.
    n : int
        How many to choose.
    axis : {"rows", "columns"}
        Environments, or features.
    k : int
        Leading singular vectors that leverage is measured with.
    deflate : bool
        Whether the matrix loses what each choice accounts for before the next is made. Without, all are chosen by the
        leverage they have at first, in one decomposition: quicker, and they resemble each other.
    random_state : int or generator, optional
        Draws with probabilities in proportion to leverage. `None`: the largest is chosen, of equal ones the first.
    progress : callable or bool, optional
        Called with (chosen, to be chosen) some times a second; what it raises ends the work. `True` shows a bar.

    Returns
    -------
    LeverageSample
        `index`, `leverage` and `residual`.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> features = soap.transform([molecule(name) for name in ("CH4", "C2H6", "CH3OH", "H2O")])
    >>> sample = ip.select.cur(features, 6, axis="columns")
    >>> features[:, sample.index].shape, bool(sample.residual[-1] < 0.05)
    ((22, 6), True)

    Notes
    -----
    A matrix with more entries along the other axis than there are to choose from is replaced by the triangle `R` of its
    QR decomposition, part by part, which has the same leverage. Singular vectors are those of `R`, from scipy; nothing
    is squared on the way. Once what is left is rounding, the first of those not chosen follow in their order.

    Source: M. W. Mahoney, P. Drineas, Proc. Natl. Acad. Sci. 106, 697 (2009); G. Imbalzano et al., J. Chem. Phys. 148,
    241730 (2018).
    """
    along, wanted = chosen_from(matrix(features), n, axis)
    vectors = whole("k", k, 1)
    again = flag("deflate", deflate)
    drawing = None if random_state is None else generator(random_state)
    left = _reduced(along)
    norms = np.einsum("ij,ij->j", left, left)
    state = _State(left, norms.copy(), norms, float(norms.sum()))
    with reporting(progress) as report:
        return _chosen(state, wanted, vectors, again, drawing, report)


class _State(NamedTuple):
    """What is left of the candidates, one a column."""

    left: Floats
    norms: Floats
    first_norms: Floats
    total: float


def _chosen(
    state: _State, n: int, k: int, deflate: bool, drawing: np.random.Generator | None, report: Report | None
) -> LeverageSample:
    index, leverages, residuals = np.empty(n, np.int64), np.empty(n), np.empty(n)
    free = np.ones(state.left.shape[1], bool)
    guess: Floats | None = None
    leverage = np.zeros(len(free))
    for place in range(n):
        if place == 0 or deflate:
            leverage, guess = _leverage(state, k, guess)
        taken = _next(leverage, free, drawing)
        index[place], leverages[place] = taken, leverage[taken]
        free[taken] = False
        _deflate(state, taken)
        residuals[place] = state.norms.sum() / state.total if state.total > 0.0 else 0.0
        if report is not None:
            report(place + 1, n)
    return LeverageSample(index, leverages, residuals)


def _reduced(along: NDArray[Any]) -> Floats:
    """Candidates as columns, with no more rows than there are candidates; of the same products."""
    from scipy.linalg import qr

    n, width = along.shape
    if width <= n:
        return np.array(along.T, dtype=np.float64, order="C")
    step = max(n, _PART // max(n, 1))
    reduced = np.empty((0, n))
    for start in range(0, width, step):
        part = np.concatenate([reduced, along[:, start : start + step].T], dtype=np.float64)
        reduced = part if len(part) <= n else qr(part, mode="r", overwrite_a=True, check_finite=False)[0][:n]
    return np.ascontiguousarray(reduced)


def _leverage(state: _State, k: int, guess: Floats | None) -> tuple[Floats, Floats | None]:
    """Squared lengths of the candidates along the leading singular vectors, and where to look for these next time."""
    left = state.left
    n_rows, n = left.shape
    if state.norms.sum() <= _ROUNDING**2 * state.total:
        return np.zeros(n), None
    if k >= min(n_rows, n) // 2 or min(n_rows, n) < 16:
        from scipy.linalg import svd

        _, values, vectors = svd(left, full_matrices=False, check_finite=False)
        values, vectors = values[:k], vectors[:k]
    else:
        from scipy.sparse.linalg import svds

        start = np.ones(min(n_rows, n)) if guess is None else guess
        u, values, vectors = svds(left, k=k, v0=start, solver="arpack", tol=0.0)
        guess = (u if n_rows <= n else vectors.T).sum(axis=1)
    # Directions of which there is nothing but rounding could be any.
    vectors = vectors[values > _ROUNDING * state.total**0.5]
    found: Floats = np.einsum("ij,ij->j", vectors, vectors)
    return found, guess


def _next(leverage: Floats, free: NDArray[np.bool_], drawing: np.random.Generator | None) -> int:
    weights = np.where(free, leverage, -1.0)
    if drawing is None:
        return int(np.argmax(weights >= weights.max() * (1.0 - _ALIKE) if weights.max() > 0.0 else free))
    weights = np.maximum(weights, 0.0)
    total = weights.sum()
    return int(drawing.choice(len(weights), p=weights / total if total > 0.0 else free / free.sum()))


def _deflate(state: _State, taken: int) -> None:
    """Take from every candidate what it has of one."""
    column = state.left[:, taken].copy()
    squared = float(column @ column)
    if squared > _ROUNDING**2 * state.first_norms[taken]:
        column /= squared**0.5
        # Twice, because the first time leaves rounding of what was larger.
        for _ in range(2):
            state.left[...] -= np.multiply.outer(column, column @ state.left)
    state.left[:, taken] = 0.0
    state.norms[...] = np.einsum("ij,ij->j", state.left, state.left)
