"""Memory that cannot be had is a MemoryError that says how much it was, and the process lives on."""

import re
import sys
import textwrap

import numpy as np
import pytest
from ase import Atoms

from children import printed
from isoprint import SOAP, CoulombMatrix

limited = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to a limit of memory")

# Every attempt is a child of its own: what is left of one must not help the next, and one that dies must be seen.
PROGRAM = """
import os, resource, sys
import numpy as np
from ase import Atoms
from crowds import crowd, gas, rng
from isoprint import ACSF, SOAP, CoulombMatrix, OverlapMatrix, SoapTurbo
from isoprint.structures.neighbors import neighbors

MB = 1 << 20
def attempt(call, extra):
    "What becomes of a call that may have so many bytes more than there are."
    child = os.fork()
    if child == 0:
        pages = int(open("/proc/self/statm").read().split()[0])
        limit = pages * resource.getpagesize() + int(extra)
        # What a crash says of itself is not wanted here.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        try:
            call()
        except MemoryError:
            os._exit(3)
        except BaseException as error:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
            os.write(1, f"{type(error).__name__}: {error}: ".encode())
            os._exit(5)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return {0: "done", 3: "MemoryError"}.get(os.WEXITSTATUS(status), "another error")


def sweep(name, call, limits):
    for extra in limits:
        print(name, extra, attempt(call, extra * MB), sep=": ", flush=True)


def calls(descriptor, frames, centers=None, n_jobs=1):
    n_atoms = sum(map(len, frames))
    n_rows = n_atoms if centers is None else sum(map(len, centers))
    adjoint, moves = np.ones((n_rows, descriptor.n_features)), np.ones((n_atoms, 3))
    options = dict(centers=centers, n_jobs=n_jobs)
    return dict(
        transform=lambda: descriptor.transform(frames, **options),
        pullback=lambda: descriptor.pullback(frames, adjoint, **options),
        fused=lambda: descriptor.fused(frames, lambda rows, features: features, **options),
        pushforward=lambda: descriptor.pushforward(frames, moves, **options),
        derivatives=lambda: descriptor.derivatives(frames[0], centers=centers and centers[0], n_jobs=n_jobs),
    )
"""


def outcomes(program):
    """What became of each call under each limit."""
    said = printed(PROGRAM + textwrap.dedent(program), timeout=900, variables={"MALLOC_ARENA_MAX": "2"})
    return [tuple(line.rsplit(": ", 1)) for line in said.splitlines()]


def assert_no_death(found):
    # Threads that cannot be started are told as such: fewer of them need less.
    expected = [(call, outcome) for call, outcome in found if not call.startswith("RuntimeError: could not start")]
    strange = [(call, outcome) for call, outcome in expected if outcome not in ("done", "MemoryError")]
    assert not strange, strange
    assert any(outcome == "MemoryError" for _, outcome in found), "no limit was too low"


MANY_ATOMS = """
large = gas({n})
for n_jobs in {jobs}:
    sweep(f"neighbors {{n_jobs}}", lambda: neighbors(large, 4.0, n_jobs=n_jobs), {limits})
    acsf = ACSF(r_cut=4.0, species=["H"]).fit([crowd(3)])
    for name, call in calls(acsf, [large], n_jobs=n_jobs).items():
        sweep(f"{{name}} {{n_jobs}}", call, {limits})
"""

MANY_FRAMES = """
frames = [crowd(4) for _ in range({n})]
soap = SOAP(species=["H"], r_cut=4.0, n_max=4, l_max=3)
for average in (None, "inner", "outer", "sum"):
    soap.set_params(average=average).fit([crowd(3)])
    n_rows = len(frames) if average else 4 * len(frames)
    adjoint = np.ones((n_rows, soap.n_features))
    for n_jobs in {jobs}:
        sweep(f"transform {{average}} {{n_jobs}}", lambda: soap.transform(frames, n_jobs=n_jobs), {limits})
        sweep(f"pullback {{average}} {{n_jobs}}", lambda: soap.pullback(frames, adjoint, n_jobs=n_jobs), {limits})
"""

# Few centers that see much: what a worker keeps for itself is large.
MANY_SITES = """
crowded = [
    (OverlapMatrix(species=["H"], r_cut=12.0, orbitals="sp", max_sites=500), 300),
    (OverlapMatrix(species=["H"], r_cut=12.0, contracted=True, max_sites=200), 200),
    (CoulombMatrix(species=["H"], r_cut=12.0, max_sites=1000), 800),
    (ACSF.standard(species=["H"], r_cut=12.0), 400),
    (SOAP(species=["H"], r_cut=12.0, n_max=8, l_max=8), 5000),
    (SoapTurbo(species=["H"], r_cut=12.0, n_max=8, l_max=8), 5000),
]
for descriptor, n in crowded:
    descriptor.fit([crowd(3)])
    few = crowd({share} * n // 4)
    for n_jobs in {jobs}:
        for which, call in calls(descriptor, [few], [[0, 1]], n_jobs).items():
            sweep(f"{{descriptor!r}} {{which}} {{n_jobs}}", call, {limits})
"""

