"""Many structures on the command line: several files, standard input, stores that go on and are added to."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule
from ase.io import write

import children
import isoprint as ip
from folders import contents, names, refused, run
from isoprint import cli
from isoprint.cli import _inputs, _room, transform

PARAMETERS = ["--descriptor", "soap", "--r-cut", "3", "--n-max", "2", "--l-max", "1"]
SOAP = ip.SOAP(r_cut=3, n_max=2, l_max=1, species=["H", "C", "O"])


def two():
    """A folder's second file."""
    write("more.extxyz", [molecule(name) for name in ("CH3OH", "H2O", "C2H6")])


def both():
    return [molecule(name) for name in ("H2O", "CH4", "CO2", "CH3OH", "H2O", "C2H6")]


def given(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def close(features, frames, soap=SOAP):
    """ASE writes eight decimals."""
    np.testing.assert_allclose(features, soap.transform(frames), rtol=0, atol=1e-6)


@pytest.mark.parametrize("output", ["out.npz", "out.npy"])
def test_several_files_are_one_after_the_other(folder, capsys, output):
    two()
    status, said, _ = run(capsys, "transform", "in.extxyz", "more.extxyz", "-o", output, *PARAMETERS)
    assert (status, said) == (0, f"{output}: 28 rows of 42 features from 6 structures\n")
    out = np.load(output)
    close(out["features"] if output == "out.npz" else out, both())
    if output == "out.npz":
        assert out["offsets"].tolist() == [0, 3, 8, 11, 17, 20, 28]
    run(capsys, "transform", "more.extxyz@1", "in.extxyz@0", "-o", "some.npy", *PARAMETERS, "--species", "H,C,O")
    close(np.load("some.npy"), [molecule("H2O")] * 2)
    for arguments, message in (
        (["in.extxyz", "none.xyz", "-o", "o.npz"], "there is no file 'none.xyz'"),
        (["in.extxyz", "more.extxyz", "-o", "more.extxyz"], "its suffix must be one of"),
    ):
        assert message in refused(capsys, "transform", *arguments, *PARAMETERS)
    os.link("more.extxyz", "more.npy")
    arguments = ["transform", "in.extxyz", "more.npy", "-o", "more.npy", *PARAMETERS]
    assert "is the file that is read; it would be lost" in refused(capsys, *arguments)


@pytest.mark.parametrize("output", ["large.npz", "large.npy", "large.h5", "large.zarr"])
def test_large_files_are_not_kept_in_memory_and_give_the_same(folder, capsys, monkeypatch, output):
    module = {"large.h5": "h5py", "large.zarr": "zarr"}.get(output)
    if module:
        pytest.importorskip(module)
    two()
    arguments = ["transform", "in.extxyz", "more.extxyz", *PARAMETERS, "-o"]
    run(capsys, *arguments, output)
    before = contents(output) if Path(output).is_dir() else Path(output).read_bytes()
    monkeypatch.setattr(_inputs, "LARGE", 10)
    monkeypatch.setattr(_inputs, "_ATOMS", 7)
    monkeypatch.setattr(_inputs, "read", lambda options: pytest.fail("was kept"))
    assert run(capsys, *arguments, output)[0] == 0
    if output == "large.h5":
        import h5py

        with h5py.File(output) as found:
            close(found["features"][...], both())
            assert found["offsets"][...].tolist() == [0, 3, 8, 11, 17, 20, 28]
    elif output == "large.npz":
        with np.load(output) as found:
            close(found["features"], both())
    else:
        assert (contents(output) if Path(output).is_dir() else Path(output).read_bytes()) == before


def test_standard_input(folder, capsys, monkeypatch):
    given(monkeypatch, Path("in.extxyz").read_bytes())
    assert run(capsys, "transform", "-", "-o", "out.npy", *PARAMETERS)[0] == 0
    close(np.load("out.npy"), both()[:3])
    box = "ITEM: BOX BOUNDS pp pp pp\n0 4\n0 4\n0 4\n"
    dump = f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\n{box}ITEM: ATOMS id type x y z\n1 1 0 0 0\n"
    given(monkeypatch, dump.encode())
    arguments = ["transform", "-", "--format", "lammps-dump-text", "-o", "out.npy", *PARAMETERS]
    assert "names types of atoms and no elements; say which" in refused(capsys, *arguments)
    given(monkeypatch, dump.encode())
    assert run(capsys, *arguments, "--types", "O")[0] == 0
    for text, more, message in (
        (b"", [], "standard input holds no atoms, read as extxyz"),
        (b"3\n\nH 0 0 0\n", [], "ends in the middle of structure 0, after 1 of its 3 atoms"),
        (b"", ["--format", "cif"], "format is 'cif', which cannot be read from an open file"),
        (b"", ["--index", "0"], "--index chooses structures of files, and - is none"),
        (b"", ["-"], "IN is - twice"),
        (b"", ["--resume"], "--species is missing, and standard input cannot be read twice"),
    ):
        given(monkeypatch, text)
        assert message in refused(capsys, "transform", "-", *more, "-o", "o.npy", *PARAMETERS)


@pytest.mark.parametrize("output", ["all.zarr", "all.npy", "all.h5", "all.parquet"])
def test_a_store_is_begun_gone_on_with_and_complete(folder, capsys, output):
    pytest.importorskip({"all.zarr": "zarr", "all.h5": "h5py", "all.parquet": "polars"}.get(output, "numpy"))
    two()
    arguments = ["transform", "in.extxyz", "more.extxyz", "-o", output, *PARAMETERS]
    first = run(capsys, *arguments, "--resume")
    assert first == (0, f"{output}: 28 rows of 42 features from 6 structures\n", [])
    assert run(capsys, *arguments, "--resume") == first
    from test_stores import arrays

    if output != "all.parquet":
        close(arrays(Path(output))["features"], both())
    assert ip.stored_features(output).n_rows == 28
    message = refused(capsys, *arguments)
    assert "with a journal; go on by --resume" in message or "is there already, and is kept; go on by" in message
    other = [*arguments[:-1], "2", "--resume"]
    assert "was begun with parameters" in refused(capsys, *other)


def test_structures_are_added_to_a_store(folder, capsys):
    two()
    start = ["-o", "all.npy", *PARAMETERS]
    assert run(capsys, "transform", "in.extxyz", *start, "--append")[0] == 0
    status, said, _ = run(capsys, "transform", "more.extxyz", *start, "--append")
    assert (status, said) == (0, "all.npy: 28 rows of 42 features from 6 structures\n")
    close(np.load("all.npy"), both())
    assert np.load("all.frame.npy").tolist()[-1] == 5
    assert "append cannot add to all.h5" in refused(
        capsys, "transform", "in.extxyz", "-o", "all.h5", *PARAMETERS, "--append"
    )
    for pair in (["--append", "--resume"], ["--resume", "--workers", "2"], ["--append", "--workers", "2"]):
        assert "do not go together" in refused(capsys, "transform", "in.extxyz", *start, *pair)
    assert "has one of the suffixes .npy .zarr" in refused(
        capsys, "transform", "in.extxyz", "-o", "a.npz", *PARAMETERS, "--resume"
    )


PROGRAM = """
import sys, time
from isoprint import cli
from isoprint.descriptors import _streams
_streams._BATCH = 8 * 42 * 12
from isoprint.stores import writing
add = writing._Writer.add
def slowly(self, batch, rows):
    add(self, batch, rows)
    time.sleep(0.2)
writing._Writer.add = slowly
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(folder, capsys, monkeypatch):
    monkeypatch.setattr("isoprint.descriptors._streams._BATCH", 8 * 42 * 12)
    write("many.extxyz", both() * 10)
    arguments = ["transform", "many.extxyz", "-o", "all.npy", *PARAMETERS, "--resume"]
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], env=children.environment(), stderr=subprocess.PIPE, text=True
    )
    journal = Path("all.npy.journal")
    for _ in range(3000):
        if journal.exists() and journal.read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate()
    assert child.returncode == 130, said
    told, last = said.splitlines()[-2:]
    assert last == "isoprint: error: interrupted"
    found = ip.stored_features("all.npy")
    expected = f"all.npy: {found.n_rows} rows of {found.n_frames} structures are safe; the same command goes on"
    assert told == expected
    assert 0 < found.n_frames < 60
    text = Path("in.extxyz").read_bytes()
    Path("many.extxyz").write_bytes(text + Path("many.extxyz").read_bytes())
    assert "are not those that were written" in run(capsys, *arguments)[2][-1]
    write("many.extxyz", both() * 10)
    assert run(capsys, *arguments)[1] == "all.npy: 280 rows of 42 features from 60 structures\n"
    close(np.load("all.npy"), both() * 10)


def test_ctrl_c_without_resume_says_what_would_keep_it(folder, capsys, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(ip.SOAP, "transform", interrupted)
    before = names()
    status, _, lines = run(capsys, "transform", "in.extxyz", "-o", "out.npy", *PARAMETERS)
    assert (status, names()) == (130, before)
    told = "out.npy: nothing is kept; with --resume (for .npy .zarr .h5 .hdf5 .parquet) what is done would be"
    assert lines == [told, "isoprint: error: interrupted"]


def test_a_file_that_was_cut_leaves_what_was_whole(folder, capsys):
    text = Path("in.extxyz").read_text().splitlines(keepends=True)
    Path("cut.extxyz").write_text("".join(text[:9]))
    status, _, lines = run(
        capsys, "transform", "cut.extxyz", "-o", "all.npy", *PARAMETERS, "--species", "H,C,O", "--resume"
    )
    assert status == 2
    assert lines[-1].startswith("isoprint: error: cut.extxyz ends in the middle of structure 1, after 2 of its 5 atoms")


def test_a_dry_run_writes_nothing(folder, capsys, monkeypatch):
    before = names()
    for output in ("out.npz", "out.npy", "out.zarr", "out.parquet"):
        status, said, errors = run(capsys, "transform", "in.extxyz", "-o", output, *PARAMETERS, "--dry-run")
        assert (status, errors) == (0, [])
        lines = said.splitlines()
        assert lines[0] == f"{output}: would be 11 rows of 42 features from 3 structures of 11 atoms"
        assert lines[1].startswith("on the disk: 3.7 kB of features as float64, of ")
        assert lines[2].startswith("in memory: about 3.7 kB")
        assert lines[3].startswith("time: about ")
        assert "an estimate from 3 structures" in lines[3]
        assert lines[4].startswith("smaller: --compression")
    assert names() == before
    given(monkeypatch, Path("in.extxyz").read_bytes())
    assert run(capsys, "transform", "-", "-o", "out.npy", *PARAMETERS, "--dry-run")[0] == 0
    monkeypatch.setattr(_room, "free_disk", lambda path: 1000)
    assert run(capsys, "transform", "in.extxyz", "-o", "out.npy", *PARAMETERS, "--dry-run")[0] == 2


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_what_does_not_fit_is_refused_with_what_would(folder, capsys, monkeypatch, more):
    def nothing(*arguments, **options):
        raise AssertionError("was computed")

    monkeypatch.setattr(ip.SOAP, "transform", nothing)
    monkeypatch.setattr(_room, "free_disk", lambda path: 1700)
    arguments = ["transform", "in.extxyz", *PARAMETERS, *more, "-o"]
    message = refused(capsys, *arguments, "out.npy")
    assert "11 rows of 42 features are 3.7 kB, and there is room for 1.7 kB on the disk of out.npy" in message
    ways = message.partition("what would fit: ")[2].split(", ")
    sizes = dict(way.rstrip(")").split(" (") for way in ways)
    assert "--compression mu2" in sizes
    for way in sizes:
        option, _, value = way.partition(" ")
        soap = ip.SOAP(r_cut=3, n_max=2, l_max=1, species=["H", "C", "O"], **{option[2:]: value})
        size = 11 * soap.n_features * np.dtype(soap.dtype).itemsize
        assert size <= 1700
        assert sizes[way] == _room.spelled(size)
    monkeypatch.setattr(_room, "free_disk", lambda path: 10)
    assert "take fewer structures" in refused(capsys, *arguments, "out.npy")
    if not more:
        monkeypatch.setattr(_room, "free_disk", lambda path: 10**9)
        monkeypatch.setattr(_room, "free_memory", lambda: 3000)
        assert "room for 3 kB in memory, where .npz is put together" in refused(capsys, *arguments, "out.npz")


def test_sizes_are_spelled():
    assert [_room.spelled(n) for n in (0, 999, 1000, 123456, 10**9, 2.5e12, 1e20)] == [
        "0 B",
        "999 B",
        "1 kB",
        "123 kB",
        "1 GB",
        "2.5 TB",
        "1e+05 PB",
    ]
    assert _room.free_memory() is None or _room.free_memory() > 2**20


def test_samples_are_spread_over_all():
    from isoprint.cli._estimate import Sample

    for n in (0, 1, 40, 41, 1000):
        sample = Sample()
        assert list(sample.watch(range(n))) == list(range(n))
        assert len(sample.frames) == min(n, 40) if n < 41 else 20 <= len(sample.frames) <= 40
        assert sample.frames == sorted(sample.frames)
        if n > 100:
            assert sample.frames[-1] > 0.9 * n


@pytest.mark.slow
def test_workers_give_the_same(folder, capsys):
    pytest.importorskip("distributed")
    two()
    arguments = ["in.extxyz", "more.extxyz", "-o"]
    run(capsys, "transform", *arguments, "one.npy", *PARAMETERS)
    done = children.python("-m", "isoprint.cli", "transform", *arguments, "two.npy", *PARAMETERS, "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert Path("one.npy").read_bytes() == Path("two.npy").read_bytes()


def test_workers_are_looked_at_first(folder, capsys, monkeypatch):
    arguments = ["transform", "in.extxyz", "-o", "o.npy", *PARAMETERS, "--workers"]
    assert "--workers is 0" in refused(capsys, *arguments, "0")
    assert "give one of them" in refused(capsys, *arguments, "2", "--n-jobs", "2")
    monkeypatch.setitem(sys.modules, "distributed", None)
    pytest.importorskip("dask")
    assert "--workers needs distributed: pip install" in refused(capsys, *arguments, "2")


def test_a_mistyped_option_is_answered(folder, capsys):
    for wrong, right in (("--resum", "--resume"), ("--dryrun", "--dry-run"), ("--worker", "--workers")):
        message = refused(capsys, "transform", "in.extxyz", "-o", "o.npy", *PARAMETERS, wrong)
        assert f"did you mean {right}?" in message
    with pytest.raises(SystemExit):
        cli.main(["transform", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option in ("--resume", "--append", "--dry-run", "--workers 8"):
        assert f"--config soap.toml {option}" in text
    assert "--config soap.toml" in transform._EXAMPLE


def test_info_of_features(folder, capsys):
    two()
    run(capsys, "transform", "in.extxyz", "-o", "a.npz", *PARAMETERS)
    run(capsys, "transform", "in.extxyz", "-o", "b.npy", *PARAMETERS)
    run(capsys, "transform", "in.extxyz", "-o", "c.npy", *PARAMETERS, "--resume")
    outputs = ["a.npz", "b.npy", "c.npy"]
    for module, output in (("h5py", "d.h5"), ("zarr", "e.zarr")):
        try:
            __import__(module)
        except ImportError:
            continue
        run(capsys, "transform", "in.extxyz", "-o", output, *PARAMETERS)
        outputs.append(output)
    for output in outputs:
        status, said, errors = run(capsys, "info", output)
        table = dict(line.split(maxsplit=1) for line in said.splitlines()[1:])
        assert status == 0, (output, errors)
        assert table["rows"] == "11"
        assert table["features"] == "42 a row, float64, 3.7 kB"
        if output == "b.npy":
            assert table["parameters"] == "not stored"
            continue
        assert table["structures"] == "3"
        assert table["species"] == "H, C, O"
        assert table["descriptor"] == f"SOAP, by isoprint {ip.__version__}"
        assert "r_cut=3, n_max=2, l_max=1" in table["parameters"]
    assert table.get("complete", "yes") == "yes"
    journal = Path("c.npy.journal")
    journal.write_bytes(journal.read_bytes().replace(b'{"complete": true}\n', b""))
    assert "no: the same command or call goes on" in run(capsys, "info", "c.npy")[1]


def test_info_of_structures_and_what_is_neither(folder, capsys):
    two()
    status, said, _ = run(capsys, "info", "more.extxyz", "--r-cut", "1.6")
    assert status == 0
    table = {line[2:].split("  ")[0].strip(): line[2:].split("  ", 1)[1].strip() for line in said.splitlines()[1:]}
    assert table["holds"] == "structures, read as extxyz"
    assert table["structures"] == "3"
    assert table["atoms"] == "17, 3 to 8 a structure"
    assert table["elements"] == "H (12), C (3), O (2)"
    assert table["periodic"] == "no"
    assert "(in 3 structures)" in table["within 1.6 Å"]
    np.savez("x.npz", a=np.ones(3))
    np.save("y.npy", np.ones(3))
    Path("z.npy").write_text("nothing")
    Path("z.what").write_text("nothing")
    for arguments, message in (
        (["none.npy"], "there is no file 'none.npy'"),
        (["x.npz"], "has no features that isoprint wrote"),
        (["y.npy"], "features have rows and columns"),
        (["z.npy"], "is no array of numpy"),
        (["z.what"], "known neither by its name nor by its content"),
        (["in.extxyz", "--r-cut", "-1"], "--r-cut is -1"),
    ):
        assert message in refused(capsys, "info", *arguments)


def test_info_of_a_model(folder, capsys):
    from ase.build import bulk

    silicon = bulk("Si", cubic=True)
    silicon.info["energy"] = -43.4
    soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["Si"])
    ip.models.SparseGP(soap, n_sparse=1, sparse="random").fit(silicon).save("si.isoprint")
    status, said, _ = run(capsys, "info", "si.isoprint")
    assert status == 0
    assert "a model, SparseGP" in said
    assert "r_cut=4" in said
