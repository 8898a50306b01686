"""Who takes part in `peers.py`: one module each.

A contestant is a module with

* ``NAME``, ``PACKAGE`` (as pip knows it), ``OWN`` (runs in the interpreter of the runner, not in the one of the peers),
  ``PARALLEL`` (several threads help within one frame), ``TASKS`` (the names of what it can do), ``NOTE`` (what a
  reader of the table should know), and for the programs of others ``AGAINST`` (which of ours does the same);
* ``cannot(case)``: why it cannot run these parameters, or None;
* ``tasks(case, threads)``: a dictionary from the name of a task to a function of one `ase.Atoms`.

Modules import their package inside ``tasks`` only, so that the runner can read the rest without it. A new contestant
is a new module and its line here.
"""

ALL = (
    "isoprint_soap",
    "isoprint_turbo",
    "quippy_turbo",
    "quippy_soap",
    "dscribe_gto",
    "featomic_power_spectrum",
)
