"""What automatic differentiation adds to `transform`, `pullback` and `pushforward`.

    python benches/autograd.py

One silicon cell of 64 atoms, and batches of small molecules of 20 atoms, on one thread. The two sides take turns, and
what counts is the median over the rounds of the ratio of processor times:

* `gradient`: `transform` and `pullback`, beside a `Featurizer` and `torch.autograd.grad` by the positions;
* `forces`: these and `pushforward`, beside the derivative of a sum of squared forces by the adjoint, which is what
  training on forces takes;
* `cells`: as `gradient`, and by the cells too.

Structures were prepared before (`prepared`), or are structures of ASE that are taken apart in each call (`frames`).
With JAX installed, the same for a compiled `jax.vjp`. Results go to ``benches/results/autograd.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from machine import machine

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "autograd.json"


def silicon():
    """A displaced cell of 64 atoms."""
    from ase.build import bulk

    atoms = bulk("Si", cubic=True).repeat(2)
    atoms.rattle(0.1, seed=0)
    return [atoms]


def molecules(n):
    """Chains of twenty atoms."""
    from ase import Atoms

    rng, carbon = np.random.default_rng(0), np.arange(6)
    found = []
    for _ in range(n):
        chain = np.stack([1.25 * carbon, 0.4 * (-1.0) ** carbon, 0.0 * carbon], axis=1)
        sides = [chain + np.array([0.0, 0.6 * s, 0.9 * s]) for s in (-1, 1)]
        ends = [chain[0] - [1.0, 0.3, 0.0], chain[-1] + [1.0, 0.3, 0.0]]
        places = np.concatenate([chain, *sides, ends])
        found.append(Atoms("C6H14", places + rng.normal(scale=0.05, size=places.shape)))
    return found


def cases():
    """Structures and a fingerprint, by name."""
    import isoprint as ip

    def soap(*species, n):
        return ip.SOAP(r_cut=5.0, n_max=n, l_max=n, species=species)

    return {
        "64 atoms of silicon": (silicon(), soap("Si", n=8)),
        "1 molecule of 20 atoms": (molecules(1), soap("H", "C", n=6)),
        "32 molecules of 20 atoms": (molecules(32), soap("H", "C", n=6)),
        "256 molecules of 20 atoms": (molecules(256), soap("H", "C", n=6)),
    }


def plain(soap, frames, adjoint, displacements):
    """What the work is without a library around it."""

    def gradient():
        soap.transform(frames, n_jobs=1)
        soap.pullback(frames, adjoint, n_jobs=1)

    def forces():
        gradient()
        soap.pushforward(frames, displacements, n_jobs=1)

    return {"gradient": gradient, "cells": gradient, "forces": forces}


def in_torch(soap, frames, adjoint, prepared):
    """The same with PyTorch."""
    import torch

    from isoprint.extras.torch import Featurizer

    # As training on forces has it, which needs no second derivatives by positions.
    module = Featurizer(soap, n_jobs=1, second=False)
    batch = module.prepare(frames)
    given = batch if prepared else frames
    x, h = batch.positions.requires_grad_(), batch.cells
    strained = h.clone().requires_grad_()
    a = torch.from_numpy(adjoint.copy()).requires_grad_()

    def gradient():
        torch.autograd.grad(module(given, x, h), x, a.detach())

    def cells():
        torch.autograd.grad(module(given, x, strained), (x, strained), a.detach())

    def forces():
        (slope,) = torch.autograd.grad(module(given, x, h), x, a, create_graph=True)
        torch.autograd.grad(slope, a, slope.detach())

    return {"gradient": gradient, "cells": cells, "forces": forces}


def in_jax(soap, frames, adjoint):
    """The same with JAX, compiled."""
    import jax

    from isoprint.extras.jax import featurizer

    jax.config.update("jax_enable_x64", True)
    f = featurizer(soap, frames, n_jobs=1)
    x = jax.numpy.asarray(np.concatenate([frame.positions for frame in frames]))
    a = jax.numpy.asarray(adjoint)

    def back(x):
        rows, pull = jax.vjp(f, x)
        return rows, pull(a)[0]

    compiled = jax.jit(back)
    return {"gradient": lambda: jax.block_until_ready(compiled(x))}


def ratios(base, other, rounds, least):
    """Processor time of the second over that of the first, round by round; and microseconds of the first."""

    def taken(function, count):
        start = time.process_time()
        for _ in range(count):
            function()
        return (time.process_time() - start) / count

    base(), other()
    count = max(1, round(least / max(taken(base, 3), 1e-6)))
    found, times = [], []
    for round_ in range(rounds):
        order = (base, other) if round_ % 2 else (other, base)
        spent = {function: taken(function, count) for function in order}
        found.append(spent[other] / spent[base])
        times.append(1e6 * spent[base])
    low, middle, high = np.quantile(found, [0.25, 0.5, 0.75])
    return {"overhead": middle - 1.0, "quartiles": [low - 1.0, high - 1.0], "microseconds": float(np.median(times))}


def measured(rounds, least):
    """Every case, by name."""
    results = {}
    for name, (frames, soap) in cases().items():
        rng = np.random.default_rng(1)
        adjoint = rng.standard_normal((len(soap.rows(frames)), soap.n_features))
        n_atoms = sum(map(len, frames))
        base = plain(soap, frames, adjoint, rng.standard_normal((n_atoms, 3)))
        own = results[name] = {}
        sides = {
            f"torch {kind}": in_torch(soap, frames, adjoint, kind == "prepared") for kind in ("prepared", "frames")
        }
        try:
            sides["jax"] = in_jax(soap, frames, adjoint)
        except ImportError:
            pass
        for side, calls in sides.items():
            for call, function in calls.items():
                own[f"{side}, {call}"] = ratios(base[call], function, rounds, least)
                print(f"{name}, {side}, {call}: {100 * own[f'{side}, {call}']['overhead']:.1f} %", flush=True)
    return results


def main() -> None:
    """Read options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each side in a round")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    result = {"machine": machine(), "torch": torch.__version__, "cases": measured(args.rounds, args.seconds)}
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
