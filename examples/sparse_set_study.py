"""How many sparse points a potential needs, with the classic SOAP and the recursive one: amorphous carbon.

Without arguments: energies alone, on a small set, in short. `--full FOLDER` writes the figure of docs/studies.md from
the sets that `tight_binding_carbon.py --full` makes, or from any extended XYZ files with energies and forces:

    python examples/sparse_set_study.py --full results --train train.extxyz --test test.extxyz
"""

import argparse
import json
from pathlib import Path

import numpy as np
from ase.io import read

import isoprint as ip
from isoprint import study

HERE = Path(__file__).parent
# Of the kinds, "optimized" has the hyperparameters of M. A. Caro, Phys. Rev. B 100, 024112 (2019), and "own" those that
# a search on half of these data found.
OPTIMIZED = {
    "sigma": 0.2, "sigma_t": 0.4, "sigma_scaling": 0.08, "sigma_t_scaling": 0.08, "amplitude_scaling": 1.0,
}  # fmt: skip
OWN = {
    "r_cut": 3.67, "sigma": 0.73, "sigma_t": 0.42, "sigma_scaling": 0.17, "sigma_t_scaling": 0.03,
    "amplitude_scaling": 3.0, "central_weight": 0.63, "radial_enhancement": 2,
}  # fmt: skip
COLORS = {"old": "#D55E00", "new": "#0072B2", "optimized": "#009E73", "own": "#CC79A7"}
MARKERS = {"old": "s", "new": "o", "optimized": "^", "own": "D"}


def models(elements):
    """Old and new SOAP with equal widths, and two sets of hyperparameters that are better."""
    if elements == ["C"]:
        quip = "soap l_max=8 n_max=8 cutoff=4.5 cutoff_transition_width=0.5 atom_sigma=0.5 n_species=1"
        old = ip.SOAP.from_quip(f"{quip} Z=6 species_Z=6 n_Z=1")
    else:
        old = ip.SOAP(species=elements, r_cut=4.5, n_max=8, l_max=8, sigma=0.5)

    def new(**options):
        return ip.SoapTurbo(**{"species": elements, "r_cut": 4.5, "n_max": 8, "l_max": 8, **options})

    kinds = {
        "old": (old, 4), "new": (new(sigma=0.5, amplitude_scaling=0.0), 4), "optimized": (new(**OPTIMIZED), 3),
        "own": (new(**OWN), 5),
    }  # fmt: skip
    return {
        kind: ip.models.SparseGP(descriptor, zeta=zeta, sigma_energy=1e-3, sigma_forces=0.1)
        for kind, (descriptor, zeta) in kinds.items()
    }


def split(path):
    """Frames of the small file: those that teach, and those of other runs, that test."""
    frames = read(path, ":")
    return tuple([frame for frame in frames if frame.info["set"] == part] for part in ("train", "test"))


def short():
    train, test = split(HERE / "carbon_cells.extxyz")
    sizes = (25, 50, 100)
    table = study.sparse_sets(models(["C"]), train, test, sizes=sizes, sets=3)
    print(f"errors of energies in meV per atom, {len(train)} cells teach, three sets of sparse points")
    print(f"{'points':>10}", *(f"{size:>6}" for size in sizes))
    for kind in COLORS:
        print(f"{kind:>10}", *(f"{1e3 * np.mean(energies(table, kind, size)):6.0f}" for size in sizes))


def energies(table, kind, size):
    return table.where(model=kind, size=size).column("energy")


