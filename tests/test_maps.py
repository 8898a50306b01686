"""Maps show the directions of largest variance, whatever fits into memory, and what structures say of themselves."""

import gzip
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

import isoprint as ip
from isoprint.maps import _source

SOAP = ip.SOAP(r_cut=4.0, n_max=3, l_max=2)
NAMES = ("H2O", "CH4", "CO2", "CH3OH", "H2O2", "C2H6", "CO", "C2H4", "HCOOH", "CH3CH2OH")


def frames():
    found = []
    for place, name in enumerate(NAMES):
        atoms = molecule(name)
        atoms.info.update(place=place, kind="with oxygen" if "O" in name else "without", table=np.eye(2), flag=True)
        atoms.set_array("charge", np.linspace(-1.0, 1.0, len(atoms)))
        results = {"energy": -1.0 * place, "forces": np.full((len(atoms), 3), 2.0 * place)}
        atoms.calc = SinglePointCalculator(atoms, **results)
        found.append(atoms)
    del found[3].info["place"]
    return found


def means():
    soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2).fit(frames())
    return np.stack([soap.transform(frame).mean(axis=0) for frame in frames()])


def alike(found, expected, **options):
    """Whether coordinates are the same but for the sign of each axis, which is checked by itself."""
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, rtol=0, **options)


@pytest.mark.parametrize("scale", ["total", "columns", None])
def test_axes_are_those_of_principal_components(scale):
    found = ip.explore(frames(), SOAP, n_components=3, scale=scale, features=True)
    rows = means()
    np.testing.assert_allclose(found.features, rows, rtol=0, atol=1e-13)
    centered = rows - rows.mean(axis=0)
    spread = rows.std(axis=0)
    if scale == "total":
        centered /= np.sqrt((spread**2).sum())
    elif scale == "columns":
        centered[:, spread > 1e-10 * spread.max()] /= spread[spread > 1e-10 * spread.max()]
        centered[:, spread <= 1e-10 * spread.max()] = 0.0
    u, s, _ = np.linalg.svd(centered, full_matrices=False)
    alike(found.coordinates, (u * s)[:, :3], atol=1e-9)
    np.testing.assert_allclose(found.explained, s[:3] ** 2 / (s**2).sum(), rtol=1e-9)
    directions = found._components.directions
    assert (directions[np.arange(3), np.abs(directions).argmax(axis=1)] > 0).all()
    assert found.per == "structure"
    assert len(found) == len(NAMES)
    assert "Map(10 structures in 3 dimensions" in repr(found)


def test_scikit_learn_agrees():
    decomposition = pytest.importorskip("sklearn.decomposition")
    expected = decomposition.PCA(2, svd_solver="full").fit(means())
    found = ip.explore(frames(), SOAP, scale=None)
    alike(found.coordinates, expected.transform(means()), atol=1e-10)
    np.testing.assert_allclose(found.explained, expected.explained_variance_ratio_, rtol=1e-9)


