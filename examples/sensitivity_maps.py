"""Where fingerprints are blind: over the distortion of a molecule, over width and basis, and in bulk silicon.

Without arguments: silicon alone. `--full FOLDER`: the maps and the table that docs/sensitivity.md shows, a few minutes
on one core; a part at a time with `--parts`. Figures need matplotlib.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

import isoprint as ip

R_CUT = 4.8
# Eigenvalues below this part of the largest are rounding.
UNSEEN = 1e-20


def soap(center, sigma, n, species=None):
    elements = sorted(Atoms(species or ["H", center]).numbers)
    z = Atoms(center).numbers[0]
    return ip.SOAP.from_quip(
        f"soap n_max={n} l_max={n} atom_sigma={sigma} cutoff={R_CUT} cutoff_transition_width=0.5"
        f" n_species={len(elements)} species_Z={{{' '.join(map(str, elements))}}} Z={z} n_Z=1 central_weight=1"
    )


def ammonia(amplitude, phase):
    """Bond lengths and angles of NH3 distorted by waves of one amplitude (Å), so far apart in phase (degrees)."""
    around = 2.0 * np.pi * np.arange(3) / 3.0
    r = 1.012 + amplitude * np.cos(around)
    polar = np.radians(112.1) + amplitude / 1.012 * np.cos(around + np.radians(phase))
    turned = np.column_stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)])
    return Atoms("NH3", np.vstack([np.zeros((1, 3)), r[:, None] * turned]))


def methane(seed, size):
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
    moves = np.random.default_rng(seed).uniform(-size, size, (5, 3))
    return Atoms("CH4", np.vstack([np.zeros((1, 3)), 1.087 * corners]) + moves)


def silicon():
    """Bulk silicon, displaced at random by up to 0.1 Å."""
    atoms = bulk("Si", cubic=True).repeat(2)
    atoms.positions += np.random.default_rng(0).uniform(-0.1, 0.1, atoms.positions.shape)
    return atoms


def in_bulk():
    """What every fingerprint sees of the 29 atoms around one of silicon."""
    rows = []
    for name, descriptor in {
        "SOAP 16/16, 0.3": soap("Si", 0.3, 16, ["Si"]),
        "SOAP 8/8, 0.5": soap("Si", 0.5, 8, ["Si"]),
        "SoapTurbo 8/8, 0.5": ip.SoapTurbo(r_cut=R_CUT, r_soft=4.3, n_max=8, l_max=8, sigma=0.5),
        "ACSF": ip.ACSF.standard(),
        "OM s+p": ip.OverlapMatrix(r_cut=R_CUT, species=["Si"], radii={"Si": 1.11}, max_sites=40),
    }.items():
        found = ip.sensitivity(descriptor, silicon(), 0)
        shells = found.shells()
        rows.append({
            "fingerprint": name,
            "rank": found.rank,
            "internal": found.n_internal,
            "below 1e-3": int((found.singular_values < 1e-3 * found.largest).sum()),
            "condition": found.condition if np.isfinite(found.condition) else None,
            "shells": [shell.sensitivity / shells[0].sensitivity for shell in shells],
        })  # fmt: skip
    return rows


def print_bulk(rows):
    print("fingerprint          rank  s < 1e-3 s_max   sensitivity by shell")
    for row in rows:
        shells = " : ".join(f"{value:.3f}" for value in row["shells"])
        print(f"{row['fingerprint']:20} {row['rank']:3} {row['below 1e-3']:8} of {row['internal']}      {shells}")


def over_distortions():
    """Softest eigenvalue and isolation of ammonia over amplitude and relative phase of its distortion."""
    amplitudes, phases = np.linspace(0.005, 0.12, 24), np.linspace(0.0, 180.0, 31)
    maps = {"amplitude": amplitudes.tolist(), "phase": phases.tolist()}
    for name, descriptor in (("SOAP", soap("N", 0.3, 16)), ("ACSF", ip.ACSF.standard())):
        found = [[ip.sensitivity(descriptor, ammonia(a, p), 0) for p in phases] for a in amplitudes]
        maps[f"{name} softest"] = [[each.scaled[6] for each in row] for row in found]
        # On a mirror plane a mode may be soft by symmetry; then isolation is what it is not.
        maps[f"{name} isolation"] = [[min(each.isolation, 1e6) for each in row] for row in found]
    return maps


def over_bases():
    """Median of the softest eigenvalue of displaced methane over width and size of the basis."""
    sigmas, sizes = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5), (4, 6, 8, 12, 16)
    table = []
    for sigma in sigmas:
        row = []
        for n in sizes:
            found = [ip.sensitivity(soap("C", sigma, n), methane(seed, 0.1), 0).scaled[6] for seed in range(20)]
            row.append(float(np.median(found)))
        table.append(row)
    return {"sigma": sigmas, "n": sizes, "softest": table}


def figures(folder, done):
    from isoprint.extras import plotting

    if "distortions" in done:
        maps = done["distortions"]
        drawn, axes = plotting.figure(2, 2)
        for row, kind in zip(axes, ("softest", "isolation"), strict=True):
            for ax, name in zip(row, ("SOAP", "ACSF"), strict=True):
                values = np.log10(np.maximum(maps[f"{name} {kind}"], 1e-16))
                shown = ax.pcolormesh(maps["phase"], maps["amplitude"], values, cmap="viridis", shading="nearest")
                label = "log10 eigenvalue / largest" if kind == "softest" else "log10 isolation"
                drawn.colorbar(shown, ax=ax, label=label)
                ax.set(title=f"{name}: {kind}", xlabel="phase between stretch and bend / °", ylabel="amplitude / Å")
        plotting.saved(drawn, folder / "map_distortions.png")
    if "bases" in done:
        table = done["bases"]
        drawn, axes = plotting.figure()
        for color, n, column in zip(plotting.COLORS, table["n"], np.transpose(table["softest"]), strict=False):
            # What is smaller is rounding; it stands on the line.
            seen = np.maximum(column, UNSEEN)
            axes[0, 0].semilogy(table["sigma"], seen, "o-", ms=4, color=color, label=f"{n}, {n}", clip_on=False)
        axes[0, 0].axhline(UNSEEN, lw=0.8, ls=":", color="0.5", zorder=0)
        axes[0, 0].text(0.5, 0.6 * UNSEEN, "not seen", color="0.4", ha="right", va="top", fontsize=9)
        axes[0, 0].set(xlabel="width of the density / Å", ylabel="softest eigenvalue / largest", ylim=(1e-22, 1e-3))
        axes[0, 0].legend(frameon=False, title="n_max, l_max", ncols=2, loc=(0.42, 0.2))
        plotting.saved(drawn, folder / "map_bases.png")
    found = ip.sensitivity(soap("Si", 0.3, 16, ["Si"]), silicon(), 0)
    plotting.saved(found.plot(), folder / "sensitivity_silicon.png")


PARTS = {"bulk": in_bulk, "distortions": over_distortions, "bases": over_bases}


def brief(value):
    """Four digits a number."""
    if isinstance(value, dict):
        return {key: brief(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [brief(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, (float, np.floating)) else value


def full(folder, parts):
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "sensitivity.json"
    done = json.loads(table.read_text(encoding="utf-8")) if table.exists() else {}
    for part in parts:
        if part == "figures":
            figures(folder, done)
        else:
            done[part] = brief(PARTS[part]())
            lines = ",\n".join(f' "{name}": {json.dumps(entry)}' for name, entry in done.items())
            table.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    print_bulk(done["bulk"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="run everything")
    parser.add_argument("--parts", nargs="+", choices=[*PARTS, "figures"], default=[*PARTS, "figures"])
    options = parser.parse_args()
    if options.full is None:
        print_bulk(in_bulk())
    else:
        full(options.full, options.parts)
