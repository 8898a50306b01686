"""The drop-in for quippy: numbers, forms of results, what is counted from 0 and 1, and what it says of the rest."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip
import isoprint.compat.quippy as quippy
from isoprint.compat.quippy import DescriptorError
from isoprint.compat.quippy.convert import ase_to_quip
from isoprint.compat.quippy.descriptors import Descriptor

HERE = Path(__file__).parent
SOAP = "soap l_max=2 n_max=2 cutoff=3.0 atom_sigma=0.5"
TURBO = "soap_turbo l_max=2 alpha_max=3 rcut_hard=3.0 rcut_soft=2.5 atom_sigma=0.4 n_species=2 species_Z={8 1}"


def golden():
    cases = {}
    with np.load(HERE / "golden" / "quippy.npz") as found:
        for key in found.files:
            case, _, name = key.rpartition("/")
            cases.setdefault(case, {})[name] = found[key]
    return cases


CASES = golden()


@pytest.fixture(autouse=True)
def benches(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE.parent / "benches"))


def made(text):
    """A descriptor, without what is said about keys that are passed over."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return Descriptor(text)


def tolerance(text, key):
    """Values of the shortest strings agree to rounding; long bases of soap_turbo as far as its matrix is rounded."""
    if text.startswith("soap_turbo"):
        return 1e-6 if "alpha_max={8" in text else 1e-10
    return 1e-10 if key.startswith("grad") else 1e-12


@pytest.mark.parametrize("name", CASES)
def test_every_key_is_that_of_the_peer(name):
    from quippy_differences import differences

    case = CASES[name]
    text = str(case["string"])
    atoms = Atoms(case["numbers"], case["positions"], cell=case["cell"], pbc=case["pbc"])
    descriptor = made(text)
    found = descriptor.calc(atoms, grad="grad_data" in case)
    if "columns" in case:
        found["data"] = found["data"][:, case["columns"]]
    for key, apart in differences(found, case).items():
        assert apart <= tolerance(text, key), (key, apart)
    assert descriptor.sizes(atoms) == tuple(case["sizes"])
    assert (descriptor.n_dim, descriptor.dimensions()) == (case["n_dim"], case["n_dim"])
    assert descriptor.cutoff() == case["cutoff"]
    if "permutations" in case:
        np.testing.assert_array_equal(descriptor.permutations(), case["permutations"])
        assert descriptor.permutations().dtype == case["permutations"].dtype
        assert descriptor.n_perm == descriptor.get_n_perm() == len(case["permutations"])


def test_the_results_of_the_peer_cover_every_kind():
    texts = {str(case["string"]).split()[0] for case in CASES.values()}
    assert texts == {"soap", "soap_turbo", "distance_2b", "distance_Nb", "angle_3b", "behler"}


def with_matrix(case):
    with np.load(HERE / "golden" / "soap_turbo.npz") as found:
        own = {key.partition("/")[2]: found[key] for key in found.files if key.startswith(f"{case}/")}
    matrices = {
        int(number): own[f"basis_matrix_{place}"]
        for place, number in enumerate(own["species"])
        if f"basis_matrix_{place}" in own
    }
    return own, matrices


def turbo_cases():
    with np.load(HERE / "golden" / "soap_turbo.npz") as found:
        return sorted({key.partition("/")[0] for key in found.files if key.endswith("/features_quippy")})


@pytest.mark.parametrize("case", turbo_cases())
def test_soap_turbo_with_the_matrix_of_the_peer(case):
    own, matrices = with_matrix(case)
    atoms = Atoms(own["numbers"], own["positions"], cell=own["cell"], pbc=own["pbc"])
    found = Descriptor(str(own["string"]), basis_matrix=matrices).calc(atoms)
    np.testing.assert_allclose(found["data"], own["features_quippy"], rtol=0, atol=1e-10)
    np.testing.assert_array_equal(found["ci"], own["centers"] + 1)


