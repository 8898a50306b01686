"""What the compiled module offers to the descriptors; private.

All arrays are C-contiguous. Nothing is copied: inputs are read where they are, `out` is written in place.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACSF",
    "CoulombMatrix",
    "OverlapMatrix",
    "SOAP",
    "SoapTurbo",
    "__version__",
    "get_num_threads",
    "isa",
    "neighbors",
    "set_num_threads",
]

__version__: str
"""The version of the package, as `Cargo.toml` has it."""

# positions (N, 3) float64, numbers (N,) int64, cells (F, 3, 3) float64, pbc (F, 3) bool, offsets (F + 1,) int64:
# the atoms of frame f are offsets[f]:offsets[f + 1].
_Frames: TypeAlias = tuple[NDArray[Any], ...]
# offsets (F + 1,) int64, index (R,) int64 with -1 for a point, points (R, 3) float64 or None if there are none.
_Centers: TypeAlias = tuple[NDArray[Any] | None, ...]
# Called with (rows done, rows in all) a few times a second; may raise to stop.
_Progress: TypeAlias = Callable[[int, int], Any] | None
# (n_rows, row, column, value), zero-based.
_Matrix: TypeAlias = tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
# r_cut, exponent, max_sites, overflow ("error" or "truncate"), order ("value" or "magnitude"), degenerate ("average",
# "raw", "error" or "directional"), degenerate_tol, ignore_unknown_species, numbers.
_Spectrum: TypeAlias = dict[str, Any]

@final
class SoapTurbo:
    """Recursive SOAP; one entry a species in all lists."""

    def __new__(
        cls,
        *,
        r_cut: float,
        r_soft: float,
        l_max: int,
        filter_decay: float,
        radial_enhancement: int,
        basis: str,  # "poly3", "poly3gauss" or "jacobi"
        policy: str,  # "exact" or "reference"
        compression: str | tuple[int, int] | _Matrix | None,  # "trivial", (nu_r, nu_s), a matrix
        normalize: bool,
        ignore_unknown_species: bool,
        numbers: list[int],
        n_max: list[int],
        sigma_r: list[float],
        sigma_t: list[float],
        sigma_r_scaling: list[float],
        sigma_t_scaling: list[float],
        amplitude_scaling: list[float],
        central_weight: list[float],
        basis_matrix: list[NDArray[np.float64] | None],
    ) -> SoapTurbo: ...
    @property
    def n_features(self) -> int: ...
    @property
    def r_cut(self) -> float: ...
    def feature_names(self, symbols: list[str]) -> list[str]: ...
    def transform(
        self,
        frames: _Frames,
        centers: _Centers,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def pullback(
        self,
        frames: _Frames,
        centers: _Centers,
        adjoint: NDArray[np.float64],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3)."""
    def pushforward(
        self,
        frames: _Frames,
        centers: _Centers,
        displacements: NDArray[np.float64],
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def derivatives(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,  # "inner" or "outer"
        dtype: str,  # "float64" or "float32"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Values (B, 3, n_features), row (B,) and atom (B,), sorted by row, then by atom."""

@final
class ACSF:
    """Atom-centered symmetry functions; one entry a species in all lists but the last."""

    def __new__(
        cls,
        *,
        cutoff_function: str,  # "hard", "cos", "tanh3", "tanh3_norm", "exp", "poly1", "poly2", "poly3" or "poly4"
        alpha: float,
        ignore_unknown_species: bool,
        numbers: list[int],  # [-1]: one species that every element belongs to
        weights: list[float] | list[None],
        # kind ("g1" to "g5"), its numbers, r_cut, channels (none: all of them, with their weights); one a column
        functions: list[tuple[str, list[float], float, list[int]]],
    ) -> ACSF: ...
    @property
    def n_features(self) -> int: ...
    @property
    def r_cut(self) -> float: ...
    def feature_names(self, symbols: list[str]) -> list[str]: ...
    def transform(
        self,
        frames: _Frames,
        centers: _Centers,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def pullback(
        self,
        frames: _Frames,
        centers: _Centers,
        adjoint: NDArray[np.float64],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3)."""
    def pushforward(
        self,
        frames: _Frames,
        centers: _Centers,
        displacements: NDArray[np.float64],
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def derivatives(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,  # "inner" or "outer"
        dtype: str,  # "float64" or "float32"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Values (B, 3, n_features), row (B,) and atom (B,), sorted by row, then by atom."""

@final
class SOAP:
    """Classic SOAP of Gaussian densities; one entry a species in all lists."""

    def __new__(
        cls,
        *,
        r_cut: float,
        padding: float,
        n_max: int,
        l_max: int,
        basis: str,  # "gto", "polynomial", "equispaced", "gto_featomic", "gto_quip" or "polynomial_quip"
        basis_error_exponent: float,
        cutoff_width: float,
        # kind ("poly", "pow" or "exp"), r0, c, d, m, w0; numbers that the kind does not use are 0.0
        weighting: tuple[str, float, float, float, float, float | None] | None,
        convention: str,  # "isoprint", "quip", "dscribe" or "featomic"
        # "crossover", "diagonal", "trivial", (nu_r, nu_s), a matrix
        compression: str | tuple[int, int] | _Matrix | None,
        normalize: bool,
        center_everywhere: bool,
        constant: float | None,
        accuracy: float,
        ignore_unknown_species: bool,
        numbers: list[int],  # [-1]: one species that every element belongs to
        sigma: list[float],
        species_weight: list[float],
        central_weight: list[float],
    ) -> SOAP: ...
    @property
    def accuracy(self) -> float:
        """Error of the tables that was reached, relative to the largest value."""
    @property
    def n_features(self) -> int: ...
    @property
    def r_cut(self) -> float: ...
    def feature_names(self, symbols: list[str]) -> list[str]: ...
    def transform(
        self,
        frames: _Frames,
        centers: _Centers,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def pullback(
        self,
        frames: _Frames,
        centers: _Centers,
        adjoint: NDArray[np.float64],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3)."""
    def pushforward(
        self,
        frames: _Frames,
        centers: _Centers,
        displacements: NDArray[np.float64],
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def derivatives(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,  # "inner" or "outer"
        dtype: str,  # "float64" or "float32"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Values (B, 3, n_features), row (B,) and atom (B,), sorted by row, then by atom."""

@final
class OverlapMatrix:
    """Eigenvalues of the overlap matrix of Gaussian orbitals."""

    def __new__(
        cls,
        *,
        spectrum: _Spectrum,
        shells: list[tuple[int, list[float]]],  # angular momentum, and width in Å of each species
        contracted: str | None,  # "overlap" or "modulated"
    ) -> OverlapMatrix: ...
    @property
    def n_features(self) -> int: ...
    @property
    def r_cut(self) -> float: ...
    def feature_names(self, symbols: list[str]) -> list[str]: ...
    def transform(
        self,
        frames: _Frames,
        centers: _Centers,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def pullback(
        self,
        frames: _Frames,
        centers: _Centers,
        adjoint: NDArray[np.float64],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3)."""
    def pushforward(
        self,
        frames: _Frames,
        centers: _Centers,
        displacements: NDArray[np.float64],
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def derivatives(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,  # "inner" or "outer"
        dtype: str,  # "float64" or "float32"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Values (B, 3, n_features), row (B,) and atom (B,), sorted by row, then by atom."""

@final
class CoulombMatrix:
    """Eigenvalues of the Coulomb matrix."""

    def __new__(cls, *, spectrum: _Spectrum, r_core: float) -> CoulombMatrix: ...
    @property
    def n_features(self) -> int: ...
    @property
    def r_cut(self) -> float: ...
    def feature_names(self, symbols: list[str]) -> list[str]: ...
    def transform(
        self,
        frames: _Frames,
        centers: _Centers,
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def pullback(
        self,
        frames: _Frames,
        centers: _Centers,
        adjoint: NDArray[np.float64],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (N, 3) and strain (F, 3, 3)."""
    def pushforward(
        self,
        frames: _Frames,
        centers: _Centers,
        displacements: NDArray[np.float64],
        out: NDArray[np.float64] | NDArray[np.float32],
        *,
        average: str | None,  # "inner" or "outer"
        threads: int,
        progress: _Progress,
    ) -> None: ...
    def derivatives(
        self,
        frames: _Frames,
        centers: _Centers,
        *,
        average: str | None,  # "inner" or "outer"
        dtype: str,  # "float64" or "float32"
        threads: int,
        progress: _Progress,
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Values (B, 3, n_features), row (B,) and atom (B,), sorted by row, then by atom."""

def neighbors(
    frames: _Frames, centers: _Centers, r_cut: float, *, threads: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Offsets (n_centers + 1,), index (n_pairs,) and vector (n_pairs, 3) of one frame."""

def isa() -> Literal["avx512", "avx2", "baseline"]:
    """The instruction set the kernels run on."""

def get_num_threads() -> int:
    """What `threads=0` stands for."""

def set_num_threads(n: int) -> None:
    """Set what `threads=0` stands for; 0 goes back to the environment."""
