"""Curves in the space of structures along which a fingerprint hardly changes, and where they begin."""
