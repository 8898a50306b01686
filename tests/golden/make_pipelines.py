"""Adds to `pipelines.npz` what the scripts of `tests/pipelines` give with the peers that are installed.

    python tests/golden/make_pipelines.py tests/golden/pipelines.npz dscribe
    python tests/golden/make_pipelines.py tests/golden/pipelines.npz quippy featomic

DScribe 2.1.2 needs ase below 3.26, where all of its descriptors run. Each script runs in a process of its own.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from multiprocessing import Process, Queue
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def put(package, place, queue):
    """What one script gives."""
    script = import_module(f"pipelines.of_{package}").PIPELINES[place]
    queue.put(script(package))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("path", type=Path)
    options.add_argument("packages", nargs="+")
    chosen = options.parse_args()
    found = {}
    if chosen.path.exists():
        with np.load(chosen.path) as old:
            found = {key: old[key] for key in old.files}
    for package in chosen.packages:
        found = {key: value for key, value in found.items() if not key.startswith(f"{package}/")}
        for place, script in enumerate(import_module(f"pipelines.of_{package}").PIPELINES):
            queue = Queue()
            worker = Process(target=put, args=(package, place, queue))
            worker.start()
            try:
                arrays = queue.get(timeout=120)
            except Exception as problem:  # an empty queue: the script failed, and has said why
                print(f"{package} {script.__name__}: nothing ({problem!r})")
                continue
            finally:
                worker.join(5)
            found.update({f"{package}/{script.__name__}/{name}": np.asarray(array) for name, array in arrays.items()})
            print(package, script.__name__, {name: np.shape(array) for name, array in arrays.items()})
    np.savez_compressed(chosen.path, **found)


if __name__ == "__main__":
    main()
