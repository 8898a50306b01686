"""Paths, modes and maps as files for the interactive viewer chemiscope (needs the package chemiscope)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from isoprint._support import output

if TYPE_CHECKING:
    from isoprint.blindness.manifold.path import Path
    from isoprint.blindness.sensitivity import Sensitivity


def write_path(path: Path, file: str | os.PathLike[str]) -> None:
    """Store a path: its structures, distances and softness, with the direction onwards as arrows.

    Parameters
    ----------
    path : Path
        What is stored.
    file : path
        Ends in `.json` or `.json.gz`.
    """
    frames = [frame.copy() for frame in path.frames]
    for frame, tangent in zip(frames, path.tangents, strict=True):
        frame.set_array("onwards", tangent)
    properties = {
        "arc": (path.arc, "Å"),
        "feature distance": (path.feature_distance, ""),
        "reference distance": (path.reference_distance, ""),
        "softest eigenvalue / largest": (path.softest, ""),
        "isolation": (path.isolation, ""),
    }
    _write(file, f"manifold: {path!r}", frames, properties, "onwards")


def write_modes(found: Sensitivity, file: str | os.PathLike[str], amplitude: float = 0.1) -> None:
    """Store the internal modes of an environment as arrows, one structure a mode.

    Parameters
    ----------
    found : Sensitivity
        What is stored.
    file : path
        Ends in `.json` or `.json.gz`.
    amplitude : float
        Of the displacements, in Å.
    """
    frames = found.to_frames(amplitude)
    scaled = (found.singular_values / found.largest) ** 2
    properties = {
        "mode": (np.arange(1, len(frames) + 1), ""),
        "eigenvalue / largest": (scaled, ""),
        "log10 eigenvalue / largest": (np.log10(np.maximum(scaled, 1e-40)), ""),
    }
    _write(file, repr(found), frames, properties, "mode")


def write_map(found: Any, file: str | os.PathLike[str]) -> None:
    """Store a map: coordinates and properties of its structures, or of their atoms, with the structures.

    Parameters
    ----------
    found : Map
        What is stored.
    file : path
        Ends in `.json` or `.json.gz`.
    """
    chemiscope = require_library()
    require_place(file)
    per_atom = found.per == "atom"
    frames = list(found.structures())
    rows = np.arange(len(found))
    if not per_atom:
        # Structures without atoms are no rows, and viewers cannot show them.
        frames = [frames[place] for place in found.frame]
    frames = [_of_ase(frame) for frame in frames]
    target, axes = ("atom" if per_atom else "structure"), found.coordinates.shape[1]
    names = [f"{'UMAP' if found.explained is None else 'PC'} {place + 1}" for place in range(axes)]
    properties: dict[str, Any] = {
        name: {"target": target, "values": found.coordinates[rows, place]} for place, name in enumerate(names)
    }
    for name, values in found.properties.items():
        told = [float(value) for value in values] if values.dtype.kind in "iuf" else [str(value) for value in values]
        # Numbers that are not there are no numbers of the format.
        properties[name] = {"target": target, "values": [_json(value) for value in told]}
    shown: dict[str, Any] = {"x": {"property": names[0]}, "y": {"property": names[min(1, axes - 1)]}}
    wanted = next((name for name in ("energy", "n_atoms") if not per_atom and name in properties), None)
    if wanted:
        shown["color"] = {"property": wanted}
    elif per_atom:
        shown["symbol"] = "element"
    environments = None
    if per_atom:
        reach = float(min(found.reach, 6.0))
        environments = [(int(f), int(a), reach) for f, a in zip(found.frame, found.atom, strict=True)]
    with output.replacing(file) as part, output.telling(file):
        chemiscope.write_input(
            os.fspath(part),
            frames,
            metadata={"name": repr(found)},
            properties=properties,
            environments=environments,
            settings={"map": shown, "structure": [{"unitCell": any(np.any(frame.pbc) for frame in frames)}]},
        )


def _json(value: float | str) -> float | str:
    return value if isinstance(value, str) or np.isfinite(value) else "nan"


def _of_ase(frame: Any) -> Any:
    """A structure as chemiscope reads it."""
    from ase import Atoms

    from isoprint.structures.frames import pack

    if isinstance(frame, Atoms):
        return frame
    packed = pack([frame])
    return Atoms(packed.numbers, packed.positions, cell=packed.cells[0], pbc=packed.pbc[0])


def require_library() -> Any:
    """The package, or how to get it."""
    try:
        import chemiscope
    except ImportError:
        raise ImportError("files for chemiscope need its package: pip install chemiscope") from None
    return chemiscope


def _write(file: Any, name: str, frames: list[Any], properties: dict[str, Any], arrows: str) -> None:
    chemiscope = require_library()
    require_place(file)
    shapes = {arrows: chemiscope.ase_vectors_to_arrows(frames, arrows, target="atom", scale=2.0, radius=0.04)}
    with output.replacing(file) as part, output.telling(file):
        chemiscope.write_input(
            os.fspath(part),
            frames,
            metadata={"name": name},
            properties={
                key: {"target": "structure", "values": np.asarray(values), "units": units}
                for key, (values, units) in properties.items()
            },
            shapes=shapes,
            settings={"structure": [{"shape": arrows}]},
        )


def require_place(file: str | os.PathLike[str]) -> None:
    """Refuse a path where no file for chemiscope may be put, before anything is computed."""
    name = os.fsdecode(file)
    if not name.endswith((".json", ".json.gz")):
        raise ValueError(f"output is {name!r}; files for chemiscope end in .json or .json.gz")
    output.require_place(file)
