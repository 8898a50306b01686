"""Whatever takes long can be interrupted, with any number of threads, and leaves all in working order."""

import sys
import textwrap

import pytest

from children import printed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a single process")

# Far more than it takes, far less than the work would: this machine may be busy.
BOUND = 10.0

PROGRAM = """
import os, signal, threading, time
import numpy as np
from crowds import crowd, gas
from isoprint import ACSF, SOAP, CoulombMatrix, OverlapMatrix, SoapTurbo
from isoprint.descriptors._pieces import deformed_rows
from isoprint.structures.neighbors import neighbors

# A shell that runs the tests in the background has told them to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted(call, clock=time.monotonic):
    "Seconds from Control-C to the end of a call that it ends."
    sent = []

    def send():
        time.sleep(0.1)
        sent.append(clock())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    ended = False
    try:
        call()
        ended = True
        time.sleep(60.0)
    except KeyboardInterrupt:
        seconds = clock() - sent[0]
        sender.join()
    if ended:
        raise SystemExit("was over before it was interrupted")
    return seconds


def report(name, call, **options):
    print(name, interrupted(call, **options), flush=True)
"""


def run(program):
    """What the program reports: a name and the seconds it took, line by line."""
    found = [line.rsplit(" ", 1) for line in printed(PROGRAM + textwrap.dedent(program)).splitlines()]
    return {name: float(seconds) for name, seconds in found}


# Each would take minutes for the centers asked for: one center alone, some seconds at least.
HEAVY = {
    "ACSF": "ACSF.standard(species=['H'], r_cut=12.0), 30_000",
    "OverlapMatrix": "OverlapMatrix(species=['H'], r_cut=12.0, orbitals='spd', max_sites=333), 330",
    "contracted": "OverlapMatrix(species=['H'], r_cut=12.0, orbitals='sp', max_sites=750, contracted=True), 740",
    "CoulombMatrix": "CoulombMatrix(species=['H'], r_cut=12.0, max_sites=2950), 2_900",
    "SOAP": "SOAP(species=['H'], r_cut=12.0, n_max=8, l_max=12), 20_000",
    "SoapTurbo": "SoapTurbo(species=['H'], r_cut=12.0, n_max=8, l_max=12), 20_000",
    "reference": "SoapTurbo(species=['H'], r_cut=12.0, n_max=8, l_max=8, policy='reference'), 20_000",
}


@pytest.mark.parametrize("name", HEAVY)
def test_control_c_ends_every_call_of_every_descriptor(name):
    seconds = run(
        f"""
        descriptor, n_atoms = {HEAVY[name]}
        descriptor.fit([crowd(3)])
        frame = crowd(n_atoms)
        centers = [np.arange(n_atoms)]
        moves, adjoint = np.ones((n_atoms, 3)), np.ones((n_atoms, descriptor.n_features))
        small = crowd(5)
        before = descriptor.transform([small])
        for n_jobs in (1, 2):
            calls = dict(
                transform=lambda: descriptor.transform([frame], n_jobs=n_jobs),
                pullback=lambda: descriptor.pullback([frame], adjoint, n_jobs=n_jobs),
                fused=lambda: descriptor.fused([frame], lambda rows, features: features, n_jobs=n_jobs),
                pushforward=lambda: descriptor.pushforward([frame], moves, n_jobs=n_jobs),
                derivatives=lambda: descriptor.derivatives(frame, centers=[0, 1], n_jobs=n_jobs),
            )
            if {name!r} in ("SOAP", "SoapTurbo", "reference"):
                # Two rows of these are written in a second.
                del calls["derivatives"]
            for which, call in calls.items():
                report(f"{{which}} {{n_jobs}}", call)
                # Buffers that were left in the middle are not used again.
                np.testing.assert_array_equal(descriptor.transform([small], n_jobs=n_jobs), before)
        """
    )
    assert len(seconds) >= 6
    assert max(seconds.values()) < BOUND, seconds


