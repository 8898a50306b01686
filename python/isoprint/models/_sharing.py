"""Fits in shares: sparse points first, then what each share of the frames says, anywhere, then the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoprint._support.blas import single_threaded
from isoprint.models import _labels
from isoprint.models._fitting import Fitting
from isoprint.models._labels import Keys
from isoprint.models._learned import not_fitted, structures_of
from isoprint.models._seen import Seen
from isoprint.models._terms import less_fixed
from isoprint.models.share import Share, merged, origin_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike


class Sharing(Fitting):
    """`begin`, `share` and `merge`."""

    def begin(
        self,
        frames: FramesLike,
        *,
        energy: str | None = "energy",
        forces: str | None = "forces",
        virial: str | None = "virial",
        n_jobs: int | None = None,
    ) -> Self:
        """Choose sparse points and energies of single atoms, and learn nothing else yet: for fits in shares.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            All frames of the fit, for the sparse points and energies that `fit` would take; or some that have all
            elements.
        energy, forces, virial, n_jobs : optional
            As in `fit`; `share` reads the same labels.

        Returns
        -------
        SparseGP
            The model itself, which predicts the energies of single atoms until it has learned.

        Raises
        ------
        ValueError
            As `fit`.

        Examples
        --------
        The same model as of one fit, from two halves of the frames:

        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> frames = [bulk("Si", a=a) for a in (5.3, 5.4, 5.5, 5.6)]
        >>> for frame, energy in zip(frames, (-10.7, -10.8, -10.8, -10.7)):
        ...     frame.info["energy"] = energy
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=2).begin(frames)
        >>> shares = [model.share(frames[:2]), model.share(frames[2:])]  # each in a process of its own
        >>> model.merge(*shares).report_["rows"]
        {'energy': 4}
        """
        self._start(frames, Keys(energy, forces, virial), None, n_jobs)
        return self.resolve()

    def share(self, frames: FramesLike, *, n_jobs: int | None = None) -> Share:
        """What these frames alone say, for `merge`; the model stays as it is.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            Labelled structures, by the names of the labels of `begin`. None of them need have a label.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        Share
            A triangle for each kind of label, `4 n_sparse²` bytes where it is sent.

        Raises
        ------
        ValueError
            Where a label is not finite or of a wrong shape, or an element is none of those that the model began with.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> model.begin(silicon).share([silicon, silicon]).n_frames
        2
        """
        self._require_begun()
        structures, packed = structures_of(frames)
        labels = _labels.read(structures, packed, getattr(self, "_keys_", Keys()))
        self._require_known(packed)
        self._require_centers(packed)
        labels = less_fixed(self._terms_.fixed, structures, packed, labels, n_jobs)
        seen = Seen()
        with single_threaded():
            for place, label in enumerate(labels):
                seen.add(self._labelled(structures[place], packed, place, label, n_jobs))
        return Share(seen.finished(), len(labels), self._origin())

    def merge(self, *shares: Share) -> Self:
        """Learn what shares of the data say.

        The weights are those of one fit to all frames with these sparse points, and as exact: what differs is the
        rounding that another order of the frames makes.

        Parameters
        ----------
        *shares : Share
            What `share` of this model, or of copies of it, has given.

        Returns
        -------
        SparseGP
            The model itself.

        Raises
        ------
        ValueError
            Where a share is of a model with other sparse points or parameters.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> silicon = bulk("Si", cubic=True)
        >>> silicon.info["energy"] = -43.4
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
        >>> model.begin(silicon).merge(model.share(silicon)).report_["rows"]
        {'energy': 1}
        """
        self._require_begun()
        self._triangles_ = merged(self._triangles_, self._origin(), shares)
        return self.resolve()

    def _origin(self) -> str:
        return origin_of(self._terms_.sparse_by_name, self._single_, self._made_with_)

    def _require_begun(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise not_fitted()
        if not hasattr(self, "_triangles_"):
            raise ValueError("this model was saved without what it saw of the data; save it with data=True to learn on")
