"""Rings of structures that a fingerprint hardly tells apart, and the overlap matrix, which does.

Without arguments: one ring of ammonia. `--full FOLDER`: every ring, start and comparison that docs/manifolds.md shows,
a few minutes on one core; a part at a time with `--parts`. Figures need matplotlib.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from ase import Atoms

import isoprint as ip

R_CUT = 4.8
BOND = 1.087


def soap(center, sigma=0.3, n=16, l=16, r_cut=R_CUT):
    """The SOAP of the study, of unit norm."""
    z = Atoms(center).numbers[0]
    return ip.SOAP.from_quip(
        f"soap n_max={n} l_max={l} atom_sigma={sigma} cutoff={r_cut} cutoff_transition_width=0.5"
        f" n_species=2 species_Z={{1 {z}}} Z={z} n_Z=1 central_weight=1"
    )


def turbo(center):
    """Recursive SOAP, without the density of the center, which hides that of the others."""
    return ip.SoapTurbo(
        r_cut=R_CUT,
        r_soft=4.3,
        n_max=8,
        l_max=8,
        sigma=0.3,
        basis="poly3gauss",
        central_weight=0,
        species=["H", center],
    )


def overlap(center, orbitals="sp"):
    """The overlap matrix, against which all are compared."""
    return ip.OverlapMatrix(r_cut=R_CUT, orbitals=orbitals, species=["H", center], max_sites=5)


def fingerprints(center):
    """By the names of the tables."""
    return {
        "SOAP 0.3": soap(center),
        "SOAP 0.1": soap(center, 0.1),
        "SOAP 8/8 0.5": soap(center, 0.5, 8, 8),
        "SoapTurbo": turbo(center),
        "ACSF": ip.ACSF.standard(),
        "OM": overlap(center),
    }


def methane():
    """The tetrahedron."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
    return Atoms("CH4", np.vstack([np.zeros((1, 3)), BOND * corners]))


def summary(path):
    """What must be said of a path, so that others can believe it."""
    random = path.random(0.02, 400)
    return {
        "status": path.status,
        "points": len(path),
        "length": path.length,
        "diameter": path.diameter,
        "gap": path.gap if path.closed else None,
        "largest_step": path.steps.max(),
        "weak_steps": path.weak_steps,
        "feature_distance": path.feature_distance.max(),
        "random": np.median(random.feature_distance),
        "contrast": path.contrast,
        "softest": [path.softest.min(), path.softest.max()],
        "isolation": path.isolation.min(),
        "om": path.reference_distance.max(),
        "om_random": np.median(random.reference_distance),
        "copies": sum(not copy.mirrored and copy.distance < 2e-3 for copy in path.copies),
    }


def short():
    start = ip.helical_start("NH3", stretch=0.07, bend=0.07, seed=0)
    found = ip.sensitivity(ip.ACSF.standard(), start, 0)
    print(f"at the start: {found}")
    path = ip.follow_manifold(ip.ACSF.standard(), start, 0)
    random = path.random(0.02, 100)
    print(f"symmetry functions of ammonia: {path}")
    print(f"  random displacements of 0.02 Å change them by {np.median(random.feature_distance):.2g}")
    print(f"  the overlap matrix changes by {path.reference_distance.max():.2g} along the ring,", end=" ")
    print(f"by {np.median(random.reference_distance):.2g} with the displacements")
    print(f"the overlap matrix itself: {ip.follow_manifold(overlap('N'), start, 0)}")


# The whole story, part by part. Each returns a list of rows.


def rings():
    """The known starts, each with the fingerprint that closes it, and the same with the overlap matrix."""
    rows = []
    for name, kind in (("NH3-a", "SOAP 0.3"), ("NH3-a", "ACSF"), ("NH3-b", "ACSF"), ("CH4-a", "SOAP 0.3"),
                       ("CH4-b", "ACSF"), ("NH3-a", "OM"), ("CH4-a", "OM"), ("CH4-b", "OM")):  # fmt: skip
        path = ip.follow_manifold(fingerprints(name[0])[kind], ip.study.start(name), 0)
        rows.append({"start": name, "fingerprint": kind, **summary(path)})
        print(name, kind, path, flush=True)
    return rows