def test_control_c_ends_averages_and_neighbor_lists():
    seconds = run(
        """
        frame, descriptor = crowd(20_000), SOAP(species=["H"], r_cut=12.0, n_max=6, l_max=6)
        frames = [frame] * 3
        large = gas(3_000_000)
        for n_jobs in (1, 2):
            for average in ("inner", "outer", "sum"):
                averaged = descriptor.set_params(average=average).fit([crowd(3)])
                adjoint = np.ones((3, averaged.n_features))
                report(f"transform {average} {n_jobs}", lambda: averaged.transform(frames, n_jobs=n_jobs))
                report(f"pullback {average} {n_jobs}", lambda: averaged.pullback(frames, adjoint, n_jobs=n_jobs))
                report(f"fused {average} {n_jobs}", lambda: averaged.fused(frames, lambda _, f: f, n_jobs=n_jobs))
                report(f"derivatives {average} {n_jobs}", lambda: averaged.derivatives(frame, n_jobs=n_jobs))
                call = averaged._call(frames, None, n_jobs)
                report(f"strain {average} {n_jobs}", lambda: deformed_rows(call, "strain"))
            report(f"neighbors {n_jobs}", lambda: neighbors(large, 7.0, n_jobs=n_jobs))
        """
    )
    assert len(seconds) == 32
    assert max(seconds.values()) < BOUND, seconds


def test_control_c_ends_a_function_that_is_asked_for_adjoints():
    seconds = run(
        """
        descriptor, frame = SoapTurbo(species=["H"], r_cut=4.0, n_max=4, l_max=4).fit([crowd(3)]), gas(100_000)

        def slow(rows, features):
            time.sleep(0.05)
            return features

        for n_jobs in (1, 2):
            report(f"{n_jobs}", lambda: descriptor.fused([frame], slow, n_jobs=n_jobs))
        """
    )
    assert len(seconds) == 2
    assert max(seconds.values()) < BOUND, seconds


def test_what_progress_raises_ends_a_row_that_takes_long():
    seconds = run(
        """
        descriptor, frame = ACSF.standard(species=["H"], r_cut=12.0).fit([crowd(3)]), crowd(30_000)
        for n_jobs in (1, 2):
            calls = []

            def progress(done, total):
                calls.append(time.monotonic())
                if len(calls) == 3:
                    raise LookupError("enough")

            try:
                descriptor.transform([frame], n_jobs=n_jobs, progress=progress)
            except LookupError:
                print(n_jobs, time.monotonic() - calls[-1])
            assert len(calls) == 3
        """
    )
    assert len(seconds) == 2
    assert max(seconds.values()) < BOUND, seconds


def test_an_output_that_was_given_may_be_written_in_part():
    run(
        """
        descriptor = SoapTurbo(species=["H"], r_cut=4.0, n_max=8, l_max=8).fit([crowd(3)])
        frame = gas(100_000)
        out = np.full((len(frame), descriptor.n_features), np.nan, np.float32)

        def progress(done, total):
            if done:
                raise LookupError("enough")

        try:
            descriptor.transform([frame], out=out, n_jobs=2, progress=progress)
        except LookupError:
            written = np.isfinite(out).all(axis=1)
        assert 0 < written.sum() < len(out)
        chosen = np.flatnonzero(written)[:100]
        expected = descriptor.set_params(dtype="float32").fit([crowd(3)]).transform([frame], centers=[chosen])
        np.testing.assert_array_equal(out[chosen], expected)
        """
    )


# Several seconds of work each, over all cutoffs.
CONSTRUCTORS = {
    "SOAP": "SOAP(species=list(range(1, 119)), r_cut=10.0 * r_cut, n_max=24, l_max=30, compression='0_0', "
    "sigma=dict(zip(range(1, 119), np.linspace(0.4, 0.9, 118))))",
    "gto_quip": "SOAP(species=list(range(1, 100)), r_cut=r_cut, n_max=10, l_max=14, sigma=dict(zip(range(1, 100), "
    "np.linspace(0.3, 0.5, 99))), basis='gto_quip')",
    "SoapTurbo": "SoapTurbo(species=list(range(1, 60)), r_cut=r_cut, n_max=16, l_max=20, sigma=dict(zip(range(1, 60), "
    "np.linspace(0.18, 0.3, 59))))",
    "poly3gauss": "SoapTurbo(species=list(range(1, 60)), r_cut=r_cut, n_max=16, l_max=20, basis='poly3gauss', "
    "sigma=dict(zip(range(1, 60), np.linspace(0.18, 0.3, 59))))",
}


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_control_c_ends_the_preparation_of_every_basis(name):
    call = f"[{CONSTRUCTORS[name]}.fit([crowd(3)]).n_features for r_cut in np.linspace(6.0, 7.0, 40)]"
    seconds = run(f"report('fit', lambda: {call}, clock=time.process_time)")
    # Of work, not of the clock: more would be all that there is to do.
    assert seconds["fit"] < 1.0
