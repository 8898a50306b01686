"""The door between Python and the compiled module: threads, forks, interrupts, and arrays in place."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import children
from isoprint import _core, threads

THREADS = (1, 2, 7)
QUIET = {"average": None, "progress": None}


def fingerprint(n_max=3, l_max=2, r_cut=3.0):
    common = {"n_max": n_max, "amplitude_scaling": 1.0, "central_weight": 1.0}
    return _core.SoapTurbo(
        {
            "r_cut": r_cut,
            "r_soft": r_cut - 0.5,
            "l_max": l_max,
            "filter_decay": 4.0,
            "radial_enhancement": 0,
            "basis": "poly3",
            "policy": "exact",
            "normalize": True,
            "ignore_unknown_species": False,
            "species": [
                {"number": 1, "sigma": 0.5, "sigma_t": 0.5, "sigma_scaling": 0.0, "sigma_t_scaling": 0.0, **common},
                {"number": 8, "sigma": 0.4, "sigma_t": 0.4, "sigma_scaling": 0.1, "sigma_t_scaling": 0.1, **common},
            ],
        }
    )


def structure(n_atoms=100, seed=0):
    """One periodic frame, and all its atoms as centers."""
    rng = np.random.default_rng(seed)
    width = (n_atoms / 0.08) ** (1 / 3)
    frames = (
        rng.uniform(0, width, (n_atoms, 3)),
        rng.choice(np.array([1, 8]), n_atoms),
        width * np.eye(3)[None],
        np.ones((1, 3), bool),
        np.array([0, n_atoms]),
    )
    return frames, around(np.arange(n_atoms))


def around(index):
    """These atoms of one frame as centers."""
    return np.array([0, len(index)]), np.asarray(index), None


def transform(core, frames, centers, *, threads=1, average=None, progress=None):
    out = np.full((1 if average else len(centers[1]), core.n_features), np.nan)
    core.transform(frames, centers, out, threads=threads, average=average, progress=progress)
    return out


def every_result(n_threads):
    """All that the module computes, as bytes."""
    core, (frames, centers) = fingerprint(), structure()
    rng = np.random.default_rng(1)
    rows = transform(core, frames, centers, threads=n_threads)
    tangent = np.full_like(rows, np.nan)
    options = {**QUIET, "threads": n_threads}
    core.pushforward(frames, centers, rng.normal(size=frames[0].shape), tangent, **options)
    gradients = core.pullback(frames, centers, rng.normal(size=rows.shape), **options)
    blocks = core.derivatives(frames, centers, out=None, dtype="float64", prepared=None, first=(0, 0), **options)
    alone = {"out": None, "dtype": "float64", "prepared": None, "first": (0, 0)}
    strain = core.deformed(frames, centers, "strain", **alone, **options)
    neighbors = _core.neighbors(frames, centers, 3.0, threads=n_threads)
    results = [rows, tangent, *gradients, *blocks, strain, *neighbors]
    assert all(np.isfinite(result).all() and result.any() for result in results)
    return [result.tobytes() for result in results]


def long_work(n_rows=3_000_000):
    """A minute of it, and in little memory if it is averaged."""
    frames, _ = structure(64)
    return fingerprint(n_max=6, l_max=6), frames, around(np.tile(np.arange(64), n_rows // 64))


# Threads


def test_same_bits_for_any_number_of_threads():
    first, *others = (every_result(n_threads) for n_threads in THREADS)
    for other in others:
        assert other == first


@pytest.fixture
def no_wishes(monkeypatch):
    """Neither the environment nor the process says how many threads to use."""
    monkeypatch.delenv("RAYON_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    _core.set_num_threads(0)
    yield _core.get_num_threads()
    _core.set_num_threads(0)


@pytest.mark.parametrize("name", ["RAYON_NUM_THREADS", "OMP_NUM_THREADS"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", 1), ("1,4", 1), (" 1 ", 1), ("0", None), ("-3", None), ("many", None), ("", None), ("100000", None)],
)
def test_environment_is_obeyed_where_it_makes_sense(no_wishes, monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)
    assert _core.get_num_threads() == (expected or no_wishes)


def test_smallest_wish_of_the_environment_counts(no_wishes):
    program = "from isoprint import _core; print(_core.get_num_threads())"
    for rayon, openmp in (("1", "2"), ("2", "1")):
        environment = {**os.environ, "RAYON_NUM_THREADS": rayon, "OMP_NUM_THREADS": openmp}
        assert run(program, env=environment) == "1"


def test_what_is_set_explicitly_precedes_the_environment(no_wishes, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    _core.set_num_threads(5)
    assert _core.get_num_threads() == 5
    _core.set_num_threads(1)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert _core.get_num_threads() == no_wishes, "who restores the default should not freeze it"


def test_python_threads_may_call_at_once():
    core = fingerprint()
    structures = [structure(seed=seed) for seed in range(8)]
    alone = [transform(core, *each) for each in structures]
    with ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(transform, core, *each, threads=1 + number % 3) for number, each in enumerate(structures * 4)
        ]
        for number, future in enumerate(futures):
            np.testing.assert_array_equal(future.result(60), alone[number % 8])


def test_a_short_call_does_not_wait_for_a_long_one():
    started, stop = threading.Event(), threading.Event()

    def progress(done, total):
        started.set()
        if stop.is_set():
            raise LookupError("enough")

    core, (frames, centers) = fingerprint(), structure()
    expected = transform(core, frames, centers)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(transform, *long_work(), threads=3, average="outer", progress=progress)
        try:
            assert started.wait(60)
            for threads in (1, 2, 3, 8):
                np.testing.assert_array_equal(transform(core, frames, centers, threads=threads), expected)
            assert not running.done()
        finally:
            stop.set()
        with pytest.raises(LookupError, match="enough"):
            running.result(60)


def test_python_threads_may_fill_parts_of_one_array():
    core, (frames, centers) = fingerprint(), structure()
    expected = transform(core, frames, centers)
    out = np.full_like(expected, np.nan)

    def fill(part):
        core.transform(frames, around(centers[1][part]), out[part], threads=2, **QUIET)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, [slice(start, start + 10) for start in range(0, 100, 10)]))
    np.testing.assert_array_equal(out, expected)


def test_other_python_threads_run_during_a_call():
    core, frames, centers = long_work(20_000)
    out = np.empty((len(centers[1]), core.n_features))
    stamps, stop = [], threading.Event()

    def tick():
        while not stop.wait(0.001):
            stamps.append(time.perf_counter())

    ticking = threading.Thread(target=tick)
    ticking.start()
    start = time.perf_counter()
    core.transform(frames, centers, out, threads=1, **QUIET)
    end = time.perf_counter()
    stop.set()
    ticking.join()
    quarter = (end - start) / 4
    assert any(start + quarter < stamp < end - quarter for stamp in stamps)


# Processes


def report(connection, n_threads):
    connection.send(every_result(n_threads))


def in_a_fork(n_threads):
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=report, args=(sender, n_threads), daemon=True)
    child.start()
    try:
        assert receiver.poll(120), "the child hangs"
        return receiver.recv()
    finally:
        child.kill()
        child.join()


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
# Python warns of what is shown to work here.
warned = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@forks
@warned
@pytest.mark.parametrize("n_threads", [2, 3])
def test_a_forked_child_works_after_its_parent(n_threads):
    expected = every_result(2)
    assert in_a_fork(n_threads) == expected
    assert every_result(2) == expected


@forks
@warned
def test_a_child_forked_during_a_call_works():
    started, stop = threading.Event(), threading.Event()

    def progress(done, total):
        started.set()
        if stop.is_set():
            raise LookupError("enough")

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(transform, *long_work(), threads=2, average="outer", progress=progress)
        try:
            assert started.wait(60)
            assert in_a_fork(2) == every_result(1)
            assert not running.done()
        finally:
            stop.set()
        with pytest.raises(LookupError, match="enough"):
            running.result(60)


def in_a_worker(n_threads):
    return _core.get_num_threads(), every_result(n_threads)


def test_joblib_workers_share_the_cores(no_wishes):
    joblib = pytest.importorskip("joblib")
    answers = joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(in_a_worker)(0) for _ in range(4))
    expected = every_result(1)
    for n_threads, results in answers:
        assert n_threads == max(1, joblib.cpu_count() // 2)
        assert results == expected


def test_threadpoolctl_limits_our_threads(no_wishes):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    expected = every_result(2)
    with threadpoolctl.threadpool_limits(1):
        assert _core.get_num_threads() == 1
        assert every_result(0) == expected
    assert _core.get_num_threads() == no_wishes
    assert "isoprint" in {library["user_api"] for library in threadpoolctl.threadpool_info()}
    assert threads.get_num_threads() == no_wishes


@pytest.mark.parametrize(
    "imports",
    [
        "import isoprint.threads, threadpoolctl",
        "import threadpoolctl, isoprint.threads",
        "import isoprint.threads, importlib.util; importlib.util.find_spec('threadpoolctl'); import threadpoolctl",
    ],
)
def test_threadpoolctl_may_come_first_or_last(imports):
    pytest.importorskip("threadpoolctl")
    program = "print([x['num_threads'] for x in threadpoolctl.threadpool_info() if x['user_api'] == 'isoprint'])"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    assert run(f"{imports}\n{program}", env=environment) == "[1]"


def test_threadpoolctl_is_not_loaded_by_us():
    assert run("import isoprint.threads, sys; print('threadpoolctl' in sys.modules)") == "False"


def run(program, **options):
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **options).stdout.strip()


# Interrupts


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a single process")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_control_c_ends_a_long_call(n_threads):
    program = f"""
        import signal
        from test_door import long_work, transform
        # A shell that runs the tests in the background has told them to ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        work = long_work()
        print("ready", flush=True)
        try:
            transform(*work, threads={n_threads}, average='outer')
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=children.environment()) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=30)[0] == "interrupted\n"
        finally:
            process.kill()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_progress_counts_rows_on_the_thread_of_the_caller(n_threads):
    core, frames, centers = long_work(20_000)
    calls = []
    transform(
        core, frames, centers, threads=n_threads, progress=lambda *rows: calls.append((*rows, threading.get_ident()))
    )
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert {call[1:] for call in calls} == {(len(centers[1]), threading.get_ident())}
    assert done[-1] == len(centers[1])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_progress_raises_stops_the_work(n_threads):
    problem = LookupError("enough")

    def progress(done, total):
        assert done < total
        raise problem

    with pytest.raises(LookupError) as caught:
        transform(*long_work(), threads=n_threads, average="outer", progress=progress)
    assert caught.value is problem


