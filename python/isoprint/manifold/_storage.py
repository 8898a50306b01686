"""Paths in extended XYZ files: what ASE and OVITO show, and everything that is needed to go on."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import numpy as np

from isoprint import _xyz
from isoprint.manifold._valley import Rules

if TYPE_CHECKING:
    from isoprint.manifold.path import Path

# What is said of every point, and the type of the numbers.
_OF_POINTS = {"feature_distance": float, "steps": float, "iterations": int, "ranks": int}
_OF_THE_PATH = ("status", "start", "first_status", "gap", "contrast", "noise", "next_step", "r_cut")


def write(path: Path, file: str | os.PathLike[str]) -> None:
    """Store a path; the file appears under its name only when it is complete."""
    blocks = []
    for k in range(len(path)):
        about: dict[str, Any] = {"arc": float(path.arc[k])}
        about.update({name: kind(getattr(path, name)[k]) for name, kind in _OF_POINTS.items()})
        about["spectrum"] = path.spectra[k].tolist()
        if k == 0:
            about["isoprint_path"] = _about(path)
        blocks.append(_xyz.block(path.numbers, path.positions[k], about, {"tangent": path.tangents[k]}))
    _xyz.store(file, blocks)


def _about(path: Path) -> dict[str, Any]:
    about = {name: getattr(path, name) for name in _OF_THE_PATH}
    return {
        **about,
        "rules": dataclasses.asdict(path.rules),
        "outside": path.outside.tolist(),
        "descriptor": None if path.descriptor is None else repr(path.descriptor),
    }


def read(file: str | os.PathLike[str]) -> Path:
    """Read a path that was stored by `write`."""
    from ase.io import read as read_frames

    from isoprint.manifold.path import Path

    if not File(file).exists():
        raise ValueError(f"there is no file {os.fspath(file)!r}")
    frames: Any = read_frames(os.fspath(file), index=":", format="extxyz")
    about = frames[0].info.get("isoprint_path") if frames else None
    if not isinstance(about, dict):
        raise ValueError(
            f"{os.fspath(file)!r} is no path: its first frame has no isoprint_path; take a file of Path.write"
        )
    columns: dict[str, Any] = {
        name: np.array([frame.info[name] for frame in frames], float if kind is float else np.int64)
        for name, kind in _OF_POINTS.items()
    }
    outside = np.array(about["outside"], float).reshape(-1, 3)
    return Path(
        numbers=frames[0].numbers.astype(np.int64),
        positions=np.array([frame.positions for frame in frames]),
        tangents=np.array([frame.arrays["tangent"] for frame in frames]),
        spectra=np.array([frame.info["spectrum"] for frame in frames], float),
        rules=Rules(**about["rules"]),
        outside=outside,
        **{name: about[name] for name in _OF_THE_PATH if name in about},
        **columns,
    )