def others():
    """Rings of narrow densities and of recursive SOAP, water, and what the structures themselves do."""
    rows = []
    for label, kind, start, options in [
        ("CH4 helical", "SOAP 0.1", ip.helical_start("CH4", stretch=0.01, bend=0.02, seed=0), {"step": 0.0015}),
        ("CH4 helical", "SoapTurbo", ip.helical_start("CH4", stretch=0.02, bend=0.07, seed=0), {}),
        ("NH3 helical", "SoapTurbo", ip.helical_start("NH3", stretch=0.04, bend=0.16, seed=0), {}),
        *[("H2O random", kind, bent(seed), {}) for seed, kind in enumerate(("SOAP 0.3", "SoapTurbo", "ACSF", "OM"))],
    ]:
        center = start.symbols[0]
        path = ip.follow_manifold(fingerprints(center)[kind], start, 0, **options)
        rows.append({"start": label, "fingerprint": kind, **summary(path)})
        print(label, kind, path, flush=True)
    return rows


def bent(seed):
    """Water, displaced at random."""
    half = np.radians(104.51 / 2.0)
    arms = 0.9575 * np.array([[np.sin(half), 0.0, np.cos(half)], [-np.sin(half), 0.0, np.cos(half)]])
    moves = np.random.default_rng(seed).uniform(-0.1, 0.1, (3, 3))
    return Atoms("OH2", np.vstack([np.zeros((1, 3)), arms]) + moves)


def starts():
    """How often a ring closes."""
    rows = []
    for molecule, kind, stretch, bend, n in [
        ("NH3", "SOAP 0.3", 0.04, 0.16, 8), ("NH3", "ACSF", 0.07, 0.07, 8), ("CH4", "SOAP 0.3", 0.02, 0.07, 12),
        ("CH4", "SOAP 0.3", 0.03, 0.03, 12), ("CH4", "SOAP 0.3", 0.05, 0.14, 8), ("CH4", "ACSF", 0.03, 0.03, 12),
        ("CH4", "ACSF", 0.05, 0.05, 12), ("CH4", "ACSF", 0.08, 0.08, 8), ("PH3", "OM", 0.04, 0.16, 12),
        ("PH3", "OM", 0.02, 0.07, 12), ("NH3", "OM", 0.04, 0.16, 12), ("SiH4", "OM", 0.01, 0.02, 12),
    ]:  # fmt: skip
        descriptor = fingerprints(molecule[:-2])[kind]
        paths = [
            ip.follow_manifold(descriptor, ip.helical_start(molecule, stretch=stretch, bend=bend, seed=seed), 0)
            for seed in range(n)
        ]
        closed = [path for path in paths if path.closed]
        rows.append({"start": "helical", "molecule": molecule, "fingerprint": kind, "stretch": stretch, "bend": bend,
                     "closed": len(closed), "of": n,
                     "diameter": float(np.median([path.diameter for path in closed or paths])),
                     "contrast": span([path.contrast for path in closed])})  # fmt: skip
        print(rows[-1], flush=True)
    for molecule, kind, amplitude, n in [("NH3", "SOAP 0.3", 0.05, 60), ("NH3", "ACSF", 0.05, 60),
                                         ("CH4", "ACSF", 0.15, 100), ("NH3", "OM", 0.05, 40)]:  # fmt: skip
        rows.extend(by_chance(molecule, kind, amplitude, n))
        print(rows[-2:], flush=True)
    return rows


def span(values):
    """The least and the largest, if there are any."""
    return [float(min(values)), float(max(values))] if values else []


