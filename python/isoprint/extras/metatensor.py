"""Features and their derivatives as `metatensor.TensorMap`, labeled as featomic labels them (needs metatensor)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import short_repr
from isoprint.structures.centers import resolve
from isoprint.structures.frames import as_list, pack

if TYPE_CHECKING:
    from isoprint.typing import FramesLike

GRADIENTS = ("positions", "cell", "strain")
# The axes of each gradient, in the order in which featomic stores and names them.
AXES = {"positions": ("xyz",), "cell": ("xyz", "abc"), "strain": ("xyz_2", "xyz_1")}


def metatensor() -> Any:
    """The package, or an error that says what to install."""
    try:
        import metatensor as found
    except ImportError:
        raise ImportError('a TensorMap needs metatensor: pip install "isoprint[metatensor]"') from None
    return found


def labels(names: Sequence[str], values: ArrayLike) -> Any:
    """Labels with these names, whose entries are known to be unique."""
    entries = np.ascontiguousarray(values, np.int32).reshape(-1, len(names))
    return metatensor().Labels(list(names), entries, assume_unique=True)


def axes_of(gradient: str) -> list[Any]:
    """The components that a gradient has before those of its block."""
    return [labels([name], np.arange(3)) for name in AXES[gradient]]


def block(
    values: NDArray[Any],
    samples: Any,
    components: Sequence[Any],
    properties: Any,
    gradients: Mapping[str, tuple[NDArray[Any], Any]],
) -> Any:
    """A block with gradients, each of which is given by its values and samples."""
    make = metatensor().TensorBlock
    made = make(values=values, samples=samples, components=list(components), properties=properties)
    for name in (name for name in GRADIENTS if name in gradients):
        derivatives, of_samples = gradients[name]
        own = [*axes_of(name), *components]
        made.add_gradient(name, make(values=derivatives, samples=of_samples, components=own, properties=properties))
    return made


def require_gradients(gradients: Any) -> tuple[str, ...]:
    """The names of the gradients that are asked for."""
    if isinstance(gradients, str) or not isinstance(gradients, (list, tuple)):
        raise ValueError(f"gradients is {short_repr(gradients)}; give a list of some of {', '.join(GRADIENTS)}")
    for name in gradients:
        if name not in GRADIENTS:
            raise ValueError(f"gradients has the entry {short_repr(name)}; known are {', '.join(GRADIENTS)}")
    return tuple(name for name in GRADIENTS if name in gradients)


def to_metatensor(
    descriptor: Any,
    frames: FramesLike,
    *,
    gradients: Sequence[str] = (),
    centers: Any = None,
    n_jobs: int | None = None,
) -> Any:
    """The features of a descriptor, and their gradients, as a `metatensor.TensorMap`.

    Parameters
    ----------
    descriptor : Descriptor
        Any fingerprint of this package.
    frames : ase.Atoms or alike, or a sequence of these
        The structures.
    gradients : list of {"positions", "strain", "cell"}
        Which gradients to compute.
    centers, n_jobs : optional
        As in `transform`; centers are atoms here, each once.

    Returns
    -------
    metatensor.TensorMap
        One block for each element among the centers, with the key `center_type`; samples `(system, atom)`, and the
        property `feature`, the number of the column. Gradients have samples `(sample, system, atom)` or `(sample)`, and
        featomic's components. With `average`, one block without a key of its own, and samples `(system)`; of its
        gradients by positions, samples are `(sample, system, atom)` too.

    Raises
    ------
    ImportError
        Where metatensor is not installed.
    ValueError
        For a center that is a point, or given twice, and for a gradient that there is not.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> from isoprint.extras.metatensor import to_metatensor
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> tensor = to_metatensor(soap, molecule("H2O"), gradients=["positions"])  # doctest: +SKIP
    >>> tensor.block(center_type=1).gradient("positions").samples.names  # doctest: +SKIP
    ['sample', 'system', 'atom']
    """
    metatensor()
    wanted = require_gradients(gradients)
    structures, single = as_list(frames)
    given = structures[0] if single else structures
    packed = pack(structures)
    averaged = bool(getattr(descriptor, "average", None))
    options = {"centers": centers, "n_jobs": n_jobs}
    rows = descriptor.transform(given, **options)
    system, atom, kind = _places(descriptor, packed, centers, single, averaged)
    derivatives: list[Any] = []
    if wanted:
        besides = {name: name in wanted for name in ("strain", "cell")}
        derivatives = descriptor.derivatives(list(structures), **besides, **_listed(options, single))
    properties = labels(["feature"], np.arange(rows.shape[1]))
    kinds = [0] if averaged else np.unique(kind).tolist()
    blocks = [
        _block_of(np.flatnonzero(kind == number), rows, (system, atom, averaged), properties, derivatives, wanted)
        for number in kinds
    ]
    keys = labels(["_" if averaged else "center_type"], kinds)
    return metatensor().TensorMap(keys, blocks)


def _listed(options: dict[str, Any], single: bool) -> dict[str, Any]:
    """Options of a call about one frame, as those of one about a list of it."""
    if not single or options["centers"] is None:
        return options
    return {**options, "centers": [options["centers"]]}


def _places(
    descriptor: Any, packed: Any, centers: Any, single: bool, averaged: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Frame, atom and element of each row."""
    if averaged:
        every = np.arange(packed.n_frames)
        return every, every, np.zeros(len(every), int)
    resolved = resolve(centers, packed, single, descriptor._compiled().centers)
    if (resolved.atom < 0).any():
        row = int(np.flatnonzero(resolved.atom < 0)[0])
        raise ValueError(f"center {row} is a point, which the labels of a TensorMap have no name for; give atoms alone")
    system = np.repeat(np.arange(packed.n_frames), np.diff(resolved.offsets))
    place = packed.offsets[system] + resolved.atom
    if len(np.unique(place)) < len(place):
        raise ValueError("an atom is given twice in centers; the samples of a TensorMap are unique, so give it once")
    return system, resolved.atom, packed.numbers[place]


