"""Whatever ends a run, nothing is lost but time, and nothing half done is left."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import isoprint as ip
from children import python
from folders import names, put_folder
from isoprint import cli
from isoprint.cli import transform
from isoprint.extras import storage
from outputs import PARAMETERS, every_suffix, load, make

KILLED = """
import os, signal, sys
from pathlib import Path
from isoprint._support import output, unfinished
from outputs import load, make
path, every = Path(sys.argv[1]), int(sys.argv[2])
if "aside" in sys.argv:
    unfinished.exchanged = lambda *folders: False
make(path, 0.0)
ends, line, missing, status = set(), 0, 0, 1
while status:
    line += every
    child = os.fork()
    if not child:
        seen = 0

        def count(frame, event, argument):
            global seen
            if frame.f_code.co_filename not in (output.__file__, unfinished.__file__):
                return None
            seen += event == "line"
            if seen == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return count

        sys.settrace(count)
        make(path, float(line))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    # Anything else would go on for ever.
    assert not status or os.WIFSIGNALED(status), status
    missing += not path.exists()
    assert len(os.listdir()) <= 2, os.listdir()
    unfinished.clear(path)
    assert os.listdir() == [path.name], (line, os.listdir())
    ends.add(line - load(path))
assert 0.0 in ends and len(ends) > 2, ends
print(missing)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("every", [13, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("way", ["npy", "zarr", "zarr aside"])
def test_killed_at_any_line_nothing_is_lost_and_the_next_run_tidies_up(tmp_path, way, every):
    pytest.importorskip("fcntl")
    if "zarr" in way:
        pytest.importorskip("zarr")
    name, *options = way.replace("zarr", "a.zarr").replace("npy", "a.npy").split()
    done = python("-W", "ignore", "-c", KILLED, name, str(every), *options, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr
    if sys.platform == "linux" and "aside" not in way:
        assert int(done.stdout) == 0, "there were moments without any file"


def fail(rows, end):
    rows[0:1] = 2.0
    raise end


@every_suffix
@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, MemoryError, KeyError])
def test_an_error_leaves_the_older_file_and_nothing_else(folder, suffix, end):
    make(f"a.{suffix}", 1.0)
    about = {"parameters": {}}
    with pytest.raises(end), storage.create(f"a.{suffix}", (2, 2), "float64", about) as rows:
        fail(rows, end)
    assert load(f"a.{suffix}") == 1.0
    assert names() == [f"a.{suffix}", "in.extxyz"]


@every_suffix
def test_two_runs_at_a_time_do_not_harm_each_other(folder, suffix):
    path, about = f"a.{suffix}", {"parameters": {}}
    with storage.create(path, (2, 2), "float64", about) as one:
        one[0:1] = np.ones((1, 2))
        with storage.create(path, (2, 2), "float64", about) as two:
            two[0:2] = np.full((2, 2), 2.0)
        assert load(path) == 2.0
        one[1:2] = np.ones((1, 2))
    assert load(path) == 1.0
    assert names() == [path, "in.extxyz"]


@pytest.mark.parametrize("name", [".a.npy.1234.part", ".a.npy.abcdefgh.part", ".b.npy.abcdefgh.part", "a.npy.part"])
def test_what_only_looks_like_litter_stays(folder, name):
    put_folder(Path(name))
    make("a.npy")
    assert names() == sorted([name, "a.npy", "in.extxyz"])
    assert names(name) == ["thesis.txt"]


@every_suffix
def test_a_folder_that_comes_in_between_is_not_replaced(folder, suffix):
    path = Path(f"a.{suffix}")
    with pytest.raises(ValueError, match="where there is a folder"):
        make(path, lambda: put_folder(path) or 1.0)
    assert names(path) == ["thesis.txt"]
    assert names() == sorted([path.name, "in.extxyz"])


def test_a_mistake_of_ours_is_not_told_as_one_of_the_disk(folder, monkeypatch):
    def mistaken(*arguments, **options):
        raise AttributeError("a mistake")

    monkeypatch.setattr(transform, "_in_batches", mistaken)
    pytest.importorskip("h5py")
    with pytest.raises(AttributeError, match="a mistake"):
        cli.main(["transform", "in.extxyz", "-o", "out.h5", *PARAMETERS])
    assert names() == ["in.extxyz"]


@every_suffix
def test_ctrl_c_in_the_middle(folder, listening, suffix, capsys, monkeypatch):
    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)

    make(f"out.{suffix}")
    monkeypatch.setattr(ip.SoapTurbo, "transform", interrupted)
    assert cli.main(["transform", "in.extxyz", "-o", f"out.{suffix}", *PARAMETERS]) == 130
    assert load(f"out.{suffix}") == 1.0
    assert names() == ["in.extxyz", f"out.{suffix}"]