def full(given):
    folder = given.full
    folder.mkdir(parents=True, exist_ok=True)
    train, test = (read(path, ":") for path in (given.train, given.test))
    known = models(sorted({symbol for frame in train for symbol in frame.symbols}))
    some = train[:: max(1, len(train) // given.force_cells)]
    parts = [("energies", train, given.sets, None), ("energies and forces", some, given.force_sets, "forces")]
    result = stored(folder)
    result |= {"train": len(train), "train with forces": len(some), "test": len(test)}
    result["spread"] = round(float(np.std([f.get_potential_energy() / len(f) for f in test])), 4)
    for labels, cells, sets, forces in parts:
        for kind, model in known.items():
            if sets and not len(study.Table(result["rows"]).where(model=kind, labels=labels) if result["rows"] else ()):
                result["rows"] += study.sparse_sets(
                    {kind: model}, cells, test, sizes=given.sizes, sets=sets, forces=forces, seed=given.seed,
                    n_jobs=given.n_jobs, progress=lambda line: print(line, flush=True),
                ).rows  # fmt: skip
                store(folder, result)
    table = study.Table(result["rows"])
    draw(table, folder / "study_sparse_sets.png")
    report(table)


def stored(folder):
    """What was computed before: one mapping a row."""
    path = folder / "sparse_sets.json"
    if not path.exists():
        return {"rows": []}
    result = json.loads(path.read_text(encoding="utf-8"))
    return {**result, "rows": [dict(zip(result["columns"], row, strict=True)) for row in result["rows"]]}


def store(folder, result):
    """One line a row, four digits a number."""
    columns = study.Table(result["rows"]).columns
    head = {key: value for key, value in result.items() if key not in ("rows", "columns")} | {"columns": columns}
    rows = [[float(f"{v:.4g}") if isinstance(v, float) else v for v in map(row.get, columns)] for row in result["rows"]]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    text = f'{json.dumps(head, indent=1)[:-2]},\n "rows": [\n{lines}\n ]\n}}\n'
    (folder / "sparse_sets.json").write_text(text, encoding="utf-8")


def draw(table, path):
    """Errors of energies and forces against the number of sparse points; bands reach from the least to the largest."""
    from matplotlib.lines import Line2D

    from isoprint.extras.plotting import figure, saved

    with_forces = "energies and forces" in table.column("labels")
    drawn, axes = figure(1, 2 if with_forces else 1, size=(4.3, 3.7))
    sizes = sorted(set(table.column("size")))
    for kind, color in COLORS.items():
        for labels, style in (("energies", "-"), ("energies and forces", "--")):
            rows = table.where(model=kind, labels=labels)
            if len(rows):
                curve(axes[0, 0], rows, sizes, "energy", 1e3, color, style, MARKERS[kind])
            if len(rows) and labels != "energies":
                curve(axes[0, 1], rows, sizes, "forces", 1.0, color, style, MARKERS[kind])
    axes[0, 0].set_ylabel("error of the energy, meV/atom")
    names = {"old": "old SOAP", "new": "new SOAP"}
    keys = [
        Line2D([], [], color=color, marker=MARKERS[kind], ms=5, lw=1.7, mec="white", label=names.get(kind, kind))
        for kind, color in COLORS.items()
    ]
    keys += [Line2D([], [], color="0.3", ls="-", label="energies alone")]
    if with_forces:
        axes[0, 1].set_ylabel("error of forces, eV/Å")
        keys += [Line2D([], [], color="0.3", ls="--", label="energies and forces")]
    for panel in axes.ravel():
        panel.set(xscale="log", yscale="log", xlabel="sparse points")
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.minorticks_off()
        low, high = panel.get_ylim()
        ticks = [t for t in (0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 10, 20, 30, 50, 100, 200, 300, 500) if low <= t <= high]
        panel.set_yticks(ticks, [f"{t:g}" for t in ticks])
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25, lw=0.6)
    drawn.legend(handles=keys, loc="outside upper center", ncols=6, frameon=False, fontsize=9)
    saved(drawn, path, dpi=150)


def curve(panel, rows, sizes, column, unit, color, style, marker):
    each = [np.array(rows.where(size=size).column(column)) * unit for size in sizes]
    panel.fill_between(sizes, [v.min() for v in each], [v.max() for v in each], color=color, alpha=0.13, lw=0)
    panel.plot(sizes, [v.mean() for v in each], style, color=color, marker=marker, ms=5.5, lw=1.7, mec="white", mew=0.6)


def report(table):
    """Tables in Markdown: mean and standard deviation over the sets."""
    for labels in dict.fromkeys(table.column("labels")):
        print(f"\n| points | {' | '.join(f'{kind}, {labels}' for kind in COLORS)} |\n|{'---|' * (len(COLORS) + 1)}")
        for size in sorted(set(table.column("size"))):
            cells = []
            for kind in COLORS:
                rows = table.where(model=kind, labels=labels, size=size)
                values = 1e3 * np.array(rows.column("energy"))
                spread = f" ± {values.std():.1f}" if len(values) > 1 else ""
                forces = f", {np.mean(rows.column('forces')):.2f}" if labels != "energies" else ""
                cells.append(f"{values.mean():.1f}{spread}{forces}")
            print(f"| {size} | {' | '.join(cells)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="the whole study")
    parser.add_argument(
        "--train", type=Path, default=Path("results/carbon_tb_train.extxyz"), help="structures that teach"
    )
    parser.add_argument("--test", type=Path, default=Path("results/carbon_tb_test.extxyz"), help="structures that test")
    parser.add_argument("--sizes", type=int, nargs="+", default=[25, 50, 100, 200, 400, 800], help="sparse points")
    parser.add_argument("--sets", type=int, default=10, help="random sets, energies alone")
    parser.add_argument("--force-sets", type=int, default=1, help="random sets with forces; 0 for none")
    parser.add_argument("--force-cells", type=int, default=200, help="about how many structures teach forces")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-jobs", type=int, help="threads")
    given = parser.parse_args()
    if given.full is None:
        short()
    else:
        full(given)
