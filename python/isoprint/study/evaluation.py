"""Fingerprints, learners and energies put to the test."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import whole
from isoprint.blindness.four_body import four_body_energy
from isoprint.study.designs import Design, Ring, Sample, draw
from isoprint.study.kernel_ridge import KernelRidge
from isoprint.study.tables import Table, scores

if TYPE_CHECKING:
    from isoprint.typing import Fingerprint

Floats = NDArray[np.float64]
Target = Callable[[Floats], Any]

PARTS = ("random", "ring")


class OpenFrame:
    """Atoms without a cell as a frame; cheaper than `ase.Atoms`, of which a study would make many thousands."""

    def __init__(self, positions: Floats, numbers: NDArray[np.int64]) -> None:
        self.positions, self.numbers = positions, numbers
        self.cell, self.pbc = np.zeros((3, 3)), np.zeros(3, bool)

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A learner that has learned, and what it says.

    Attributes
    ----------
    learner : object
        After `fit`.
    target, predicted : dict
        Arrays `(n,)` for the keys "random" and "ring".

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> sample = study.draw(ring, n_train=30, n_test=10)
    >>> found = study.evaluate(ip.ACSF.standard(centers=["N"]), sample)
    >>> found.predicted["ring"].shape
    (4,)
    """

    learner: Any
    target: dict[str, Floats]
    predicted: dict[str, Floats]

    def rows(self, **labels: Any) -> list[dict[str, Any]]:
        """Two rows of a `Table`: one for random structures, one for the ring.

        Parameters
        ----------
        **labels
            Columns that stand first.

        Returns
        -------
        list of dict
            Columns `test`, `rmse`, `r`, `r2`, `spread`, and what the learner chose.

        Examples
        --------
        >>> import isoprint as ip
        >>> from isoprint import study
        >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
        >>> sample = study.draw(ring, n_train=30, n_test=10)
        >>> found = study.evaluate(ip.ACSF.standard(centers=["N"]), sample)
        >>> [row["test"] for row in found.rows(fingerprint="ACSF")]
        ['random', 'ring']
        """
        chosen: dict[str, Any] = getattr(self.learner, "chosen", dict)()
        return [{**labels, "test": part, **scores(self.target[part], self.predicted[part]), **chosen} for part in PARTS]


def features(descriptor: Fingerprint, positions: Floats, numbers: NDArray[np.int64]) -> Floats:
    """Fingerprints of the center, the first site, of many structures.

    Parameters
    ----------
    descriptor : Fingerprint
        Has `transform`, and knows its species.
    positions : ndarray (n, n_sites, 3)
        In Å.
    numbers : ndarray (n_sites,)
        Atomic numbers.

    Returns
    -------
    ndarray (n, n_features)
        One row a structure.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> sample = study.draw(ring, n_train=30, n_test=10)
    >>> study.features(ip.ACSF.standard(species=["H", "N"]), sample.test, sample.numbers).shape
    (10, 164)
    """
    frames = [OpenFrame(each, numbers) for each in positions]
    rows = np.asarray(descriptor.transform(frames, centers=[[0]] * len(frames)), float)
    if len(rows) != len(frames):
        raise ValueError(
            f"the descriptor makes {len(rows)} rows of {len(frames)} centers; it must not average over frames"
        )
    return rows


def evaluate(
    descriptor: Fingerprint, sample: Sample, *, learner: Any = None, target: Target = four_body_energy
) -> Evaluation:
    """Learn from the training structures, predict the others.

    Parameters
    ----------
    descriptor : Fingerprint
        Has `transform`; a copy of it is fitted to the training structures, where it has `fit`.
    sample : Sample
        What `draw` gives.
    learner : object, optional
        Has `fit` and `predict`, such as a regressor of scikit-learn; a copy of it learns. Default: `KernelRidge()`.
    target : callable
        From positions `(n, n_sites, 3)` to numbers `(n,)`.

    Returns
    -------
    Evaluation
        Targets and predictions for random structures and for the ring.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> sample = study.draw(ring, n_train=30, n_test=10)
    >>> found = study.evaluate(ip.ACSF.standard(centers=["N"]), sample)
    >>> print(study.Table(found.rows()).columns)
    ['test', 'rmse', 'r', 'r2', 'spread', 'length', 'ridge']
    """
    known = _fitted(descriptor, sample)
    x = {name: features(known, getattr(sample, name), sample.numbers) for name in ("train", "test", "ring")}
    y = _targets(target, sample)
    return _learned(learner, x, y)


