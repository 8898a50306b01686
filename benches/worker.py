"""The process in which one contestant runs one case: reads orders from stdin, answers on stdout, a line of json each.

The first line names the contestant, the case and the threads; each further line is ``{"task": ..., "atoms": n}`` and is
answered with the seconds that one call took. Setting up and making the atoms are not timed.
"""

import gc
import importlib
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from seed_system import seed_system


def main():
    """Serve until stdin is closed."""
    # Peers print to stdout as they please, some below Python: keep a private copy for the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    order = json.loads(sys.stdin.readline())
    contestant = importlib.import_module(f"contestants.{order['contestant']}")
    tasks = contestant.tasks(order["case"], order["threads"])
    answer = {"version": version(contestant.PACKAGE), "numpy": version("numpy"), "python": sys.version.split()[0]}
    if contestant.OWN:
        from isoprint import _core

        answer["isa"] = _core.isa()
    print(json.dumps(answer), file=answers)
    systems = {}
    for line in sys.stdin:
        order = json.loads(line)
        n = order["atoms"]
        if n not in systems:
            systems[n] = seed_system(n)
        atoms = systems[n].copy()  # nothing that a program may have kept with the atoms helps the next call
        gc.collect()
        start = time.perf_counter()
        result = tasks[order["task"]](atoms)
        seconds = time.perf_counter() - start
        shape = list(getattr(result, "shape", ()))
        del result
        print(json.dumps({"seconds": seconds, "shape": shape}), file=answers)


if __name__ == "__main__":
    main()
