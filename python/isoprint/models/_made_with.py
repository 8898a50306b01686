"""What a model was made with, in words that are the same in every run."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np


def told(model: Any) -> dict[str, str]:
    """Every parameter of a model and of its terms by name."""
    parameters = model.get_params()
    # What is told part by part needs a name only.
    owners = {name.rpartition("__")[0] for name in parameters}
    return {
        name: type(value).__name__ if name in owners else _told(value) for name, value in sorted(parameters.items())
    }


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is not as it was."""
    return [
        f"{name} was {before.get(name, 'not said')}, and is {now.get(name, 'not said')}"
        for name in dict.fromkeys([*now, *before])
        if before.get(name) != now.get(name)
    ]


def _told(value: Any) -> str:
    """A parameter in words that are the same in every run."""
    if isinstance(value, np.ndarray) and value.ndim:
        content = repr(value.tolist()) if value.dtype.hasobject else np.ascontiguousarray(value).tobytes()
        return f"an array {'x'.join(map(str, value.shape))} of {value.dtype} with checksum {_digest(content)}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_told(key)}: {_told(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_told, value))}]"
    parameters = getattr(value, "get_params", None)
    if parameters is not None:
        told = ", ".join(f"{name}={_told(entry)}" for name, entry in sorted(parameters(deep=False).items()))
        return f"{type(value).__name__}({told})"
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    if isinstance(value, np.generic):
        value = value.item()
    told = repr(value)
    # The address of an object is another in every run.
    return type(value).__qualname__ if " at 0x" in told else told


def _digest(content: str | bytes) -> str:
    return blake2b(content.encode() if isinstance(content, str) else content, digest_size=8).hexdigest()
