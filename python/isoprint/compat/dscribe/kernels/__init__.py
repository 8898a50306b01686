"""Kernels of structures with DScribe's names."""

from isoprint.compat.dscribe.kernels.averagekernel import AverageKernel
from isoprint.compat.dscribe.kernels.localsimilaritykernel import LocalSimilarityKernel
from isoprint.compat.dscribe.kernels.rematchkernel import REMatchKernel

__all__ = ["AverageKernel", "LocalSimilarityKernel", "REMatchKernel"]
