"""DScribe's interface: a script runs with this import in the place of `dscribe`.

>>> import isoprint.compat.dscribe as dscribe
>>> soap = dscribe.descriptors.SOAP(species=["H", "O"], r_cut=4.0, n_max=4, l_max=3)
>>> soap.get_number_of_features()
144
"""

import importlib
from typing import Any

from isoprint.compat.dscribe.core.system import System

__all__ = ["System", "core", "descriptors", "ext", "kernels", "utils"]

_PACKAGES = ("core", "descriptors", "ext", "kernels", "utils")


def __getattr__(name: str) -> Any:
    """Packages below this one, when they are named."""
    if name in _PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
