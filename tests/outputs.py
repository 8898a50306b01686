"""Files of features, by every writer and as they are read again."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import isoprint as ip
from isoprint import study
from isoprint.extras import storage
from reference_structures import reference

SUFFIXES = ("npz", "npy", "h5", "hdf5", "zarr")
NEEDS = {"h5": "h5py", "hdf5": "h5py", "zarr": "zarr"}
PARAMETERS = ["--r-cut", "3", "--n-max", "2", "--l-max", "1"]


def missing(module):
    return module is not None and importlib.util.find_spec(module) is None


every_suffix = pytest.mark.parametrize(
    "suffix",
    [
        pytest.param(suffix, marks=pytest.mark.skipif(missing(NEEDS.get(suffix)), reason="needs its library"))
        for suffix in SUFFIXES
    ],
)


def make(path, value=1.0, rows=4):
    about = {"parameters": {"descriptor": "none"}, "offsets": np.arange(3), "feature_names": ["a", "b"]}
    with storage.create(path, (rows, 2), "float64", about) as found:
        found[0:rows] = np.full((rows, 2), value() if callable(value) else value)


def load(path):
    """The one value that all features have."""
    kind = Path(path).suffix
    if kind == ".npy":
        found = np.load(path)
    elif kind == ".npz":
        with np.load(path) as file:
            found = file["features"]
    elif kind == ".zarr":
        found = pytest.importorskip("zarr").open_group(str(path), mode="r")["features"][...]
    else:
        with pytest.importorskip("h5py").File(path) as file:
            found = file["features"][...]
    assert (found == found[0, 0]).all()
    return found[0, 0]


def structures(path):
    found = ip.follow_manifold(ip.ACSF.standard(), reference("NH3-a"), 0, max_steps=2)
    found.write(path)


def pairs(path):
    ip.degenerate_pairs(n=1).write(path)


def table(path):
    study.Table([{"a": 1}]).to_csv(path)


def figure(path):
    pytest.importorskip("matplotlib")
    from isoprint.extras.plotting import figure, saved

    saved(figure()[0], path)


def chemiscope(path):
    pytest.importorskip("chemiscope")
    from isoprint.extras.chemiscope import write_modes

    write_modes(ip.sensitivity(ip.ACSF.standard(), reference("NH3-a"), 0), path)


WRITERS = {"a.extxyz": structures, "b.extxyz": pairs, "c.csv": table, "d.png": figure, "e.json.gz": chemiscope}
