"""Who takes part in `peers.py`: one module each.

A contestant is a module with

* ``NAME``, ``PACKAGE`` (as pip knows it), ``OWN`` (runs in the interpreter of the runner, not in the one of the peers),
  ``PARALLEL`` (the scenes in which several threads help), ``NOTE`` (what a reader of the tables should know, and what
  it leaves out);
* ``tasks(scene, case, threads)``: a dictionary from the name of a task to a function of the input of the scene; empty
  where it takes no part;
* ``cannot(scene, case)``, if there is anything: why it cannot run these parameters, or None;
* ``array(task, result, given)``, if a result is no array of rows: the array by which it is compared;
* for programs of others ``TWIN``, which of ours writes the same columns from the same neighbors, and ``AGREES``: the
  largest difference from its numbers, in parts of the largest, that is the accuracy of the peer. A peer that differs
  more is shown, and no ratio. With ``ANY_ORDER`` each column is compared with the nearest of the twin.

Modules import their package inside functions only, so that the runner can read the rest without it. A new contestant
is a new module and its line here.
"""

import importlib

ALL = (
    "isoprint_soap",
    "isoprint_turbo",
    "isoprint_from_featomic",
    "featomic_power_spectrum",
    "mdescriptor_power_spectrum",
    "isoprint_from_dscribe",
    "dscribe_soap",
    "mdescriptor_soap",
    "isoprint_from_quip_soap",
    "quippy_soap",
    "isoprint_from_quip_turbo",
    "quippy_turbo",
    "sphericart_harmonics",
    "isoprint_acsf",
    "dscribe_acsf",
    "mdescriptor_acsf",
    "quippy_acsf",
    "isoprint_mbtr",
    "dscribe_mbtr",
    "isoprint_lmbtr",
    "dscribe_lmbtr",
    "isoprint_om",
    "libfp_om",
    "lapack_eigenvalues",
    "isoprint_matrices",
    "dscribe_matrices",
    "isoprint_kernels",
    "dscribe_kernels",
)
# Ours with the fastest order of columns, shown beside the twins in every task but those that are there for a peer.
OWN_ORDER = ("isoprint_soap", "isoprint_turbo")
FOR_A_PEER = ("pullback by the Jacobian", "strain", "eigenvalues")


def module(name):
    """The module of a contestant."""
    return importlib.import_module(f"contestants.{name}")