@pytest.mark.parametrize("per", ["structure", "atom"])
@pytest.mark.parametrize("scale", ["total", "columns"])
def test_what_does_not_fit_is_computed_anew(per, scale, tmp_path, monkeypatch):
    expected = ip.explore(frames(), SOAP, per=per, scale=scale)
    file = tmp_path / "frames.extxyz"
    write(file, frames())
    monkeypatch.setattr(_source, "KEPT", 0)
    monkeypatch.setattr("isoprint.maps._projection._FEW", 0)
    seen = []
    found = ip.explore(file, SOAP, per=per, scale=scale, batch=3, progress=lambda *at: seen.append(at))
    alike(found.coordinates, expected.coordinates, atol=1e-6)  # positions of a file have eight decimals
    np.testing.assert_allclose(found.explained, expected.explained, rtol=1e-5)
    for name in ("frame", "atom", "species"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert seen[0][0] == 3
    assert [n for n, _ in seen].count(10) == 3
    assert found.features is None
    assert ip.explore(file, SOAP, per=per, batch=3, features=True).features.shape == (len(found), SOAP_FEATURES)


SOAP_FEATURES = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"]).n_features


def test_structures_that_come_in_parts_are_one_point_each(monkeypatch):
    frames = [bulk("Cu", cubic=True).repeat(n) for n in (1, 3, 2, 1)]
    for seed, atoms in enumerate(frames):
        atoms.rattle(0.1, seed=seed)
    soap = ip.SOAP(r_cut=3.5, n_max=3, l_max=2)
    whole = ip.explore(frames, soap)
    # Ten rows a batch: every structure but the small ones is cut.
    monkeypatch.setattr("isoprint.descriptors._streams._BATCH", 10 * 8 * soap.fit(frames).n_features)
    cut = ip.explore(frames, soap)
    assert len(cut) == len(frames)
    assert cut.properties["n_atoms"].tolist() == [len(atoms) for atoms in frames]
    np.testing.assert_allclose(cut.coordinates, whole.coordinates, atol=1e-9)
    np.testing.assert_allclose(cut.transform(frames), whole.coordinates, atol=1e-9)


def test_iterators_batches_threads_and_single_structures():
    expected = ip.explore(frames(), SOAP)
    for given, options in ((iter(frames()), {}), (tuple(frames()), {"batch": 1}), (frames(), {"n_jobs": 2})):
        np.testing.assert_allclose(ip.explore(given, SOAP, **options).coordinates, expected.coordinates, atol=1e-12)
    one = ip.explore(frames()[0], SOAP)
    assert one.coordinates.tolist() == [[0.0, 0.0]]
    assert one.explained.tolist() == [0.0, 0.0]
    atoms = ip.explore(molecule("CH3OH"), SOAP, per="atom")
    assert len(atoms) == 6
    assert [len(frame) for frame in atoms.structures()] == [6]


def test_properties_are_what_structures_say():
    found = ip.explore(frames(), SOAP)
    said = found.properties
    assert set(said) == {"energy", "place", "kind", "flag", "n_atoms"}
    assert np.isnan(said["place"]).tolist() == [place == 3 for place in range(10)]
    assert said["energy"].tolist() == [-place for place in range(10)]
    assert said["kind"][1] == "without"
    assert said["flag"][0] == "True"
    with pytest.raises(ValueError, match="no property 'mass'; the structures have energy, flag, kind, n_atoms, place"):
        found.values("mass")
    atoms = ip.explore(frames(), SOAP, per="atom")
    assert set(atoms.properties) == {*said, "charge", "|forces|", "element"}
    every = np.concatenate([frame.numbers for frame in frames()])
    assert (atoms.species == every).all()
    assert (atoms.properties["charge"] == np.concatenate([frame.arrays["charge"] for frame in frames()])).all()
    np.testing.assert_allclose(atoms.properties["|forces|"], 2.0 * np.sqrt(3.0) * atoms.frame)
    assert atoms.properties["element"][:3].tolist() == ["O", "H", "H"]
    # Numbers of some structures, words of others, are words.
    mixed = [molecule("H2O"), molecule("CO2")]
    mixed[0].info["name"], mixed[1].info["name"] = 8, "second"
    assert ip.explore(mixed, SOAP).properties["name"].tolist() == ["8", "second"]


def test_averaged_whole_and_partial_fingerprints():
    inner = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, average="inner")
    assert len(ip.explore(frames(), inner)) == 10
    with pytest.raises(ValueError, match="per is 'atom', and this SOAP has one row a structure"):
        ip.explore(frames(), inner, per="atom")
    assert len(ip.explore(frames(), ip.GlobalCoulombMatrix(n_atoms_max=9))) == 10
    carbon = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, centers=["C"])
    found = ip.explore(frames(), carbon)
    # Structures without carbon have no row.
    assert [NAMES[frame] for frame in found.frame] == [name for name in NAMES if "C" in name]
    assert found.properties["kind"][0] == "without"
    assert (ip.explore(frames(), carbon, per="atom").species == 6).all()
    assert carbon.species is None
    assert not hasattr(carbon, "_learned")


