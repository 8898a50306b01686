"""Whether features fit into memory and onto the disk, and which would, where these do not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

# From what says most to what says least.
COMPRESSIONS = ("mu1nu1", "1_1", "crossover", "mu2", "0_1", "trivial", "0_0")
# How many ways out are named.
_SEVERAL = 4


def spelled(n_bytes: float) -> str:
    """Bytes in words."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if n_bytes < 999.5 or unit == "PB":
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    raise AssertionError


def free_memory() -> int | None:
    """Bytes that programs can have; `None` where the system does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith("MemAvailable:")), None)


def free_disk(path: str) -> int:
    """Bytes that there is room for beside a path."""
    return shutil.disk_usage(Path(path).absolute().parent).free


def require(descriptor: Any, n_rows: int, path: str, times: int = 1) -> None:
    """Refuse features for which there is no room, and say which would fit.

    Parameters
    ----------
    descriptor : Descriptor
        Which knows its species.
    n_rows : int
        Rows there will be.
    path : str
        Of the file. `.npz` is put together in memory.
    times : int
        How often the rows are on the disk until the file is complete.
    """
    size, room, where = needed(descriptor, n_rows), free_disk(path), f"on the disk of {path}"
    if Path(path).suffix == ".npz":
        memory = free_memory()
        if memory is not None and size > memory:
            room, where = memory, "in memory, where .npz is put together; .npy, .h5 and .zarr are not"
    if times * size <= room:
        return
    ways = [f"{option} ({spelled(small)})" for option, small in smaller(descriptor, n_rows) if times * small <= room]
    hint = f"what would fit: {', '.join(ways[:_SEVERAL])}" if ways else "take fewer structures"
    raise ValueError(
        f"{n_rows} rows of {descriptor.n_features} features are {spelled(size)}{' twice' * (times > 1)}, and there is"
        f" room for {spelled(room)}"
        f" {where}; {hint}"
    )


def needed(descriptor: Any, n_rows: int) -> int:
    """Bytes of so many rows."""
    return n_rows * int(descriptor.n_features) * int(np.dtype(descriptor.dtype).itemsize)


def smaller(descriptor: Any, n_rows: int) -> Iterator[tuple[str, int]]:
    """Options that make rows shorter, and the bytes of all rows then, the longest first."""
    parameters = descriptor.get_params()
    if parameters.get("species") is None:
        parameters["species"] = list(descriptor.species_)
    full, found = needed(descriptor, n_rows), []
    if np.dtype(descriptor.dtype) == np.float64:
        found.append(("--dtype float32", full // 2))
    for name in COMPRESSIONS if "compression" in parameters else ():
        try:
            size = needed(type(descriptor)(**{**parameters, "compression": name}), n_rows)
        except ValueError:  # not with these parameters
            continue
        if size < full:
            found.append((f"--compression {name}", size))
    yield from sorted(found, key=lambda way: -way[1])
