"""Where no more can be written that is one line, and an older file is spared; what goes down a pipe is no file."""

import errno
import io
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import isoprint as ip
from children import python
from folders import names, posix, refused
from isoprint import cli
from isoprint.extras import storage
from outputs import NEEDS, PARAMETERS, SUFFIXES, every_suffix, figure, load, make, missing, table

FULL = """
import json, resource, sys
from isoprint import cli
for name, arguments in json.loads(sys.argv[1]):
    for limit in (0, 100, 500):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        if cli.main([*arguments, name]) != 2:
            print(name, limit, "was written", file=sys.stderr)
"""
OUTPUTS = {
    **{f"out.{suffix}": ["transform", "in.extxyz", *PARAMETERS, "-o"] for suffix in SUFFIXES},
    "ring.extxyz": "manifold CH4 --descriptor acsf --standard --max-steps 1 -o".split(),
    "pairs.extxyz": "pairs NH3 --descriptor overlap_matrix --r-cut 4 --starts 1 --max-evaluations 10 -o".split(),
    "modes.extxyz": ["sensitivity", "in.extxyz", "--index", "0", *PARAMETERS, "-o"],
    "numbers.json": ["sensitivity", "in.extxyz", "--index", "0", *PARAMETERS, "--json"],
    "figure.png": ["sensitivity", "in.extxyz", "--index", "0", *PARAMETERS, "--plot"],
    "figure.svg": ["sensitivity", "in.extxyz", "--index", "0", *PARAMETERS, "--plot"],
    "modes.json": ["sensitivity", "in.extxyz", "--index", "0", *PARAMETERS, "--chemiscope"],
}
_MODULES = {**NEEDS, "png": "matplotlib", "svg": "matplotlib", "json": "chemiscope"}


def available(name):
    module = None if name == "numbers.json" else _MODULES.get(name.rpartition(".")[2])
    return not missing(module)


def test_where_no_more_can_be_written_there_is_one_line(folder):
    pytest.importorskip("resource")
    outputs = {name: command for name, command in OUTPUTS.items() if available(name)}
    for name in outputs:
        if name == "out.zarr":
            make(name, rows=3)
        else:
            Path(name).write_text("older")
    done = python("-c", FULL, json.dumps([*outputs.items()]))
    assert done.returncode == 0, done.stderr
    expected = [f"isoprint: error: {name} cannot be written: File too large" for name in outputs for _ in range(3)]
    assert done.stderr.splitlines() == expected
    for name in outputs:
        found = load(name) if name == "out.zarr" else Path(name).read_text()
        assert found == (1.0 if name == "out.zarr" else "older")
    assert names() == sorted(["in.extxyz", *outputs])


@pytest.fixture
def full(tmp_path):
    """A disk of 200 kB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", disk], check=True)


@every_suffix
def test_a_full_disk_spares_the_older_file(full, suffix):
    path = full / f"a.{suffix}"
    make(path, 1.0)
    with pytest.raises(OSError, match=r"a\.\w+ cannot be written: No space left on device"):
        storage_of_noise(path)
    assert load(path) == 1.0
    assert names(full) == [path.name]


def storage_of_noise(path):
    """Numbers that cannot be compressed."""
    noise = np.random.default_rng(0).random((1000, 100))
    with storage.create(path, noise.shape, "float64", {"parameters": {}}) as rows:
        rows[0:1000] = noise


@pytest.mark.parametrize("problem", [AttributeError(), OSError(errno.EINVAL, "not on this disk")])
def test_where_room_cannot_be_reserved_it_is_written(folder, monkeypatch, problem):
    def reserve(*arguments):
        raise problem

    monkeypatch.setattr(os, "posix_fallocate", reserve, raising=False)
    monkeypatch.setattr(storage, "_BLOCK", 1000)
    make("a.npy", 3.0, rows=500)
    assert load("a.npy") == 3.0
    assert Path("a.npy").stat().st_size == 128 + 500 * 16


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_terminal_is_one_line_too(folder):
    command = ["-m", "isoprint.cli", "sensitivity", "in.extxyz", *PARAMETERS]
    with Path("/dev/full").open("w") as out:
        done = python(*command, capture_output=False, stdout=out, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr
    with pytest.raises(OSError, match=r"/dev/full cannot be written: No space left"):
        table("/dev/full")


# Pipes, and what is no error of a disk


@posix
def test_text_may_go_down_a_pipe(folder):
    os.mkfifo("pipe")
    found = []
    # Not waited for where nobody writes.
    reader = threading.Thread(target=lambda: found.append(Path("pipe").read_text()), daemon=True)
    reader.start()
    assert cli.main(["sensitivity", "in.extxyz", "--index", "0", *PARAMETERS, "--json", "pipe"]) == 0
    reader.join(60)
    assert json.loads(found[0])[0]["n_internal"] == 3
    assert stat.S_ISFIFO(os.lstat("pipe").st_mode)


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_paths_are_not_printed(folder, path):
    with pytest.raises(ValueError, match="no place for a file"):
        ip.degenerate_pairs(n=1).write(path)


def test_figures_have_a_suffix_that_is_known(folder, capsys):
    pytest.importorskip("matplotlib")
    arguments = ["sensitivity", "none.extxyz", *PARAMETERS, "--plot"]
    assert "figure is 'a.xyz'; its suffix must be one of" in refused(capsys, *arguments, "a.xyz")
    figure("plain")
    figure("dot.")
    stored = io.BytesIO()
    figure(stored)
    assert names() == ["dot.png", "in.extxyz", "plain.png"]
    assert stored.getvalue()[:4] == b"\x89PNG"
