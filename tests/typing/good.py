"""What users write and a type checker must accept; `tests/test_typing.py` gives it to mypy and pyright, and runs it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import molecule
from numpy.typing import NDArray

import isoprint as ip
from isoprint.typing import Differentiable, FrameLike, FramesLike


@dataclass
class Cluster:
    """Open structure of one's own."""

    positions: NDArray[np.float64]
    numbers: list[int]


@dataclass
class Crystal:
    """A structure with the names of pymatgen."""

    cart_coords: NDArray[np.float64]
    atomic_numbers: tuple[int, ...]


class Distances:
    """A fingerprint of one's own: reciprocal distances to all other atoms, in order."""

    def transform(self, frames: Any, *, centers: Any = None) -> NDArray[np.float64]:
        """Rows of the first atom."""
        frames = [frames] if isinstance(frames, Atoms) else frames
        return np.array([1.0 / np.linalg.norm(f.positions[1:] - f.positions[0], axis=1) for f in frames])

    def derivatives(self, frame: Any, *, centers: Any = None) -> NDArray[np.float64]:
        """Jacobian `(1, n_atoms, 3, n_features)`."""
        bonds = frame.positions[1:] - frame.positions[0]
        slope = -bonds / np.linalg.norm(bonds, axis=1)[:, None] ** 3
        jacobian = np.zeros((1, len(frame), 3, len(bonds)))
        for feature, pull in enumerate(slope):
            jacobian[0, feature + 1, :, feature], jacobian[0, 0, :, feature] = pull, -pull
        return jacobian


def n_rows(frames: FramesLike) -> int:
    """Functions of a user pass frames on."""
    return len(ip.SOAP(r_cut=4.0, n_max=3, l_max=2).fit_transform(frames))


def softest(descriptor: Differentiable, frame: FrameLike) -> float:
    """Functions of a user pass descriptors on."""
    return float(ip.sensitivity(descriptor, frame, 0).singular_values[0])


water: Atoms = molecule("H2O")
water.rattle(0.05, seed=1)
soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "O"])
rows: NDArray[np.float64] = soap.transform(water)
mean: NDArray[np.float64] = soap.fit(water).transform([water, water]).mean(axis=0)
written: NDArray[np.float32] = soap.transform(water, out=np.empty(rows.shape, np.float32))
by_species: NDArray[np.float64] = soap.set_params(sigma=0.4).set_output(transform="default").transform(water)
table = ip.SOAP(r_cut=4.0, n_max=3, l_max=2).set_output(transform="pandas").fit(water).transform(water)
names: list[str] = [str(name) for name in table.columns]

cluster = Cluster(water.positions, [8, 1, 1])
crystal = Crystal(water.positions, (8, 1, 1))
counts = [n_rows(water), n_rows([water, water]), n_rows(cluster), n_rows([crystal]), n_rows(iter([water, water]))]
assert counts == [3, 6, 3, 3, 6]

forces: NDArray[np.float64] = -soap.pullback(water, np.ones_like(rows)).positions
blocks: ip.Derivatives = soap.derivatives(water)
several: list[ip.Derivatives] = soap.derivatives([water, water], out=np.empty((18, 3, soap.n_features)))
pieces = [piece.rows for piece in soap.iter_derivatives(water, max_bytes=10**6)]
dense: NDArray[Any] = blocks.dense()
assert softest(soap, water) > 0.0
assert softest(Distances(), water) == 0.0
path: ip.Path = ip.follow_manifold(ip.ACSF.standard(), ip.helical_start("NH3"), 0, max_steps=2, direction="forward")
distance: float = ip.configuration_distance(soap, water, water, kind="mean")
pairs = ip.degenerate_pairs("CH4", n=1)
determinants: list[float] = [pair.determinant for pair in pairs]

start = ip.study.start("NH3-a")
sample: ip.study.Sample = ip.study.draw([start] * 4, design="tube", n_train=4, n_test=4)

ridge = ip.models.SparseKernelRidge(soap, target="mean", n_sparse=None)
learned: ip.models.SparseKernelRidge = ridge.fit([water, water], [1.0, 2.0])
search: ip.study.Search = ip.study.hyperparameters(
    ridge, {"noise": (0.01, 1.0, "log")}, [water, water], [1.0, 2.0], cv=2, models=2, method="uniform"
)
least: float = search.best_loss
hull: ip.study.Table = search.hull("noise")
linear: ip.models.Linear = ip.models.Linear(soap, delta=2.0)

ip.testing.assert_invariant(soap, water)