def _block_of(
    rows: NDArray[Any],
    features: NDArray[Any],
    places: tuple[NDArray[Any], NDArray[Any], bool],
    properties: Any,
    derivatives: list[Any],
    wanted: tuple[str, ...],
) -> Any:
    system, atom, averaged = places
    names = ["system"] if averaged else ["system", "atom"]
    samples = labels(names, system[rows] if averaged else np.stack([system[rows], atom[rows]], axis=1))
    place = np.full(len(features), -1)
    place[rows] = np.arange(len(rows))
    gradients: dict[str, tuple[NDArray[Any], Any]] = {}
    for name in wanted:
        if name == "positions":
            of_row = np.concatenate([found.first_row + found.center for found in derivatives])
            entries = np.stack(
                [
                    place[of_row],
                    np.concatenate([np.full(len(found.atom), found.frame) for found in derivatives]),
                    np.concatenate([found.atom for found in derivatives]),
                ],
                axis=1,
            )
            own = entries[:, 0] >= 0
            values = _some([found.values for found in derivatives], own)
            gradients[name] = values, labels(["sample", "system", "atom"], entries[own])
        else:
            own = np.isin(np.arange(len(features)), rows)
            values = _some([getattr(found, name) for found in derivatives], own)
            gradients[name] = values, labels(["sample"], np.arange(len(rows)))
    values = features if len(rows) == len(features) else features[rows]
    return block(values, samples, [], properties, gradients)


def _some(parts: list[NDArray[Any]], chosen: NDArray[np.bool_]) -> NDArray[Any]:
    """The chosen entries of arrays that follow each other; one whole array as it is."""
    if len(parts) == 1 and chosen.all():
        return parts[0]
    starts = np.cumsum([0, *map(len, parts)])
    return np.concatenate([part[chosen[start : start + len(part)]] for part, start in zip(parts, starts, strict=False)])
