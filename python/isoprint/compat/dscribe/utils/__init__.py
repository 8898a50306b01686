"""Functions that DScribe offers beside its descriptors."""
