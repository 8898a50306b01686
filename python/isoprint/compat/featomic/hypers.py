"""Hyper-parameters as mappings, or as the classes that stand for them."""

from __future__ import annotations

from typing import Any


def hypers_to_json(hypers_dict: dict[str, Any]) -> dict[str, Any]:
    """Hyper-parameters as plain mappings, whatever classes they were given as.

    Parameters
    ----------
    hypers_dict : dict
        Values may have the method `_featomic_hypers`, which says what they are as a mapping.

    Returns
    -------
    dict
        Of numbers, words and dictionaries.

    Examples
    --------
    >>> from isoprint.compat.featomic import cutoff, hypers_to_json
    >>> hypers_to_json({"cutoff": cutoff.Cutoff(radius=3.4, smoothing=None)})
    {'cutoff': {'radius': 3.4, 'smoothing': {'type': 'Step'}}}
    """
    plain: dict[str, Any] = {}
    for key, value in hypers_dict.items():
        if hasattr(value, "_featomic_hypers"):
            value = value._featomic_hypers()
        plain[key] = hypers_to_json(value) if isinstance(value, dict) else value
    return plain