# Arrays


def test_a_memory_map_is_written_in_place(tmp_path):
    core, (frames, centers) = fingerprint(), structure()
    expected = transform(core, frames, centers)
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", "float64", expected.shape)
    core.transform(frames, centers, rows, threads=2, **QUIET)
    rows.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), expected)
    with pytest.raises(ValueError, match="out is read-only"):
        core.transform(frames, centers, np.load(tmp_path / "rows.npy", mmap_mode="r"), threads=1, **QUIET)


def test_single_precision_is_rounded_double_precision():
    core, (frames, centers) = fingerprint(), structure()
    single = np.empty((len(centers[1]), core.n_features), np.float32)
    core.transform(frames, centers, single, threads=1, **QUIET)
    np.testing.assert_array_equal(single, transform(core, frames, centers).astype(np.float32))


def test_inputs_stay_as_they_are():
    core, (frames, centers) = fingerprint(), structure()
    for array in (*frames, *centers[:2]):
        array.flags.writeable = False
    before = [array.tobytes() for array in (*frames, *centers[:2])]
    transform(core, frames, centers)
    assert [array.tobytes() for array in (*frames, *centers[:2])] == before


def test_out_may_not_share_memory_with_an_input():
    core, (frames, centers) = fingerprint(), structure(10)
    memory = np.zeros(10 * core.n_features)
    with pytest.raises(ValueError, match="out shares memory with another argument"):
        core.pushforward(
            frames, centers, memory[:30].reshape(10, 3), memory.reshape(10, core.n_features), threads=1, **QUIET
        )


