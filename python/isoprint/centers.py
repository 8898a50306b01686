"""Which places of the frames are described: every atom, chosen atoms, or points in space."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.frames import Floats, Frames, Ints

_FORMS = "give atom indices such as [0, 4], points as an array (k, 3), or both in one list"


class Centers(NamedTuple):
    """The rows that are asked for, frame after frame."""

    offsets: Ints
    """The centers of frame `f` are `offsets[f]:offsets[f + 1]`, `(n_frames + 1,)`."""
    atom: Ints
    """Index of the atom in its frame, -1 for a point, `(n_centers,)`."""
    points: Floats | None
    """Positions of the points in Å, `(n_centers, 3)`, or `None` where there are none."""


def resolve(centers: Any, frames: Frames, single: bool, elements: Sequence[int] | None) -> Centers:
    """The centers that a user asks for.

    Parameters
    ----------
    centers
        `None`: every atom, or the atoms of `elements`. For a single frame its centers, for several frames one entry
        a frame. Three integers `[1, 2, 3]` are three atoms; one point is `[[x, y, z]]`.
    frames
        The structures.
    single
        Whether a single frame was given without a list around it.
    elements
        Atomic numbers of the atoms that are centers where nothing else is said.
    """
    if centers is None:
        return _default(frames, elements)
    if isinstance(centers, str) or not isinstance(centers, Iterable):
        raise ValueError(
            f"centers is {centers!r}; {_FORMS}; elements are chosen by the parameter centers of the constructor"
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
            own, at = _of_one_frame(wanted, place)
            _require_atoms(own, place, int(frames.offsets[place + 1] - frames.offsets[place]))
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


def _of_one_frame(wanted: Any, frame: int) -> tuple[Ints, Floats | None]:
    """Indices (-1 for points) of the centers of one frame, and positions if there are points."""
    try:
        array = np.asarray(wanted if isinstance(wanted, np.ndarray) else list(wanted))
    except (ValueError, TypeError):  # indices and points in one list have no common shape
        if isinstance(wanted, Iterable):
            return _mixed(wanted, frame)
        raise ValueError(f"centers of frame {frame} are {wanted!r}; {_FORMS}") from None
    if array.size == 0:
        return np.empty(0, np.int64), None
    if array.dtype.kind == "O":
        return _mixed(array, frame)
    if array.dtype.kind in "iu" and array.ndim == 1:
        _forbid_negative(array, frame)
        return np.ascontiguousarray(array, dtype=np.int64), None
    if array.dtype.kind in "fiu" and array.ndim == 2 and array.shape[1] == 3:
        return np.full(len(array), _POINT), np.ascontiguousarray(array, dtype=np.float64)
    raise ValueError(f"centers of frame {frame} are {_what(array)}; {_FORMS}{_remedy(array)}")


def _mixed(wanted: Iterable[Any], frame: int) -> tuple[Ints, Floats | None]:
    items = list(wanted)
    index, points = np.full(len(items), _POINT), np.zeros((len(items), 3))
    for place, item in enumerate(items):
        if not isinstance(item, (bool, np.bool_)):
            try:
                index[place] = operator.index(item)
            except TypeError:
                pass
            else:
                _forbid_negative(index[place : place + 1], frame)
                continue
        array = np.asarray(item)
        if array.dtype.kind not in "fiu" or array.shape != (3,):
            raise ValueError(f"center {place} of frame {frame} is {item!r}; {_FORMS}")
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


def _forbid_negative(index: NDArray[Any], frame: int) -> None:
    """A negative index is no center: in the arrays it would stand for a point."""
    if index.size and index.min() < 0:
        raise ValueError(
            f"center {index[index < 0][0]} of frame {frame} is out of range:"
            " atoms are counted from 0, negative indices are not understood"
        )


def _require_atoms(index: Ints, frame: int, n_atoms: int) -> None:
    if index.size and index.max() >= n_atoms:
        raise ValueError(
            f"center {index[index >= n_atoms][0]} of frame {frame} is out of range:"
            f" the frame has {n_atoms} atoms, counted from 0"
        )
