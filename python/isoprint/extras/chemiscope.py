"""Paths and modes as files for the interactive viewer chemiscope (needs the package chemiscope)."""

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


def _write(file: Any, name: str, frames: list[Any], properties: dict[str, Any], arrows: str) -> None:
    try:
        import chemiscope
    except ImportError:
        raise ImportError("files for chemiscope need its package: pip install chemiscope") from None
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
