"""Outputs: nothing is lost but an older file of the kind, whatever happens, and nothing half done is left."""

import errno
import importlib.util
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule
from ase.io import read, write

import isoprint as ip
from isoprint import cli, study
from isoprint.cli import transform
from isoprint.extras import storage
from reference_structures import reference

SUFFIXES = ("npz", "npy", "h5", "hdf5", "zarr")
NEEDS = {"h5": "h5py", "hdf5": "h5py", "zarr": "zarr"}
PARAMETERS = ["--r-cut", "3", "--n-max", "2", "--l-max", "1"]
posix = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param])
    return request.param


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("in.extxyz", [molecule(name) for name in ("H2O", "CH4", "CO2")])
    return tmp_path


def make(path, value=1.0, rows=4):
    about = {"parameters": {"descriptor": "none"}, "offsets": np.arange(3), "feature_names": ["a", "b"]}
    with storage.create(path, (rows, 2), "float64", about) as found:
        found[0:rows] = np.full((rows, 2), value() if callable(value) else value)


def load(path):
    """The one value that all features have."""
    kind = Path(path).suffix
    if kind == ".npy":
        found = np.load(path)
    elif kind == ".npz":
        with np.load(path) as file:
            found = file["features"]
    elif kind == ".zarr":
        found = pytest.importorskip("zarr").open_group(str(path), mode="r")["features"][...]
    else:
        with pytest.importorskip("h5py").File(path) as file:
            found = file["features"][...]
    assert (found == found[0, 0]).all()
    return found[0, 0]


