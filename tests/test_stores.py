"""Features on disk outlive the end of what writes them, and are the same bytes however often that was."""

import filecmp
import json
import os
import re
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
from isoprint.cli import main

SOAP = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"])
NAMES = ("H2O", "CH4", "CO2", "CH3OH")
LIBRARIES = {".zarr": "zarr", ".h5": "h5py", ".parquet": "polars", ".npy": "numpy"}
SUFFIXES = [pytest.param(suffix, id=suffix[1:]) for suffix in LIBRARIES]
every_store = pytest.mark.parametrize("suffix", SUFFIXES)


class Killed(Exception):
    pass


def frames(n=60):
    for i in range(n):
        atoms = molecule(NAMES[i % 4])
        atoms.positions[0, 0] += 0.001 * i
        atoms.info["energy"] = -float(i)
        yield atoms


def place(folder, suffix, name="features"):
    pytest.importorskip(LIBRARIES[suffix])
    return Path(folder) / f"{name}{suffix}"


def arrays(path):
    """What is in a store, by name."""
    if path.suffix == ".npy":
        beside = {p.name.split(".")[1]: np.load(p) for p in path.parent.glob(f"{path.stem}.*.npy")}
        return {"features": np.load(path), **beside}
    if path.suffix == ".zarr":
        import zarr

        group = zarr.open_group(str(path), mode="r")
        return {name: array[...] for name, array in group.arrays()}
    if path.suffix == ".h5":
        import h5py

        with h5py.File(path) as file:
            return {name: file[name][...] for name in file if name != "feature_names"}
    import polars

    table = polars.read_parquet(sorted(path.glob("*.parquet")), glob=False)
    beside = [name for name in table.columns if name in ("frame", "atom", "species") or name.startswith("info_")]
    rest = [name for name in table.columns if name not in beside]
    assert rest == list(SOAP.get_feature_names_out())
    return {"features": table.select(rest).to_numpy(), **{name: table[name].to_numpy() for name in beside}}


def same(first, second):
    """Whether two files or folders have the same bytes."""
    if first.is_file():
        return filecmp.cmp(first, second, shallow=False)
    names = sorted(str(p.relative_to(first)) for p in first.rglob("*") if p.is_file())
    others = sorted(str(p.relative_to(second)) for p in second.rglob("*") if p.is_file())
    return names == others and all(filecmp.cmp(first / name, second / name, shallow=False) for name in names)


@every_store
def test_a_store_has_the_rows_of_transform_and_which_they_are(suffix, tmp_path):
    path = place(tmp_path, suffix)
    found = ip.write_features(path, frames(), SOAP, batch=7, info=["energy", "missing"])
    every = list(frames())
    rows = SOAP.rows(every)
    stored = arrays(path)
    assert (found.n_frames, found.n_rows, found.n_features) == (60, len(rows), SOAP.n_features)
    np.testing.assert_array_equal(stored["features"], SOAP.transform(every))
    for name in ("frame", "atom", "species"):
        np.testing.assert_array_equal(stored[name], getattr(rows, name))
    np.testing.assert_array_equal(stored["info_energy"], -rows.frame.astype(float))
    assert np.isnan(stored["info_missing"]).all()
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize("suffix", [".zarr", ".h5"])
def test_a_store_that_has_lost_its_journal_still_says_what_made_it(suffix, tmp_path, capsys):
    path = place(tmp_path, suffix)
    ip.write_features(path, frames(), SOAP)
    path.with_name(path.name + ".journal").unlink()
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    for words in ("SOAP", ip.__version__, "r_cut=4.0", "n_max=3", "H, C, O"):
        assert words in said, words


@every_store
@pytest.mark.parametrize("every", [1, 2, 3])
def test_what_was_interrupted_goes_on_to_the_same_bytes(suffix, every, tmp_path, monkeypatch):
    monkeypatch.setattr("isoprint.stores._zarr._CHUNK", 8 * SOAP.n_features * 5)
    monkeypatch.setattr("isoprint.stores._zarr._TOGETHER", 2)
    whole, path = place(tmp_path, suffix, "whole"), place(tmp_path, suffix, "cut")
    ip.write_features(whole, frames(), SOAP, batch=4, info=["energy"])
    count = 0

    def ends(n_frames, n_rows):
        nonlocal count
        count += 1
        if count % (every + 1) == 0:
            raise Killed

    interrupted = 0
    while interrupted < 60:
        try:
            ip.write_features(path, frames(), SOAP, batch=4, info=["energy"], progress=ends)
            break
        except Killed:
            interrupted += 1
    assert 1 < interrupted < 60
    assert same(whole, path)
    for beside in tmp_path.glob("whole.*.npy"):
        assert same(beside, tmp_path / beside.name.replace("whole", "cut", 1))
    assert len(arrays(path)["features"]) == len(SOAP.rows(list(frames())))


