"""What is known of a frame: energy, forces, virial, and how well."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import real_array, short_repr
from isoprint._support.parameters import number, real
from isoprint.structures.frames import Frames

Floats = NDArray[np.float64]

# What a frame can be labelled with, in the order of the rows of a fit.
KINDS = ("energy", "forces", "virial")
# The six components of a virial that are independent.
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
DEFAULT = "default"
# Squares of larger numbers are none.
_LARGEST = 1e100
# eV per atom between structures that no data set has side by side.
_FAR = 10.0


@dataclass(frozen=True)
class Keys:
    """Where labels stand: names in `info` (energy, virial) and `arrays` (forces); `None` passes a kind over."""

    energy: str | None = "energy"
    forces: str | None = "forces"
    virial: str | None = "virial"


@dataclass(frozen=True)
class Labels:
    """What is known of one frame, in eV and Å."""

    energy: float | None
    forces: Floats | None
    virial: Floats | None
    """`-dE/dε`, the six components of `VOIGT`."""
    config_type: str
    sigma: dict[str, float]
    """Of the kinds for which this frame says it itself."""

    def of(self, kind: str) -> Any:
        """The label of a kind, or `None`."""
        return getattr(self, kind)


def read(frames: list[Any], packed: Frames, keys: Keys) -> list[Labels]:
    """The labels of every frame, or an error that says which is wrong."""
    return [_of(frame, packed, place, keys) for place, frame in enumerate(frames)]


def _of(frame: Any, packed: Frames, place: int, keys: Keys) -> Labels:
    n_atoms = int(packed.offsets[place + 1] - packed.offsets[place])
    info = getattr(frame, "info", None) or {}
    config = info.get("config_type")
    energy = _energy(frame, place, keys.energy)
    if energy is not None and not n_atoms:
        raise ValueError(f"frame {place} has an energy and no atoms; leave it out")
    return Labels(
        energy=energy,
        forces=_forces(frame, place, keys.forces, n_atoms),
        virial=_virial(frame, packed, place, keys.virial),
        # Names that begin with a zero byte are ours.
        config_type=DEFAULT if config is None else str(config).lstrip("\0"),
        sigma={
            kind: real(
                f"sigma_{kind} of frame {place}",
                info[f"sigma_{kind}"],
                above=0.0,
                remedy="it must be a positive number, or absent",
            )
            for kind in KINDS
            if f"sigma_{kind}" in info
        },
    )


def _found(frame: Any, key: str | None, store: str, result: str) -> Any:
    """A label, from `info` or `arrays`, or from the results that the frame carries if the key is the usual one."""
    if key is None:
        return None
    own = getattr(frame, store, None) or {}
    if key in own:
        return own[key]
    results = getattr(getattr(frame, "calc", None), "results", None) or {}
    return results.get(result) if key == result else None


def _energy(frame: Any, place: int, key: str | None) -> float | None:
    given = _found(frame, key, "info", "energy")
    if given is None:
        return None
    found = number(given)
    if not abs(found) <= _LARGEST:
        raise ValueError(f"{key} of frame {place} is {short_repr(given)}; it must be a finite number of eV")
    return found


def _forces(frame: Any, place: int, key: str | None, n_atoms: int) -> Floats | None:
    given = _found(frame, key, "arrays", "forces")
    if given is None:
        return None
    forces = real_array(f"{key} of frame {place}", given, "are")
    if forces.shape != (n_atoms, 3):
        raise ValueError(f"{key} of frame {place} have shape {forces.shape}, expected ({n_atoms}, 3)")
    is_usable = np.abs(forces) <= _LARGEST
    if not is_usable.all():
        atom = int(np.argwhere(~is_usable)[0, 0])
        raise ValueError(f"{key} of atom {atom} of frame {place} are {forces[atom]}; they must be finite")
    return forces


def _virial(frame: Any, packed: Frames, place: int, key: str | None) -> Floats | None:
    given = _found(frame, key, "info", "virial")
    if given is not None:
        return _six(f"{key} of frame {place}", given)
    if key != "virial":
        return None
    results = getattr(getattr(frame, "calc", None), "results", None) or {}
    if results.get("stress") is None:
        return None
    volume = abs(np.linalg.det(packed.cells[place]))
    return np.asarray(-volume * _six(f"stress of frame {place}", results["stress"]))


def _six(what: str, given: Any) -> Floats:
    """Six components, of six, nine, or a matrix."""
    found = real_array(what, given)
    if found.shape == (9,):
        found = found.reshape(3, 3)
    if found.shape == (3, 3):
        if not np.allclose(found, found.T, atol=1e-6 * max(1.0, float(np.abs(found).max(initial=0.0)))):
            raise ValueError(f"{what} is not symmetric; its two triangles must agree")
        found = 0.5 * (found + found.T)
        found = np.array([found[pair] for pair in VOIGT])
    if found.shape != (6,):
        raise ValueError(f"{what} has shape {found.shape}, expected (3, 3), (9,) or (6,): xx yy zz yz xz xy")
    if not (np.abs(found) <= _LARGEST).all():
        raise ValueError(f"{what} is {found}; it must be finite")
    return found


def require_found(labels: list[Labels], keys: Keys) -> None:
    """Refuse a name that no frame has; the usual names may be absent."""
    for kind in KINDS:
        key = getattr(keys, kind)
        if key not in (None, kind) and all(label.of(kind) is None for label in labels):
            store = "arrays" if kind == "forces" else "info"
            raise ValueError(
                f"no frame has {key!r} in {store}, which was to be its {kind}; look at frames[0].{store}, or pass over"
                f" this label by {kind}=None"
            )


def warn_of_outliers(labels: list[Labels], packed: Frames, single: Mapping[int, float]) -> None:
    """Tell of an energy per atom that is far from all others: of another unit, or per atom in the place of in all."""
    sizes = np.diff(packed.offsets)
    known = [place for place, label in enumerate(labels) if label.energy is not None and sizes[place] > 1]
    if len(known) < 3:
        return
    alone = counts(packed, single)[known] @ np.array(list(single.values()))
    each = (np.array([labels[place].energy for place in known]) - alone) / sizes[known]
    away = np.abs(each - np.median(each))
    worst = int(away.argmax())
    if away[worst] > max(_FAR, 30.0 * float(np.median(away))):
        place = known[worst]
        warnings.warn(
            f"energy of frame {place} is {labels[place].energy:.6g} eV, {away[worst]:.3g} eV per atom from that of most"
            " frames; is it in eV, and of the whole frame?",
            UserWarning,
            stacklevel=3,
        )


# Energies of single atoms


def counts(packed: Frames, elements: Iterable[int]) -> Floats:
    """Atoms of each element in each frame, `(n_frames, n_elements)`."""
    frame = np.repeat(np.arange(packed.n_frames), np.diff(packed.offsets))
    return np.stack(
        [np.bincount(frame[packed.numbers == one], minlength=packed.n_frames) for one in elements], axis=1
    ).astype(float)


def atom_energies(given: Any, elements: list[int], packed: Frames, labels: list[Labels], symbols: list[str]) -> Floats:
    """What an atom of each element has for itself, in eV."""
    if isinstance(given, Mapping):
        return _from_mapping(given, symbols)
    if given not in ("average", "lstsq"):
        alone = number(given)
        if not np.isfinite(alone):
            raise ValueError(f"e0 is {short_repr(given)}; it must be 'average', 'lstsq', a number of eV or a mapping")
        return np.full(len(elements), alone)
    known = [place for place, label in enumerate(labels) if label.energy is not None]
    if not known:
        raise ValueError(f"e0 is {given!r}, and no frame has an energy; give e0 as a number or a mapping")
    composition = counts(packed, elements)[known]
    energies = np.array([labels[place].energy for place in known])
    single: dict[int, float] = {}
    for row, energy in zip(composition, energies, strict=True):
        if row.sum() == 1:
            single[int(row.argmax())] = float(energy)
    many = composition.sum(axis=1) > 1
    if given == "average":
        which = many if many.any() else ~many
        mean = energies[which].sum() / composition[which].sum()
        found = np.full(len(elements), mean)
    else:
        found = np.linalg.lstsq(composition, energies, rcond=None)[0]
    for element, energy in single.items():
        found[element] = energy
    return np.asarray(found, np.float64)


def _from_mapping(given: Mapping[Any, Any], symbols: list[str]) -> Floats:
    from isoprint.structures.elements import number_of, symbol_of

    known = {symbol_of(number_of(key, "e0")): value for key, value in given.items()}
    missing = [symbol for symbol in symbols if symbol not in known]
    if missing:
        raise ValueError(f"e0 has no entry for {', '.join(missing)}; give one for each element")
    return np.array(
        [real(f"e0 of {symbol!r}", known[symbol], remedy="it must be a finite number of eV") for symbol in symbols]
    )