def learning_curve(
    fingerprints: Mapping[str, Fingerprint],
    ring: Any,
    *,
    sizes: int | Sequence[int] = 1000,
    seeds: int | Sequence[int] = 5,
    design: Design = "center",
    amplitude: float = 0.05,
    n_test: int = 1000,
    learner: Any = None,
    target: Target = four_body_energy,
    label: Mapping[str, Any] | None = None,
    progress: Callable[[str], Any] | None = None,
) -> Table:
    """Errors by size of the training set, for several fingerprints and draws.

    A curve that no longer falls says that something is not in the fingerprint. The test structures of a seed are the
    same for all sizes and fingerprints.

    Parameters
    ----------
    fingerprints : mapping
        From a name to a descriptor.
    ring : Ring, or what `Ring.of` takes
        The ring.
    sizes : int or sequence of int
        Training structures.
    seeds : int or sequence of int
        Draws; a number stands for as many.
    design, amplitude, n_test : optional
        As in `draw`.
    learner, target : optional
        As in `evaluate`.
    label : mapping, optional
        Further columns, put first.
    progress : callable, optional
        Called with one line of text after each fit.

    Returns
    -------
    Table
        Columns `fingerprint`, `learner`, `design`, `amplitude`, `n_train`, `seed`, `test` ("random" or "ring"), `rmse`,
        `r`, `r2`, `spread`, and what the learner chose. R² on the ring is relative to the variance along the ring.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> curve = study.learning_curve({"ACSF": ip.ACSF.standard()}, ring, sizes=[10, 20], seeds=1, n_test=5)
    >>> curve.where(test="ring").column("n_train")
    [10, 20]
    """
    points = ring if isinstance(ring, Ring) else Ring.of(ring)
    counts = sorted(np.atleast_1d(np.asarray(sizes)).tolist())
    model = KernelRidge() if learner is None else learner
    rows: list[dict[str, Any]] = []
    for seed in range(whole("seeds", seeds, 1, 10**6)) if np.ndim(seeds) == 0 else np.asarray(seeds).tolist():
        for name, descriptor in fingerprints.items():
            for count in counts:
                sample = draw(points, design=design, n_train=count, n_test=n_test, amplitude=amplitude, seed=seed)
                found = evaluate(descriptor, sample, learner=model, target=target)
                about = {"learner": type(model).__name__, "design": design, "amplitude": amplitude, "n_train": count}
                rows += found.rows(**{**(label or {}), "fingerprint": name, **about, "seed": seed})
                if progress is not None:
                    random, on_ring = rows[-2:]
                    progress(
                        f"{name}, {count} structures, seed {seed}: RMSE {random['rmse']:.1e}, on the ring"
                        f" {on_ring['rmse']:.1e}, R² {on_ring['r2']:.2f}"
                    )
    return Table(rows)


def _fitted(descriptor: Any, sample: Sample) -> Any:
    """A copy that has seen the training structures, where there is something to learn from them."""
    if not hasattr(descriptor, "fit"):
        return descriptor
    return copy.deepcopy(descriptor).fit([OpenFrame(each, sample.numbers) for each in sample.train])


def _targets(target: Target, sample: Sample) -> dict[str, Floats]:
    found = {name: np.asarray(target(getattr(sample, name)), float) for name in ("train", "test", "ring")}
    for name, values in found.items():
        expected = (len(getattr(sample, name)),)
        if values.shape != expected:
            raise ValueError(f"target gives an array of shape {values.shape}, expected {expected}: one a structure")
    return found


def _learned(learner: Any, x: dict[str, Floats], y: dict[str, Floats]) -> Evaluation:
    model = copy.deepcopy(KernelRidge() if learner is None else learner)
    model.fit(x["train"], y["train"])
    predicted = {"random": model.predict(x["test"]), "ring": model.predict(x["ring"])}
    return Evaluation(model, {"random": y["test"], "ring": y["ring"]}, predicted)
