"""Values of structures that are never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from isoprint._support.jobs import threads
from isoprint._support.parameters import whole
from isoprint.descriptors._calls import Call
from isoprint.descriptors._outputs import new_rows
from isoprint.descriptors._values import Values, write_rows
from isoprint.descriptors.rows import Rows
from isoprint.structures.batches import ahead, in_batches, one_by_one, packed, told_from

# Bytes of features that one batch has about.
_BATCH = 2**26


class Streams(Values):
    """What a fingerprint says of structures, some at a time."""

    def stream(
        self, frames: Any, *, batch: int | None = None, n_jobs: int | None = None
    ) -> Iterator[tuple[NDArray[Any], Rows]]:
        """Describe structures one batch after the other, in memory that does not grow with their number.

        The next structures are read, in a thread, while some are described.

        Parameters
        ----------
        frames : iterable of ase.Atoms or alike, or path
            Structures from a list, a generator, or a file that ase reads. What an iterator hands out is copied, so that
            it may change it afterwards, as molecular dynamics does.
        batch : int, optional
            Structures in a batch; by default as many as have about 64 MiB of features, and a structure that has more
            comes in parts, each of which has some of its rows.
        n_jobs : int, optional
            Threads; -1 for all cores. The result does not depend on it.

        Returns
        -------
        iterator of (ndarray (n_rows, n_features), Rows)
            What `transform` gives for each batch or part, and which rows these are, where frames and rows are counted
            from the first of all.

        Raises
        ------
        ValueError
            Where the species are neither given nor learned by `fit`: they cannot be learned on the way.

        Examples
        --------
        The mean of the features of any number of structures:

        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> many = (molecule("H2O") for _ in range(1000))
        >>> total, n = 0.0, 0
        >>> for features, rows in soap.stream(many, batch=100):
        ...     total, n = total + features.sum(axis=0), n + len(rows)
        >>> n, (total / n).shape
        (3000, (144,))
        """
        most = None if batch is None else whole("batch", batch, 1)
        threads(n_jobs)
        # Raised here, and not when the first batch is asked for.
        n_features, averaged = self.n_features, self._compiled().average is not None
        rows = rows_of_a_batch(n_features)
        batches = in_batches(one_by_one(frames), most, rows, averaged)
        return self._streamed(batches, rows if most is None else None, n_jobs)

    def _streamed(
        self, batches: Iterator[list[Any]], most: int | None, n_jobs: int | None
    ) -> Iterator[tuple[NDArray[Any], Rows]]:
        before = (0, 0)
        for structures in ahead(packed(batches)):
            n_rows = 0
            with told_from(before[0]):
                _, parts = self._parts(structures, most, n_jobs)
            for part in parts:
                with told_from(before[0]):
                    features, rows = self._described(part, before)
                n_rows += len(features)
                yield features, rows
            before = (before[0] + len(structures), before[1] + n_rows)

    def _parts(self, structures: Any, most: int | None, n_jobs: int | None) -> tuple[int, Iterator[Call]]:
        """How many parts there are, and these: all structures of a batch, or parts of a single one of more rows."""
        call = self._call(structures, None, n_jobs)
        if most is None or len(structures) > 1 or call.n_rows <= most:
            return 1, iter([call])
        return -(-call.n_rows // most), (part for _, part in call.pieces(most))

    def _described(self, call: Call, before: tuple[int, int]) -> tuple[NDArray[Any], Rows]:
        """The features of a batch or part, and which rows they are after so many frames and rows."""
        features, holds_zeros = new_rows((call.n_rows, call.compiled.core.n_features), call.compiled.dtype)
        write_rows(call, features, None, holds_zeros)
        return features, call.rows_after(before)


def rows_of_a_batch(n_features: int) -> int:
    """Rows of a batch whose size is not given."""
    return max(1, _BATCH // (8 * max(n_features, 1)))
