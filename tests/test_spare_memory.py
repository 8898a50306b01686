"""The memory of a dropped result serves the next one, and no result that is still seen by anybody."""

import gc
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

import isoprint as ip
from children import printed, python
from isoprint import _core, memory

MB = 1 << 20


@pytest.fixture(autouse=True)
def _kept():
    """Some spare memory, and none of it there at the beginning."""
    before = memory.get_spare_limit()
    gc.collect()
    memory.set_spare_limit(256 * MB)
    memory.release()
    yield
    memory.set_spare_limit(before)
    memory.release()


@pytest.fixture(name="jacobian")
def _jacobian():
    frame = bulk("C", cubic=True) * 2
    descriptor = ip.SOAP(species=["C"], r_cut=3.0, n_max=4, l_max=4)
    return lambda **options: descriptor.derivatives(frame, **options)


def address(array):
    return array.__array_interface__["data"][0]


def test_the_memory_of_a_dropped_result_serves_the_next(jacobian):
    first = jacobian()
    place, expected = address(first.values), first.values.copy()
    assert memory.spare() == 0
    del first
    assert memory.spare() >= expected.nbytes
    second = jacobian()
    assert address(second.values) == place
    assert memory.spare() == 0
    assert np.array_equal(second.values, expected)


@pytest.mark.parametrize("size", [1, 10, 1000, 100_000, 300_000, 10_000_000])
def test_memory_begins_at_a_multiple_of_64_bytes(size):
    for dtype in ("float64", "float32"):
        array = _core.buffer((size, 1, 1), dtype)
        assert array.shape == (size, 1, 1)
        assert array.dtype == dtype
        assert address(array) % 64 == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.flags.owndata
        array[...] = 1.0


VIEWS = {
    "slice": lambda blocks: blocks.values[3:5],
    "one entry": lambda blocks: blocks.values[3, 1, 2:3],
    "another shape": lambda blocks: blocks.values.reshape(-1)[::7],
    "another type": lambda blocks: blocks.values.view(np.int64)[1],
    "bytes": lambda blocks: np.frombuffer(memoryview(blocks.values).cast("B"), np.uint8),
    "broadcast": lambda blocks: np.broadcast_to(blocks.values, (2, *blocks.values.shape)),
    "derivatives": lambda blocks: blocks,
    "iterator": lambda blocks: iter(blocks.values),
    "method": lambda blocks: blocks.dense,
}


@pytest.mark.parametrize("kind", VIEWS)
def test_no_memory_is_handed_out_that_somebody_sees(jacobian, kind):
    blocks = jacobian()
    view, place = VIEWS[kind](blocks), address(blocks.values)
    before = np.asarray(view).copy() if isinstance(view, np.ndarray) else None
    del blocks
    gc.collect()
    assert memory.spare() == 0
    others = [jacobian() for _ in range(3)]
    for other in others:
        assert address(other.values) != place
        other.values[...] = -1.0
    if before is not None:
        assert np.array_equal(view, before)
    del view
    gc.collect()
    assert memory.spare() > 0


def test_results_of_many_frames_share_memory_until_the_last_is_gone():
    frame = bulk("C", cubic=True)
    found = ip.SOAP(species=["C"], r_cut=3.0, n_max=4, l_max=4).derivatives([frame] * 3)
    last = found.pop().values
    expected = last.copy()
    del found
    assert memory.spare() == 0
    assert np.array_equal(last, expected)
    del last
    assert memory.spare() > 0


def test_the_limit_is_kept_to(jacobian):
    size = jacobian().values.nbytes
    memory.release()
    memory.set_spare_limit(int(2.5 * size))
    results = [jacobian() for _ in range(5)]
    for _ in range(5):
        results.pop()
        assert memory.spare() <= 2.5 * size
    assert memory.spare() >= 2 * size
    memory.set_spare_limit(int(1.5 * size))
    assert size <= memory.spare() <= 1.5 * size
    memory.set_spare_limit(0)
    assert memory.spare() == 0
    jacobian()
    assert memory.spare() == memory.get_spare_limit() == 0


def test_no_more_than_eight_are_kept():
    arrays = [_core.buffer((1000, 1, 1), "float64") for _ in range(20)]
    del arrays
    assert 8 * 8000 <= memory.spare() <= 8 * 9000