def test_exact_numbers_are_one_keyword_away():
    own, _ = with_matrix(turbo_cases()[0])
    atoms = Atoms(own["numbers"], own["positions"], cell=own["cell"], pbc=own["pbc"])
    found = Descriptor(str(own["string"]), policy="exact").calc_descriptor(atoms)
    np.testing.assert_allclose(found, own["features_exact"], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        SOAP,
        SOAP + " n_species=2 species_Z={1 8} Z=8",
        SOAP + " average=T",
        SOAP + " average=T normalise=F",
        TURBO + " central_index=2",
        "distance_2b cutoff=2.8 n_exponents=2 exponents={-2 3}",
        "distance_Nb cutoff=2.8 order=2",
        "distance_Nb cutoff=2.8 order=3",
        "angle_3b cutoff=2.8",
        "behler specification={2:1:0.01:2.0:5.0|3:1:8:0.003:-1:4:5.5}",
    ],
)
def test_gradients_are_differences(text):
    """Of rows weighted by their weights, summed over the images: what forces are made of."""
    atoms = Atoms(
        "OHHO", [[0, 0, 0], [0.9, 0.2, 0], [-0.3, 1.0, 0.1], [0.4, -0.5, 1.6]], cell=[3.1, 3.4, 3.8], pbc=True
    )
    descriptor = Descriptor(text, policy="exact")
    found = descriptor.calc(atoms, grad=True)
    rows = np.repeat(np.arange(len(found["data"])), [len(one) for one in found["ii"]])
    by_atom = np.zeros((len(atoms), 3, descriptor.n_dim))
    terms = (
        found["covariance_cutoff"][rows, None, None] * found["grad_data"]
        + found["grad_covariance_cutoff"][:, :, None] * found["data"][rows, None, :]
    )
    np.add.at(by_atom, found["grad_index_0based"][:, 1], terms)

    def total(frame):
        result = descriptor.calc(frame)
        return (result["covariance_cutoff"][:, None] * result["data"]).sum(axis=0)

    step = 1e-4
    for atom, axis in ((0, 0), (1, 2), (3, 1)):
        moved = []
        for sign in (1, -1):
            frame = atoms.copy()
            frame.positions[atom, axis] += sign * step
            moved.append(total(frame))
        numeric = (moved[0] - moved[1]) / (2 * step)
        np.testing.assert_allclose(by_atom[atom, axis], numeric, atol=1e-6 * max(1.0, abs(numeric).max()))


def test_gradients_of_images_are_where_the_images_are():
    atoms = bulk("Si")
    found = Descriptor(SOAP).calc(atoms, grad=True)
    index, pos = found["grad_index_0based"], found["pos"]
    away = np.linalg.solve(atoms.cell.T, (pos - atoms.positions[index[:, 1]]).T).T
    np.testing.assert_allclose(away, np.round(away), atol=1e-12)
    distance = np.linalg.norm(pos - atoms.positions[index[:, 0]], axis=1)
    assert (distance < 3.0).all()
    assert (distance == 0.0).sum() == 2
    first = np.append(True, index[1:, 0] != index[:-1, 0])
    assert (distance[first] == 0.0).all()
    for center in range(2):
        own = found["grad_data"][index[:, 0] == center]
        np.testing.assert_allclose(own[0], -own[1:].sum(axis=0), atol=1e-13)


def test_gradients_by_atom_are_those_of_our_own_soap():
    atoms = bulk("NaCl", "rocksalt", a=4.2)
    text = "soap l_max=3 n_max=3 cutoff=4.4 atom_sigma=0.5 n_species=2 species_Z={11 17}"
    found = Descriptor(text).calc(atoms, grad=True)
    summed = np.zeros((2, 2, 3, found["data"].shape[1]))
    np.add.at(summed, tuple(found["grad_index_0based"].T), found["grad_data"])
    np.testing.assert_allclose(summed, ip.SOAP.from_quip(text).derivatives(atoms).dense(), atol=1e-12)


def test_atoms_that_are_not_seen_have_gradients_of_zero():
    """The peer counts them in, and returns whatever memory held."""
    found = Descriptor(SOAP + " n_species=1 species_Z=8").calc(molecule("H2O"), grad=True)
    hydrogen = found["grad_index_0based"][:, 1] != 0
    other = found["grad_index_0based"][:, 0] != found["grad_index_0based"][:, 1]
    assert (found["grad_data"][hydrogen & other] == 0.0).all()
    hidden = Descriptor("soap_turbo l_max=2 n_max=2 cutoff=3.0 atom_sigma=0.4 species_Z=8").calc(
        molecule("H2O"), grad=True
    )
    assert hidden["grad_index_0based"].tolist() == [[0, 0]]