@pytest.mark.parametrize(
    ("place", "spoil", "message"),
    [
        (0, lambda a: a[:, :2].copy(), r"positions has shape \(10, 2\), expected \(n_atoms, 3\)"),
        (0, lambda a: a.astype(np.float32), "positions has dtype float32, expected float64"),
        (0, np.asfortranarray, "positions is not C-contiguous"),
        (0, np.ndarray.tolist, "positions is a list, expected a numpy array of dtype float64"),
        (1, lambda a: a[:-1].copy(), r"numbers has shape \[9\], expected \[10\]"),
        (1, lambda a: a.astype(np.int32), "numbers has dtype int32, expected int64"),
        (2, lambda a: a[0], r"cells has shape \(3, 3\), expected \(n_frames, 3, 3\)"),
        (3, lambda a: a.astype(int), "pbc has dtype int64, expected bool"),
        (4, lambda a: a + 1, "offsets is"),
    ],
)
def test_what_is_wrong_with_an_array_is_said(place, spoil, message):
    core, (frames, centers) = fingerprint(), structure(10)
    spoiled = list(frames)
    spoiled[place] = spoil(frames[place])
    with pytest.raises((TypeError, ValueError), match=message):
        transform(core, tuple(spoiled), centers)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n: np.empty((9, n)), r"out has shape \(9, \d+\), expected \(10, \d+\)"),
        (lambda n: np.empty((10, n + 1)), r"out has shape \(10, \d+\), expected \(10, \d+\)"),
        (lambda n: np.empty((10, n), int), "out has dtype int64, expected float64 or float32"),
        (lambda n: np.empty((10, n), order="F"), "out is not C-contiguous"),
        (lambda n: np.empty((10, 2 * n))[:, ::2], "out is not C-contiguous"),
        (lambda n: None, "out is a NoneType, expected a numpy array"),
    ],
)
def test_what_is_wrong_with_the_output_is_said(make, message):
    core, (frames, centers) = fingerprint(), structure(10)
    with pytest.raises((TypeError, ValueError), match=message):
        core.transform(frames, centers, make(core.n_features), threads=1, **QUIET)


def test_what_is_wrong_with_an_adjoint_is_said():
    core, (frames, centers) = fingerprint(), structure(10)
    with pytest.raises(ValueError, match=r"adjoint has shape \(10, 1\), expected \(10, \d+\)"):
        core.pullback(frames, centers, np.zeros((10, 1)), threads=1, **QUIET)
    with pytest.raises(ValueError, match='average is "mean"; expected None, "inner", "outer", "sum"'):
        core.pullback(frames, centers, np.zeros((10, 1)), average="mean", threads=1, progress=None)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory there is")
def test_derivatives_larger_than_the_machine_are_refused():
    core = fingerprint(n_max=12, l_max=20)
    frames, _ = structure(200)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # Each row has a block of its own at least.
    n_rows = 1 + memory // (3 * 8 * core.n_features)
    if n_rows > 50_000_000:
        pytest.skip("this machine is too large")
    centers = around(np.zeros(n_rows, int))
    with pytest.raises(MemoryError, match=r"the derivatives would need \d+ bytes.*use pullback or pushforward"):
        core.derivatives(frames, centers, out=None, dtype="float64", prepared=None, first=(0, 0), threads=2, **QUIET)
