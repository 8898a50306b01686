"""What a learner makes of a ring that a fingerprint hardly sees.

Without arguments: the main result in short. `--full FOLDER`: everything that docs/four_body.md shows, in one to two
hours on one core; a part at a time with `--parts`. Figures need matplotlib, networks PyTorch.
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


# Which fingerprint hardly sees the ring that begins at which start.
BLIND = {"NH3-a": "SOAP", "CH4-a": "SOAP", "CH4-b": "ACSF", "CH4-c": "SOAP σ=0.1"}
FEW = ("SOAP", "ACSF", "OM")
ALL = ("SOAP", "SOAP 8/8", "ACSF", "OM", "ACSF+OM", "SOAP+OM")


def soap(center, n, l, sigma=0.3):
    z = atomic_numbers[center]
    text = f"soap n_max={n} l_max={l} atom_sigma={sigma} cutoff={R_CUT} cutoff_transition_width=0.5 central_weight=1"
    return ip.SOAP.from_quip(f"{text} n_species=2 species_Z={{1 {z}}} Z={z} n_Z=1", centers=[center])


def fingerprints(center, *names):
    """Those of these names, for hydrogen around an atom of this element."""
    acsf = ip.ACSF.standard(centers=[center], r_cut=R_CUT)
    om = ip.OverlapMatrix(r_cut=R_CUT, species=["H", center], max_sites=5, centers=[center])
    known = {
        "SOAP": soap(center, 16, 16),
        "SOAP 8/8": soap(center, 8, 8),
        "SOAP σ=0.1": soap(center, 16, 16, 0.1),
        "ACSF": acsf,
        "OM": om,
        "ACSF+OM": ip.Hybrid([acsf, om]),
        "SOAP+OM": ip.Hybrid([soap(center, 16, 16), om]),
    }
    return {name: known[name] for name in names}


def ring_of(name):
    """The ring from this start."""
    path = ip.follow_manifold(*fingerprints(name[0], BLIND[name]).values(), study.start(name), 0)
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


# The whole study, part by part. Every row says to which part and to which ring it belongs.


def curve(part, ring, names, **options):
    """Rows of one part on one ring; see `study.learning_curve`."""
    label = {"study": part, "ring": ring}
    chosen = fingerprints(ring[0], *names)
    return study.learning_curve(chosen, ring_of(ring), label=label, progress=lambda line: print(ring, line), **options)


def rings():
    """The rings themselves."""
    rows = []
    for name, blind in BLIND.items():
        path = ring_of(name)
        print(name, path)
        energies = ip.four_body_energy(path.positions)
        about = {"study": "rings", "ring": name, "fingerprint": blind, "points": len(path), "length": path.length}
        about |= {"diameter": path.diameter, "change": float(path.feature_distance.max())}
        about |= {"random": float(np.median(path.random(0.02).feature_distance)), "energies": float(np.ptp(energies))}
        rows.append(about)
    return study.Table(rows)


def kernel():
    """One thousand random structures around the center or the start of a ring."""
    return (
        curve("kernel", "CH4-b", ALL, design="center")
        + curve("kernel", "CH4-b", FEW, design="center+ring")
        + curve("kernel", "CH4-a", ALL, design="start")
        + curve("kernel", "CH4-a", FEW, design="start+ring")
        + curve("kernel", "NH3-a", ALL, design="start")
        + curve("kernel", "CH4-c", ("SOAP σ=0.1", *FEW), design="center")
    )


def curves():
    """More and more structures."""
    names = (*FEW, "ACSF+OM", "SOAP+OM")
    return curve("curves", "CH4-b", names, sizes=(250, 500, 1000, 2000, 4000), seeds=3)


def limits():
    """Where blind fingerprints learn after all: structures in a narrow tube around the ring, and ammonia."""
    small = study.KernelRidge(ridges=tuple(10.0 ** np.arange(-13, -5)))
    tube = {"design": "tube", "amplitude": 0.02, "sizes": 1500, "seeds": 3, "learner": small}
    return (
        curve("limits", "CH4-b", FEW, **tube)
        + curve("limits", "CH4-a", FEW, **tube)
        + curve("limits", "NH3-a", FEW, design="start", seeds=3, learner=small)
    )


def learnability():
    """The smallest slope that any function of the fingerprint needs to follow the energy, along each ring."""
    rows = []
    for name in BLIND:
        path = ring_of(name)
        frames = [path.frames[k] for k in path.evenly(36)]
        around = [Atoms(path.numbers, each) for each in study.draw(path, n_train=500).train]
        for label, descriptor in fingerprints(name[0], *(["SOAP σ=0.1"] if name == "CH4-c" else []), *ALL).items():
            known = descriptor.fit(around)  # a hybrid is scaled as where it learns
            found = [ip.sensitivity(known, frame, 0) for frame in frames]
            norms = [s.learnability(ip.four_body_gradient(f.positions)) for s, f in zip(found, frames, strict=True)]
            row = {"study": "learnability", "ring": name, "fingerprint": label, "median": float(np.median(norms))}
            rows.append({**row, "largest": max(norms), "condition": float(np.median([s.condition for s in found]))})
    return study.Table(rows)


def network():
    """Eight thousand structures and a neural network; three draws, but one of SOAP, whose rows are long."""
    from isoprint.extras.network import Network

    designs = [("CH4-b", "center"), ("CH4-b", "center+ring"), ("CH4-a", "start"), ("CH4-a", "start+ring")]
    table = study.Table()
    for ring, design in [*designs, ("NH3-a", "start")]:
        for name in FEW:
            options = {"design": design, "sizes": 8000, "seeds": 1 if name == "SOAP" else 3, "learner": Network()}
            table += curve("network", ring, [name], **options)
    return table


def figures(folder):
    """Pictures of the parts that are there."""
    from isoprint.extras import plotting_study as plotting

    done = read(folder)
    plotting.plot_learning_curves(done["curves"], path=folder / "four_body_curves.png")
    rows = study.Table(row for row in done["kernel"] if "+" not in row["design"] and row["ring"] != "CH4-c")
    norms = study.Table(row for row in done["learnability"] if row["ring"] != "CH4-c")
    plotting.plot_learnability(norms, rows, path=folder / "four_body_norms.png")
    sample = study.draw(ring_of("CH4-b"), design="center", n_train=1000)
    some = fingerprints("C", *FEW, "SOAP+OM")
    found = {name: study.evaluate(descriptor, sample) for name, descriptor in some.items()}
    plotting.plot_parity(found, path=folder / "four_body_parity.png")


PARTS = {
    part.__name__: part for part in (rings, kernel, curves, limits, learnability, network)
}  # fmt: skip


# Results as files.


def read(folder):
    """All tables so far, by part."""
    path = folder / "four_body.json"
    parts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        part: study.Table(dict(zip(table["columns"], row, strict=True)) for row in table["rows"])
        for part, table in parts.items()
    }


def write(folder, done):
    """All tables with five digits a number: as JSON, one line a row, and as CSV."""
    rounded = {
        part: study.Table(
            {k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in row.items()} for row in table
        )
        for part, table in done.items()
    }
    parts = []
    for part, table in rounded.items():
        lines = ",\n".join(f"  {json.dumps([row.get(k) for k in table.columns], ensure_ascii=False)}" for row in table)
        parts.append(f' "{part}": {{"columns": {json.dumps(table.columns)}, "rows": [\n{lines}]}}')
    (folder / "four_body.json").write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    sum(rounded.values(), study.Table()).to_csv(folder / "four_body.csv")


def full(folder, parts):
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if part == "figures":
            figures(folder)
        else:
            write(folder, {**read(folder), part: PARTS[part]()})
    (folder / "four_body.md").write_text("\n".join(tables(read(folder))), encoding="utf-8")


def tables(done):
    """What the documentation shows, as Markdown, one text a part."""
    return [MARKDOWN[part](done[part]) for part in MARKDOWN if part in done]


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def brief(value, digits=".1e"):
    return f"{value:{digits}}".replace("e-0", "e-")


def span(values, digits):
    """From the least to the largest."""
    low, high = brief(min(values), digits), brief(max(values), digits)
    return low if low == high else f"{low} to {high}"


def of_rings(table):
    head = ["ring", "followed with", "points", "length, Å", "diameter, Å", "change", "random", "range of $E$"]
    return markdown(head, [
        [r["ring"], r["fingerprint"], f"{r['points']}", f"{r['length']:.3f}", f"{r['diameter']:.3f}",
         brief(r["change"]), brief(r["random"]), f"{r['energies']:.4f}"] for r in table
    ])  # fmt: skip


def of_results(table):
    groups = dict.fromkeys((row["ring"], row["design"], row["fingerprint"]) for row in table)
    rows = []
    for ring, design, fingerprint in groups:
        chosen = table.where(ring=ring, design=design, fingerprint=fingerprint)
        random, on_ring = (chosen.where(test=test) for test in ("random", "ring"))
        errors = [span(part.column("rmse"), ".1e") for part in (random, on_ring)]
        quality = [span(on_ring.column(name), ".2f") for name in ("r", "r2")]
        rows.append([f"{ring}, `{design}`", fingerprint, *errors, *quality])
    return markdown(["ring, design", "fingerprint", "RMSE, random", "RMSE, ring", "$r$, ring", "R², ring"], rows)


def of_curves(table):
    sizes = list(dict.fromkeys(table.column("n_train")))
    rows = []
    for name in dict.fromkeys(table.column("fingerprint")):
        for test in ("random", "ring"):
            chosen = table.where(fingerprint=name, test=test)
            cells = [brief(np.median(chosen.where(n_train=size).column("rmse"))) for size in sizes]
            rows.append([name, test, *cells])
    return markdown(["fingerprint", "test", *map(str, sizes)], rows)


def of_norms(table):
    names = list(dict.fromkeys(row["fingerprint"] for row in table))
    rows = []
    for ring in dict.fromkeys(table.column("ring")):
        found = {row["fingerprint"]: f"{row['median']:.1f} ({row['largest']:.0f})" for row in table.where(ring=ring)}
        rows.append([ring, *(found.get(name, "") for name in names)])
    return markdown(["ring", *names], rows)


MARKDOWN = {
    "rings": of_rings, "kernel": of_results, "curves": of_curves, "limits": of_results, "learnability": of_norms,
    "network": of_results,
}  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="run everything")
    parser.add_argument("--parts", nargs="*", choices=[*PARTS, "figures"], default=[*PARTS, "figures"])
    options = parser.parse_args()
    if options.full is None:
        short()
    else:
        full(options.full, options.parts)
