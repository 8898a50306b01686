"""Settings of descriptors that spread answers over a grid: geometry, grid, weighting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer
from isoprint.compat.dscribe.descriptors.descriptor import Descriptor
from isoprint.structures.elements import numbers_of

# How many atoms are asked.
DEGREES = {"atomic_number": 1, "distance": 2, "inverse_distance": 2, "angle": 3, "cosine": 3}
_WEIGHTINGS = {
    1: ("unity",),
    2: ("exp", "inverse_square", "unity"),
    3: ("exp", "smooth_cutoff", "unity"),
}


def check_grid(grid: Any) -> None:
    """Raise where a grid lacks a key, or does not ascend.

    Parameters
    ----------
    grid : mapping
        With `min`, `max`, `sigma` and `n`.

    Raises
    ------
    KeyError, ValueError
        Where one is missing; where `min` is not less than `max`.
    """
    for name in ("min", "max", "sigma", "n"):
        try:
            grid[name]
        except (KeyError, TypeError, IndexError):
            raise KeyError(f"The grid information is missing the value for {name}") from None
    if grid["min"] >= grid["max"]:
        raise ValueError("The min value should be smaller than the max value.")


def check_geometry(geometry: Any) -> None:
    """Raise `ValueError` where a mapping does not name a geometry function."""
    if not isinstance(geometry, Mapping) or "function" not in geometry:
        raise ValueError("Please specify a geometry function.")
    if geometry["function"] not in DEGREES:
        raise ValueError(f"Unknown geometry function. Please use one of the following: {sorted(DEGREES)}")


def check_weighting(k: int, weighting: Any, periodic: bool) -> None:
    """Raise `ValueError` where a weighting is not one for `k` atoms, or lacks a number.

    Parameters
    ----------
    k : int
        How many atoms are asked.
    weighting : mapping or None
        Its `function` and what that needs.
    periodic : bool
        Whether images count, so that weights have to end somewhere.
    """
    function = None
    if weighting is not None:
        function = weighting.get("function")
        if function not in _WEIGHTINGS[k]:
            raise ValueError(
                f"Unknown weighting function specified for k={k}. Please use one of the following:"
                f" {list(_WEIGHTINGS[k])}"
            )
        if function == "exp":
            if "threshold" not in weighting:
                raise ValueError("Missing value for 'threshold' in the weighting.")
            if "scale" not in weighting and "r_cut" not in weighting:
                raise ValueError("Provide either 'scale' or 'r_cut' in the weighting.")
            if "scale" in weighting and "r_cut" in weighting:
                raise ValueError("Provide either 'scale' or 'r_cut', not both in the weighting.")
        elif function != "unity" and "r_cut" not in weighting:
            raise ValueError("Missing value for 'r_cut' in the weighting.")
    if periodic and k > 1 and function in (None, "unity"):
        raise ValueError("Periodic systems need to have a weighting function.")


class Spread(Descriptor):
    """What a descriptor of answers on a grid is told."""

    # What rows may be divided by, as messages list it.
    _normalizations: tuple[str, ...]
    k: int
    normalize_gaussians: Any

    def _tell(
        self,
        geometry: Any,
        grid: Any,
        weighting: Any,
        normalize_gaussians: Any,
        normalization: Any,
        species: Any,
        strict: Any,
    ) -> None:
        """Look at all parameters, in the order in which DScribe does."""
        self._strict = bool(strict)
        self.geometry = geometry
        self.grid = grid
        self.weighting = weighting
        self.species = species
        self.normalization = normalization
        self.normalize_gaussians = normalize_gaussians
        if normalization == "valle_oganov" and not self.periodic:
            raise ValueError("Valle-Oganov normalization does not support non-periodic systems.")

    @property
    def grid(self) -> Any:
        """The grid, as it was given."""
        return self._grid

    @grid.setter
    def grid(self, value: Any) -> None:
        check_grid(value)
        self._grid = {**value, "n": int(value["n"])}

    @property
    def geometry(self) -> Any:
        """The geometry function, as it was given."""
        return self._geometry

    @geometry.setter
    def geometry(self, value: Any) -> None:
        check_geometry(value)
        self.k = DEGREES[value["function"]]
        self._geometry = value

    @property
    def weighting(self) -> Any:
        """The weighting, as it was given."""
        return self._weighting

    @weighting.setter
    def weighting(self, value: Any) -> None:
        check_weighting(self.k, value, self.periodic)
        self._weighting = value

    @property
    def normalization(self) -> str:
        """What rows are divided by."""
        return self._normalization

    @normalization.setter
    def normalization(self, value: str) -> None:
        if value not in self._normalizations:
            raise ValueError(
                "Unknown normalization option given. Please use one of the following:"
                f" {', '.join(self._normalizations)}."
            )
        self._normalization = value

    @property
    def species(self) -> Any:
        """The elements, as they were given."""
        return self._species

    @species.setter
    def species(self, value: Any) -> None:
        self._set_species(value)
        self._count_elements()

    def _count_elements(self) -> None:
        numbers = [int(number) for number in self._atomic_numbers]
        self.atomic_number_to_index = {number: place for place, number in enumerate(numbers)}
        self.index_to_atomic_number = dict(enumerate(numbers))
        self.n_elements = len(numbers)
        self.max_atomic_number, self.min_atomic_number = max(numbers), min(numbers)

    # Our descriptor

    def _ours(self, dtype: str | None = None) -> Any:
        """Our descriptor of the present parameters, which may have been changed in place."""
        told = repr((self._geometry, self._grid, self._weighting, self._normalization, self.normalize_gaussians))
        if self._made.get("told") != told:
            self._made = {"told": told}
        return super()._ours(dtype)

    def _settings(self, dtype: str) -> dict[str, Any]:
        """The parameters in our descriptor's terms."""
        return {
            "geometry": self._geometry["function"],
            "grid": {name: self._grid[name] for name in ("min", "max", "sigma", "n")},
            "weighting": self._weight(),
            "normalize_gaussians": bool(self.normalize_gaussians),
            "periodic": self._periodic,
            "dtype": dtype,
        }

    def _weight(self) -> Any:
        if self._weighting is None or self._weighting["function"] == "unity":
            return None
        known = ("function", "scale", "r_cut", "threshold", "sharpness")
        return {name: self._weighting[name] for name in known if name in self._weighting}

    def _require_species(self, system: Any) -> None:
        numbers = list(map(int, system.numbers))
        if not self._atomic_number_set.issuperset(numbers):
            self.validate_atomic_numbers(numbers)

    # Places of columns

    def _indices(self, species: Any) -> list[int]:
        """The places of some elements among those of this descriptor; `ValueError` where one has none."""
        named = [species] if isinstance(species, str) else list(species)
        if len(named) != self.k:
            raise ValueError(
                f"Cannot retrieve the location for {short_repr(species)}, as the term k={len(named)} has not been"
                " specified."
            )
        numbers = [one if integer(one) is not None else _number_of(one) for one in named]
        self.validate_atomic_numbers(int(number) for number in numbers)
        return [self.atomic_number_to_index[int(number)] for number in numbers]

    def _block(self, place: int) -> slice:
        n = self._grid["n"]
        return slice(place * n, (place + 1) * n)

    def _place_of_pair(self, i: int, j: int) -> int:
        """The place of an unordered pair among all, row by row of a triangle."""
        i, j = min(i, j), max(i, j)
        return i * self.n_elements - i * (i + 1) // 2 + j


def _number_of(symbol: Any) -> int:
    if symbol == "X":
        return 0
    try:
        return int(numbers_of([symbol], "species")[0])
    except ValueError:
        raise ValueError(f"Invalid chemical species: {short_repr(symbol)}") from None
