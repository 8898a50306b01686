"""What a learner makes of a ring that a fingerprint hardly sees.

Without arguments: the main result in short. `--full FOLDER`: everything that docs/four_body.md shows, about an hour on
one core; a part at a time with `--parts`. Figures need matplotlib, networks PyTorch.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

import isoprint as ip
from isoprint import study

R_CUT = 4.8


def soap(center, n, l):
    species = f"n_species=2 species_Z={{1 {atomic_numbers[center]}}} Z={atomic_numbers[center]} n_Z=1"
    text = f"soap n_max={n} l_max={l} atom_sigma=0.3 cutoff={R_CUT} cutoff_transition_width=0.5 central_weight=1"
    return ip.SOAP.from_quip(f"{text} {species}", centers=[center])


def fingerprints(center, *names):
    """Those of these names, or all, for hydrogen around an atom of this element."""
    acsf = ip.ACSF.standard(centers=[center], r_cut=R_CUT)
    om = ip.OverlapMatrix(r_cut=R_CUT, species=["H", center], max_sites=5, centers=[center])
    known = {
        "SOAP": soap(center, 16, 16),
        "SOAP 8/8": soap(center, 8, 8),
        "ACSF": acsf,
        "OM": om,
        "ACSF+OM": ip.Hybrid([acsf, om]),
        "SOAP+OM": ip.Hybrid([soap(center, 16, 16), om]),
    }
    return {name: known[name] for name in names or known}


def ring_of(name):
    """The ring from this start, along which SOAP (symmetry functions for CH4-b) stays nearly constant."""
    blind = fingerprints(name[0], "ACSF" if name == "CH4-b" else "SOAP")
    path = ip.follow_manifold(*blind.values(), study.start(name), 0)
    assert path.closed, path
    return path


def short():
    ring = ring_of("CH4-b")
    print(f"methane: {ring}")
    names = ("SOAP 8/8", "ACSF", "ACSF+OM")
    table = study.learning_curve(fingerprints("C", *names), ring, sizes=500, seeds=2)
    print(f"{'':10}{'random: RMSE':>14}{'R²':>8}{'ring: RMSE':>14}{'R²':>8}")
    for name in names:
        line = f"{name:10}"
        for test in ("random", "ring"):
            rows = table.where(fingerprint=name, test=test)
            line += f"{np.mean(rows.column('rmse')):14.4f}{np.mean(rows.column('r2')):8.3f}"
        print(line)


# The whole study, part by part. Each returns rows that begin with the part and the ring.


def curve(part, ring, names=(), **options):
    """A table of one part on one ring; see `study.learning_curve`."""
    label = {"study": part, "ring": ring}
    chosen = fingerprints(ring[0], *names)
    return study.learning_curve(chosen, ring_of(ring), label=label, progress=lambda line: print(ring, line), **options)


def kernel():
    """One thousand random structures around the center or the start of a ring."""
    few = ("SOAP", "ACSF", "OM")
    return (
        curve("kernel", "CH4-b", design="center")
        + curve("kernel", "CH4-b", few, design="center+ring")
        + curve("kernel", "CH4-a", design="start")
        + curve("kernel", "CH4-a", few, design="start+ring")
        + curve("kernel", "NH3-a", design="start")
    )


def curves():
    """More and more structures."""
    names = ("SOAP", "ACSF", "OM", "ACSF+OM", "SOAP+OM")
    return curve("curves", "CH4-b", names, sizes=(250, 500, 1000, 2000, 4000), seeds=3)


def limits():
    """Where blind fingerprints learn after all: structures in a narrow tube around the ring, and ammonia."""
    small = study.KernelRidge(ridges=tuple(10.0 ** np.arange(-13, -5)))
    few = ("SOAP", "ACSF", "OM")
    tube = {"design": "tube", "amplitude": 0.02, "sizes": 1500, "seeds": 3, "learner": small}
    return (
        curve("limits", "CH4-b", few, **tube)
        + curve("limits", "CH4-a", few, **tube)
        + curve("limits", "NH3-a", few, design="start", seeds=3, learner=small)
    )


def learnability():
    """The smallest slope that any function of the fingerprint needs to follow the energy, along each ring."""
    rows = []
    for name in ("NH3-a", "CH4-a", "CH4-b"):
        path = ring_of(name)
        frames = [path.frames[k] for k in path.evenly(36)]
        around = [Atoms(path.numbers, each) for each in study.draw(path, n_train=500).train]
        for label, descriptor in fingerprints(name[0]).items():
            known = descriptor.fit(around)  # a hybrid is scaled as where it learns
            found = [ip.sensitivity(known, frame, 0) for frame in frames]
            norms = [s.learnability(ip.four_body_gradient(f.positions)) for s, f in zip(found, frames, strict=True)]
            row = {"study": "learnability", "ring": name, "fingerprint": label, "median": float(np.median(norms))}
            rows.append({**row, "largest": max(norms), "condition": float(np.median([s.condition for s in found]))})
    return study.Table(rows)


def network():
    """Eight thousand structures and a neural network, one run each."""
    from isoprint.extras.network import Network

    designs = [("CH4-b", "center"), ("CH4-b", "center+ring"), ("CH4-a", "start"), ("CH4-a", "start+ring")]
    table = study.Table()
    for ring, design in [*designs, ("NH3-a", "start")]:
        options = {"design": design, "sizes": 8000, "seeds": 1, "learner": Network()}
        table += curve("network", ring, ("OM", "SOAP", "ACSF"), **options)
    return table


def figures(folder):
    """Pictures of the parts that are there."""
    from isoprint.extras import plotting_study as plotting

    done = read(folder)
    if "curves" in done:
        plotting.plot_learning_curves(done["curves"]).savefig(folder / "four_body_curves.png", dpi=130)
    if {"kernel", "learnability"} <= set(done):
        alone = study.Table(row for row in done["kernel"] if "+" not in row["design"])
        plotting.plot_learnability(done["learnability"], alone).savefig(folder / "four_body_norms.png", dpi=130)
    sample = study.draw(ring_of("CH4-b"), design="center", n_train=1000)
    some = fingerprints("C", "SOAP", "ACSF", "OM", "SOAP+OM")
    found = {name: study.evaluate(descriptor, sample) for name, descriptor in some.items()}
    plotting.plot_parity(found).savefig(folder / "four_body_parity.png", dpi=130)


PARTS = {"kernel": kernel, "curves": curves, "limits": limits, "learnability": learnability, "network": network}


def read(folder):
    """All tables so far, by part."""
    path = folder / "four_body.json"
    parts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        part: study.Table(dict(zip(table["columns"], row, strict=True)) for row in table["rows"])
        for part, table in parts.items()
    }


def write(folder, done):
    """All tables as JSON, one line a row and five digits a number, and as CSV with all digits."""
    parts = []
    for part, table in done.items():
        rows = [[brief(row.get(name)) for name in table.columns] for row in table]
        lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
        parts.append(f' "{part}": {{"columns": {json.dumps(table.columns)}, "rows": [\n{lines}]}}')
    (folder / "four_body.json").write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    sum(done.values(), study.Table()).to_csv(folder / "four_body.csv")


def brief(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def full(folder, parts):
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if part == "figures":
            figures(folder)
        else:
            write(folder, {**read(folder), part: PARTS[part]()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="run everything")
    parser.add_argument("--parts", nargs="+", choices=[*PARTS, "figures"], default=[*PARTS, "figures"])
    options = parser.parse_args()
    if options.full is None:
        short()
    else:
        full(options.full, options.parts)
