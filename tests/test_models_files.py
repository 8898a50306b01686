"""Files of models: the same bits again, and an error for whatever is no model."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint.models import load
from test_models import gp, labelled, soap, turbo


@pytest.fixture(scope="module")
def frames():
    return labelled(6)


@pytest.fixture(scope="module")
def saved(frames, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "hco.isoprint"
    gp(n_sparse=12).fit(frames[:4]).save(path, data=True)
    return path


DESCRIPTORS = {
    "SOAP": soap(),
    "weights by species": soap(species_weight={"H": 0.5, "C": 1.0, "O": 2.0}, compression="mu2"),
    "learned species": soap(species=None),
    "SoapTurbo": turbo(n_max={"H": 2, "C": 3, "O": 3}),
    "matrix": turbo(compression=np.eye(5, turbo().n_features)),
    "ACSF": ip.ACSF(r_cut=3.9, species=["H", "C", "O"], g2=[(0.3, 0.0)], g4=[(0.05, 1.0, 1.0)]),
}


@pytest.mark.parametrize("name", DESCRIPTORS)
@pytest.mark.parametrize("data", [False, True])
def test_the_same_bits_again(frames, tmp_path, name, data):
    model = gp(DESCRIPTORS[name], n_sparse=12).fit(frames[:4]).calibrate(frames[4:])
    model.save(tmp_path / "model", data=data)
    again = load(tmp_path / "model")
    one, two = (each.predict(frames, stress=True, std=True) for each in (model, again))
    for field in ("energy", "energies", "forces", "stress", "energy_std", "energies_std", "forces_std"):
        np.testing.assert_array_equal(getattr(one, field), getattr(two, field))
    assert again.report_ == model.report_
    if data:
        more = [each.partial_fit(frames[4:]).predict(frames) for each in (model, again)]
        np.testing.assert_array_equal(more[0].forces, more[1].forces)
    else:
        with pytest.raises(ValueError, match="data=True"):
            again.partial_fit(frames)
        with pytest.raises(ValueError, match="data=True"):
            again.resolve()


def test_an_older_file_stays_if_saving_fails(frames, tmp_path, saved):
    path = tmp_path / "model"
    path.write_bytes(saved.read_bytes())
    model = gp(ip.Hybrid([soap(), turbo()]), n_sparse=12).fit(frames[:4])
    with pytest.raises(ValueError, match="descriptor is a Hybrid"):
        model.save(path)
    assert path.read_bytes() == saved.read_bytes()
    with pytest.raises(ValueError, match="no folder"):
        gp(n_sparse=12).fit(frames[:4]).save(tmp_path / "none" / "model")


def changed(path, edit):
    """The file with fields or arrays edited."""
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    meta = json.loads(arrays.pop("meta").tobytes())
    edit(meta, arrays)
    out = io.BytesIO()
    np.savez(out, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), **arrays)
    return out.getvalue()


def put(key, value):
    return lambda meta, arrays: meta.__setitem__(key, value)


def bump(meta, arrays):
    arrays["alpha_C"][0] += 1.0


EDITS = {
    "format is 3": put("format", 3),
    "format is 'one'": put("format", "one"),
    "model is 'Oracle'": put("model", "Oracle"),
    "descriptor is 'os.system'": put("descriptor", "os.system"),
    "descriptor is 3": put("descriptor", 3),
    "columns of this SOAP": put("columns", "0"),
    "parameters make no SOAP": lambda meta, arrays: meta["parameters"]["mapping"].append(["colour", "red"]),
    "settings are": lambda meta, arrays: meta["settings"]["mapping"].pop(),
    "a parameter is": put("parameters", {"zipped": 1}),
    "elements": put("elements", ["C", "C"]),
    "make no sense for 'Xx'": put("elements", ["Xx"]),
    "alpha_C is not what was written": bump,
    "the array alpha_C is missing": lambda meta, arrays: arrays.pop("alpha_C"),
    "alpha_C has entries that are not finite": lambda meta, arrays: arrays["alpha_C"].fill(np.nan),
    "factor is float64 of shape": lambda meta, arrays: arrays.__setitem__("factor", np.eye(3)),
    "calibration of energy is": put("calibration", {"energy": ["big", 0.0]}),
    "groups have the entry": put("groups", [["energy"]]),
    "zeta is 'four'": lambda meta, arrays: meta["settings"]["mapping"][0].__setitem__(1, "four"),
}


@pytest.mark.parametrize("message", EDITS)
def test_changed_fields_are_named(saved, tmp_path, message):
    (tmp_path / "model").write_bytes(changed(saved, EDITS[message]))
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "model")


@given(data=st.data())
def test_damaged_files(saved, tmp_path_factory, data):
    content = bytearray(saved.read_bytes())
    path = tmp_path_factory.mktemp("damaged") / "model"
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(0, 5))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        found = load(path)
    except ValueError:
        return
    # Where a byte that nobody reads was hit, the model is the same.
    np.testing.assert_array_equal(found.alpha_, load(saved).alpha_)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", bytes(1000)])
def test_no_model_at_all(tmp_path, content):
    (tmp_path / "model").write_bytes(content)
    with pytest.raises(ValueError, match=r"is no model|damaged"):
        load(tmp_path / "model")
    with pytest.raises(ValueError, match="there is no file"):
        load(tmp_path / "nothing")


def test_pickles_are_never_opened(tmp_path):
    out = io.BytesIO()
    np.savez(out, meta=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "model").write_bytes(out.getvalue())
    with pytest.raises(ValueError, match="no model"):
        load(tmp_path / "model")
    with zipfile.ZipFile(tmp_path / "zip", "w") as made:
        made.writestr("meta.npy", b"nonsense")
    with pytest.raises(ValueError, match=r"no model|damaged"):
        load(tmp_path / "zip")
