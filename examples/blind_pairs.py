"""Pairs of environments that a fingerprint cannot tell apart: made, and searched for.

Without arguments: in short. `--full`: the table of docs/blind_pairs.md, about half an hour on one core.
"""

import argparse

import numpy as np
from ase import Atoms
from ase.build import molecule

import isoprint as ip

R_CUT = 4.8
CENTER = {"CH4": "C", "NH3": "N", "H2O": "O"}


def fingerprints(center):
    """Those of the table, for hydrogen around an atom of this element."""
    species = ["H", center]
    z = Atoms(center).numbers[0]
    soap = ip.SOAP.from_quip(
        f"soap n_max=16 l_max=16 atom_sigma=0.3 cutoff={R_CUT} cutoff_transition_width=0.5"
        f" n_species=2 species_Z={{1 {z}}} Z={z} n_Z=1 central_weight=1",
        centers=species,
    )
    om = ip.OverlapMatrix(r_cut=R_CUT, species=species, max_sites=5, centers=species)
    return {
        "`SOAP`": soap,
        "`ACSF.standard`": ip.ACSF.standard(r_cut=R_CUT),
        "`SoapTurbo`": ip.SoapTurbo(
            r_cut=R_CUT, r_soft=4.3, n_max=8, l_max=8, sigma=0.3, basis="poly3gauss", species=species
        ),
        "`OverlapMatrix`, s": ip.OverlapMatrix(r_cut=R_CUT, orbitals="s", species=species, max_sites=5),
        "`OverlapMatrix`, s and p": om,
        "`SOAP` and `OverlapMatrix`, s and p": ip.Hybrid([soap, om]),
    }


def search(name, fingerprint, formula, starts):
    """Pairs of one molecule; what contains the usual guard is searched with one that sees everything."""
    own_guard = name.endswith("s and p")
    if isinstance(fingerprint, ip.Hybrid):
        frame, rng = molecule(formula), np.random.default_rng(0)
        sample = [Atoms(frame.numbers, frame.positions + rng.uniform(-0.15, 0.15, (len(frame), 3))) for _ in range(50)]
        fingerprint.fit(sample, centers=[[0]] * len(sample))
    options = {"guard": "separation", "distance": 0.15} if own_guard else {}
    return ip.find_blind_pairs(fingerprint, formula, starts=starts, **options)


def full(starts):
    print(f"| fingerprint | {' | '.join(CENTER)} |\n|---|{'---|' * len(CENTER)}", flush=True)
    for name in fingerprints("C"):
        cells = []
        for formula, center in CENTER.items():
            pairs = search(name, fingerprints(center)[name], formula, starts)
            cells.append(f"{len(pairs.blind)} of {len(pairs)}, {pairs[0].relative:.0e}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def short():
    known = fingerprints("C")
    seen = ("`SOAP`", "`ACSF.standard`", "`OverlapMatrix`, s and p")
    print("methane, made: distance of the pair for SOAP, ACSF and the overlap matrix")
    for pair in ip.degenerate_pairs("CH4", n=3):
        print(f"{pair.separation:8.3f} Å", *(f"{pair.distance(known[name]):9.1e}" for name in seen))
    print("\nmethane, searched with ACSF")
    print(search("`ACSF.standard`", known["`ACSF.standard`"], "CH4", 8))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="the whole table")
    parser.add_argument("--starts", type=int, default=20, help="of each search (20)")
    options = parser.parse_args()
    if options.full:
        full(options.starts)
    else:
        short()
