"""Programs in processes of their own that take turns, so that a noisy machine is as noisy for each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
# Calls of a turn are repeated for this long, in seconds.
TURN = 0.05


def serve(prepare: Callable[[], Mapping[str, Callable[[], Any]]]) -> None:
    """Time one call for each name on stdin; say first what there is, or why there is nothing.

    Each answer is microseconds a call, the mean of one turn.
    """
    # Programs print to stdout as they please: keep a private copy for the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        calls = prepare()
    except (ImportError, OSError) as problem:
        print(json.dumps(str(problem)), file=answers)
        return
    for call in calls.values():
        call()
    print(json.dumps(list(calls)), file=answers)
    for line in sys.stdin:
        call = calls[line.strip()]
        start, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() - start < TURN:
            call()
            count += 1
        print(1e6 * (time.perf_counter() - start) / count, file=answers)


def take(commands: Mapping[str, list[str]], rounds: int) -> dict[tuple[str, str], list[float]]:
    """Microseconds a call of every program and call, one for each round; every program calls `serve`."""
    running, taken = {}, {}
    try:
        for name, command in commands.items():
            running[name] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env={**os.environ, **ONE_THREAD},
            )  # fmt: skip
        for name, process in running.items():
            offered = json.loads(process.stdout.readline() or '"it ended"')
            if isinstance(offered, str):
                print(f"{name} is left out: {offered}", file=sys.stderr)
                continue
            taken.update({(name, call): [] for call in offered})
        for _ in range(rounds):
            for (name, call), times in taken.items():
                running[name].stdin.write(call + "\n")
                running[name].stdin.flush()
                times.append(float(running[name].stdout.readline()))
    finally:
        for process in running.values():
            process.stdin.close()
            process.wait()
    return taken
