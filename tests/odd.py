"""Objects that look like numbers, arrays and structures."""

from types import SimpleNamespace

import numpy as np
from ase.build import molecule

import isoprint as ip
from catalog import acsf, coulomb, soap, turbo
from isoprint.structures.frames import pack

WATER = molecule("H2O")


def kind_of(value):
    return type(value).__name__


class Quantity:
    """A number with a unit, in the manner of pint."""

    def __init__(self, value, unit):
        self.magnitude, self._unit = value, unit

    units = property(lambda self: self._unit)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.magnitude)

    def __float__(self):
        return float(self.magnitude)


class Touchy:
    """A number or array that cannot be asked for its value."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("it lives on another device")

    def __float__(self):
        raise RuntimeError("it lives on another device")

    def __index__(self):
        raise RuntimeError("it lives on another device")

    def __repr__(self):
        raise RuntimeError("it lives on another device")


def frame(**changes):
    whole = {"positions": np.zeros((1, 3)), "numbers": np.array([1]), "cell": 4.0 * np.eye(3), "pbc": np.ones(3, bool)}
    return SimpleNamespace(**{**whole, **changes})


def packs(change):
    """The one frame alone, and among others, where everything is looked at at once."""
    bad = frame(**change)
    yield 0, lambda: pack([bad])
    yield 1, lambda: pack([WATER, bad])
    tame = SimpleNamespace(**{**vars(bad), "cell": SimpleNamespace(array=bad.cell)})
    yield 2, lambda: pack([WATER, WATER, tame, WATER])


def masked(values, at=0):
    array = np.ma.array(values)
    array[at] = np.ma.masked
    return array


def descriptors():
    yield from (turbo(), soap(), acsf(), coulomb("").descriptor)
    yield ip.Hybrid([turbo(), acsf()], scale=None)
