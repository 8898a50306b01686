"""Structures read one at a time are those that ASE reads, to the last bit; what ends in the middle says where."""

import bz2
import gzip
import io
import lzma
import sys
from itertools import islice

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import iread, write
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint.structures import _text, reading

SOAP = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"])
P = "Properties=species:S:1:pos:R:3"
L = 'Lattice="5 0 0 1 5 0 0 0.5 -5"'
TABLE = "ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS {box}\nITEM: ATOMS {columns}\n"
RIGHT = "pp pp ff\n0 4.5\n-1e-1 5\n0 6.25"


def same(file, **options):
    """The structures of a file, after they were compared with those of ASE."""
    own = list(ip.read_frames(file, **options))
    theirs = list(iread(file, index=slice(None), format=options.get("format")))
    assert len(own) == len(theirs)
    for frame, atoms in zip(own, theirs, strict=True):
        assert frame.positions.tobytes() == atoms.positions.tobytes()
        assert frame.numbers.tolist() == atoms.numbers.tolist()
        assert frame.cell.tobytes() == atoms.cell.array.tobytes()
        assert frame.pbc.tolist() == atoms.pbc.tolist()
        said = {**(atoms.calc.results if atoms.calc else {}), **atoms.info}
        for name, value in said.items():
            if isinstance(value, (int, float, np.number)):
                assert frame.info[name] == value or value != value, name
    return own


def by_hand(monkeypatch):
    """See to it that nothing goes to ASE."""

    def refuse(*arguments, **options):
        raise AssertionError("went to ASE")

    monkeypatch.setattr("isoprint.structures._xyz_files._by_ase", refuse)


def some():
    for i in range(5):
        atoms = [molecule("CH3OH"), bulk("C", cubic=True), molecule("H2O")][i % 3]
        atoms.rattle(0.3, seed=i)
        atoms.info = {"step": i, "temperature": 300.5 + i, "name": "a b"}
        atoms.calc = SinglePointCalculator(atoms, energy=-1.5 * i, forces=np.ones((len(atoms), 3)))
        yield atoms


@pytest.mark.parametrize("suffix", ["extxyz", "xyz", "traj", "extxyz.gz", "extxyz.xz", "extxyz.bz2", "xyz.gz"])
def test_what_ase_writes_is_read_as_ase_reads_it(suffix, tmp_path, monkeypatch):
    by_hand(monkeypatch)
    path = tmp_path / f"some.{suffix}"
    write(path, list(some()))
    found = same(path)
    assert [len(frame) for frame in found] == [6, 8, 3, 6, 8]
    assert [frame.info["energy"] for frame in found] == [-1.5 * i for i in range(5)]


@pytest.mark.parametrize(
    "text",
    [
        f'1\n{L} {P} pbc="T T F"\nH 1 2 3\n',
        f"1\n{P}\nH 1 2 3\n",
        "1\n\nH 1 2 3\n",
        f"1\n{P} pbc=T {L}\nH .1 -2. 3e-1\n",
        f"2\n{L} Properties=pos:R:3:species:S:1\n1 2 3 H\n4 5 6 OG\n".replace("OG", "O"),
        f"1\n{L} Properties=id:I:1:species:S:1:forces:R:3:pos:R:3:tag:S:1 x=1\n7 SI 9 9 9 1 2 3 ok\n",
        f"1\n{L} Properties=id:I:1:pos:R:3:Z:I:1 step=12345678901\n 7 1 2 3 14\n",
        f'1\r\n{L} {P} a=1 b="2 3" \r\nH 0.1 0.2 0.3\r\n',
        f"1\n{P} energy=1.5 energy=2.5 e=nan\nH 1 2 3\n2\n{L}\nC 0 0 0\nO 0.1 1 1\n",
        f"1\n{P} pbc=F {L}\nH 1 2 3",
        f"0\n{P} energy=1.5\n1\n{P}\nH 1 2 3\n",
        f"1\n{L} {P}\nH 1 2 3\n\n\n",
    ],
)
def test_odd_files_that_are_plain_enough(text, tmp_path):
    path = tmp_path / "odd.extxyz"
    path.write_text(text, newline="")
    same(path)


