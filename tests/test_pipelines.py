"""Scripts written for DScribe, quippy and featomic run with one import changed, and give what the peers give.

Numbers of the peers are stored; where a peer is installed, it is asked as well.
"""

import importlib.util
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from pipelines import of_dscribe, of_featomic, of_quippy  # after sklearn is known to be there

GOLDEN = Path(__file__).parent / "golden" / "pipelines.npz"
SETS = {"dscribe": (of_dscribe, 1e-8), "quippy": (of_quippy, 1e-10), "featomic": (of_featomic, 1e-6)}
SCRIPTS = [(peer, script) for peer, (scripts, _) in SETS.items() for script in scripts.PIPELINES]
# What some of the scripts import besides.
NEEDS = {of_dscribe.sparse_rows: "sparse", **dict.fromkeys(of_featomic.PIPELINES, "metatensor")}


@pytest.fixture(scope="module")
def stored():
    found = {}
    with np.load(GOLDEN) as golden:
        for key in golden.files:
            peer, script, name = key.split("/")
            found.setdefault((peer, script), {})[name] = golden[key]
    return found


def run(script, package, *, quiet=False):
    """What a script gives; warnings are errors unless it is known to give one."""
    if script in NEEDS:
        pytest.importorskip(NEEDS[script])
    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore")
        return script(package)


def require_same(peer, script, ours, theirs):
    scripts, usual = SETS[peer]
    allowed = scripts.TOLERANCES.get(script, usual)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        array = np.asarray(array)
        assert array.shape == theirs[name].shape, name
        apart = np.max(np.abs(array - theirs[name]), initial=0.0)
        assert apart <= allowed * max(1.0, np.max(np.abs(theirs[name]), initial=0.0)), (name, apart)


@pytest.mark.parametrize(("peer", "script"), SCRIPTS, ids=lambda part: getattr(part, "__name__", part))
def test_a_script_gives_what_it_gave_with_the_peer(peer, script, stored):
    package = f"isoprint.compat.{peer}"
    warned = SETS[peer][0].WARNS.get(script)
    if warned is None:
        ours = run(script, package)
    else:
        with pytest.warns(warned):
            ours = run(script, package)
    require_same(peer, script, ours, stored[peer, script.__name__])


@pytest.mark.parametrize(("peer", "script"), SCRIPTS, ids=lambda part: getattr(part, "__name__", part))
def test_a_script_gives_what_it_gives_with_the_peer_that_is_installed(peer, script):
    if importlib.util.find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed")
    try:
        import_module(peer)
        theirs = run(script, peer, quiet=True)
    except TypeError as problem:
        if "momenta" not in str(problem):  # what parts of DScribe 2.1 meet with ase 3.26 and later
            raise
        pytest.skip(f"{peer} does not run here: {problem}")
    require_same(peer, script, run(script, f"isoprint.compat.{peer}", quiet=True), theirs)


def test_every_script_is_stored(stored):
    assert set(stored) == {(peer, script.__name__) for peer, script in SCRIPTS}
    assert len(SCRIPTS) >= 25
