"""Tables of radial functions are kept for later descriptors, and nobody can tell but by the time."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from ase.build import molecule

import isoprint as ip
from children import printed

WATER = molecule("H2O")

# Descriptors that differ in one parameter from the first of their kind.
PROGRAM = """
import hashlib, sys
import numpy as np
from ase import Atoms
from isoprint import SOAP, SoapTurbo

frame = Atoms('CHO', positions=[[0, 0, 0], [0.9, 0.4, 0.1], [-0.3, 1.1, 1.0]])
soap = dict(r_cut=3.0, n_max=3, l_max=2, sigma=0.4, normalize=False)
turbo = dict(r_cut=3.0, n_max=3, l_max=2, sigma=0.4, normalize=False)
cases = [(SOAP, soap | change) for change in (
    {}, {'r_cut': 3.1}, {'padding': 0.1}, {'n_max': 4}, {'l_max': 3}, {'sigma': 0.41}, {'accuracy': 1e-9},
    {'basis': 'polynomial'}, {'basis': 'bessel'}, {'basis': 'equispaced'}, {'basis': 'gto_featomic'},
    {'basis': 'equispaced', 'basis_error_exponent': 9.0}, {'sigma': {'H': 0.4, 'C': 0.41, 'O': 0.42}},
)] + [(SoapTurbo, turbo | change) for change in (
    {}, {'r_cut': 3.1}, {'r_soft': 2.1}, {'n_max': 4}, {'l_max': 3}, {'sigma': 0.41}, {'sigma_t': 0.42},
    {'sigma_scaling': 0.1}, {'sigma_t_scaling': 0.1}, {'filter_decay': 3.0}, {'radial_enhancement': 1},
    {'basis': 'poly3gauss'}, {'policy': 'reference'}, {'policy': 'reference', 'basis': 'poly3gauss'},
)]
order = list(range(len(cases)))
hashes = {}
for k in order[::int(sys.argv[1])]:
    kind, options = cases[k]
    rows = kind(species=['H', 'C', 'O'], **options).transform(frame)
    hashes[k] = hashlib.sha256(rows.tobytes()).hexdigest()
print(*(hashes[k] for k in order))
"""


def test_rows_do_not_depend_on_what_was_made_before():
    """Each case stands for one thing that a table depends on: no two may be taken for each other."""
    forward, backward = (printed(PROGRAM.replace("sys.argv[1]", step)).split() for step in ("'1'", "'-1'"))
    assert forward == backward
    assert len(set(forward)) == len(forward)


def soap(k):
    """One of 40 descriptors, half of which have the same radial functions as another."""
    return ip.SOAP(species=["H", "O"] if k % 2 else ["O", "H", "C"], r_cut=3.2 + 0.01 * (k // 2), n_max=3, l_max=2)


def row_of(k):
    """The features of an oxygen with one neighbor, whatever else there is a column for."""
    return soap(k).pushforward(WATER, np.eye(3)).sum(axis=1)


def test_threads_that_make_the_same_at_once_get_the_same():
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(row_of, [k % 40 for k in range(160)]))
    for k, row in enumerate(at_once):
        assert np.array_equal(row, row_of(k % 40))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_uses_and_makes_tables():
    expected = [row_of(k) for k in range(4)]
    child = os.fork()
    if child == 0:
        same = all(np.array_equal(row_of(k), row) for k, row in enumerate(expected))
        new = ip.SOAP(species=["H", "O"], r_cut=3.777, n_max=3, l_max=2).transform(WATER)
        os._exit(0 if same and np.isfinite(new).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_more_than_are_kept_can_be_made():
    """Sixty tables of some hundred kilobytes: the first are made anew, to the same bits."""
    first = ip.SOAP(species=["H", "O"], r_cut=4.0, n_max=16, l_max=12, basis="equispaced").transform(WATER)
    for k in range(60):
        ip.SOAP(species=["H", "O"], r_cut=4.001 + 0.001 * k, n_max=16, l_max=12, basis="equispaced").transform(WATER)
    again = ip.SOAP(species=["H", "O"], r_cut=4.0, n_max=16, l_max=12, basis="equispaced").transform(WATER)
    assert np.array_equal(first, again)