@pytest.mark.parametrize(
    "text",
    [
        "1\nmolecule 12 E=-5, at 300 K (run #3)\nH 1 2 3\n",
        f"1\n{L} {P}\nH 1.0 2 3 extra 4\n",
        f'1\n{L} {P} pbc="1 1 0"\nH 1 2 3\n',
        f"1\n{P} Lattice='5 0 0 0 5 0 0 0 5' d=[1 2]\nH 1 2 3\n",
        f'1\n{P} name="a \\"b\\" c" step = 3\nH 1 2 3\n',
        f"1\n{P}\nH 1_0 2 3\n",
        "1\nb\nH 1 2 3\nVEC1 4 0 0\nVEC2 0 5 0\n1\nb\nH 1 2 4\nVEC1 4 0 0\nVEC2 0 5 0\n",
        f"1\nProperties=species:S:1:positions:R:3 {L}\nH 1 2 3\n",
    ],
)
def test_what_is_unusual_is_left_to_ase(text, tmp_path):
    path = tmp_path / "odd.extxyz"
    path.write_text(text)
    same(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"2\n{L} {P}\nH 1 2 3\n", "ends in the middle of structure 1, after 1 of its 2 atoms; what is before it was"),
        (f"3\n{L} {P}\nH 1 2 3\nH 1 2", "ends in the middle of structure 1, after 2 of its 3 atoms"),
        (f"2\n{L} {P}\nH 1 2 3\nH 1 2", "structure 1 of .* cannot be read as extxyz"),
        ("2\n", "ends in the middle of structure 1, after 0 of its 2 atoms"),
        (
            f"12\n{P}\n" + "H 1.00 2.00 3.00\n" * 11 + "H 1.00 2.00 3.",
            "structure 1, after 11 of its 12 atoms",
        ),
        (f"\n\n1\n{P}\nH 1 2 3\n", "structure 1 .*a line is blank where the number of atoms belongs, and b'1' follows"),
        ("twelve\n", "structure 1 .*b'twelve' stands where the number of atoms belongs"),
        (f"1\n{P}\n14 1 2 3\n", "structure 1 of .* cannot be read as extxyz: '14'"),
        (f"1\n{P}\nH 1.0D+00 2 3\n", "structure 1 .*could not convert string to float: '1.0D"),
        (f"1\nLattice=[[5,0,0],[1,5,0],[0,0,5]] {P}\nH 1 2 3\n", "structure 1 .*expecting special 3x3"),
    ],
)
def test_what_is_wrong_is_told_and_all_before_it_is_yielded(text, told, tmp_path):
    path = tmp_path / "cut.extxyz"
    path.write_text(f"1\n{P}\nH 0 0 0\n{text}")
    found = ip.read_frames(path)
    assert next(found).numbers.tolist() == [1]
    with pytest.raises(ValueError, match=told) as problem:
        next(found)
    assert str(path) in str(problem.value)


words = st.floats(-1e3, 1e3).map(repr) | st.integers(-99, 99).map(str) | st.floats(-9, 9).map("{:.8f}".format)


@st.composite
def texts(draw):
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, 4))
        lattice = f'Lattice="{" ".join(draw(st.lists(words, min_size=9, max_size=9)))}"' if draw(st.booleans()) else ""
        pbc = draw(st.sampled_from(["", 'pbc="T F T"', "pbc=F", 'pbc="F F F"', "other=3 flag"]))
        order = draw(st.permutations(["species:S:1", "pos:R:3", "x:R:1", "n:I:1"]))
        comment = draw(st.permutations([lattice, pbc, f"Properties={':'.join(order)}", f"energy={draw(words)}"]))
        lines += [f" {n}", " ".join(comment)]
        kinds = {"species:S:1": st.sampled_from(["H", "he", "Si", "X"]), "x:R:1": words, "n:I:1": st.just("3")}
        kinds["pos:R:3"] = st.lists(words, min_size=3, max_size=3).map(" ".join)
        lines += ["  ".join(draw(kinds[kind]) for kind in order) for _ in range(n)]
    return "\n".join([*lines, ""])


