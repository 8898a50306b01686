"""Argument strings of QUIP's descriptors of pairs and triples: `distance_2b`, `distance_Nb` and `angle_3b`."""

from __future__ import annotations

from typing import NamedTuple

from isoprint.translators._quip_arguments import Arguments

# Files of potentials from before this give other orders of the members.
_OLDEST_XML_VERSION = 1596837814


class Shape(NamedTuple):
    """Which clusters are described, and by what."""

    kind: str
    """`distances`: all distances between the members; `angle`: sum and squared difference of the two distances from the
    center, and the third distance."""
    members: int
    r_cut: float
    """Members are within this distance of the center, in Å."""
    width: float
    """Of the shell below it in which clusters fade out, in Å."""
    center: int
    """Atomic number of the center, 0 for any."""
    others: tuple[int, ...]
    """Atomic numbers of the other members in any order, 0 for any. Of distances any member may be the center."""
    exponents: tuple[int, ...] = (1,)
    """Powers of the distance of a pair that become features."""
    permuted: bool = False
    """Whether the orders of equal members are told."""


def distance_2b(text: str, *, lenient: bool = False) -> Shape:
    """The pairs that an argument string of `distance_2b` describes."""
    known = (
        "cutoff cutoff_transition_width Z1 Z2 resid_name only_intra only_inter n_exponents exponents tail_range"
        " tail_exponent"
    )
    given = Arguments(text, "distance_2b", known.split(), ("only_intra", "only_inter"), lenient=lenient)
    for key in ("only_intra", "only_inter"):
        if given.flag(key, False):
            raise ValueError(f"{key} is T, which is about residues of molecules and not supported; leave it out")
    if given.integer("tail_exponent", 0) != 0:
        raise ValueError(f"tail_exponent is {given.text('tail_exponent')}, which is not supported; leave it out")
    exponents = tuple(given.integers("exponents")) or (1,)
    if given.integer("n_exponents", len(exponents)) != len(exponents):
        raise ValueError(
            f"n_exponents is {given.text('n_exponents')}, but exponents has {len(exponents)} entries; make them agree"
        )
    r_cut, width = _reach(given)
    first, second = given.integer("Z1", 0), given.integer("Z2", 0)
    return Shape("distances", 2, r_cut, width, first, (second,), exponents)


def distance_nb(text: str, *, lenient: bool = False) -> Shape:
    """The clusters that an argument string of `distance_Nb` describes."""
    known = "cutoff cutoff_transition_width order compact_clusters Z xml_version".split()
    given = Arguments(text, "distance_nb", known, ("compact_clusters",), lenient=lenient)
    order = given.integer("order")
    if order not in (2, 3):
        raise ValueError(f"order is {order}, which is not supported; take 2 or 3")
    if not given.flag("compact_clusters", True) and order > 2:
        raise ValueError("compact_clusters is F with order above 2, which is not supported; take compact_clusters=T")
    if given.integer("xml_version", _OLDEST_XML_VERSION) < _OLDEST_XML_VERSION:
        raise ValueError(f"xml_version is {given.text('xml_version')}, older than {_OLDEST_XML_VERSION}; leave it out")
    numbers = given.integers("Z") or [0] * order
    if len(numbers) != order:
        raise ValueError(f"Z has {len(numbers)} entries, but order is {order}; give one for each atom")
    r_cut, width = _reach(given)
    return Shape("distances", order, r_cut, width, numbers[0], tuple(numbers[1:]), permuted=True)


def angle_3b(text: str, *, lenient: bool = False) -> Shape:
    """The triples that an argument string of `angle_3b` describes."""
    known = "cutoff cutoff_transition_width Z_center Z Z1 Z2".split()
    given = Arguments(text, "angle_3b", known, lenient=lenient)
    if "Z_center" in given and "Z" in given:
        given.either("Z_center", "Z")
    center = given.integer("Z" if "Z" in given else "Z_center", 0)
    r_cut, width = _reach(given)
    return Shape("angle", 3, r_cut, width, center, (given.integer("Z1", 0), given.integer("Z2", 0)))


def _reach(given: Arguments) -> tuple[float, float]:
    r_cut, width = given.real("cutoff"), given.real("cutoff_transition_width", 0.5)
    if not 0.0 < r_cut < float("inf"):
        raise ValueError(f"cutoff is {given.text('cutoff')}; it must be a positive number of Å")
    if not 0.0 <= width < float("inf"):
        raise ValueError(
            f"cutoff_transition_width is {given.text('cutoff_transition_width')}; it must not be negative, in Å"
        )
    return r_cut, width
