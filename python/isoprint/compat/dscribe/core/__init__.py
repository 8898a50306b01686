"""Structures, and lattices."""

from isoprint.compat.dscribe.core.lattice import Lattice
from isoprint.compat.dscribe.core.system import System

__all__ = ["Lattice", "System"]