@given(texts())
def test_any_extended_xyz_is_read_as_ase_reads_it(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "any.extxyz"
    path.write_text(text)
    same(path)


@given(st.lists(st.floats(width=64, allow_nan=False) | st.floats(-20, 20), min_size=128, max_size=200))
def test_numbers_are_read_to_the_last_bit(numbers):
    texts = [form(number).encode() for number in numbers for form in (repr, "{:.17e}".format, "{:.8f}".format)]
    expected = np.array([float(text) for text in texts])
    assert _text.floats([texts])[:, 0].tobytes() == expected.tobytes()
    assert _text.floats([[*texts, b"1_0"]])[-1, 0] == 10.0  # which polars does not know
    with pytest.raises(ValueError, match="could not convert"):
        _text.floats([[*texts, b"1.0D0"]])


def test_without_polars_the_same_is_read(tmp_path, monkeypatch):
    write(tmp_path / "large.extxyz", bulk("C", cubic=True).repeat(4))
    with_polars = same(tmp_path / "large.extxyz")
    monkeypatch.setitem(sys.modules, "polars", None)
    _text._polars.cache_clear()
    assert _text._polars() is None
    without = same(tmp_path / "large.extxyz")
    _text._polars.cache_clear()
    assert with_polars[0].positions.tobytes() == without[0].positions.tobytes()


@pytest.mark.parametrize(
    "box",
    [
        RIGHT,
        "xy xz yz pp ff pp\n0 6.5 1.5\n0 5 -0.25\n0 4 0.5",
        "abc origin pp pp pp\n5 0 0 0.5\n1 5 0 0\n0 1 5 0",
        "pp fs sm\n-3 3\n-2 2\n1 4",
    ],
)
@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ("id type element x y z", "2 1 O 0.1 0.2 0.3\n1 2 Si 1.5 -2.5 3e-1\n"),
        ("element xs ys zs", "O 0.1 0.2 0.3 \nSi 0.5 -2.5 3e-1 \n"),
        ("id element xu yu zu vx vy vz q c_pe", "1 O 0.1 7 0.3 1 2 3 0.5 -1\n2 Si 1.5 -2.5 3e-1 1 2 3 0.5 -2\n"),
        ("id mass xsu ysu zsu ix", "3 28.0855 0.1 1.7 0.3 1\n2 15.9994 0.5 -2.5 3e-1 0\n"),
    ],
)
def test_dumps_of_lammps(box, columns, rows, tmp_path):
    path = tmp_path / "some.lammpstrj"
    path.write_text("".join(TABLE.format(step=i, box=box, columns=columns) + rows for i in (0, 1000)))
    found = same(path, format="lammps-dump-text")
    assert [frame.info["timestep"] for frame in found] == [0, 1000]