def names(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


def state(path):
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_mtime_ns


def refused(capsys, *arguments):
    """The one line on stderr of a command that must fail."""
    assert cli.main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


# What is in the way


def put_folder(path):
    path.mkdir()
    (path / "thesis.txt").write_text("three years")


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


OBSTACLES = {
    "a folder": (put_folder, "where there is a folder"),
    "an empty folder": (lambda path: path.mkdir(), "where there is a folder"),
    "a link to a folder": (lambda path: (put_folder(path.with_name("real")), path.symlink_to("real")), "is a folder"),
    "a pipe": (lambda path: os.mkfifo(path), "no place for a file"),
    "a socket": (put_socket, "there is a socket"),
    "a device": (lambda path: path.symlink_to("/dev/null"), "no place for a file"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "a link that leads to itself"),
    "a link to nowhere": (lambda path: path.symlink_to("no/where"), "there is no folder"),
}


@posix
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_is_no_file_is_refused_and_not_touched(folder, capsys, suffix, obstacle):
    put, message = OBSTACLES[obstacle]
    path = Path(f"proj.{suffix}")
    put(path)
    before = names(), state(path)
    # The input does not exist: nothing is read before the output has been looked at.
    error = refused(capsys, "transform", "none.xyz", "-o", str(path), *PARAMETERS)
    assert message in error
    with pytest.raises(ValueError, match=r"output is 'proj\."):
        make(path)
    assert (names(), state(path)) == before
    if "folder" in obstacle and "empty" not in obstacle:
        assert (path / "thesis.txt").read_text() == "three years"


def structures(path):
    found = ip.follow_manifold(ip.ACSF.standard(), reference("NH3-a"), 0, max_steps=2)
    found.write(path)


def pairs(path):
    ip.degenerate_pairs(n=1).write(path)


def table(path):
    study.Table([{"a": 1}]).to_csv(path)


def figure(path):
    pytest.importorskip("matplotlib")
    from isoprint.extras.plotting import figure, saved

    saved(figure()[0], path)


def chemiscope(path):
    pytest.importorskip("chemiscope")
    from isoprint.extras.chemiscope import write_modes

    write_modes(ip.sensitivity(ip.ACSF.standard(), reference("NH3-a"), 0), path)


WRITERS = {"a.extxyz": structures, "b.extxyz": pairs, "c.csv": table, "d.png": figure, "e.json.gz": chemiscope}


@posix
@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_keeps_the_same_rules(folder, name):
    write_to, path = WRITERS[name], Path(name)
    write_to(path)
    path.chmod(0o640)
    first = path.stat()
    link = Path(f"link-{name}")
    link.symlink_to(name)
    write_to(link)
    assert link.is_symlink()
    assert path.stat().st_ino != first.st_ino
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names() == sorted(["in.extxyz", name, link.name])
    there = Path(f"there-{name}")
    put_folder(there)
    for wrong, message in (
        (there, "there is a folder"),
        (f"none/{name}", "no folder 'none'"),
        (f"{name}/{name}", "no folder"),
    ):
        with pytest.raises(ValueError, match=message):
            write_to(wrong)
    assert names(there) == ["thesis.txt"]


@pytest.mark.parametrize("path", [".", "..", "/", "", "folder/", "a\0b"])
def test_names_of_no_file(folder, path):
    with pytest.raises(ValueError, match="output is"):
        ip.degenerate_pairs(n=1).write(path)
    assert names() == ["in.extxyz"]


# Zarr stores


@pytest.mark.parametrize("old", [False, True], ids=["signed", "of the first version"])
def test_a_store_of_ours_is_replaced(folder, old):
    pytest.importorskip("zarr")
    assert cli.main(["transform", "in.extxyz", "-o", "out.zarr", *PARAMETERS]) == 0
    if old:
        forget_author("out.zarr")
    Path("link.zarr").symlink_to("out.zarr")
    make("link.zarr", 3.0)
    assert load("out.zarr") == 3.0
    assert Path("link.zarr").is_symlink()
    assert names() == ["in.extxyz", "link.zarr", "out.zarr"]


def forget_author(store):
    group = pytest.importorskip("zarr").open_group(store, mode="r+")
    del group.attrs["written_by"]


def foreign(path):
    zarr = pytest.importorskip("zarr")
    zarr.open_group(str(path), mode="w").create_group("features")


def with_a_file(path):
    make(path)
    (path / "notes.txt").write_text("mine")


def with_a_file_among_chunks(path):
    make(path)
    (path / "features" / "notes.txt").write_text("mine")


def with_a_link(path):
    make(path)
    (path / "features" / "7").symlink_to("/")


def with_an_array(path):
    make(path)
    pytest.importorskip("zarr").open_group(str(path), mode="r+").create_group("mine")


def unreadable(path):
    path.mkdir()
    (path / "zarr.json").write_text("[" * 10**5)


@posix
@pytest.mark.parametrize(
    "put", [foreign, with_a_file, with_a_file_among_chunks, with_a_link, with_an_array, unreadable, Path.touch]
)
def test_other_stores_are_not_replaced(folder, put):
    pytest.importorskip("zarr")
    path = Path("out.zarr")
    put(path)
    before = sorted(map(str, path.rglob("*")))
    with pytest.raises(ValueError, match=r"output is 'out.zarr', where there is a "):
        make(path)
    assert sorted(map(str, path.rglob("*"))) == before


# Links, modes, names


@posix
def test_links_stay_and_what_they_lead_to_is_new(folder, suffix):
    Path("deep").mkdir()
    Path(f"b.{suffix}").symlink_to(f"deep/c.{suffix}")
    Path(f"a.{suffix}").symlink_to(f"b.{suffix}")
    for value in (1.0, 2.0):  # at first it leads to nothing
        make(f"a.{suffix}", value)
        assert Path(f"a.{suffix}").is_symlink()
        assert Path(f"b.{suffix}").is_symlink()
        assert not Path(f"deep/c.{suffix}").is_symlink()
        assert load(f"deep/c.{suffix}") == value
        assert names("deep") == [f"c.{suffix}"]


@posix
def test_modes_are_kept_and_new_files_follow_the_mask(folder, suffix):
    path = Path(f"a.{suffix}")
    before = os.umask(0o027)
    try:
        make(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == (0o750 if suffix == "zarr" else 0o640)
    path.chmod(0o700)
    make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


@posix
def test_odd_names(folder, suffix, capsys):
    longest = "x" * (254 - len(suffix)) + f".{suffix}"
    odd = [
        f"-o.{suffix}",
        f"a b'\".{suffix}",
        f"..{suffix}",
        f".hidden.{suffix}",
        f"new\nline.{suffix}",
        f"old.{suffix}",
    ]
    if sys.platform == "linux":
        odd.append(os.fsdecode(b"latin\xe9." + suffix.encode()))
    if suffix != "zarr":  # which makes longer names on its way
        odd.append(longest)
    odd = [name for name in odd if Path(name).suffix == f".{suffix}"]
    for name in odd:
        assert cli.main(["transform", "in.extxyz", f"--output={name}", *PARAMETERS]) == 0
        assert cli.main(["transform", "in.extxyz", f"--output={name}", *PARAMETERS]) == 0
    assert names() == sorted([*odd, "in.extxyz"])
    with pytest.raises(OSError, match="too long"):
        make("y" * 255 + f".{suffix}")


@pytest.mark.parametrize("name", ["lock", "new", "old"])
def test_names_that_are_ours_too(folder, name):
    ip.degenerate_pairs(n=1).write(name)
    ip.degenerate_pairs(n=2).write(name)
    assert len(read(name, ":", format="extxyz")) == 4
    assert names() == ["in.extxyz", name]


# What is read is not replaced


@posix
@pytest.mark.parametrize("way", ["itself", "link", "hard link", "another spelling"])
@pytest.mark.parametrize("command", ["transform", "manifold", "pairs", "sensitivity", "plot", "json", "config"])
def test_an_output_is_no_input(folder, capsys, command, way):
    if command == "plot":
        pytest.importorskip("matplotlib")
    source = {"transform": "in.npz", "plot": "in.png", "json": "in.json"}.get(command, "in.extxyz")
    Path("in.extxyz").rename(source)
    before = Path(source).read_bytes()
    target = {"itself": source, "another spelling": f"./{source}"}.get(way, f"other{Path(source).suffix}")
    if way == "link":
        Path(target).symlink_to(source)
    elif way == "hard link":
        Path(target).hardlink_to(source)
    arguments = {
        "plot": ["sensitivity", source, "--plot", target],
        "json": ["sensitivity", source, "--json", target],
        "config": ["pairs", "NH3", "--config", source, "-o", target],
    }.get(command, [command, source, "-o", target])
    error = refused(capsys, *arguments, *PARAMETERS)
    assert f"is {target!r}, which is the file that is read" in error
    assert Path(source).read_bytes() == before


def test_two_outputs_have_two_names(folder, capsys):
    arguments = ["sensitivity", "in.extxyz", *PARAMETERS, "-o", "same.json", "--json", "./same.json"]
    assert "--json and --output are both './same.json'" in refused(capsys, *arguments)
    assert names() == ["in.extxyz"]


def test_a_path_may_be_made_longer_in_its_place(folder):
    write("nh3.extxyz", reference("NH3-a"))
    options = ["--descriptor", "acsf", "--standard", "-o", "ring.extxyz", "--max-steps"]
    assert cli.main(["manifold", "nh3.extxyz", *options, "2"]) == 0
    short = len(ip.Path.read("ring.extxyz"))
    assert cli.main(["manifold", "ring.extxyz", "--resume", *options, "4"]) == 0
    assert len(ip.Path.read("ring.extxyz")) == short + 2


# Interrupted


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from isoprint import _output, _parts
from test_output_files import load, make
path, every = Path(sys.argv[2]), int(sys.argv[3])
if "aside" in sys.argv:
    _parts.exchanged = lambda *folders: False
make(path, 0.0)
ends, line, missing, status = set(), 0, 0, 1
while status:
    line += every
    child = os.fork()
    if not child:
        seen = 0

        def count(frame, event, argument):
            global seen
            if frame.f_code.co_filename not in (_output.__file__, _parts.__file__):
                return None
            seen += event == "line"
            if seen == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return count

        sys.settrace(count)
        make(path, float(line))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    missing += not path.exists()
    assert len(os.listdir()) <= 2, os.listdir()
    _parts.clear(path)
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
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(Path(__file__).parent), name, str(every), *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    if sys.platform == "linux":
        assert (int(done.stdout) > 0) == ("aside" in way and every == 1)


def fail(rows, end):
    rows[0:1] = 2.0
    raise end


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, MemoryError, KeyError])
def test_an_error_leaves_the_older_file_and_nothing_else(folder, suffix, end):
    make(f"a.{suffix}", 1.0)
    about = {"parameters": {}}
    with pytest.raises(end), storage.create(f"a.{suffix}", (2, 2), "float64", about) as rows:
        fail(rows, end)
    assert load(f"a.{suffix}") == 1.0
    assert names() == [f"a.{suffix}", "in.extxyz"]


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


