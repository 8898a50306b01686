"""What a share of the data says to a model, wherever it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.plural import plural
from isoprint.models._seen import Key, Seen
from isoprint.models._triangle import Triangle


class Share:
    """What some frames say to a model: triangles of their rows, small enough to be sent.

    `model.share(frames)` makes one, `model.merge(*shares)` learns from them; neither looks at the other's data.

    Attributes
    ----------
    n_frames : int
        Frames that were seen.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> silicon = bulk("Si", cubic=True)
    >>> silicon.info["energy"] = -43.4
    >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random").begin(silicon)
    >>> model.share(silicon).merge(model.share([silicon, silicon]))
    Share(3 frames)
    """

    def __init__(self, triangles: Mapping[Key, Triangle], n_frames: int, origin: str) -> None:
        self._triangles, self.n_frames, self._origin = dict(triangles), n_frames, origin

    def merge(self, *others: Share) -> Share:
        """One share of the frames of all, in this order.

        Parameters
        ----------
        *others : Share
            Of the same model; they stay as they are.

        Returns
        -------
        Share
            A new one.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> share = model.begin(silicon).share(silicon)
        >>> share.merge(share, share).n_frames
        3
        """
        n_frames = self.n_frames + sum(other.n_frames for other in others)
        return Share(merged(self._triangles, self._origin, others), n_frames, self._origin)

    def __repr__(self) -> str:
        return f"Share({plural(self.n_frames, 'frame')})"

    def __getstate__(self) -> dict[str, Any]:
        """The upper triangles alone, row after row."""
        packed = {
            key: (triangle.factor[np.triu_indices(len(triangle.factor))], triangle.n_rows)
            for key, triangle in self._triangles.items()
        }
        return {"triangles": packed, "n_frames": self.n_frames, "origin": self._origin}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._triangles = {key: Triangle.of(_whole(entries), n) for key, (entries, n) in state["triangles"].items()}
        self.n_frames, self._origin = state["n_frames"], state["origin"]


def merged(triangles: Mapping[Key, Triangle], origin: str, shares: Iterable[Share]) -> dict[Key, Triangle]:
    """Triangles of all rows; those that are given stay as they are."""
    seen = Seen.after(triangles)
    for share in shares:
        if not isinstance(share, Share):
            raise TypeError(f"merge was given {short_repr(share)}; give what share(frames) returns")
        if share._origin != origin:
            raise ValueError(
                "a share is of a model with other sparse points, energies of single atoms or parameters; make all"
                " shares with copies of one model, after its begin(frames)"
            )
        for key, triangle in share._triangles.items():
            if key in seen.triangles:
                seen.triangles[key].join(triangle)
            else:
                seen.triangles[key] = Triangle.of(triangle.factor.copy(), triangle.n_rows)
    return seen.triangles


def origin_of(sparse: Mapping[str, Mapping[str, NDArray[np.float64]]], single: Any, made_with: Any) -> str:
    """A checksum of all that rows depend on, beside the frames."""
    hashed = blake2b(digest_size=16)
    for term, sets in sparse.items():
        for key, points in sets.items():
            hashed.update(f"{term} {key} {np.shape(points)}".encode())
            hashed.update(np.ascontiguousarray(points, np.float64).tobytes())
    hashed.update(repr((sorted(single.items()), sorted(made_with.items()))).encode())
    return hashed.hexdigest()


def _whole(entries: NDArray[np.float64]) -> NDArray[np.float64]:
    n = int((np.sqrt(8.0 * len(entries) + 1.0) - 1.0) / 2.0 + 0.5)
    found = np.zeros((n, n), order="F")
    found[np.triu_indices(n)] = entries
    return found
