"""Which hyperparameters of SOAP serve best: adsorption energies of hydrogen on amorphous carbon.

Without arguments: the classic SOAP against the recursive one, in short. `--full FOLDER` writes what docs/studies.md
shows, in six minutes on one core: thousands of models, and three ways to search compared. `--data FILE` takes
other sites: in an extended XYZ file, every H with a number `e_ads`, of the atom or of its frame. `--potential TRAIN
TEST` searches for a potential's instead, whose energies are fitted to one file and tested on the other.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
from ase.io import read

import isoprint as ip
from isoprint import study

HERE = Path(__file__).parent
METHODS = {"uniform": "uniform draws", "monte_carlo": "Monte Carlo", "optuna": "Parzen estimator (optuna)"}
KERNEL = {"zeta": (1.0, 8.0), "noise": (1e-3, 1.0, "log")}
OLD = {"descriptor__r_cut": (2.0, 7.5), "descriptor__sigma": (0.1, 1.0), **KERNEL}
NEW = {
    "descriptor__r_cut": (2.0, 7.5), "descriptor__sigma": (0.1, 1.0), "descriptor__sigma_t": (0.1, 1.0),
    "descriptor__sigma_scaling": (0.0, 0.2), "descriptor__sigma_t_scaling": (0.0, 0.2),
    "descriptor__amplitude_scaling": (0.0, 4.0), "descriptor__radial_enhancement": range(3), **KERNEL,
}  # fmt: skip
LABELS = {
    "descriptor__r_cut": "cutoff, Å",
    "descriptor__sigma": r"radial width $\sigma$, Å", "descriptor__sigma_t": r"angular width $\sigma_t$, Å",
    "descriptor__sigma_scaling": r"scaling of $\sigma$", "descriptor__sigma_t_scaling": r"scaling of $\sigma_t$",
    "descriptor__amplitude_scaling": "amplitude scaling", "descriptor__radial_enhancement": "radial enhancement",
    "zeta": r"exponent $\zeta$", "noise": "noise / spread",
}  # fmt: skip


def sites(path):
    """Slabs of carbon, points of hydrogen on each, and their energies."""
    slabs, points, energies = [], [], []
    for frame in read(path, ":"):
        hydrogen = frame.numbers == 1
        known = frame.arrays["e_ads"][hydrogen] if "e_ads" in frame.arrays else [frame.info["e_ads"]]
        slabs.append(frame[~hydrogen])
        points.append(frame.positions[hydrogen])
        energies.extend(known)
    return slabs, points, np.array(energies)


def old():
    soap = (
        "soap l_max=8 n_max=8 cutoff=4.5 cutoff_transition_width=0.5 atom_sigma=0.5 n_species=1 Z=6 species_Z=6 n_Z=1"
    )
    return ip.models.SparseKernelRidge(ip.SOAP.from_quip(soap), n_sparse=None)


def new():
    return ip.models.SparseKernelRidge(ip.SoapTurbo(species=["C"], r_cut=4.5, n_max=8, l_max=8), n_sparse=None)


KINDS = {"old SOAP": (old, OLD), "new SOAP": (new, NEW)}


def search(kind, data, *, models, path=None, **options):
    """Errors of five-fold cross-validation."""
    slabs, points, energies = data
    make, ranges = KINDS[kind]
    return study.hyperparameters(
        make(), ranges, slabs, energies, fit_params={"centers": points}, models=models, path=path, **options
    )


def short(data):
    for kind in KINDS:
        found = search(kind, data, models=60)
        hull = found.hull("descriptor__r_cut", 4)
        print(f"{kind}: cross-validated error {found.best_loss:.3f} eV of {np.std(data[2]):.3f} eV with", end=" ")
        print(", ".join(f"{name.rpartition('__')[2]} {value:.3g}" for name, value in found.best_parameters.items()))
        print("  by cutoff:", ", ".join(f"{row['value']:.1f} Å {row['loss']:.3f}" for row in hull))


def full(data, folder, sizes, budget, seeds, n_jobs):
    """Two long searches, three ways to search at equal budget, figures."""
    from isoprint.extras.plotting_search import plot_hulls, plot_running_best

    folder.mkdir(parents=True, exist_ok=True)
    options = {"n_jobs": n_jobs, "progress": True}
    found = {
        kind: search(kind, data, models=size, path=folder / f"{kind.replace(' ', '_')}.jsonl", **options)
        for kind, size in zip(KINDS, sizes, strict=True)
    }
    known = [method for method in METHODS if method != "optuna" or has_optuna()]
    raced = {
        method: [
            search(
                "new SOAP", data, models=budget, method=method, seed=seed, path=folder / f"{method}_{seed}.jsonl",
                **options,
            )
            for seed in range(1, seeds + 1)
        ]
        for method in known
    }  # fmt: skip
    plot_hulls(
        dict(reversed(found.items())),
        labels=LABELS,
        ylabel="cross-validated error, eV",
        path=folder / "study_hulls.png",
    )
    plot_running_best(
        {METHODS[method]: some for method, some in raced.items()},
        ylabel="best cross-validated error, eV", path=folder / "study_searches.png",
    )  # fmt: skip
    result = {
        "sites": len(data[2]), "spread": round(float(np.std(data[2])), 4),
        "hulls": {kind: {"models": len(one), "best": one.best, "hull": hulls(one)} for kind, one in found.items()},
        "searches": {
            method: {str(n): [round(one.running_best()[n - 1], 4) for one in some] for n in (50, 100, 200, budget)}
            for method, some in raced.items()
        },
    }  # fmt: skip
    # Lists that hold no others on one line each.
    text = re.sub(r"\[\s+([^][]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", json.dumps(result, indent=1))
    (folder / "hyperparameters.json").write_text(text + "\n", encoding="utf-8")
    report(result)


def potential(train, test, folder, models, n_jobs):
    """Energies of a potential with 200 sparse points; the ranges of the new SOAP, scaled for longer bonds or not."""
    known, held_out = read(train, ":"), read(test, ":")
    soap = ip.SoapTurbo(species=sorted(set(known[0].symbols)), r_cut=5.0, n_max=8, l_max=8)
    model = ip.models.SparseGP(soap, n_sparse=200, sparse="random", sigma_energy=1e-3)
    ranges = {name: one for name, one in NEW.items() if name not in KERNEL}
    ranges |= {"descriptor__r_cut": (3.0, 7.5), "zeta": range(1, 8), "sigma_energy": (1e-4, 0.1, "log")}
    folder.mkdir(parents=True, exist_ok=True)
    found = study.hyperparameters(
        model, ranges, known, test=held_out, fit_params={"forces": None, "virial": None}, models=models,
        n_jobs=n_jobs, path=folder / "potential.jsonl", progress=True,
    )  # fmt: skip
    print(found, found.best_parameters)
    for name, hull in hulls(found).items():
        print(f"{name}:", " · ".join(f"{value:.3g} {1e3 * loss:.2f}" for value, loss in hull), "meV/atom")
    found.plot(path=folder / "study_potential.png")


def has_optuna():
    try:
        import optuna  # noqa: F401
    except ImportError:
        return False
    return True


def hulls(found):
    return {
        name: [[round(row["value"], 4), round(row["loss"], 4)] for row in found.hull(name)]
        for name in found.study["ranges"]
    }


def report(result):
    """Tables in Markdown."""
    for kind, one in result["hulls"].items():
        print(f"\n| {kind} ({one['models']} models) | parts of the range: lowest error in eV |\n|---|---|")
        for name, hull in one["hull"].items():
            least = min(loss for _, loss in hull)
            cells = [
                f"{value:.2g} {'**' if loss == least else ''}{loss:.3f}{'**' if loss == least else ''}"
                for value, loss in hull
            ]
            print(f"| {name.rpartition('__')[2]} | {' · '.join(cells)} |")
        print(one["best"])
    print(f"\n{'models':>12}", *(f"{n:>22}" for n in next(iter(result["searches"].values()))))
    for method, some in result["searches"].items():
        print(f"{method:>12}", *(f"{losses!s:>22}" for losses in some.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "carbon_h_sites.extxyz", help="sites and their energies")
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="run everything")
    parser.add_argument("--potential", nargs=2, metavar=("TRAIN", "TEST"), help="search for a potential's instead")
    parser.add_argument("--models", type=int, nargs=2, default=(900, 1800), help="of the old SOAP and the new")
    parser.add_argument("--budget", type=int, default=400, help="models of each search that is compared")
    parser.add_argument("--seeds", type=int, default=4, help="of each search that is compared")
    parser.add_argument("--n-jobs", type=int, help="models at a time")
    given = parser.parse_args()
    if given.potential:
        potential(*given.potential, given.full or Path("results"), given.models[1], given.n_jobs)
    elif given.full is None:
        short(sites(given.data))
    else:
        full(sites(given.data), given.full, given.models, given.budget, given.seeds, given.n_jobs)