def test_lists_give_lists():
    frames = [molecule("H2O"), molecule("CH4"), molecule("NH3")]
    text = SOAP + " n_species=2 species_Z={1 8} Z=8"
    descriptor = Descriptor(text)
    found = descriptor.calc(frames, grad=True)
    assert [one["data"].shape for one in found] == [(1, 31), (1, 0), (1, 0)]
    assert [sorted(one) for one in found[1:]] == [["data"], ["data"]]
    assert descriptor.sizes(frames) == [(1, 3), (0, 0), (0, 0)]
    assert descriptor.count(frames) == [1, 0, 0]
    rows = descriptor.calc_descriptor(frames)
    for one, row in zip(found, rows, strict=True):
        np.testing.assert_array_equal(one["data"], row)
    np.testing.assert_array_equal(found[0]["data"], descriptor.calc(frames[0])["data"])
    assert descriptor.calc([frames[0]])[0].keys() == descriptor.calc(frames[0]).keys()
    averaged = Descriptor(SOAP + " average=T").calc(frames)
    assert [one["data"].shape for one in averaged] == [(1, 10)] * 3
    assert Descriptor("distance_2b cutoff=2").count(frames) == [6, 20, 12]


def test_types_are_those_of_the_peer():
    found = Descriptor(SOAP).calc(molecule("H2O"), grad=True)
    assert found["ci"].dtype == found["grad_index_0based"].dtype == np.int32
    assert found["has_data"].dtype == np.int64
    assert (found["ci"].tolist(), found["has_data"].tolist()) == ([1, 2, 3], [1, 1, 1])
    assert found["covariance_cutoff"].tolist() == [1.0, 1.0, 1.0]
    assert [one.tolist() for one in found["ii"]] == [[1, 2, 3], [2, 1, 3], [3, 1, 2]]
    assert [one.tolist() for one in found["has_grad_data"]] == [[1, 1, 1]] * 3
    assert "grad_data" not in Descriptor(SOAP).calc(molecule("H2O"))


@pytest.mark.parametrize("text", [SOAP, TURBO, "distance_2b cutoff=2", "angle_3b cutoff=2", SOAP + " average=T"])
def test_a_mask_chooses_centers(text):
    atoms = molecule("CH3OH")
    atoms.arrays["some"] = np.array([True, True, False, True, False, False])
    descriptor = Descriptor(text)
    found = descriptor.calc(atoms, args_str="atom_mask_name=some", grad=True)
    again = descriptor.calc(atoms, atom_mask_name="some")
    np.testing.assert_array_equal(found["data"], again["data"])
    centers = found["ci"].reshape(len(found["data"]), -1)[:, 0] if "average" not in text else found["ci"]
    assert set(centers) <= {1, 2, 4}
    assert len(found["data"]) <= descriptor.count(atoms)
    positional = descriptor.calc(atoms, True, "atom_mask_name=some")
    np.testing.assert_array_equal(positional["grad_index_0based"], found["grad_index_0based"])
    assert descriptor.count(atoms, atom_mask_name="some") == len(found["data"])
    with pytest.raises(DescriptorError, match=r"'other', but the structure has no array.*some"):
        descriptor.calc(atoms, atom_mask_name="other")
    atoms.info["x"] = 1
    atoms.set_array("wide", np.zeros((6, 2)))
    with pytest.raises(DescriptorError, match=r"'wide' has shape \(6, 2\)"):
        descriptor.calc(atoms, atom_mask_name="wide")


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((SOAP,), {}),
        (("soap",), {"l_max": 2, "n_max": 2, "cutoff": 3.0, "atom_sigma": 0.5}),
        ((), {"soap": True, "l_max": 2, "n_max": 2, "cutoff": 3.0, "atom_sigma": 0.5}),
        ((), {"args_str": SOAP}),
        (("cutoff=3.0 l_max=2 soap n_max=2 atom_sigma=0.5",), {}),
        (("SOAP L_MAX=2 n_max=2 cutoff =3.0 atom_sigma= .5",), {}),
        ((SOAP + " species_Z={0}",), {"n_Z": 1, "Z": [0]}),
    ],
)
def test_ways_of_saying_the_same(arguments, keywords):
    expected = Descriptor(SOAP).calc_descriptor(molecule("H2O"))
    np.testing.assert_array_equal(Descriptor(*arguments, **keywords).calc_descriptor(molecule("H2O")), expected)


def test_ways_of_importing():
    import isoprint.compat.quippy.descriptors as module

    assert quippy.Descriptor is quippy.descriptors.Descriptor is module.Descriptor is Descriptor


