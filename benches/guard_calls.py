"""Every kind of call that the guard times; the program that a side of `guard.py` runs.

A version that does not have something says so, and the call is not judged. A new kind of call is one more entry: a
function that is given the package and makes a `Call`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from guard_descriptors import DESCRIPTORS, ELEMENTS, METHODS, SMALL_FRAME_ATOMS, carbon, small_molecules
from turns import Call, serve

FRAME_ATOMS = 200


def of_frames(calls: dict[str, Callable[[Any], Call]]) -> None:
    """Every method of every descriptor on one frame, and on one molecule."""

    def on_frame(name: str, method: str) -> Callable[[Any], Call]:
        def make(ip: Any) -> Call:
            slow = name.endswith("Matrix")
            atoms = carbon(SMALL_FRAME_ATOMS if slow or method == "derivatives" else FRAME_ATOMS)
            descriptor = DESCRIPTORS[name](ip, ["C"], 5.0)
            rows = descriptor.transform(atoms)
            return Call(lambda given: METHODS[method](descriptor, given, rows), atoms.copy, len(atoms))

        return make

    def on_molecule(name: str, method: str) -> Callable[[Any], Call]:
        def make(ip: Any) -> Call:
            from ase.build import molecule

            atoms = molecule("CH4")
            species = ["C"] if name == "SOAP.from_quip" else ["C", "H"]
            descriptor = DESCRIPTORS[name](ip, species, 4.0)
            rows = descriptor.transform(atoms)
            return Call(lambda given: METHODS[method](descriptor, given, rows), atoms.copy)

        return make

    for name in DESCRIPTORS:
        for method in METHODS:
            calls[f"{name} {method}"] = on_frame(name, method)
    for name in ("SOAP 8,8", "SoapTurbo 8,8", "ACSF", "OverlapMatrix", "CoulombMatrix", "RadialDistribution"):
        for method in METHODS:
            calls[f"one methane, {name} {method}"] = on_molecule(name, method)


def of_construction(calls: dict[str, Callable[[Any], Call]]) -> None:
    """A descriptor with parameters that nobody has had before, one that is known, and one a molecule."""
    serial = count(1)

    def new(name: str) -> Callable[[Any], Call]:
        def make(ip: Any) -> Call:
            from ase import Atoms

            one = Atoms("C", [[0.0, 0.0, 0.0]])
            return Call(
                lambda r_cut: DESCRIPTORS[name](ip, ["C"], r_cut).transform(one), lambda: 5.0 + 1e-4 * next(serial)
            )

        return make

    def known(name: str) -> Callable[[Any], Call]:
        def make(ip: Any) -> Call:
            from ase import Atoms

            one = Atoms("C", [[0.0, 0.0, 0.0]])
            return Call(lambda nothing: DESCRIPTORS[name](ip, ["C"], 5.0).transform(one))

        return make

    def one_a_molecule(ip: Any) -> Call:
        frames = small_molecules(30)

        def run(r_cut: float) -> None:
            for atoms in frames:
                ip.SOAP(species=sorted(set(atoms.symbols)), r_cut=r_cut, n_max=8, l_max=6).transform(atoms)

        return Call(run, lambda: 5.0 + 1e-4 * next(serial), len(frames))

    for name in DESCRIPTORS:
        if name != "Hybrid":
            calls[f"new {name}"] = new(name)
    for name in ("SOAP 8,8", "SoapTurbo 8,8", "ACSF"):
        calls[f"known {name}"] = known(name)
    calls["a SOAP for each molecule"] = one_a_molecule


def of_molecules(calls: dict[str, Callable[[Any], Call]]) -> None:
    """Many small molecules: rows, averages and their gradients."""

    def many(kind: str, average: str | None, method: str) -> Callable[[Any], Call]:
        def make(ip: Any) -> Call:
            frames = small_molecules(100)
            if kind == "ACSF":
                descriptor = ip.ACSF.standard(species=list(ELEMENTS), r_cut=5.0)
            else:
                size = {"n_max": 4, "l_max": 4} if method == "pullback" else {"n_max": 8, "l_max": 6}
                descriptor = getattr(ip, kind)(species=list(ELEMENTS), r_cut=5.0, average=average, **size)
            rows = descriptor.transform(frames)
            run = {
                "transform": lambda given: descriptor.transform(given, n_jobs=1),
                "pullback": lambda given: descriptor.pullback(given, rows, n_jobs=1),
                "one by one": lambda given: [descriptor.transform(atoms, n_jobs=1)[0, 0] for atoms in given],
            }[method]
            return Call(run, lambda: [atoms.copy() for atoms in frames], sum(map(len, frames)))

        return make

    for kind in ("SOAP", "SoapTurbo"):
        for average in (None, "inner", "outer"):
            for method in ("transform", "pullback"):
                calls[f"molecules, {kind} {average or 'rows'} {method}"] = many(kind, average, method)
    calls["molecules, ACSF rows transform"] = many("ACSF", None, "transform")
    for kind in ("SOAP", "ACSF"):
        calls[f"molecules, {kind} one by one"] = many(kind, None, "one by one")


def of_the_rest(calls: dict[str, Callable[[Any], Call]]) -> None:
    """Neighbors, types, memory, threads, chosen centers, names, pickles, what is built on top."""

    def turbo(run: Callable[[Any, Any], Any], n_atoms: int = FRAME_ATOMS, **options: Any) -> Callable[[Any], Call]:
        def make(ip: Any) -> Call:
            descriptor = ip.SoapTurbo(species=["C"], r_cut=5.0, n_max=8, l_max=8, **options)
            atoms = carbon(n_atoms)
            descriptor.transform(atoms[:1])
            return Call(lambda given: run(descriptor, given), atoms.copy, n_atoms)

        return make

    def neighbors(n_atoms: int) -> Callable[[Any], Call]:
        def make(ip: Any) -> Call:
            atoms = carbon(n_atoms)
            return Call(lambda given: ip.neighbors(given, 5.0, n_jobs=1), atoms.copy, n_atoms)

        return make

    def into(ip: Any) -> Call:
        import numpy as np

        atoms = carbon(FRAME_ATOMS)
        descriptor = ip.SoapTurbo(species=["C"], r_cut=5.0, n_max=8, l_max=8)
        out = np.empty((len(atoms), descriptor.n_features))
        return Call(lambda given: descriptor.transform(given, out=out, n_jobs=1), atoms.copy, len(atoms))

    def sensitivity(ip: Any) -> Call:
        from ase.build import bulk

        atoms = bulk("Si", cubic=True) * (2, 2, 2)
        atoms.rattle(0.05, seed=1)
        acsf = ip.ACSF.standard(species=["Si"], r_cut=4.0)
        return Call(lambda given: ip.sensitivity(acsf, given, 0), atoms.copy)

    def manifold(ip: Any) -> Call:
        start = ip.helical_start("NH3", stretch=0.07, bend=0.07)
        acsf = ip.ACSF.standard(species=["N", "H"], r_cut=4.0)
        return Call(lambda given: ip.follow_manifold(acsf, given, 0, max_steps=5), start.copy)

    def pickled(ip: Any) -> Call:
        import pickle

        descriptor = ip.SoapTurbo(species=["C"], r_cut=5.0, n_max=8, l_max=8)
        return Call(lambda nothing: pickle.loads(pickle.dumps(descriptor)))

    calls["neighbors, 2000 atoms"] = neighbors(2000)
    calls["neighbors, 8 atoms"] = neighbors(8)
    calls["float32 transform"] = turbo(lambda d, atoms: d.transform(atoms, n_jobs=1), dtype="float32")
    calls["two threads transform"] = turbo(lambda d, atoms: d.transform(atoms, n_jobs=2), 1000)
    calls["one center of 2000 atoms"] = turbo(lambda d, atoms: d.transform(atoms, centers=[7], n_jobs=1), 2000)
    calls["two points of 2000 atoms"] = turbo(
        lambda d, atoms: d.transform(atoms, centers=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], n_jobs=1), 2000
    )
    calls["ten centers derivatives"] = turbo(lambda d, atoms: d.derivatives(atoms, centers=range(10), n_jobs=1))
    calls["inner average of a crystal"] = turbo(lambda d, atoms: d.transform(atoms, n_jobs=1), average="inner")
    calls["transform into out"] = into
    calls["names of features"] = turbo(lambda d, atoms: d.get_feature_names_out())
    calls["fit"] = turbo(lambda d, atoms: d.fit([atoms]))
    calls["pickle"] = pickled
    calls["sensitivity"] = sensitivity
    calls["follow_manifold, 5 steps"] = manifold


def of_later_versions(calls: dict[str, Callable[[Any], Call]]) -> None:
    """What the first versions did not have."""

    def soap_of(ip: Any, **options: Any) -> Any:
        return ip.SOAP(species=["C"], r_cut=5.0, n_max=8, l_max=8, **options)

    def fused(ip: Any) -> Call:
        soap, atoms = soap_of(ip), carbon(FRAME_ATOMS)
        adjoint = soap.transform(atoms)
        return Call(
            lambda given: soap.fused(given, lambda rows, found: adjoint[rows.atom], n_jobs=1), atoms.copy, len(atoms)
        )

    def jacobian_into(ip: Any) -> Call:
        import numpy as np

        soap, atoms = soap_of(ip), carbon(SMALL_FRAME_ATOMS)
        out = np.empty_like(soap.derivatives(atoms).values)
        return Call(lambda given: soap.derivatives(given, out=out, n_jobs=1), atoms.copy, len(atoms))

    def jacobians_of_many(ip: Any) -> Call:
        frames = small_molecules(20)
        soap = ip.SOAP(species=list(ELEMENTS), r_cut=5.0, n_max=4, l_max=4)
        return Call(lambda nothing: len(soap.derivatives(frames, n_jobs=1)), units=sum(map(len, frames)))

    def sparse(ip: Any) -> Call:
        frames = small_molecules(100)
        soap = ip.SOAP(species=list(ELEMENTS), r_cut=5.0, n_max=8, l_max=6)
        return Call(lambda nothing: soap.transform(frames, sparse="scipy", n_jobs=1), units=sum(map(len, frames)))

    def neighbors_given(ip: Any) -> Call:
        soap, atoms = soap_of(ip), carbon(2000)
        known = ip.neighbors(atoms, 5.0)
        return Call(lambda nothing: soap.transform(atoms, centers=[7], neighbors=known, n_jobs=1))

    def single(ip: Any) -> Call:
        soap, atoms = soap_of(ip, precision="single"), carbon(FRAME_ATOMS)
        return Call(lambda given: soap.transform(given, n_jobs=1), atoms.copy, len(atoms))

    calls["fused"] = fused
    calls["derivatives into out"] = jacobian_into
    calls["derivatives of many frames"] = jacobians_of_many
    calls["sparse rows"] = sparse
    calls["one center, neighbors given"] = neighbors_given
    calls["precision single"] = single


def prepare() -> tuple[dict[str, Any], Callable[[str, int | None], Call]]:
    """All calls that this version has, and why it does not have the others."""
    import numpy as np

    import isoprint as ip

    makers: dict[str, Callable[[Any], Call]] = {}
    for add in (of_frames, of_construction, of_molecules, of_the_rest, of_later_versions):
        add(makers)
    calls, missing = {}, {}
    for name, make in makers.items():
        try:
            call = make(ip)
            call.run(call.fresh())
        except (AttributeError, TypeError, ValueError) as problem:
            missing[name] = f"{type(problem).__name__}: {problem}"
        else:
            calls[name] = call
    core = getattr(ip, "_core", None)
    about = {
        "calls": list(calls), "missing": missing, "version": ip.__version__, "numpy": np.__version__,
        "isa": core.isa() if hasattr(core, "isa") else None,
    }  # fmt: skip
    return about, lambda name, size: calls[name]


if __name__ == "__main__":
    serve(prepare)