# Rows of some hundred megabytes.
LONG_ROWS = """
species = list(range(1, {n}))
number = Atoms(species, rng.uniform(-3.0, 3.0, (len(species), 3)))
for make in (
    lambda: SOAP(species=species, r_cut=4.0, n_max=8, l_max=8, convention="dscribe"),
    lambda: SoapTurbo(species=species, r_cut=4.0, n_max=8, l_max=8),
    lambda: SOAP(species=species, r_cut=4.0, n_max=8, l_max=8, compression="2_1"),
):
    sweep("fit", lambda: make().fit([number]).n_features, {limits})
    descriptor = make().fit([number])
    for which, call in calls(descriptor, [number], [[0]]).items():
        sweep(which, call, {limits})
"""


# Where next to nothing is left, what asks without an answer must find the reserve: tables of radial integrals, above
# all. They are made in the child, or it would find them ready.
NEXT_TO_NOTHING = """
species = list(range(1, 12))
number = Atoms(species, rng.uniform(-3.0, 3.0, (len(species), 3)))
for make in (
    lambda: SOAP(species=species, r_cut=4.0, n_max=8, l_max=8, convention="dscribe"),
    lambda: SoapTurbo(species=species, r_cut=4.0, n_max=8, l_max=8),
    lambda: SOAP(species=species, r_cut=4.0, n_max=8, l_max=8, compression="2_1"),
):
    sweep("fit", lambda: make().fit([number]).n_features, [x / 64 for x in range(48)])
"""


@limited
@pytest.mark.parametrize(
    "program",
    [
        NEXT_TO_NOTHING,
        MANY_ATOMS.format(n=20_000, limits=(1, 12), jobs=(2,)),
        MANY_FRAMES.format(n=1000, limits=(1, 4), jobs=(2,)),
        MANY_SITES.format(share=1, limits=(1, 8), jobs=(2,)),
        LONG_ROWS.format(n=12, limits=(1, 20)),
    ],
    ids=["next to nothing", "many atoms", "many frames", "many sites", "long rows"],
)
def test_a_call_that_is_refused_memory_raises_and_the_process_lives(program):
    assert_no_death(outcomes(program))


@limited
@pytest.mark.slow
@pytest.mark.parametrize(
    "program",
    [
        MANY_ATOMS.format(n=300_000, jobs=(1, 2), limits="[0.3 * k for k in range(1, 20)] + list(range(10, 400, 20))"),
        MANY_FRAMES.format(n=10_000, jobs=(1, 2), limits="[0.3 * k for k in range(1, 20)] + list(range(7, 60, 3))"),
        MANY_SITES.format(share=4, jobs=(1, 2), limits="[0.3 * k for k in range(1, 20)] + list(range(7, 200, 10))"),
        LONG_ROWS.format(n=40, limits="[0.3 * k for k in range(1, 20)] + list(range(10, 400, 20))"),
    ],
    ids=["many atoms", "many frames", "many sites", "long rows"],
)
def test_no_limit_of_memory_ends_the_process(program):
    assert_no_death(outcomes(program))


@limited
def test_the_error_says_how_much_it_was_and_the_next_call_is_right():
    found = outcomes(
        """
        large, small = gas(200_000), crowd(5)
        expected = neighbors(small, 4.0)

        def call():
            size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + 40 * MB, resource.RLIM_INFINITY))
            try:
                neighbors(large, 6.0, n_jobs=1)
            except MemoryError as error:
                print("message", error, sep=": ")
            found = neighbors(small, 4.0)
            parts = ("offsets", "index", "vector")
            same = all(np.array_equal(getattr(found, part), getattr(expected, part)) for part in parts)
            print("next", "right" if same else "wrong", sep=": ", flush=True)

        call()
        """
    )
    messages = dict(found)
    assert messages["next"] == "right"
    assert re.search(
        r"the neighbor \w+ would need \d+ bytes, more than can be allocated; work on fewer atoms", str(found)
    )


def test_sizes_beyond_reason_are_refused():
    frame = Atoms("H2", [[0, 0, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match="max_sites"):
        CoulombMatrix(species=["H"], r_cut=4.0, max_sites=10**9).fit([frame]).transform(frame)
    with pytest.raises(MemoryError, match="bytes"):
        SOAP(species=list(range(1, 119)), r_cut=4.0, n_max=24, l_max=30).fit([frame]).transform(frame)


def test_a_compression_of_too_many_rows_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    soap = SOAP(species=["H"], r_cut=4.0, n_max=2, l_max=1)
    n_features = soap.fit([Atoms("H")]).n_features
    matrix = sparse.coo_array((np.ones(1), ([0], [0])), shape=(2**45, n_features))
    with pytest.raises(MemoryError, match=r"would need \d+ bytes|Unable to allocate"):
        SOAP(species=["H"], r_cut=4.0, n_max=2, l_max=1, compression=matrix).fit([Atoms("H")]).transform(Atoms("H"))
