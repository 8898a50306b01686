"""The part of quippy that computes descriptors: `Descriptor`, with the numbers and the forms of results of quippy.

`from isoprint.compat.quippy.descriptors import Descriptor`, or `import isoprint.compat.quippy as quippy`.
"""

from isoprint.compat.quippy import convert, descriptors
from isoprint.compat.quippy._results import DescriptorError
from isoprint.compat.quippy.descriptors import Descriptor

__all__ = ["Descriptor", "DescriptorError", "convert", "descriptors"]
