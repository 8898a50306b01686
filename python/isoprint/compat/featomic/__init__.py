"""featomic's interface: its calculators, classes of hyper-parameters and systems, with our arithmetic.

>>> import isoprint.compat.featomic as featomic  # where a script has `import featomic`

What is computed is a `metatensor.TensorMap`, which needs metatensor: ``pip install "isoprint[metatensor]"``.
"""

from isoprint.compat.featomic import basis, calculators, cutoff, density, systems
from isoprint.compat.featomic.calculator_base import CalculatorBase
from isoprint.compat.featomic.calculators import (
    AtomicComposition,
    SoapPowerSpectrum,
    SoapRadialSpectrum,
    SphericalExpansion,
)
from isoprint.compat.featomic.hypers import hypers_to_json
from isoprint.compat.featomic.status import FeatomicError
from isoprint.compat.featomic.systems import SystemBase

__all__ = [
    "AtomicComposition",
    "CalculatorBase",
    "FeatomicError",
    "SoapPowerSpectrum",
    "SoapRadialSpectrum",
    "SphericalExpansion",
    "SystemBase",
    "basis",
    "calculators",
    "cutoff",
    "density",
    "hypers_to_json",
    "systems",
]