def test_limits_that_are_none():
    for n_bytes in (-1, 2.5, "1 GiB", None, True):
        with pytest.raises(ValueError, match=r"n_bytes is .*must be an integer from 0 on"):
            memory.set_spare_limit(n_bytes)
    memory.set_spare_limit(2**63 - 1)
    assert memory.get_spare_limit() >= sys.maxsize - 1


def test_the_environment_sets_the_limit():
    program = "from isoprint import memory; print(memory.get_spare_limit())"
    assert printed(program, variables={"ISOPRINT_SPARE_MEMORY": "12345"}).strip() == "12345"
    assert printed(program, variables={"ISOPRINT_SPARE_MEMORY": "0"}).strip() == "0"
    assert 0 < int(printed(program, variables={"ISOPRINT_SPARE_MEMORY": ""})) <= 1 << 30
    failed = python("-c", program, variables={"ISOPRINT_SPARE_MEMORY": "1 GiB"})
    assert failed.returncode != 0
    assert "ISOPRINT_SPARE_MEMORY is" in failed.stderr
    assert "0 for none" in failed.stderr


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupted_call_gives_its_memory_back(jacobian, n_jobs):
    def progress(done, total):
        raise KeyboardInterrupt

    expected = jacobian().values.copy()
    memory.release()
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            jacobian(n_jobs=n_jobs, progress=progress)
        gc.collect()
        assert memory.spare() >= expected.nbytes
    assert np.array_equal(jacobian(n_jobs=n_jobs).values, expected)


def test_threads_share_what_is_spare(jacobian):
    expected = jacobian().values.copy()
    right = []

    def work():
        for _ in range(30):
            found = jacobian(n_jobs=1)
            right.append(np.array_equal(found.values, expected))
            found.values[...] = np.nan

    threads = [threading.Thread(target=work) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert right == [True] * 180


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_child_of_fork_writes_to_its_own_memory(jacobian):
    kept, expected = jacobian(), jacobian().values.copy()
    assert memory.spare() > 0
    child = os.fork()
    if child == 0:
        found = [jacobian() for _ in range(3)]
        right = all(np.array_equal(own.values, expected) for own in (kept, *found))
        for own in (kept, *found):
            own.values[...] = np.nan
        del kept, found
        right &= memory.spare() > 0
        memory.release()
        os._exit(0 if right else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert np.array_equal(kept.values, expected)
    assert np.array_equal(jacobian().values, expected)


def test_nothing_is_leaked(jacobian):
    def resident():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("only Linux says how much memory a process has")
    memory.set_spare_limit(0)
    size = jacobian().values.nbytes
    before = resident()
    for _ in range(40):
        jacobian()
    assert resident() - before < 10 * size


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to a limit of memory")
def test_what_is_spare_is_given_up_before_a_request_is_refused():
    said = printed(
        f"""
import resource
import numpy as np
from isoprint import _core, memory
import isoprint as ip
from ase.build import bulk

memory.set_spare_limit(1 << 30)
def spare():
    "Two pieces of 200 megabytes."
    _ = [_core.buffer((200 * {MB} // 8, 1, 1), "float64") for _ in range(2)]

soap = ip.SOAP(species=["C"], r_cut=3.0, n_max=4, l_max=4)
frame = bulk("C", cubic=True)
soap.derivatives(frame, n_jobs=1)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 500 * {MB}, resource.RLIM_INFINITY))
spare()
print(memory.spare() >= 400 * {MB})
large = _core.buffer((450 * {MB} // 8, 1, 1), "float64")  # a result
print(memory.spare())
del large
memory.release()
spare()
print(memory.spare() >= 400 * {MB})
crowd = bulk("C", cubic=True) * (45, 45, 45)
found = ip.neighbors(crowd, 1.6, n_jobs=1)  # what is no result of this kind
print(memory.spare(), len(found.index) > 0)
try:
    _core.buffer((600 * {MB} // 8, 1, 1), "float64")
except MemoryError as error:
    print(error)
"""
    ).splitlines()
    assert said[:3] == ["True", "0", "True"]
    assert said[-1].startswith(f"the derivatives would need {600 * MB} bytes")
