"""Which places of the frames are described: every atom, chosen atoms, or points in space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import contains_bool, plain, real_array, short_repr
from isoprint._support.parameters import integer
from isoprint.structures.frames import Floats, Frames, Ints

_FORMS = "give atom indices such as [0, 4], points as an array (k, 3), or both in one list"


# What can be walked through, and still is no list of centers.
_NO_LISTS = (str, bytes, bytearray, memoryview, Mapping)
_INTEGERS, _TRUTH = {int}, {bool, np.bool_}


class Centers(NamedTuple):
    """The rows that are asked for, frame after frame."""

    offsets: Ints
    """The centers of frame `f` are `offsets[f]:offsets[f + 1]`, `(n_frames + 1,)`."""
    atom: Ints
    """Index of the atom in its frame, -1 for a point, `(n_centers,)`."""
    points: Floats | None
    """Positions of the points in Å, `(n_centers, 3)`, or `None` where there are none."""

    def some(self, first: int, last: int, rows: slice) -> Centers:
        """Those of the rows, all of which are of structures from one to before another."""
        offsets = np.clip(self.offsets[first : last + 1], rows.start, rows.stop) - rows.start
        return Centers(offsets, self.atom[rows], None if self.points is None else self.points[rows])


def resolve(centers: Any, frames: Frames, single: bool, elements: Sequence[int] | None) -> Centers:
    """The centers that a user asks for.

    Parameters
    ----------
    centers
        `None`: every atom, or the atoms of `elements`. What was resolved before, as it is. For a single frame its
        centers, for several frames one entry a frame. Three integers `[1, 2, 3]` are three atoms; one point is
        `[[x, y, z]]`.
    frames
        The structures.
    single
        Whether a single frame was given without a list around it.
    elements
        Atomic numbers of the atoms that are centers where nothing else is said.
    """
    if centers is None:
        return _default(frames, elements)
    if isinstance(centers, Centers):
        return centers
    # A loop over the centers of a frame asks for one at a time.
    quick = single and type(centers) is list and set(map(type, centers)) == _INTEGERS
    if quick and min(centers) >= 0 and max(centers) < frames.n_atoms:
        return Centers(np.array([0, len(centers)]), np.array(centers, np.int64), None)
    if _is_no_list(centers):
        raise ValueError(
            f"centers is {short_repr(centers)}; {_FORMS}; elements are chosen by the parameter centers of the"
            " constructor"
        )
    of_each = [centers] if single else list(centers)
    if len(of_each) != frames.n_frames:
        raise ValueError(
            f"centers has {len(of_each)} entries for {frames.n_frames} frames;"
            " give the centers of every frame, None for the default"
        )
    default = _default(frames, elements) if any(wanted is None for wanted in of_each) else None
    index: list[Ints] = []
    points: list[Floats | None] = []
    for place, wanted in enumerate(of_each):
        if wanted is None and default is not None:
            own, at = default.atom[default.offsets[place] : default.offsets[place + 1]], None
        else:
            own, at = _of_one_frame(wanted, place, int(frames.offsets[place + 1] - frames.offsets[place]))
        index.append(own)
        points.append(at)
    if len(index) == 1:
        return Centers(np.array([0, len(index[0])]), index[0], points[0])
    offsets = np.zeros(frames.n_frames + 1, np.int64)
    np.cumsum([len(own) for own in index], out=offsets[1:])
    flat = np.concatenate([np.empty(0, np.int64), *index])
    if all(at is None for at in points):
        return Centers(offsets, flat, None)
    filled = [np.zeros((len(own), 3)) if at is None else at for own, at in zip(index, points, strict=True)]
    return Centers(offsets, flat, np.concatenate(filled))


_POINT = -1


def _default(frames: Frames, elements: Sequence[int] | None) -> Centers:
    if frames.n_frames == 1:
        local = np.arange(frames.n_atoms)
    else:
        local = np.arange(frames.n_atoms) - np.repeat(frames.offsets[:-1], np.diff(frames.offsets))
    if elements is None:
        return Centers(frames.offsets, local, None)
    chosen = np.zeros(frames.n_atoms, bool)
    for element in elements:
        chosen |= frames.numbers == element
    if frames.n_frames == 1:
        local = local[chosen]
        return Centers(np.array([0, len(local)]), local, None)
    offsets = np.concatenate([[0], np.cumsum(chosen)])[frames.offsets]
    return Centers(offsets, local[chosen], None)


def _of_one_frame(wanted: Any, frame: int, n_atoms: int) -> tuple[Ints, Floats | None]:
    """Indices (-1 for points) of the centers of one frame, and positions if there are points."""
    what = f"centers of frame {frame}"
    items = wanted if type(wanted) in (list, np.ndarray) else _items(wanted, what)
    if isinstance(items, np.ndarray):
        array = plain(what, items)
    else:
        kinds = set(map(type, items))
        if kinds != _INTEGERS and contains_bool(items) and not kinds <= _TRUTH:
            return _mixed(items, frame, n_atoms)
        try:
            array = np.asarray(items)
        except Exception:  # indices and points in one list have no common shape
            return _mixed(items, frame, n_atoms)
    if array.size == 0:
        return np.empty(0, np.int64), None
    if array.dtype.kind == "O":
        return _mixed(array, frame, n_atoms)
    if array.dtype.kind in "iu" and array.ndim == 1:
        _require_atoms(array, frame, n_atoms)
        return np.ascontiguousarray(array, dtype=np.int64), None
    if array.dtype.kind in "fiu" and array.ndim == 2 and array.shape[1] == 3:
        return np.full(len(array), _POINT), real_array(what, array, "are")
    raise ValueError(f"{what} are {_what(array)}; {_FORMS}{_remedy(array)}")


def _items(wanted: Any, what: str) -> Any:
    """An array as it is, else the entries: those of a sequence in its order, those of a set as they are counted."""
    if _is_no_list(wanted):
        raise ValueError(f"{what} are {short_repr(wanted)}; {_FORMS}")
    if isinstance(wanted, np.ndarray):
        return wanted
    items = list(wanted)
    if isinstance(wanted, (set, frozenset)) and all(integer(item) is not None for item in items):
        items.sort()
    return items


def _is_no_list(thing: Any) -> bool:
    return isinstance(thing, _NO_LISTS) or not isinstance(thing, Iterable) or getattr(thing, "shape", None) == ()


def _mixed(wanted: Iterable[Any], frame: int, n_atoms: int) -> tuple[Ints, Floats | None]:
    items = list(wanted)
    index, points = np.full(len(items), _POINT), np.zeros((len(items), 3))
    for place, item in enumerate(items):
        number = integer(item)
        if number is not None:
            if not 0 <= number < n_atoms:
                raise ValueError(_out_of_range(number, frame, n_atoms))
            index[place] = number
            continue
        array = plain(f"center {place} of frame {frame}", item)
        if array.dtype.kind not in "fiu" or array.shape != (3,) or contains_bool(item):
            raise ValueError(f"center {place} of frame {frame} is {short_repr(item)}; {_FORMS}")
        points[place] = array
    return index, points if (index == _POINT).any() else None


def _what(array: NDArray[Any]) -> str:
    return f"an array of {array.dtype} of shape {array.shape}"


def _remedy(array: NDArray[Any]) -> str:
    """The likely mistake behind an array that is neither indices nor points."""
    if array.dtype.kind == "b":
        return "; turn a mask into indices with numpy.flatnonzero(mask)"
    if array.dtype.kind == "U":
        return "; elements are chosen by the parameter centers of the constructor"
    if array.shape == (3,):
        return "; one point is written [[x, y, z]]"
    return ""


def _require_atoms(index: NDArray[Any], frame: int, n_atoms: int) -> None:
    """Raise where an index is of no atom; before it is made an `int64`, where -1 stands for a point."""
    # Finding the places is quicker than `min` and `max` where there are few.
    least = index[index.argmin()]
    if least < 0 or index[index.argmax()] >= n_atoms:
        first = index[(index < 0) if least < 0 else (index >= n_atoms)][0]
        raise ValueError(_out_of_range(int(first), frame, n_atoms))


def _out_of_range(index: int, frame: int, n_atoms: int) -> str:
    if index < 0:
        remedy = " atoms are counted from 0, negative indices are not understood"
    else:
        remedy = f" the frame has {n_atoms} atoms, counted from 0"
    return f"center {index} of frame {frame} is out of range:{remedy}"
