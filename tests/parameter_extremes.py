"""Every parameter of every descriptor at its extremes, each in a process of its own that may be hung, aborted or lost.

As a script it takes the name of a group, and n to try every n-th attempt; it prints one line of JSON an attempt.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from extreme_bases import BASES, SPECIES
from extreme_values import EVERYDAY, GROUPS

# Of one attempt: seconds of one core, seconds of the clock on a machine however busy, bytes of address space.
SECONDS, PATIENCE, MEMORY = 10, 120, 3 << 30

WATER = Atoms("OHHC", [[0.0, 0.0, 0.0], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.1], [0.2, -1.3, 0.4]])


@dataclass(frozen=True)
class Attempt:
    """One call with a parameter at an extreme, and the names of which an error may speak."""

    label: str
    make: Callable[[], Any]
    names: tuple[str, ...]


def attempts(group: str, stride: int) -> Iterator[Attempt]:
    """Every so manieth attempt of a group, in order; the group "everyday" is short."""
    if group == "everyday":
        lines = EVERYDAY
    else:
        lines = [(base, line) for base, lines in GROUPS[group].items() for line in lines]
    yield from itertools.islice(itertools.chain.from_iterable(of_line(*line) for line in lines), 0, None, stride)


def of_line(base: str, line: tuple[Any, ...]) -> Iterator[Attempt]:
    """One attempt a value of a line of the table."""
    make, standard = BASES[base]
    names, values, options = (*line, {})[:3]
    name, *others = names if isinstance(names, tuple) else (names,)
    extra = "".join(f", {key}={entry!r}" for key, entry in options.items())
    for value in values:
        arguments = {**standard, **options, name: value}
        label = f"{base}({name}={shortened(value)}{extra})"
        yield Attempt(label, functools.partial(make, **arguments), (name, *others, *options))


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:56] + "..."


# One attempt, and what came of it.


def outcome(of: Attempt) -> dict[str, Any]:
    """A process of its own; what it said, or how it ended."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os.write(theirs, json.dumps(judged(of)).encode())
        os._exit(0)
    os.close(theirs)
    ready, _, _ = select.select([ours], [], [], PATIENCE)
    said = os.read(ours, 1 << 16) if ready else b""
    os.close(ours)
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status, use = os.wait4(child, 0)
    result = json.loads(said) if said else {"bad": f"ended with status {status} and without a word"}
    return {"label": of.label, "cpu": use.ru_utime + use.ru_stime, "memory": use.ru_maxrss >> 10, **result}


def judged(of: Attempt) -> dict[str, Any]:
    """A finite result, an error that names the parameter, or what is bad about it."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    warnings.simplefilter("error")
    try:
        return results(of)
    except (ValueError, TypeError, MemoryError, UserWarning) as error:
        message = str(error)
        named = any(re.search(rf"\b{re.escape(name)}\b", message) for name in of.names)
        if len(message) > 400:
            return {"bad": f"an error of {len(message)} characters: {message[:200]}"}
        told = f"{type(error).__name__}: {message}"
        return {"refused": told} if named and "\n" not in message else {"bad": f"names no parameter: {told}"}
    except BaseException as error:
        return {"bad": f"{type(error).__name__}: {error}"[:400]}


def results(of: Attempt) -> dict[str, Any]:
    start = time.process_time()
    descriptor = of.make()
    if getattr(descriptor, "species", SPECIES) is None:
        descriptor.fit(WATER)
    count = descriptor.n_features
    made = time.process_time() - start
    if count > 2_000_000:
        return {"result": f"{count} features, too many to try", "made": made}
    features = descriptor.transform(WATER)
    pull = descriptor.pullback(WATER, np.ones_like(features))
    for name, array in (("features", features), ("positions", pull.positions), ("strain", pull.strain)):
        if not np.isfinite(array).all():
            return {"bad": f"{name} are not finite: {array.ravel()[~np.isfinite(array.ravel())][:3]}", "made": made}
    return {"result": f"largest {np.abs(features).max(initial=0.0):.3g}", "made": made}


def main(group: str, stride: str = "1") -> None:
    for of in attempts(group, int(stride)):
        print(json.dumps(outcome(of)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
