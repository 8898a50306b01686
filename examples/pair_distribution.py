"""The pair distribution of a material: amorphous carbon, and silicon as it is heated.

`--plot FILE` draws the curves; the figure needs matplotlib.
"""

import argparse
from pathlib import Path

import numpy as np
from ase.io import read

import isoprint as ip

HERE = Path(__file__).parent


def distribution(frames):
    """Distances in Å, neighbors per Å of an average atom, and the same as g(r), which is one far away."""
    options = {"r_cut": 6.3, "n_points": 291, "sigma": 0.04, "cutoff_function": "hard", "average": "outer"}
    counts = ip.RadialDistribution(**options).fit(frames)
    densities = ip.RadialDistribution(per="volume", **options).fit(frames)
    n_atoms, volume = (sum(f(frame) for frame in frames) for f in (len, lambda frame: frame.get_volume()))
    g = densities.transform(frames).mean(axis=0) * volume / n_atoms
    return counts.grid, counts.transform(frames).mean(axis=0), g


def first_shell(distances, counts, g):
    """Where the nearest neighbors are, and how many of them there are up to the minimum that follows."""
    peak = np.argmax(g * (distances < 3.0))
    end = peak + np.argmin(g[peak : peak + 40])
    return distances[peak], np.sum(counts[:end]) * (distances[1] - distances[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", metavar="FILE", help="draw the curves")
    options = parser.parse_args()
    carbon = [frame for frame in read(HERE / "carbon.extxyz", ":") if frame.info["config_type"] == "Amorphous_Bulk"]
    silicon = [frame for frame in read(HERE / "silicon.extxyz", ":") if len(frame) > 60]
    curves = {"amorphous carbon": distribution(carbon), "silicon": distribution(silicon)}
    for name, curve in curves.items():
        r, n = first_shell(*curve)
        print(f"{name:17} {n:.2f} nearest neighbors at {r:.2f} Å")
    if options.plot:
        plot(curves, options.plot)


def plot(curves, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name, (distances, _, g) in curves.items():
        axes.plot(distances, g, label=name)
    axes.axhline(1.0, color="0.7", lw=0.8, zorder=0)
    axes.set(xlabel="distance (Å)", ylabel="g(r)", xlim=(1.0, 6.0), ylim=(0.0, None))
    axes.legend(frameon=False)
    figure.savefig(file, dpi=140)


if __name__ == "__main__":
    main()
