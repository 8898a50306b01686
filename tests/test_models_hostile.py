"""Files of models that were made to do harm: each is an error, or a model like any other."""

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from children import python
from folders import names
from isoprint.models import _archive, load
from test_models import gp, labelled, soap


@pytest.fixture(scope="module")
def frames():
    return labelled(5)


def several():
    table = [[0.0, 2.0, 4.0], [1.0, 0.1, 0.0]]
    terms = [ip.models.TwoBody(r_cut=3.9), ip.models.Term(soap(), n_sparse=9), ip.models.PairPotential({"H-C": table})]
    return gp(terms)


@pytest.fixture(scope="module", params=[lambda: gp(n_sparse=9), several], ids=["one", "several"])
def saved(request, frames, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "hco.isoprint"
    request.param().fit(frames[:4]).save(path, data=True)
    return path


@pytest.fixture(scope="module")
def parts(saved):
    """Fields and arrays of the file."""
    with np.load(saved) as stored:
        arrays = {key: stored[key] for key in stored.files}
    return json.loads(arrays.pop("meta").tobytes()), arrays


def packed(fields, arrays):
    """A file with checksums that are right."""
    fields = {**fields, "sha256": {name: _archive._hash(array) for name, array in arrays.items()}}
    out = io.BytesIO()
    np.savez(out, meta=np.frombuffer(json.dumps(fields).encode(), np.uint8), **arrays)
    return out.getvalue()


def places(value, before=()):
    """Every place in a tree of JSON."""
    yield before
    if isinstance(value, (dict, list)):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(entry, (*before, key))


def replaced(value, place, other):
    """The tree with another value in one place."""
    if not place:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(copy[place[0]], place[1:], other)
    return copy


NUMBERS = st.sampled_from([0, -1, 1, 10**6, 2**63, 10**400, 1e300, -0.0, 0.5, float("nan"), float("inf"), True])
WORDS = st.sampled_from(["C", "__class__", "Hybrid", "SOAP", {"array": "factor"}])
LEAVES = NUMBERS | WORDS | st.none() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(data=st.data())
def test_any_field_may_be_anything(frames, parts, tmp_path_factory, data):
    fields, arrays = parts
    place = data.draw(st.sampled_from([place for place in places(fields) if place and place[0] != "sha256"]))
    path = tmp_path_factory.mktemp("fuzz") / "model"
    path.write_bytes(packed(replaced(fields, place, data.draw(TREES)), arrays))
    try:
        found = load(path)
    except ValueError:
        return
    # What is left are numbers of another model.
    assert found.predict(frames[4]).energies.shape == (8,)
    repr(found)


ARRAYS = st.sampled_from(
    [
        np.zeros(0),
        np.zeros((9, 9)),
        np.ones((1, 9)),
        np.array(1.0),
        np.full((9, 9), np.nan),
        np.eye(11),
        np.arange(3),
        np.zeros(3, np.float32),
        np.array([True]),
        np.zeros((3, 10**6, 0)),
        np.zeros(3, ">f8"),
        np.array(["a"]),
        np.zeros(2, complex),
        np.zeros(2, [("a", float)]),
        np.zeros(2, "M8[s]"),
    ]
)


@given(data=st.data())
def test_any_array_may_be_any_other(frames, parts, tmp_path_factory, data):
    fields, arrays = parts
    name = data.draw(st.sampled_from([*arrays, "meta"]))
    path = tmp_path_factory.mktemp("fuzz") / "model"
    out = io.BytesIO(packed(fields, {**arrays, name: data.draw(ARRAYS)})) if name != "meta" else io.BytesIO()
    if name == "meta":
        np.savez(out, meta=data.draw(ARRAYS), **arrays)
    path.write_bytes(out.getvalue())
    try:
        load(path)
    except ValueError as problem:
        assert "model'" in str(problem)  # noqa: PT017  (there need not be one)
    else:  # three numbers are a table like another
        assert "_table_" in name


def zipped(path, entries, **options):
    with zipfile.ZipFile(path, "w", **options) as made:
        for name, content in entries:
            made.writestr(name, content)


def header(shape, descr="<f8"):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def refusal(path):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is looked at)
        load(path)
    return str(caught.value)


