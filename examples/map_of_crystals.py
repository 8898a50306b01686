"""A map of the polymorphs of one molecule: 264 crystals of ROY, what is alike side by side.

Each crystal is the mean of the fingerprints of its atoms; the map shows the two directions in which these differ most.

    python examples/map_of_crystals.py
    python examples/map_of_crystals.py --write map.json.gz --plot map.png      for chemiscope, and a picture
"""

import argparse
from pathlib import Path

import numpy as np
from ase.io import read

import isoprint as ip

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--write", help="file for the viewer chemiscope")
arguments.add_argument("--plot", help="file of a picture")
options = arguments.parse_args()

crystals = read(Path(__file__).parent / "roy_crystals.extxyz.gz", ":")
found = ip.explore(crystals, ip.SOAP(r_cut=5.0, n_max=6, l_max=4))
print(found, [f"{100 * part:.0f} %" for part in found.explained])

# Which crystals of the lowest energies lie near the most stable one?
energy = found.properties["energy"]
distance = np.linalg.norm(found.coordinates - found.coordinates[energy.argmin()], axis=1)
for place in np.argsort(distance)[:6]:
    crystal = crystals[place]
    print(
        f"{crystal.info['name']:10} {crystal.info['spacegroup']:12} {energy[place]:5.2f} kJ/mol  {distance[place]:.3f}"
    )

if options.write:
    found.write(options.write)
if options.plot:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10.4, 4.4), layout="constrained", sharey=True)
    known = found.properties["type"] == "known"
    found.plot(color="energy", marker=np.where(known, "known polymorph", "hypothetical"), ax=axes[0])
    figure.axes[-1].set_ylabel("lattice energy above the lowest, kJ/mol")
    for place in np.flatnonzero(known):
        name = found.properties["name"][place].partition("_")[2]
        axes[0].annotate(name, found.coordinates[place], xytext=(5, 4), textcoords="offset points", fontsize=8)
    # The most frequent space groups; all others are one.
    groups, counts = np.unique(found.properties["spacegroup"], return_counts=True)
    frequent = groups[np.argsort(-counts)[:5]]
    group = found.properties["spacegroup"].astype(object)
    found.plot(color=np.where(np.isin(group, frequent), group, "others").astype(str), ax=axes[1])
    axes[1].set_ylabel("")
    figure.savefig(options.plot, dpi=140)