PROGRAM = """
import sys
import isoprint as ip
from test_stores import SOAP, frames
import isoprint.stores._zarr
isoprint.stores._zarr._CHUNK = 8 * SOAP.n_features * 25
isoprint.stores._zarr._TOGETHER = 2
ip.write_features(sys.argv[1], frames(400), SOAP, batch=5, info=["energy"])
"""


@every_store
def test_what_was_killed_goes_on_to_the_same_bytes(suffix, tmp_path):
    whole, path = place(tmp_path, suffix, "whole"), place(tmp_path, suffix, "cut")
    assert children.python("-c", PROGRAM, str(whole)).returncode == 0
    journal = path.with_name(path.name + ".journal")
    kills = 0
    for _ in range(30):
        before = journal.stat().st_size if journal.exists() else 0
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], env=children.environment())
        while child.poll() is None and kills < 2 and (not journal.exists() or journal.stat().st_size < before + 600):
            time.sleep(0.002)
        if child.poll() is None and kills < 2:
            os.kill(child.pid, signal.SIGKILL)
            kills += 1
        if child.wait() == 0:
            break
    assert kills
    assert same(whole, path)


def test_chunks_that_were_being_written_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("isoprint.stores._zarr._CHUNK", 8 * SOAP.n_features * 10)
    whole, path = place(tmp_path, ".zarr", "whole"), place(tmp_path, ".zarr", "cut")
    ip.write_features(whole, frames(), SOAP, batch=4)

    def ends(n_frames, n_rows):
        if n_frames == 40:
            raise Killed

    with pytest.raises(Killed):
        ip.write_features(path, frames(), SOAP, batch=4, progress=ends)
    for where in ("features", "features/c/2", "frame"):
        folder = path / where
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "0.0123456789abcdef.partial").write_bytes(b"half of a chunk")
    ip.write_features(path, frames(), SOAP, batch=4)
    assert same(whole, path)


@every_store
def test_a_second_run_finds_all_done_or_refuses_other_arguments(suffix, tmp_path):
    path = place(tmp_path, suffix)
    first = ip.write_features(path, frames(8), SOAP, batch=3)

    def untouched():
        raise AssertionError("was read")
        yield

    assert ip.write_features(path, untouched(), SOAP, batch=3) == first
    for changed in ({"batch": 4}, {"info": ["energy"]}):
        with pytest.raises(ValueError, match="use the same arguments to go on, or resume=False"):
            ip.write_features(path, untouched(), SOAP, **{"batch": 3, **changed})
    other = ip.SOAP(r_cut=4.5, n_max=3, l_max=2, species=["H", "C", "O"])
    with pytest.raises(ValueError, match=r"was begun with parameters = .*r_cut.*4\.0"):
        ip.write_features(path, untouched(), other, batch=3)
    again = ip.write_features(path, frames(5), other, batch=3, resume=False)
    assert again.n_frames == 5
    assert len(arrays(path)["features"]) == again.n_rows


@every_store
def test_other_structures_are_refused_and_nothing_is_lost(suffix, tmp_path):
    path = place(tmp_path, suffix)

    def ends(n_frames, n_rows):
        if n_frames >= 12:
            raise Killed

    with pytest.raises(Killed):
        ip.write_features(path, frames(), SOAP, batch=3, progress=ends)

    def others():
        for i, atoms in enumerate(frames()):
            atoms.positions[0, 1] += 1e-9 * (i == 4)
            yield atoms

    if path.suffix == ".zarr":  # whose chunk is larger than all of this
        return
    with pytest.raises(ValueError, match="the structures 3 to 5 are not those that were written"):
        ip.write_features(path, others(), SOAP, batch=3)
    ip.write_features(path, frames(), SOAP, batch=3)
    np.testing.assert_array_equal(arrays(path)["features"], SOAP.transform(list(frames())))


@every_store
def test_what_is_somebody_elses_is_not_touched(suffix, tmp_path):
    path = place(tmp_path, suffix)
    path.write_text("a thesis")
    for resume in (True, False):
        with pytest.raises(ValueError, match="without a journal of isoprint; nothing was touched"):
            ip.write_features(path, frames(3), SOAP, resume=resume)
    journal = path.with_name(path.name + ".journal")
    path.rename(tmp_path / "thesis")
    journal.write_text("Dear diary\n")
    with pytest.raises(ValueError, match="journal"):
        ip.write_features(path, frames(3), SOAP)
    assert journal.read_text() == "Dear diary\n"
    assert (tmp_path / "thesis").read_text() == "a thesis"


