"""Programs in processes of their own that take turns, so that a noisy machine is as noisy for each of them.

A program is started with a command, reads orders from stdin and answers on stdout, a line of JSON each:

* ``{"start": {...}}``: get ready; the answer says what there is to be timed (``calls``), and more;
* ``{"time": call, "size": n, "seconds": s}``: repeat the call for about so long, or ``"count"`` times; the answer is
  `timed`, how often, and the seconds of one call;
* ``{"save": call, "size": n, "path": p}``: write the result as an array, so that programs can be compared.

What goes wrong is answered as ``{"error": text}``, and `Program.ask` raises it as `Failed`.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Calls of a turn are repeated for this long, in seconds.
TURN = 0.05
MOST_CALLS = 5000
# A first call that took so long, in seconds, was warm enough to say how long the next will take.
LONG = 0.5


class Failed(RuntimeError):
    """A program could not do what it was asked, or ended."""


@dataclass(frozen=True)
class Call:
    """What is timed: `run`, given what `fresh` makes, which is not timed."""

    run: Callable[[Any], Any]
    fresh: Callable[[], Any] = lambda: None
    units: int = 1
    """By how many a time is divided: centers of a frame, descriptors of a script."""
    compared: Callable[[], Any] | None = None
    """The result as one array, the same at every call, by which programs are compared."""


def moment() -> list[float]:
    """The clock; seconds of the processor that this process had; and of these, in itself and in the system."""
    spent = os.times()
    try:
        import resource
    except ImportError:  # no such module on Windows
        user, system = spent.user, spent.system
    else:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        user, system = usage.ru_utime, usage.ru_stime
    return [time.perf_counter(), time.process_time(), user, system]


def timed(call: Call, count: int) -> dict[str, float]:
    """Microseconds for each unit: by the clock, of the processor, and of these in the program and in the system."""
    inputs = [call.fresh() for _ in range(count)]
    gc.collect()
    gc.freeze()  # inputs that wait for their turn are no work for the collector
    try:
        before = moment()
        for given in inputs:
            call.run(given)
        after = moment()
    finally:
        gc.unfreeze()
    scale = 1e6 / (count * call.units)
    return {
        name: scale * (b - a) for name, a, b in zip(("wall", "processor", "user", "system"), before, after, strict=True)
    }


class Server:
    """The side of a program: calls by name and size, and how often each is repeated."""

    def __init__(self, prepare: Callable[..., tuple[dict, Callable[[str, int | None], Call]]]) -> None:
        self.prepare = prepare
        self.make = None
        self.calls: dict[tuple[str, int | None], tuple[Call, float]] = {}

    def call(self, name: str, size: int | None) -> tuple[Call, float]:
        """A call and the seconds it takes; the first that is made warms up."""
        if (name, size) not in self.calls:
            call = self.make(name, size)
            seconds = 1e-6 * call.units * timed(call, 1)["wall"]
            if seconds < LONG:
                seconds = 1e-6 * call.units * timed(call, 1)["wall"]
            self.calls[name, size] = call, seconds
        return self.calls[name, size]

    def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what one order asks for."""
        if "start" in order:
            about, self.make = self.prepare(**order["start"])
            return about
        if "time" in order:
            call, estimate = self.call(order["time"], order.get("size"))
            count = round(order.get("seconds", TURN) / max(estimate, 1e-9))
            count = order.get("count") or min(max(count, 1), MOST_CALLS)
            taken = timed(call, count)
            return {**taken, "count": count, "seconds": 1e-6 * call.units * taken["wall"]}
        import numpy as np

        array = np.asarray(self.make(order["save"], order.get("size")).compared())
        np.save(order["path"], array)
        return {"shape": list(array.shape), "dtype": str(array.dtype)}


def serve(prepare: Callable[..., tuple[dict, Callable[[str, int | None], Call]]]) -> None:
    """Answer orders until stdin is closed; `prepare` is given what the first one says."""
    # Programs print to stdout as they please, some below Python: keep a private copy for the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    server = Server(prepare)
    for line in sys.stdin:
        try:
            reply = server.answer(json.loads(line))
        except Exception as problem:
            reply = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(reply), file=answers)


def plain(calls: Mapping[str, Callable[[], Any]]) -> tuple[dict, Callable[[str, int | None], Call]]:
    """What `serve` asks for, from functions without arguments."""
    return {"calls": list(calls)}, lambda name, size: Call(lambda nothing: calls[name]())


class Program:
    """The side of the runner: a process that does what it is asked."""

    def __init__(
        self, name: str, command: list[str], *, threads: int = 1, variables: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        limits = {f"{kind}_NUM_THREADS": str(threads) for kind in ("OMP", "RAYON", "OPENBLAS", "MKL")}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **limits, "PYTHONWARNINGS": "ignore", **(variables or {})},
        )  # fmt: skip

    def ask(self, **order: Any) -> dict[str, Any]:
        """Send one order, wait for its answer."""
        try:
            print(json.dumps(order), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(f"{self.name} ended with status {self.process.wait()} at {json.dumps(order)}")
        reply = json.loads(line)
        if "error" in reply:
            raise Failed(f"{self.name}: {reply['error']}")
        return reply

    def close(self) -> None:
        """Let the process end by itself."""
        with suppress(BrokenPipeError):  # it has ended already, and an order waits for it
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def in_turn(round_: int, lanes: list) -> list:
    """The order of one round: every round begins with another one, because the first may find the memory cold."""
    first = round_ % max(1, len(lanes))
    return lanes[first:] + lanes[:first]


def take(commands: Mapping[str, list[str]], rounds: int) -> dict[tuple[str, str], list[float]]:
    """Microseconds by the clock of every program and call, one for each round; who cannot start is left out."""
    programs, taken = [], {}
    try:
        for name, command in commands.items():
            programs.append(Program(name, command))
        ready = {}
        for program in programs:
            try:
                taken.update({(program.name, call): [] for call in program.ask(start={})["calls"]})
            except Failed as problem:
                print(f"left out: {problem}", file=sys.stderr)
            else:
                ready[program.name] = program
        for _ in range(rounds):
            for (name, call), times in taken.items():
                times.append(ready[name].ask(time=call)["wall"])
    finally:
        for program in programs:
            program.close()
    return taken