def by_chance(molecule, kind, amplitude, n):
    """Rings from random starts, all of them and the isolated ones."""
    rest = methane() if molecule == "CH4" else ip.helical_start("NH3", stretch=0.0, bend=1e-9, seed=0)
    descriptor = fingerprints(molecule[0])[kind]
    found = ip.random_starts(descriptor, rest, 0, amplitude=amplitude, n=n, isolation=1.0, seed=0)
    closed = [ip.follow_manifold(descriptor, start.frame, 0).closed for start in found]
    isolated = [done for done, start in zip(closed, found, strict=True) if start.isolation >= 30.0]
    about = {"molecule": molecule, "fingerprint": kind, "amplitude": amplitude}
    return [
        {"start": "random", **about, "closed": sum(closed), "of": len(closed)},
        {"start": "random, isolated", **about, "closed": sum(isolated), "of": len(isolated)},
    ]


def crossed():
    """Who sees which ring: the largest change along it over the median change of random displacements."""
    rows = []
    for name, kind in (("NH3-a", "SOAP 0.3"), ("CH4-a", "SOAP 0.3"), ("CH4-b", "ACSF")):
        known = fingerprints(name[0])
        path = ip.follow_manifold(known[kind], ip.study.start(name), 0)
        moves = np.random.default_rng(0).uniform(-0.02, 0.02, (200, *path.positions[0].shape))
        frames = [Atoms(path.numbers, path.positions[0] + move) for move in moves]
        row = {"ring": f"{name} {kind}"}
        for label, descriptor in known.items():
            values = descriptor.transform([path.frames[0], *frames], centers=[[0]] * 201)
            row[label] = path.distances(descriptor).max() / np.median(np.linalg.norm(values[1:] - values[0], axis=1))
        rows.append(row)
        bonds = np.linalg.norm(path.positions[:, 1:] - path.positions[:, :1], axis=2)
        row["bond_range"] = float(np.ptp(bonds, axis=0).max())
    return rows


def figures(folder):
    """Pictures of the rings, and of how soft modes soften."""
    from isoprint.extras import plotting

    for name, kind in (("NH3-a", "SOAP 0.3"), ("CH4-b", "ACSF")):
        path = ip.follow_manifold(fingerprints(name[0])[kind], ip.study.start(name), 0)
        path.plot(folder / f"ring_{name.lower()}.png")
    sizes = np.geomspace(1e-4, 3e-2, 16)
    drawn, axes = plotting.figure(1, 3, size=(3.6, 3.6))
    for ax, kind in zip(axes[0], ("SOAP 0.3", "ACSF", "OM"), strict=True):
        move = np.random.default_rng(2).uniform(-1.0, 1.0, (5, 3))
        frames = [Atoms("CH4", methane().positions + size * move) for size in sizes]
        s = np.array([ip.sensitivity(fingerprints("C")[kind], frame, 0).singular_values for frame in frames])
        for k, values in enumerate((s / s[:, -1:]).T):
            slope = np.polyfit(np.log(sizes[:8]), np.log(values[:8]), 1)[0]
            ax.loglog(sizes, values, "-", lw=1.3, color=plotting.COLORS[1 + min(2, round(abs(slope)))])
            del k
        ax.set(xlabel="distortion of methane / Å", title=kind)
    axes[0, 0].set(ylabel="singular value / largest")
    plotting.saved(drawn, folder / "softening.png")


PARTS = {"rings": rings, "others": others, "starts": starts, "crossed": crossed}


def brief(value):
    """Five digits a number."""
    if isinstance(value, (list, tuple)):
        return [brief(each) for each in value]
    if isinstance(value, dict):
        return {key: brief(each) for key, each in value.items()}
    return float(f"{value:.5g}") if isinstance(value, (float, np.floating)) else value


def full(folder, parts):
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "rings.json"
    for part in parts:
        if part == "figures":
            figures(folder)
            continue
        done = json.loads(table.read_text(encoding="utf-8")) if table.exists() else {}
        done[part] = [brief(row) for row in PARTS[part]()]
        rows = ",\n".join(
            f' "{name}": [\n' + ",\n".join(f"  {json.dumps(row)}" for row in entries) + "\n ]"
            for name, entries in done.items()
        )
        table.write_text("{\n" + rows + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="run everything")
    parser.add_argument("--parts", nargs="+", choices=[*PARTS, "figures"], default=[*PARTS, "figures"])
    options = parser.parse_args()
    if options.full is None:
        short()
    else:
        full(options.full, options.parts)
