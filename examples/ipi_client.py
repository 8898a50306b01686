"""Forces of a model for i-PI, over a socket: path integrals, replica exchange and all else that i-PI does.

In one terminal, and once it waits, in another:

    python examples/ipi_client.py --structure silicon.extxyz; i-pi examples/ipi_silicon.xml
    python examples/ipi_client.py --address isoprint

Without an address the example talks to a server of its own, which is ASE's, and compares.
"""

import argparse
import secrets
import threading
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.calculators.socketio import SocketClient, SocketIOCalculator
from ase.io import read, write

import isoprint as ip

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--address", help="name of the unix socket /tmp/ipi_NAME on which i-PI waits")
arguments.add_argument("--structure", metavar="FILE", help="write the structure that examples/ipi_silicon.xml reads")
options = arguments.parse_args()

# Which atoms there are, and in which order; positions and cell come from the server.
silicon = bulk("Si", cubic=True)
if options.structure:
    write(options.structure, silicon, format="extxyz")

soap = ip.SOAP(species=["Si"], r_cut=5.0, n_max=8, l_max=8, sigma=0.5)
model = ip.models.SparseGP(soap, n_sparse=100, sparse="fps", sigma_energy=1e-3, sigma_forces=0.05)
model.fit(read(Path(__file__).parent / "silicon.extxyz", ":"))


def answer(address):
    """Energies, forces and virials for whoever asks, until the server ends."""
    atoms = silicon.copy()
    atoms.calc = model.calculator()
    SocketClient(unixsocket=address).run(atoms, use_stress=True)


if options.address:
    answer(options.address)
else:
    address = f"isoprint_{secrets.token_hex(4)}"
    with SocketIOCalculator(unixsocket=address) as server:
        client = threading.Thread(target=answer, args=(address,), daemon=True)
        client.start()
        moved = silicon.copy()
        moved.rattle(0.1, seed=0)
        moved.calc = server
        found = moved.get_potential_energy(), moved.get_forces(), moved.get_stress()
    client.join(10)
    moved.calc = model.calculator()
    expected = moved.get_potential_energy(), moved.get_forces(), moved.get_stress()
    largest = max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True))
    print(f"energy {found[0]:.6f} eV, pressure {-found[2][:3].mean():.6f} eV/Å³")
    print(f"largest difference of what went through the socket: {largest:.0e}")
