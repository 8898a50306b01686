"""What the compiled module offers to the descriptors; private.

All arrays are C-contiguous. Nothing is copied: inputs are read where they are, `out` is written in place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, final, type_check_only

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACSF",
    "CoulombMatrix",
    "DensityCoefficients",
    "Directions",
    "EwaldSumMatrix",
    "GlobalCoulombMatrix",
    "KernelSum",
    "KnownNeighbors",
    "MBTR",
    "MAX_FUNCTIONS",
    "MAX_ROWS",
    "OverlapMatrix",
    "ParameterError",
    "Prepared",
    "RadialDistribution",
    "SOAP",
    "SineMatrix",
    "SoapTurbo",
    "__version__",
    "buffer",
    "farthest_points",
    "get_num_threads",
    "get_spare_limit",
    "isa",
    "manhattan",
    "match_structures",
    "neighbors",
    "project_blocks",
    "release_spare_memory",
    "set_num_threads",
    "set_spare_limit",
    "spare_memory",
]

__version__: str
"""The version of the package, as `Cargo.toml` has it."""

# positions (N, 3) float64, numbers (N,) int64, cells (F, 3, 3) float64, pbc (F, 3) bool, offsets (F + 1,) int64:
# the atoms of frame f are offsets[f]:offsets[f + 1]. Behind them may stand a list of one KnownNeighbors a frame, or None.
_Frames: TypeAlias = tuple[NDArray[Any] | list[Any] | None, ...]
# offsets (F + 1,) int64, index (R,) int64 with -1 for a point, points (R, 3) float64 or None if there are none.
_Centers: TypeAlias = tuple[NDArray[Any] | None, ...]
# What the first frame, and the first of its centers, are called in errors.
_First: TypeAlias = tuple[int, int]
# Called with (rows done, rows in all) a few times a second; may raise to stop.
_Progress: TypeAlias = Callable[[int, int], Any] | None
# (n_rows, row, column, value), zero-based.
_Matrix: TypeAlias = tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
# The fields of the parameters in `rust/core/src/descriptors`, by the names that users know; what has a value for each
# species stands in one mapping a species, in the list "species".
_Parameters: TypeAlias = Mapping[str, Any]

MAX_FUNCTIONS: int
"""Most radial functions of a species."""

MAX_ROWS: int
"""Rows of the largest matrix of one center."""

class ParameterError(ValueError):
    """A parameter out of range: `name`, perhaps of an `element` or of a `function`, is `value`; `remedy`."""

    name: str
    element: int | None
    function: int | None
    value: str
    remedy: str

@final
class Prepared:
    """Frames that were prepared for several calls about one descriptor."""

@type_check_only
class _Descriptor(Protocol):
    """What all fingerprints offer."""

    @property
    def n_features(self) -> int: ...
    @property
    def reach(self) -> float: ...
    def feature_names(self, symbols: list[str]) -> list[str]:
        """Names of the features, in their order, from the symbol of each species."""
    def transform(
        self,
        frames: _Frames,
        centers: _Centers,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner", "outer", "sum" or "inner sum"
        threads: int,
        progress: _Progress,
        holds_zeros: bool = False,
        prepared: Any = None,
        first: tuple[int, int] = ...,
    ) -> None: ...
    def sparse(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,
        dtype: str,  # "float64" or "float32"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64] | NDArray[np.float32]]: ...
    def pullback(
        self,
        frames: _Frames,
        centers: _Centers,
        adjoint: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner", "outer", "sum" or "inner sum"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3)."""
    def fused(
        self,
        frames: _Frames,
        centers: _Centers,
        function: Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64]],
        *,
        block: int,
        average: str | None,  # "inner", "outer", "sum" or "inner sum"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3), where the adjoint of at most `block` rows is a function of their places
        and features.
        """
    def pushforward(
        self,
        frames: _Frames,
        centers: _Centers,
        displacements: NDArray[np.float64],
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner", "outer", "sum" or "inner sum"
        threads: int,
        progress: _Progress,
        strain: NDArray[np.float64] | None = None,
    ) -> None: ...
    def deformed(
        self,
        frames: _Frames,
        centers: _Centers,
        deformation: str,  # "strain" or "cell"
        *,
        out: NDArray[np.float64] | NDArray[np.float32] | None,
        average: str | None,  # "inner" or "outer"
        dtype: str,  # "float64" or "float32", if there is no `out`
        prepared: Any,  # of these frames, or None
        first: _First,
        threads: int,
        progress: _Progress,
    ) -> NDArray[Any]:
        """Derivatives with respect to the strain, or to the cell with atoms where they are (n_rows, 9, n_features)."""
    def prepare(self, frames: _Frames, *, first: _First, threads: int) -> Any:
        """What the search for neighbors makes of these frames: `Prepared`, or what fingerprints made of others have."""
    def block_starts(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,  # "inner", "outer", "sum" or "inner sum"
        prepared: Any,  # of these frames, or None
        first: _First,
        threads: int,
    ) -> NDArray[np.int64]:
        """Where the blocks of each row of the derivatives start (n_rows + 1,)."""
    def pattern(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,  # "inner" or "outer"
        prepared: Any,  # of these frames, or None
        first: _First,
        threads: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Row and atom of each block of the derivatives, and starts (n_rows + 1,)."""
    def derivatives(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        out: NDArray[np.float64] | NDArray[np.float32] | None,  # of so many blocks at least
        average: str | None,  # "inner", "outer", "sum" or "inner sum"
        dtype: str,  # "float64" or "float32", if there is no `out`
        prepared: Any,  # of these frames, or None
        first: _First,
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Values (B, 3, n_features), row (B,) and atom (B,), counted in their frame, and starts (n_rows + 1,)."""

@type_check_only
class _AtomDescriptor(_Descriptor, Protocol):
    """What those offer that are compiled as a whole, and describe atoms."""

    def evaluate(
        self,
        frames: _Frames,
        centers: _Centers,
        function: KernelSum,
        kinds: NDArray[np.int64],  # (n_rows,)
        *,
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Values (n_rows,), and the gradients of their sum: positions (N, 3) and strain (F, 3, 3)."""

@final
class SoapTurbo(_AtomDescriptor):
    """Recursive SOAP."""

    def __new__(cls, parameters: _Parameters, /, matrix: _Matrix | None = None) -> SoapTurbo: ...

@final
class ACSF(_AtomDescriptor):
    """Atom-centered symmetry functions."""

    def __new__(cls, parameters: _Parameters, /) -> ACSF: ...

@final
class SOAP(_AtomDescriptor):
    """Classic SOAP of Gaussian densities."""

    def __new__(cls, parameters: _Parameters, /, matrix: _Matrix | None = None) -> SOAP: ...
    @property
    def accuracy(self) -> float:
        """Error of the tables that was reached, relative to the largest value."""

@final
class DensityCoefficients(_AtomDescriptor):
    """Coefficients of a density of Gaussians."""

    def __new__(cls, parameters: _Parameters, /) -> DensityCoefficients: ...
    @property
    def accuracy(self) -> float:
        """Error of the tables that was reached, relative to the largest value."""

@final
class OverlapMatrix(_AtomDescriptor):
    """Eigenvalues of the overlap matrix of Gaussian orbitals."""

    def __new__(cls, parameters: _Parameters, /) -> OverlapMatrix: ...

@final
class CoulombMatrix(_AtomDescriptor):
    """Eigenvalues of the Coulomb matrix."""

    def __new__(cls, parameters: _Parameters, /) -> CoulombMatrix: ...

@final
class RadialDistribution(_AtomDescriptor):
    """Distances of the neighbors of each element, smeared."""

    def __new__(cls, parameters: _Parameters, /) -> RadialDistribution: ...

@type_check_only
class _FrameDescriptor(Protocol):
    """What all fingerprints of whole frames offer."""

    @property
    def n_features(self) -> int: ...
    def feature_names(self) -> list[str]: ...
    def transform(
        self,
        frames: _Frames,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        first: int,  # what the first frame is called in errors
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def pushforward(
        self,
        frames: _Frames,
        displacements: NDArray[np.float64],
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def pullback(
        self, frames: _Frames, adjoint: NDArray[np.float64], *, first: int, threads: int, progress: _Progress
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3)."""
    def derivatives(
        self,
        frames: _Frames,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        first: int,  # what the first frame is called in errors
        threads: int,
        progress: _Progress,
    ) -> None:
        """Blocks (N, 3, n_features), one an atom."""

@final
class GlobalCoulombMatrix(_FrameDescriptor):
    """The Coulomb matrix of a molecule."""

    def __new__(cls, parameters: _Parameters, /) -> GlobalCoulombMatrix: ...

@final
class SineMatrix(_FrameDescriptor):
    """The sine matrix of a crystal."""

    def __new__(cls, parameters: _Parameters, /) -> SineMatrix: ...

@final
class EwaldSumMatrix(_FrameDescriptor):
    """The Ewald sum matrix of a crystal."""

    def __new__(cls, parameters: _Parameters, /) -> EwaldSumMatrix: ...

@final
class MBTR(_AtomDescriptor):
    """Distributions of distances and angles, of a frame or around a center."""

    def __new__(cls, parameters: _Parameters, /) -> MBTR: ...

@final
class Directions:
    """Directions in the space of features, as the products want them."""

    def __new__(cls, directions: NDArray[np.float64], /) -> Directions: ...

def project_blocks(
    values: NDArray[np.float64],  # (B, C, n_features)
    row: NDArray[np.int64],  # (B,)
    target: NDArray[np.int64],  # (B,)
    directions: Directions,
    weights: NDArray[np.float64],  # (n_rows, m)
    out: NDArray[np.float64],  # (n_targets, C, m)
    *,
    own: tuple[NDArray[np.float64], NDArray[np.float64]] | None,  # (n_rows, n_features), (n_rows, m)
    threads: int,
) -> None:
    """Add the products of blocks and directions to `out`; those of the direction of each row as well, if it has one."""

@final
class KernelSum:
    """A weighted sum of kernels `(q · p)^exponent` with the points of each kind of rows."""

    def __new__(
        cls,
        n_features: int,
        exponent: int,
        kinds: list[tuple[NDArray[np.float64], NDArray[np.float64]]],  # points (n, n_terms), weights (n,)
        /,
        basis: NDArray[np.float64] | None = None,  # (n_terms, n_features)
    ) -> KernelSum: ...

@final
class KnownNeighbors:
    """Neighbors that were found in one frame, for calls about the same atoms a little later."""

    def __new__(
        cls,
        frames: _Frames,
        centers: _Centers,
        r_cut: float,
        offsets: NDArray[np.int64],
        index: NDArray[np.int64],
        vector: NDArray[np.float64],
        /,
    ) -> KnownNeighbors: ...
    @property
    def shift(self) -> NDArray[np.int32]:
        """The image of each neighbor, in lattice vectors, (P, 3)."""
    def motion(self, frames: _Frames, reach: float) -> tuple[float, int | None, float]:
        """How far atoms may move for a fingerprint of this reach, which moved farthest, and how far."""

def neighbors(
    frames: _Frames, centers: _Centers, r_cut: float, *, threads: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Offsets (n_centers + 1,), index (n_pairs,) and vector (n_pairs, 3) of one frame."""

def match_structures(
    similarities: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    out: NDArray[np.float64],
    *,
    matching: tuple[float, float, bool, int] | None,
    adjoint: NDArray[np.float64] | None,
    upper_half: bool,
    threads: int,
) -> int:
    """Similarities of structures from those of their environments; for how many pairs iterations did not end.

    `matching` is `None` for the mean, else (alpha, limit, whether that is of marginals, most iterations), in which an
    `alpha` of zero asks for a best match. With an adjoint, the similarities become derivatives.
    """

def manhattan(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    out: NDArray[np.float64],
    *,
    adjoint: NDArray[np.float64] | None,
    threads: int,
) -> None:
    """Sums of absolute differences of rows, or with an adjoint their derivatives by the first."""

def farthest_points(
    points: NDArray[Any], n_taken: int, first: int, *, threads: int, progress: _Progress
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Places of points, each the farthest from those before it; their distances; that of every point from the nearest."""

def isa() -> Literal["avx512", "avx2", "baseline"]:
    """The instruction set the kernels run on."""

def buffer(shape: Sequence[int], dtype: str) -> NDArray[Any]:
    """An array of three axes, to be filled, whose memory becomes spare when it is dropped."""

def get_spare_limit() -> int:
    """Bytes of spare memory at most."""

def set_spare_limit(n_bytes: int) -> None:
    """Set how many bytes of spare memory there are at most."""

def spare_memory() -> int:
    """Bytes of spare memory."""

def release_spare_memory() -> None:
    """Give all spare memory back."""

def get_num_threads() -> int:
    """What `threads=0` stands for."""

def set_num_threads(n: int) -> None:
    """Set what `threads=0` stands for; 0 goes back to the environment."""