def test_bombs(here, saved):
    # A gigabyte of zeros in a megabyte, without a byte of it in memory.
    with zipfile.ZipFile("bomb", "w", zipfile.ZIP_DEFLATED) as made, made.open("meta.npy", "w") as opened:
        opened.write(header((2**27,)))
        for _ in range(64):
            opened.write(bytes(2**24))
    assert "more memory than it has bytes" in refusal("bomb")
    zipped("packed", [("meta.npy", header((3,)) + bytes(24))], compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in refusal("packed")
    for shape in ((10**15,), (2**62, 4), (-1,), (3, -8), (1.5,), "x", (10**30,)):
        zipped("shape", [("meta.npy", header(shape))])
        assert "shape" in refusal("shape")


def test_what_is_no_number(here):
    for descr in ("|O", "|V8", "<U2", "<c16", "<M8[s]", [("a", "<f8")], "|V0", "nonsense"):
        zipped("kind", [("meta.npy", header((2,), descr) + bytes(16))])
        assert "is no model, or is damaged" in refusal("kind")


def test_names(here, saved):
    with zipfile.ZipFile(saved) as stored:
        entries = [(entry.filename, stored.read(entry)) for entry in stored.infolist()]
    with pytest.warns(UserWarning, match="Duplicate name"):
        zipped("twice", [*entries, entries[1]])
    assert "two of its arrays have one name" in refusal("twice")
    zipped("script", [*entries, ("../../evil.py", b"import os")])
    assert "'../../evil.py' is no array" in refusal("script")
    zipped("text", [("meta.npy", b"")])
    refusal("text")


def test_a_fingerprint_that_would_not_fit_into_memory(here, parts):
    fields, arrays = json.loads(json.dumps(parts[0])), parts[1]
    term = fields if "parameters" in fields else fields["terms"][1]
    more = [["species", [*range(1, 100)]], ["n_max", 20], ["l_max", 20]]
    term["parameters"]["mapping"] = [pair for pair in term["parameters"]["mapping"] if pair[0] not in dict(more)] + more
    Path("huge").write_bytes(packed(fields, arrays))
    assert "columns are more than the file can hold" in refusal("huge")


def test_every_cut(here, saved):
    content = saved.read_bytes()
    cuts = {*range(0, len(content), 997), *range(len(content) - 200, len(content)), *range(200)}
    for cut in sorted(cuts):
        Path("cut").write_bytes(content[:cut])
        assert "'cut' is no model, or is damaged" in refusal("cut")


def test_every_flipped_bit_in_the_fields(here, saved):
    """Checksums of the zip file guard the text, too."""
    content = saved.read_bytes()
    start = content.index(b'{"format"')
    rng = np.random.default_rng(0)
    for place in rng.integers(start, content.index(b"PK", start), 60):
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.integers(8)
        Path("flipped").write_bytes(flipped)
        assert "'flipped'" in refusal("flipped")


def test_a_folder_and_a_device(here):
    Path("folder").mkdir()
    for path in ("folder", "/dev/null", "", "a\0b"):
        assert refusal(path)
    with pytest.raises(TypeError):
        load(None)


FULL = """
import resource, sys
import isoprint as ip
model = ip.models.load("older")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
try:
    model.save("older", data=True)
except OSError as problem:
    print(problem)
"""


def test_a_full_disk_spares_the_older_file(here, saved):
    pytest.importorskip("resource")
    content = saved.read_bytes()
    Path("older").write_bytes(content)
    for limit in (0, 100, len(content) - 1):
        done = python("-c", FULL, str(limit))
        assert (done.stdout, done.returncode) == ("older cannot be written: File too large\n", 0), done.stderr
        assert Path("older").read_bytes() == content
        assert names() == ["older"]
    assert isinstance(load("older"), ip.models.SparseGP)
