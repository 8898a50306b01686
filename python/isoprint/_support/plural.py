"""Counted nouns for messages."""

from __future__ import annotations


def plural(n: int, what: str) -> str:
    """A number of things, in a form that agrees with it."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
