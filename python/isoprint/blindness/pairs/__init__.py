"""Pairs of environments that a fingerprint cannot tell apart."""