def test_atoms_that_were_converted_are_taken():
    atoms = ase_to_quip(molecule("H2O"))
    atoms.set_cutoff(cutoff=5.9)
    atoms.calc_connect()
    np.testing.assert_array_equal(Descriptor(SOAP).calc(atoms)["data"], Descriptor(SOAP).calc(molecule("H2O"))["data"])


def test_descriptors_survive_a_pickle():
    for text in (SOAP, TURBO, "distance_2b cutoff=2.0"):
        again = pickle.loads(pickle.dumps(Descriptor(text)))
        np.testing.assert_array_equal(
            again.calc(molecule("H2O"))["data"], Descriptor(text).calc(molecule("H2O"))["data"]
        )


def test_the_weight_of_the_center_of_one_element_is_passed_over_as_the_peer_does():
    text = "soap_turbo l_max=2 n_max=3 cutoff=3.0 atom_sigma=0.4 species_Z=8"
    water = molecule("H2O")
    plain = Descriptor(text).calc_descriptor(water)
    np.testing.assert_array_equal(Descriptor(text + " central_weight=0.3").calc_descriptor(water), plain)
    pair = Atoms("O2", [[0, 0, 0], [0, 0, 1.2]])
    weighted = Descriptor(text + " central_weight=0.3", policy="exact").calc_descriptor(pair)
    assert abs(weighted - Descriptor(text).calc_descriptor(pair)).max() > 1e-3


def test_symmetry_functions_of_a_file(tmp_path):
    path = tmp_path / "functions"
    path.write_text("2:0:0.05:1.0:5.0\n3:0:0:0.003:1:2:5.0\n")
    water = molecule("H2O")
    told = Descriptor("behler specification={2:0:0.05:1.0:5.0|3:0:0:0.003:1:2:5.0}").calc_descriptor(water)
    np.testing.assert_array_equal(Descriptor(f"behler specification_file={path}").calc_descriptor(water), told)
    assert Descriptor("behler").n_dim == 51
    with pytest.warns(UserWarning, match="'cutoff' of the argument string is no key"):
        assert Descriptor("behler cutoff=3.0").cutoff() == pytest.approx(5.9998, abs=1e-4)


def test_keys_of_a_fit_are_named_in_one_warning():
    with pytest.warns(UserWarning, match="a fit and no descriptor: zeta, n_sparse, add_species$") as told:
        Descriptor(SOAP + " zeta=4 n_sparse=10 add_species=T")
    assert len(told) == 1
    assert told[0].filename == __file__


def test_keys_that_nobody_knows_are_named():
    with pytest.warns(UserWarning, match=r"'cutof_transition_width' .* did you mean cutoff_transition_width\?"):
        Descriptor(SOAP + " cutof_transition_width=0.3")
    with pytest.warns(UserWarning, match=r"'Z\{1' .*'8\}'"):
        Descriptor(SOAP + " Z{1 8}")
    with pytest.warns(UserWarning, match="l_max appears twice in the argument string; the last one counts"):
        assert Descriptor(SOAP + " l_max=1").n_dim == 7
    with pytest.warns(UserWarning, match="'foo' of the argument string"):
        Descriptor(SOAP).calc(molecule("H2O"), foo=5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begins with 'nothing' and names no descriptor"),
        ("foo cutoff=3", "begins with 'foo' and names no descriptor that is supported: soap, soap_turbo, distance_2b"),
        ("coordination cutoff=3", "begins with 'coordination'"),
        ("behler specification={2:0:1.0}", r"specification has '2:0:1.0'; write 2:Z:eta:R_s:cutoff or"),
        ("behler specification={2:0:1:x:5}", r"specification has '2:0:1:x:5'"),
        ("behler specification={2:0:1:0:5|2:1:1:0:5}", "mixes functions of named elements with those of any"),
        ("behler specification={2:0:1:0:5|2:1.5:1:0:5}", "has the atomic number 1.5"),
        ("behler specification={3:0:1:1:1:1:5}", "has the atomic number 0; use 1 to 118, or 0 in all"),
        ("behler specification={2:1:1:0:5} specification_file=x", "specification and its other name"),
        ("behler specification={}", "or has none at all"),
        ("soap cutoff=3", "n_max is missing"),
        (SOAP + " : distance_2b cutoff=3", "names 2 descriptors, soap and distance_2b; make one object of each"),
        (SOAP + " average=1", "average is '1'; write T or F"),
        (SOAP + " R_mix=T", "R_mix is T, which mixes"),
        (SOAP.replace("n_max=2", "n_max=two"), "n_max contains 'two', which is not an integer"),
        ("distance_2b Z1=1", "cutoff is missing"),
        ("distance_2b cutoff=-1", "cutoff is -1; it must be a positive"),
        ("distance_2b cutoff=2 cutoff_transition_width=-1", "cutoff_transition_width is -1"),
        ("distance_2b cutoff=2 only_intra=T", "only_intra is T, which is about residues"),
        ("distance_2b cutoff=2 tail_exponent=6", "tail_exponent is 6, which is not supported"),
        ("distance_2b cutoff=2 n_exponents=2 exponents=1", "n_exponents is 2, but exponents has 1"),
        ("distance_Nb cutoff=2 order=4", "order is 4, which is not supported; take 2 or 3"),
        ("distance_Nb cutoff=2 order=3 Z={1 8}", "Z has 2 entries, but order is 3"),
        ("distance_Nb cutoff=2 order=3 compact_clusters=F", "compact_clusters is F with order above 2"),
        ("distance_Nb cutoff=2 order=2 xml_version=1", "xml_version is 1, older"),
        ("angle_3b cutoff=2 Z=1 Z_center=1", "Z_center and its other name Z"),
    ],
)
def test_what_is_not_understood_is_named(text, message):
    for kind in (ValueError, RuntimeError):
        with pytest.raises(kind, match=message):
            Descriptor(text)


