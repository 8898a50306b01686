"""Potentials that `gap_fit` has written: what quippy says with them, and what is said of files that are none."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint.models import from_gap, load

GAP = Path(__file__).parent / "golden" / "gap"
FOUND = np.load(GAP / "predictions.npz")
CASES = sorted({key.split("/")[0] for key in FOUND if key.endswith("/about")})


def frames_of(name, which="test"):
    """The structures that a case was tested on."""
    elements = str(FOUND[f"{name}/about"]).split(":")[0] if f"{name}/about" in FOUND else name
    offsets, cells = FOUND[f"{elements}/{which}/offsets"], FOUND[f"{elements}/{which}/cells"]
    numbers, positions = FOUND[f"{elements}/{which}/numbers"], FOUND[f"{elements}/{which}/positions"]
    return [
        Atoms(numbers[a:b], positions[a:b], cell=cell, pbc=True)
        for a, b, cell in zip(offsets, offsets[1:], cells, strict=False)
    ]


@pytest.mark.parametrize("name", CASES)
def test_quippy_says_the_same(name, tmp_path):
    model, frames = from_gap(GAP / f"{name}.xml"), frames_of(name)
    found = model.predict(frames, stress=True)
    np.testing.assert_allclose(found.forces, FOUND[f"{name}/forces"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.energy, FOUND[f"{name}/energy"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.energies, FOUND[f"{name}/energies"], rtol=0, atol=1e-9)
    six = found.stress[:, [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
    np.testing.assert_allclose(six, FOUND[f"{name}/stress"], rtol=0, atol=1e-11)
    atoms = frames[0].copy()
    atoms.calc = model.calculator()
    np.testing.assert_allclose(atoms.get_forces(), found.forces[: len(atoms)], atol=1e-12)
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict(frames).forces, found.forces)
    assert model.extrapolation(frames).min() > -1e-9


def test_terms_of_several_elements_are_one_term():
    model = from_gap(GAP / "two_elements.xml")
    assert {name: list(sparse) for name, sparse in model.sparse_.items()} == {
        "twobody": ["Cu-Cu", "Cu-Au", "Au-Au"],
        "soap": ["Cu", "Au"],
        "threebody": ["Cu-Cu-Cu", "Cu-Cu-Au", "Cu-Au-Au", "Au-Cu-Cu", "Au-Cu-Au", "Au-Au-Au"],
    }
    assert model.e0_ == pytest.approx({"Cu": -0.1, "Au": -0.2})
    assert len(from_gap(GAP / "gaussians.xml").sparse_) == 2


def test_the_exact_radial_basis_is_another_one():
    frames = frames_of("turbo")
    exact = from_gap(GAP / "turbo.xml", policy="exact").predict(frames).forces
    apart = np.abs(exact - FOUND["turbo/forces"]).max()
    assert 1e-12 < apart < 0.1


def test_what_such_a_model_cannot_do(tmp_path):
    model, frames = from_gap(GAP / "core.xml"), frames_of("core")
    with pytest.raises(ValueError, match="how sure its weights are; it has no standard deviations"):
        model.predict(frames, std=True)
    with pytest.raises(ValueError, match="how sure its weights are"):
        model.calculator(std=True)
    for learn in (lambda: model.partial_fit(frames), model.resolve):
        with pytest.raises(ValueError, match="without what it saw of the data"):
            learn()
    with pytest.raises(ValueError, match="does not have what it saw"):
        model.save(tmp_path / "model", data=True)
    with pytest.raises(ValueError, match="'C', which this model has not seen; it knows Si"):
        model.predict(Atoms("C"))


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(GAP, tmp_path / "gap")
    return tmp_path / "gap"


def edited(folder, name, pattern, new):
    """A file in which something was replaced once."""
    path = folder / f"{name}.xml"
    text, n = re.subn(pattern, new, path.read_text(), count=1)
    assert n == 1
    path.write_text(text)
    return path


WRONG = {
    r'covariance_type="3"': ("core", 'covariance_type="1"', 'covariance_type="3"'),
    r"covariance_type": ("core", 'covariance_type="1"', ""),
    r'n_coordinate="2"': ("core", 'n_coordinate="1"', 'n_coordinate="2"'),
    r'n_sparseX="7" and 6': ("core", 'n_sparseX="6"', 'n_sparseX="7"'),
    r"are not numbered 1 to 6": ("core", '<sparseX i="3"', '<sparseX i="4"'),
    r"'distance_9b' is not understood": ("core", "distance_2b", "distance_9b"),
    r"the key 'cutof' of the argument string is unknown": ("core", "distance_2b cutoff", "distance_2b cutof"),
    r"Z1 contains 'Si'": ("core", "Z1=14", "Z1=Si"),
    r"exponents are \(-1,\)": ("core", "Z1=14", "n_exponents=1 exponents=-1 Z1=14"),
    r"alpha of <sparseX> contains 'much'": ("core", r'alpha="[^"]*"', 'alpha="much"'),
    r"has a number that is not finite": ("core", r'alpha="[^"]*"', 'alpha="1e999"'),
    r"<theta> of <gpCoordinates> 1 is -1.0": ("core", r"<theta>[^<]*</theta>", "<theta> -1.0 </theta>"),
    r"<theta> of <gpCoordinates> 1 has 2 numbers": ("core", r"<theta>[^<]*</theta>", "<theta> 1.0 1.0 </theta>"),
    r"numbers in 6 sparse points of 2 dimensions": ("compact", 'dimensions="1"', 'dimensions="2"'),
    r"dimensions is 10, but the descriptor has": ("three_terms", "l_max=2 n_max=2", "l_max=3 n_max=2"),
    r"no such file beside": ("core", r"core\.xml\.sparseX\.core1", "elsewhere"),
    r"does not have the sparseX_md5sum": ("core", r'md5sum="\w', 'md5sum="x'),
    r"has no attribute signal_variance": ("core", "signal_variance", "variance"),
    r"potential_density> of <Glue_params> is not zero": ("core", r'E="0.0"', 'E="0.1"'),
    r"<per_type_data> does not name": ("core", 'type1="1"', 'type1="3"'),
    r"ascending distances": ("core", r'<point r="0.8', '<point r="9.8'),
    r"0 <Glue_params>": ("core", r"(?s)<Glue_params.*</Glue_params>", ""),
    r"declares a document type": ("core", r"^", '<!DOCTYPE a [<!ENTITY b "cc">]>'),
    r"is no XML": ("core", r"</gpSparse>", ""),
    r"0 elements <GAP_params>": ("core", r"(?s)<GAP_params.*</GAP_params>", ""),
    r"e0 Z=\"0\"": ("core", r'<e0 Z="14"', '<e0 Z="0"'),
    r"delta is -1": ("core", 'signal_variance="1.0', 'signal_variance="-1.0'),
    r"normalise is F": ("three_terms", "atom_sigma=0.5", "atom_sigma=0.5 normalise=F"),
    r"does not say of which elements": ("three_terms", " Z=14 ", " "),
    r'n_permutations="2"': ("order_two", r'<permutation i="1">1 ', '<permutation i="1">2 '),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_not_understood_is_named(folder, message):
    path = edited(folder, *WRONG[message])
    with pytest.raises(ValueError, match=message) as caught:
        from_gap(path)
    assert path.name in str(caught.value)


def test_files_that_are_not_there(folder):
    with pytest.raises(ValueError, match="there is no file"):
        from_gap(folder / "nothing.xml")
    sparse = next(folder.glob("core.xml.sparseX*"))
    sparse.write_text("1.0 2.0")
    with pytest.raises(ValueError, match="it was changed or cut"):
        from_gap(folder / "core.xml")


def test_names_of_files_do_not_lead_elsewhere(folder):
    (folder.parent / "secret").write_text("1 2 3 4 5 6")
    path = edited(folder, "core", r"core\.xml\.sparseX\.core1", "../secret")
    with pytest.raises(ValueError, match="no such file beside it"):
        from_gap(path)


@given(data=st.data())
def test_damaged_files(data, tmp_path_factory):
    name = data.draw(st.sampled_from(["compact", "core"]))
    content = bytearray((GAP / f"{name}.xml").read_bytes())
    folder = tmp_path_factory.mktemp("damaged")
    for sparse in GAP.glob(f"{name}.xml.sparseX*"):
        shutil.copy(sparse, folder)
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(1, 5))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(32, 126))
    (folder / f"{name}.xml").write_bytes(content)
    try:
        model = from_gap(folder / f"{name}.xml")
    except ValueError:
        return
    assert np.isfinite(model.alpha_).all()


def test_sparse_points_of_a_file_give_the_errors_of_gap_fit():
    """The same points and sigmas: the fit of gap_fit itself, up to its jitter."""
    theirs = from_gap(GAP / "three_terms.xml")
    train = frames_of("Si", "train")
    place = 0
    for k, frame in enumerate(train):
        own = slice(place, place + len(frame))
        frame.info["energy"] = FOUND["Si/train/energy"][k]
        frame.info["virial"] = FOUND["Si/train/virial"][k]
        frame.arrays["forces"] = FOUND["Si/train/forces"][own]
        place = own.stop
    terms = {
        name: ip.models.Term(term.descriptor, kernel=term.kernel, delta=term.delta, sparse=theirs.sparse_[name])
        for name, term in theirs.descriptor.items()
    }
    ours = ip.models.SparseGP(
        terms, e0=theirs.e0_, sigma_energy=0.01, sigma_forces=0.1, sigma_virial=0.1, jitter=1e-10
    ).fit(train)
    frames = frames_of("three_terms")
    found, expected = ours.predict(frames), theirs.predict(frames)
    apart = np.abs(found.forces - expected.forces).max() / np.abs(expected.forces).max()
    assert apart < 1e-3
    np.testing.assert_allclose(found.energy, expected.energy, atol=2e-3)