def test_types_of_lammps_are_named_or_refused(tmp_path):
    path = tmp_path / "some.dump"
    header = TABLE.format(step=0, box=RIGHT, columns="id type x y z")
    path.write_text(header + "2 1 0.1 0.2 0.3\n1 2 1 2 3\n")
    with pytest.raises(ValueError, match=r"some.dump .*it names types of atoms and no elements; say which"):
        list(ip.read_frames(path, format="lammps-dump-text"))
    for types in ("C,Si", ["C", "Si"], {1: "C", 2: "Si"}, "2=Si,1=C", {"1": 6, "2": 14}):
        [frame] = ip.read_frames(path, format="lammps-dump-text", types=types)
        assert frame.numbers.tolist() == [14, 6]
        assert frame.positions[0].tolist() == [1.0, 2.0, 3.0]
    wrong = [("C", "nothing is said of its types 2"), ("C,Xx", "'Xx', which is no element"), (3, "types is 3")]
    for types, told in wrong:
        with pytest.raises((ValueError, TypeError), match=told):
            list(ip.read_frames(path, format="lammps-dump-text", types=types))
    path.write_text(header.replace("type", "mass") + "2 11 0.1 0.2 0.3\n1 72 1 2 3\n")
    with pytest.raises(ValueError, match="11 is the mass of none"):
        list(ip.read_frames(path, format="lammps-dump-text"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 O 0.1 0.2 0.3\n", "ends in the middle of structure 1, after 1 of its 2 atoms"),
        ("1 O 0.1 0.2 0.3\n2 O 0.1\n", "do not all have the 5 entries that it announces"),
        ("1 O 0.1 0.2 0.3\n2 Oo 0.1 0 0\n", "names the element 'Oo', which does not exist"),
        ("1 O 0.1 0.2 0.3\n2 O 0.1 0 0\nrubbish\n", "b'rubbish' stands where a line with ITEM belongs"),
        ("1 O 0.1 0.2 0.3\n2 O 0.1 0 0\nITEM: TIMESTEP\n", "cannot be read|ends in the"),
        ("1 O 0.1 0.2 0.3\n2 O 0.1 0 0\nITEM: TIMESTEP\n3\nITEM: NUMBER OF ATOMS\n2\n", "after 0 of its 2 atoms"),
    ],
)
def test_dumps_that_end_in_the_middle(text, told, tmp_path):
    path = tmp_path / "cut.lammpstrj"
    header = TABLE.format(step=7, box=RIGHT, columns="id element x y z")
    path.write_text(header + "1 O 0 0 0\n2 O 0.5 0 0\n" + header + text)
    found = ip.read_frames(path, format="lammps-dump-text")
    assert len(next(found)) == 2
    with pytest.raises(ValueError, match=told):
        list(found)


@pytest.mark.parametrize("repeated", [True, False])
def test_xdatcar(repeated, tmp_path):
    path = tmp_path / "XDATCAR"
    cell = "{title}\n 1.5\n 4 0 0\n 0.5 4 0\n 0 0 -4\n O Si O\n 1 2 1\n"
    rows = "0.1 0.2 0.3\n0.5 0.6 0.7\n-0.1 1.2 0.9\n0 0 0\n"
    blocks = [
        (cell.format(title="a title" if i else "") if repeated or not i else "") + f"Direct configuration=  {i}\n{rows}"
        for i in range(3)
    ]
    path.write_text("".join(blocks))
    found = same(path)
    assert found[0].numbers.tolist() == [8, 14, 14, 8]
    path.write_text("".join(blocks)[:-20])
    frames = ip.read_frames(path)
    assert len([next(frames), next(frames)]) == 2
    with pytest.raises(ValueError, match=r"XDATCAR ends in the middle of structure 2, after|structure 2 of"):
        next(frames)
    path.write_text(blocks[0] + "something else\n")
    with pytest.raises(ValueError, match=r"structure 1 of .*what follows b'something else' is not the scale"):
        list(ip.read_frames(path))


def test_structures_come_before_the_rest_of_the_file_is_read(tmp_path):
    class Endless(io.RawIOBase):
        def __init__(self, block):
            self.block, self.n = block, 0

        def __iter__(self):
            while self.n < 1000:
                self.n += 1
                yield self.block[self.n % len(self.block)]

        def read(self):
            raise AssertionError

    file = Endless([b"H 0 0 0\n", b"1\n", b"\n"])
    frames = ip.read_frames(file)
    assert next(frames).numbers.tolist() == [1]
    assert file.n < 10
    with pytest.raises(ValueError, match="format is 'cif', which cannot be read from an open file"):
        ip.read_frames(file, format="cif")
    with pytest.raises(TypeError, match="file is 3; give a path"):
        ip.read_frames(3)


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
def test_compressed_files_that_were_cut(suffix, pack, tmp_path):
    rng = np.random.default_rng(0)
    text = "".join(f"1\n\nH {x} {x} {x}\n" for x in rng.standard_normal(40000)).encode()
    path = tmp_path / f"cut.xyz.{suffix}"
    path.write_bytes(pack(text)[:-3000])
    frames = ip.read_frames(path)
    assert len(list(islice(frames, 1000))) == 1000
    with pytest.raises(ValueError, match=r"is compressed, and its content is damaged or was cut in structure \d+"):
        list(frames)


