"""DScribe's descriptors.

>>> from isoprint.compat.dscribe.descriptors import ACSF
>>> ACSF(r_cut=6.0, species=["H", "O"], g2_params=[[1.0, 2.0]]).get_number_of_features()
4
"""

import importlib
from typing import Any

# Where each class is written.
_HOMES = {
    "SOAP": "soap",
    "ACSF": "acsf",
    "CoulombMatrix": "coulombmatrix",
    "SineMatrix": "sinematrix",
    "EwaldSumMatrix": "ewaldsummatrix",
    "MBTR": "mbtr",
    "LMBTR": "lmbtr",
    "ValleOganov": "valleoganov",
}

__all__ = ["SOAP", "ACSF", "CoulombMatrix", "SineMatrix", "EwaldSumMatrix", "MBTR", "LMBTR", "ValleOganov"]


def __getattr__(name: str) -> Any:
    """A class, when it is named."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
