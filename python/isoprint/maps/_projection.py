"""From rows of many columns to coordinates of few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.maps._source import Source
from isoprint.reductions.moments import Moments
from isoprint.reductions.principal_components import PrincipalComponents

Floats = NDArray[np.float64]

# Rows up to which their singular values are found at once.
_FEW = 2048
# A column that varies by less than this part of the most varying one does so by rounding.
_ROUNDING = 1e-12
# Principal components that UMAP is given.
_BEFORE_UMAP = 50


@dataclass(frozen=True)
class Scaling:
    """Rows minus a mean, times a factor, or one for each column."""

    mean: Floats
    factor: Any

    @classmethod
    def of(cls, source: Source, scale: str | None) -> Scaling:
        """Learned from all rows."""
        moments = Moments()
        for rows in source.batches():
            moments.add(rows)
        if moments.n_rows == 0:
            raise ValueError("the structures have no atoms that are described; there is nothing to make a map of")
        variance = np.asarray(moments.variance)
        if scale is None:
            return cls(moments.mean, 1.0)
        if scale == "total":
            total = float(variance.sum())
            return cls(moments.mean, 1.0 / np.sqrt(total) if total > 0.0 else 1.0)
        varying = variance > (_ROUNDING**2 * variance.max())
        return cls(moments.mean, np.where(varying, 1.0 / np.sqrt(np.where(varying, variance, 1.0)), 0.0))

    def __call__(self, rows: Floats) -> Floats:
        """Scaled rows."""
        return np.asarray((rows - self.mean) * self.factor)


@dataclass(frozen=True)
class Components:
    """Orthonormal directions, and the part of the variance along each."""

    directions: Floats
    explained: Floats

    @classmethod
    def of(cls, source: Source, scaling: Scaling, n: int) -> Components:
        """The leading ones of all rows."""
        features = source.features
        if features is not None and len(features) <= _FEW:
            directions, squares, total = _at_once(scaling(features), n)
        else:
            found = PrincipalComponents(n)
            for rows in source.batches():
                found.add(scaling(rows))
            directions, squares = found.components, found.explained_variance_ratio
            total = 1.0
        return cls(directions, squares / total if total > 0.0 else np.zeros_like(squares))

    def __call__(self, rows: Floats) -> Floats:
        """Coordinates of scaled rows."""
        return np.asarray(rows @ self.directions.T)


def _at_once(rows: Floats, n: int) -> tuple[Floats, Floats, float]:
    """Directions, sums of squares along them, and in all, by singular values."""
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    squares = values**2
    total = float(squares.sum())
    missing = n - len(values)
    if missing > 0:
        # Fewer rows than directions: along the others nothing varies.
        directions = np.concatenate([directions, np.zeros((missing, rows.shape[1]))])
        squares = np.concatenate([squares, np.zeros(missing)])
    directions = directions[:n]
    # As of the reductions: the largest entry of each is positive.
    largest = directions[np.arange(n), np.abs(directions).argmax(axis=1)]
    return directions * np.where(largest < 0.0, -1.0, 1.0)[:, None], squares[:n], total


def require_umap() -> Any:
    """The library, or how to get it."""
    try:
        import umap
    except ImportError:
        raise ImportError("method is 'umap', which needs its package: pip install umap-learn") from None
    return umap


def by_umap(source: Source, scaling: Scaling, n: int, seed: int) -> Floats:
    """Coordinates that keep neighbors; of the leading components, which hold nearly all distances."""
    umap = require_umap()
    before = Components.of(source, scaling, min(_BEFORE_UMAP, len(scaling.mean)))
    rows = np.concatenate([before(scaling(rows)) for rows in source.batches()])
    if len(rows) <= n + 1:
        raise ValueError(f"there are {len(rows)} rows, too few for UMAP; take method='pca'")
    neighbors = min(15, len(rows) - 1)
    made = umap.UMAP(n_components=n, n_neighbors=neighbors, random_state=seed, n_jobs=1)
    return np.asarray(made.fit_transform(rows), np.float64)