def test_files_that_are_not_there_or_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.xyz"):
        list(ip.read_frames(tmp_path / "none.xyz"))
    (tmp_path / "empty").write_text("")
    with pytest.raises(ValueError, match="is empty"):
        list(ip.read_frames(tmp_path / "empty"))
    (tmp_path / "what").write_text("?")
    with pytest.raises(ValueError, match="known neither by its name nor by its content"):
        list(ip.read_frames(tmp_path / "what"))
    with pytest.raises(ValueError, match="format is 'xyzz', which ase does not know"):
        list(ip.read_frames(tmp_path / "what", format="xyzz"))
    (tmp_path / "x@0.xyz").write_text("1\n\nH 0 0 0\n1\n\nH 0 0 0\n")
    assert len(list(ip.read_frames(tmp_path / "x@0.xyz"))) == 2


def test_energies_of_files_and_of_calculators_are_stored(tmp_path):
    write(tmp_path / "some.extxyz", [atoms for atoms in some() if 6 in atoms.numbers])
    for name, frames in (("file", tmp_path / "some.extxyz"), ("iterator", iread(tmp_path / "some.extxyz", ":"))):
        ip.write_features(tmp_path / f"{name}.npy", frames, SOAP, info=["energy", "step"])
    file = np.load(tmp_path / "file.info_energy.npy")
    assert set(file.tolist()) == {0.0, -1.5, -4.5, -6.0}
    np.testing.assert_array_equal(np.load(tmp_path / "iterator.info_energy.npy"), file)
    listed = list(iread(tmp_path / "some.extxyz", ":"))
    ip.write_features(tmp_path / "list.npy", listed, SOAP, info=["energy"])
    np.testing.assert_array_equal(np.load(tmp_path / "list.info_energy.npy"), file)
    listed[0].positions[0] += 0.1  # what a calculator said before says nothing of this
    ip.write_features(tmp_path / "moved.npy", listed, SOAP, info=["energy"])
    assert np.isnan(np.load(tmp_path / "moved.info_energy.npy")).sum() == len(listed[0])


def test_a_cut_file_in_a_store_can_be_mended(tmp_path):
    frames = [molecule(name) for name in ("H2O", "CH4", "CO2", "CH3OH")] * 5
    write(tmp_path / "whole.extxyz", frames)
    text = (tmp_path / "whole.extxyz").read_text()
    path = tmp_path / "some.extxyz"
    path.write_text(text[: int(0.7 * len(text))])
    with pytest.raises(ValueError, match=r"some\.extxyz ends in the middle of structure 1\d|structure 1\d of "):
        ip.write_features(tmp_path / "x.npy", path, SOAP, batch=4)
    assert len(np.load(tmp_path / "x.npy")) == sum(map(len, frames[:12]))
    path.write_text(text)
    found = ip.write_features(tmp_path / "x.npy", path, SOAP, batch=4)
    assert found.n_frames == 20
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), np.concatenate([f for f, _ in SOAP.stream(path)]))


def test_snapshots_are_structures(tmp_path):
    write(tmp_path / "some.extxyz", list(some()))
    own, theirs = list(ip.read_frames(tmp_path / "some.extxyz")), list(iread(tmp_path / "some.extxyz", ":"))
    np.testing.assert_array_equal(SOAP.transform(own), SOAP.transform(theirs))
    assert isinstance(theirs[0], Atoms)
    assert reading.format_of(str(tmp_path / "some.extxyz")) == "extxyz"