def test_other_structures_are_put_on_the_map():
    found = ip.explore(frames(), SOAP)
    np.testing.assert_allclose(found.transform(frames()[4:6]), found.coordinates[4:6], atol=1e-12)
    with pytest.raises(ValueError, match="species of frame 0 include 'S'"):
        found.transform(molecule("SO2"))
    assert found.transform([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per": "bond"}, "per is 'bond'"),
        ({"method": "tsne"}, "method is 'tsne'"),
        ({"scale": "rows"}, "scale is 'rows'"),
        ({"n_components": 0}, "n_components"),
        ({"n_components": 10**4}, "n_components is 10000, and features have 135 columns; ask for fewer"),
        ({"seed": -1}, "seed"),
        ({"batch": 0}, "batch"),
    ],
)
def test_wrong_parameters(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        ip.explore(frames(), SOAP, **options)


def test_nothing_to_show():
    soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "O"])
    with pytest.raises(ValueError, match="nothing to make a map of"):
        ip.explore([], soap)
    with pytest.raises(ValueError, match="nothing to make a map of"):
        ip.explore([Atoms()], soap)
    same = ip.explore([molecule("H2O")] * 5, soap)
    assert np.abs(same.coordinates).max() < 1e-6
    assert np.isfinite(same.explained).all()


def test_umap_is_asked_if_it_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match="pip install umap-learn"):
        ip.explore(frames(), SOAP, method="umap")
    given = {}

    class Umap:
        def __init__(self, **options):
            given.update(options)

        def fit_transform(self, rows):
            given["rows"] = rows
            return rows[:, :2].astype(np.float32)

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Umap))
    found = ip.explore(frames(), SOAP, method="umap", seed=4)
    assert found.explained is None
    assert found.coordinates.dtype == np.float64
    assert (given["n_components"], given["random_state"], given["n_neighbors"]) == (2, 4, 9)
    # The components that it is given keep the distances of the features.
    rows = means() / np.sqrt(means().var(axis=0).sum())
    expected = np.linalg.norm(rows[:, None] - rows, axis=2)
    np.testing.assert_allclose(np.linalg.norm(given["rows"][:, None] - given["rows"], axis=2), expected, atol=1e-9)
    with pytest.raises(ValueError, match="a map by UMAP has no axes"):
        found.transform(frames())
    with pytest.raises(ValueError, match="too few for UMAP"):
        ip.explore(frames()[:2], SOAP, method="umap")


def test_umap_itself():
    pytest.importorskip("umap")
    found = ip.explore(frames() * 3, SOAP, method="umap")
    assert found.coordinates.shape == (30, 2)
    assert np.isfinite(found.coordinates).all()


@pytest.mark.parametrize("per", ["structure", "atom"])
def test_files_for_chemiscope(per, tmp_path):
    pytest.importorskip("chemiscope")
    crystal = bulk("C")
    crystal.info["kind"] = "crystal"
    given = [*frames(), crystal]
    found = ip.explore(given, SOAP, per=per)
    found.write(tmp_path / "map.json.gz")
    with gzip.open(tmp_path / "map.json.gz") as file:
        stored = json.load(file)
    np.testing.assert_allclose(stored["properties"]["PC 1"]["values"], found.coordinates[:, 0])
    assert stored["properties"]["PC 1"]["target"] == per
    assert len(stored["structures"]) == 11
    assert stored["properties"]["kind"]["values"][-1] == "crystal"
    if per == "atom":
        assert len(stored["environments"]) == len(found)
    with pytest.raises(ValueError, match=r"end in \.json or \.json\.gz"):
        found.write(tmp_path / "map.txt")


def test_figures(tmp_path):
    matplotlib = pytest.importorskip("matplotlib.figure")
    found = ip.explore(frames(), SOAP)
    assert isinstance(found.plot(tmp_path / "map.png"), matplotlib.Figure)
    assert (tmp_path / "map.png").stat().st_size > 1000
    drawn = found.plot(color="kind", marker="flag")
    words = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    assert words == ["with oxygen, True", "without, True"]
    found.plot(color="place", marker="kind")  # one of which is not known
    found.plot(color=np.arange(10), ax=drawn.axes[0])
    ip.explore(frames(), SOAP, n_components=1).plot()
    atoms = ip.explore(frames(), SOAP, per="atom").plot()
    assert {text.get_text() for text in atoms.axes[0].get_legend().get_texts()} == {"H", "C", "O"}
    with pytest.raises(ValueError, match=r"color is of shape \(3,\); give one value for each of the 10 rows"):
        found.plot(color=[1, 2, 3])
    with pytest.raises(ValueError, match="marker place has 10 values, and there are 8 markers"):
        found.plot(marker="place")
