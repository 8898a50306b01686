"""Structures, as numbers: frames, the centers of their rows, neighbors, elements, files."""
