"""Kernels of structures with DScribe's names."""