def test_what_a_calculation_cannot_do_is_named():
    descriptor = Descriptor(SOAP)
    with pytest.raises(DescriptorError, match=r"cutoff is 1.2, below that of the descriptor, 3.0"):
        descriptor.calc(molecule("H2O"), cutoff=1.2)
    np.testing.assert_array_equal(descriptor.calc(molecule("H2O"), cutoff=9.0)["ci"], [1, 2, 3])
    with pytest.raises(DescriptorError, match="xml_version is 1"):
        descriptor.calc(molecule("H2O"), xml_version=1)
    with pytest.raises(DescriptorError, match="basis_matrix is given, but only soap_turbo"):
        Descriptor(SOAP, basis_matrix={"O": np.eye(2)})
    with pytest.raises(TypeError, match="frames is 'H2O'"):
        descriptor.calc("H2O")
    bad = molecule("H2O")
    bad.positions[1, 1] = np.nan
    with pytest.raises(DescriptorError, match="atom 1"):
        descriptor.calc(bad)


def test_nothing_of_the_user_is_changed():
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.positions += 30.0
    before = atoms.copy()
    for text in (SOAP, TURBO, "distance_2b cutoff=4", "angle_3b cutoff=4", SOAP + " average=T"):
        Descriptor(text).calc(atoms, grad=True)
    assert atoms == before


def test_atoms_outside_the_cell_and_alone():
    inside = bulk("Si")
    outside = inside.copy()
    outside.positions[1] += 3 * outside.cell[0] - 2 * outside.cell[2]
    for text in (SOAP, "distance_2b cutoff=3", "angle_3b cutoff=2.5"):
        one, other = Descriptor(text).calc(inside), Descriptor(text).calc(outside)
        np.testing.assert_allclose(np.sort(one["data"], axis=0), np.sort(other["data"], axis=0), atol=1e-12)
    alone = Descriptor("distance_2b cutoff=3").calc(Atoms("H"), grad=True)
    assert alone["data"].shape == (1, 0)
    assert Descriptor(SOAP).calc(Atoms("H"), grad=True)["grad_data"].shape == (1, 3, 10)
    coincident = Descriptor("angle_3b cutoff=3").calc(Atoms("H3", [[0, 0, 0], [0, 0, 0], [0, 0, 1.0]]), grad=True)
    assert np.isfinite(coincident["grad_data"]).all()


def test_many_triples_are_computed_a_part_at_a_time(monkeypatch):
    descriptor, atoms = Descriptor("angle_3b cutoff=4.5"), bulk("Si", cubic=True)
    whole = descriptor.calc(atoms, grad=True)
    monkeypatch.setattr("isoprint.compat.quippy._clusters._TOGETHER", 7)
    for key, array in descriptor.calc(atoms, grad=True).items():
        np.testing.assert_array_equal(
            np.concatenate(array) if isinstance(array, list) else array,
            np.concatenate(whole[key]) if isinstance(array, list) else whole[key],
        )
