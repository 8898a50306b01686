"""The fingerprints."""