def test_a_folder_that_comes_in_between_is_not_replaced(folder, suffix):
    path = Path(f"a.{suffix}")
    with pytest.raises(ValueError, match="where there is a folder"):
        make(path, lambda: put_folder(path) or 1.0)
    assert names(path) == ["thesis.txt"]
    assert names() == sorted([path.name, "in.extxyz"])


# Full disks


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
    return module is None or importlib.util.find_spec(module) is not None


def test_where_no_more_can_be_written_there_is_one_line(folder):
    pytest.importorskip("resource")
    outputs = {name: command for name, command in OUTPUTS.items() if available(name)}
    for name in outputs:
        if name == "out.zarr":
            make(name, rows=3)
        else:
            Path(name).write_text("older")
    command = [sys.executable, "-c", FULL, json.dumps([*outputs.items()])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    expected = [f"isoprint: error: {name} cannot be written: File too large" for name in outputs for _ in range(3)]
    assert done.stderr.splitlines() == expected
    for name in outputs:
        assert load(name) == 1.0 if name == "out.zarr" else Path(name).read_text() == "older"
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
    command = [sys.executable, "-m", "isoprint.cli", "sensitivity", "in.extxyz", *PARAMETERS]
    with Path("/dev/full").open("w") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True)
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
    reader = threading.Thread(target=lambda: found.append(Path("pipe").read_text()))
    reader.start()
    assert cli.main(["sensitivity", "in.extxyz", "--index", "0", *PARAMETERS, "--json", "pipe"]) == 0
    reader.join(60)
    assert json.loads(found[0])[0]["n_internal"] == 3
    assert stat.S_ISFIFO(os.lstat("pipe").st_mode)


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@posix
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


def test_a_mistake_of_ours_is_not_told_as_one_of_the_disk(folder, monkeypatch):
    def mistaken(*arguments, **options):
        raise AttributeError("a mistake")

    monkeypatch.setattr(transform, "_in_batches", mistaken)
    pytest.importorskip("h5py")
    with pytest.raises(AttributeError, match="a mistake"):
        cli.main(["transform", "in.extxyz", "-o", "out.h5", *PARAMETERS])
    assert names() == ["in.extxyz"]


def test_ctrl_c_in_the_middle(folder, suffix, capsys, monkeypatch):
    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)

    make(f"out.{suffix}")
    monkeypatch.setattr(ip.SoapTurbo, "transform", interrupted)
    assert cli.main(["transform", "in.extxyz", "-o", f"out.{suffix}", *PARAMETERS]) == 130
    assert load(f"out.{suffix}") == 1.0
    assert names() == ["in.extxyz", f"out.{suffix}"]