def test_a_line_that_was_being_written_is_not_counted(tmp_path):
    path = tmp_path / "features.npy"

    def ends(n_frames, n_rows):
        if n_frames >= 12:
            raise Killed

    with pytest.raises(Killed):
        ip.write_features(path, frames(), SOAP, batch=3, progress=ends)
    journal = tmp_path / "features.npy.journal"
    journal.write_bytes(journal.read_bytes()[:-5])
    ip.write_features(path, frames(), SOAP, batch=3)
    np.testing.assert_array_equal(np.load(path), SOAP.transform(list(frames())))
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["frames"] for line in lines[1:-1]] == list(range(3, 61, 3))
    journal.write_bytes(journal.read_bytes().replace(b'"rows"', b'rows"', 1))
    with pytest.raises(ValueError, match=r"line 2 of .* is damaged"):
        ip.write_features(path, frames(), SOAP, batch=3)


def test_nothing_is_written_behind_a_batch_that_could_not_be_written(tmp_path, monkeypatch):
    from isoprint.stores._npy import NpyStore

    whole, path = tmp_path / "whole.npy", tmp_path / "cut.npy"
    ip.write_features(whole, frames(), SOAP, batch=4)
    append, calls = NpyStore.append, 0

    def fails_once(store, rows, start):
        nonlocal calls
        calls += 1
        if calls == 3:
            time.sleep(0.3)  # the next batches wait by then
            raise OSError(28, "No space left on device")
        append(store, rows, start)

    monkeypatch.setattr(NpyStore, "append", fails_once)
    with pytest.raises(OSError, match="No space left"):
        ip.write_features(path, frames(), SOAP, batch=4)
    assert calls == 3
    assert ip.stored_features(path).n_frames == 8
    ip.write_features(path, frames(), SOAP, batch=4)
    assert same(whole, path)


@every_store
def test_a_full_disk_is_told_and_what_was_written_is_kept(suffix, tmp_path):
    pytest.importorskip("resource")
    path = place(tmp_path, suffix)
    program = """
import resource, sys, signal
import isoprint as ip
from test_stores import SOAP, frames
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))
import isoprint.stores._zarr
isoprint.stores._zarr._CHUNK = 8 * SOAP.n_features * 500
try:
    ip.write_features(sys.argv[1], frames(400), SOAP, batch=100)
except OSError as problem:
    print("told:", problem)
"""
    done = children.python("-c", program, str(path))
    assert done.returncode == 0, done.stderr
    assert re.search(f"told: .*{path.name}.* cannot be written: .*File too large", done.stdout), done
    ip.write_features(path, frames(400), SOAP, batch=100)
    np.testing.assert_array_equal(arrays(path)["features"], SOAP.transform(list(frames(400))))


def test_a_file_that_ends_in_the_middle_leaves_what_was_whole(tmp_path):
    write(tmp_path / "some.extxyz", list(frames(20)))
    content = (tmp_path / "some.extxyz").read_text()
    (tmp_path / "cut.extxyz").write_text(content[: int(0.8 * len(content))])
    with pytest.raises(Exception, match=r".+"):
        ip.write_features(tmp_path / "x.npy", tmp_path / "cut.extxyz", SOAP, batch=4)
    assert len(np.load(tmp_path / "x.npy"))


def test_arguments_are_looked_at_first(tmp_path):
    for name, message in (("x.txt", "its suffix must be one of"), ("nowhere/x.npy", "there is no folder")):
        with pytest.raises(ValueError, match=message):
            ip.write_features(tmp_path / name, frames(3), SOAP)
    with pytest.raises(ValueError, match="info has 'a b'"):
        ip.write_features(tmp_path / "x.npy", frames(3), SOAP, info=["a b"])
    with pytest.raises(ValueError, match="batch is 0"):
        ip.write_features(tmp_path / "x.npy", frames(3), SOAP, batch=0)
    with pytest.raises(ValueError, match="species"):
        ip.write_features(tmp_path / "x.npy", frames(3), ip.SOAP(r_cut=4.0, n_max=3, l_max=2))
    assert not list(tmp_path.iterdir())
    assert ip.write_features(tmp_path / "x.npy", [], SOAP).n_rows == 0
    assert np.load(tmp_path / "x.npy").shape == (0, SOAP.n_features)
