"""Argument strings of soap_turbo and of soap: every key, every alias, every refusal."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule

import isoprint as ip

WHOLE = """soap_turbo l_max=3 alpha_max={4 3} rcut_hard=4.0 rcut_soft=3.2 nf=5.0 atom_sigma_r={0.5 0.35}
 atom_sigma_t={0.4 0.45} atom_sigma_r_scaling={0.0 0.05}
 atom_sigma_t_scaling={0.1 0.0} amplitude_scaling={1.0 2.0} central_weight={0.7 1.3}
 radial_enhancement=2 basis=poly3gauss scaling_mode=polynomial species_Z={8 1} n_species=2 add_species=F central_index=2
 compress_mode=trivial"""
SHORT = "soap_turbo l_max=2 alpha_max=3 rcut_hard=4.0 atom_sigma=0.5 species_Z={6 1} n_species=2"


def params(text, **options):
    return ip.SoapTurbo.from_quip(text, **options).get_params()


def test_every_key_finds_its_place():
    assert params(WHOLE) == {
        "r_cut": 4.0,
        "n_max": {"O": 4, "H": 3},
        "l_max": 3,
        "species": ["O", "H"],
        "r_soft": 3.2,
        "sigma": {"O": 0.5, "H": 0.35},
        "sigma_t": {"O": 0.4, "H": 0.45},
        "sigma_scaling": {"O": 0.0, "H": 0.05},
        "sigma_t_scaling": {"O": 0.1, "H": 0.0},
        "amplitude_scaling": {"O": 1.0, "H": 2.0},
        "central_weight": {"O": 0.7, "H": 1.3},
        "radial_enhancement": 2,
        "basis": "poly3gauss",
        "compression": "trivial",
        "normalize": True,
        "policy": "exact",
        "filter_decay": 5.0,
        "unknown_species": "ignore",
        "basis_matrix": None,
        "centers": ["H"],
        "average": None,
        "dtype": "float64",
    }


def test_defaults_are_those_of_the_peer():
    assert repr(ip.SoapTurbo.from_quip(SHORT)) == (
        "SoapTurbo(r_cut=4.0, n_max=3, l_max=2, species=['C', 'H'],"
        " r_soft=3.5, unknown_species='ignore', centers=['C'])"
    )


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("alpha_max=3", "n_max=3"),
        ("alpha_max=3", "alpha_max={3 3}"),
        ("alpha_max=3", "alpha_max={{3 3}}"),
        ("alpha_max=3", "alpha_max = { 3, 3 }"),
        ("alpha_max=3", "alpha_max={3}"),
        ("rcut_hard=4.0", "cutoff=4.0"),
        ("rcut_hard=4.0", "rcut_hard=4.d0"),
        ("rcut_hard=4.0", "rcut_hard=4 cutoff_transition_width=0.5"),
        ("rcut_hard=4.0", "rcut_hard=4.0 rcut_soft=3.5"),
        ("atom_sigma=0.5", "atom_sigma_r={0.5 0.5} atom_sigma_t={0.5 0.5}"),
        ("atom_sigma=0.5", "atom_sigma=0.9 atom_sigma_r=0.5 atom_sigma_t=0.5"),
        ("atom_sigma=0.5", "atom_sigma=0.5 atom_sigma_scaling=0.0"),
        ("n_species=2", "n_species=2 compress_mode=None basis='poly3' nf=4.0"),
        (" n_species=2", ""),
    ],
)
def test_two_ways_of_saying_the_same(said, again):
    assert said in SHORT
    assert params(SHORT.replace(said, again)) == params(SHORT)


def test_a_common_name_serves_both_widths():
    found = params(SHORT + " atom_sigma_scaling={0.1 0.2}")
    assert found["sigma_scaling"] == found["sigma_t_scaling"] == {"C": 0.1, "H": 0.2}
    found = params(SHORT + " atom_sigma_scaling=0.1 atom_sigma_t_scaling=0.3")
    assert (found["sigma_scaling"], found["sigma_t_scaling"]) == (0.1, 0.3)


def test_one_species_needs_no_braces():
    assert params("soap_turbo l_max=2 n_max=3 cutoff=4.0 atom_sigma=0.5 species_Z=14")["species"] == ["Si"]


def test_rows_are_those_of_the_central_element_and_others_are_invisible():
    soap = ip.SoapTurbo.from_quip(SHORT + " central_index=2")
    atoms = molecule("CH3OH")
    rows = soap.transform(atoms)
    hydrogens = np.flatnonzero(atoms.numbers == 1)
    assert len(rows) == len(hydrogens)
    np.testing.assert_array_equal(soap.transform(atoms, centers=hydrogens), rows)
    without_oxygen = atoms[atoms.numbers != 8]
    np.testing.assert_allclose(soap.transform(without_oxygen), rows, atol=1e-14)


def test_fit_learns_nothing():
    soap = ip.SoapTurbo.from_quip(SHORT)
    assert soap.fit([molecule("H2O")]).species_ == ["C", "H"]


def test_options_of_the_estimator_are_passed_on():
    found = params(
        SHORT,
        policy="reference",
        basis_matrix={"C": np.eye(3)},
        normalize=False,
        centers=["H"],
        average="inner",
        dtype="float32",
    )
    assert (found["policy"], found["normalize"], found["centers"]) == ("reference", False, ["H"])
    assert (found["average"], found["dtype"]) == ("inner", "float32")
    assert found["basis_matrix"]["C"].shape == (3, 3)


def test_columns_are_in_the_order_of_the_peer():
    names = ip.SoapTurbo.from_quip(WHOLE.replace("compress_mode=trivial", "")).get_feature_names_out()
    n, size, l_max = 7, 7, 3
    labels = [f"O.{k}" for k in (1, 2, 3, 4)] + [f"H.{k}" for k in (1, 2, 3)]
    for i in range(n):
        for j in range(i, n):
            for degree in range(l_max + 1):
                place = (l_max + 1) * (i * size - i * (i - 1) // 2 + j - i) + degree
                assert names[place] == f"{labels[i]} {labels[j]} l={degree}"


def test_a_compress_file_is_read_when_it_is_needed(tmp_path):
    path = tmp_path / "compress.dat"
    path.write_text("3 3 2 63\n2\n5\n63\n")
    soap = ip.SoapTurbo.from_quip(f'{SHORT} compress_file="{path}"')
    assert soap.compression == str(path)
    whole = ip.SoapTurbo.from_quip(SHORT)
    assert list(soap.get_feature_names_out()) == list(whole.get_feature_names_out()[[1, 4, 62]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("soap_turbo", "soap"), "begins with 'soap'; it must begin with 'soap_turbo'"),
        (("l_max", "lmax"), "key 'lmax' .* unknown; did you mean l_max"),
        (("l_max=2", "l_max=2 l_max=3"), "'l_max' appears twice"),
        (("l_max=2", ""), "l_max is missing"),
        (("l_max=2", "l_max=two"), "l_max contains 'two', which is not an integer"),
        (("l_max=2", "l_max={2 3}"), "l_max is '2 3'; give one number"),
        (("alpha_max=3", ""), "alpha_max or n_max is missing"),
        (("alpha_max=3", "alpha_max=3 n_max=3"), "alpha_max and its other name n_max"),
        (("alpha_max=3", "alpha_max={3 3 3}"), "alpha_max has 3 entries, but species_Z has 2"),
        (("rcut_hard=4.0", ""), "rcut_hard is missing"),
        (("rcut_hard=4.0", "rcut_hard=4.0 cutoff=4.0"), "rcut_hard and its other name cutoff"),
        (
            ("rcut_hard=4.0", "rcut_hard=4.0 rcut_soft=3 cutoff_transition_width=1"),
            "rcut_soft and cutoff_transition_width",
        ),
        (("atom_sigma=0.5", ""), "atom_sigma_r or atom_sigma is missing"),
        (("atom_sigma=0.5", "atom_sigma_r=0.5"), "atom_sigma_t or atom_sigma is missing"),
        (("atom_sigma=0.5", "atom_sigma={0.5 x}"), "atom_sigma contains 'x', which is not a number"),
        (("species_Z={6 1}", ""), "species_Z is missing"),
        (("species_Z={6 1}", "species_Z={6 0}"), "species_Z contains 0"),
        (("n_species=2", "n_species=3"), "n_species is 3, but species_Z has 2"),
        (("n_species=2", "n_species=2 central_index=3"), "central_index is 3, but species_Z has 2"),
        (("n_species=2", "n_species=2 scaling_mode=linear"), "scaling_mode is 'linear'"),
        (("n_species=2", "n_species=2 basis=poly3operator"), "basis is 'poly3operator', which is not supported"),
        (("n_species=2", "n_species=2 compress_mode=3_1"), "compress_mode is '3_1'"),
        (("n_species=2", "n_species=2 compress_mode=trivial compress_file=x"), "compress_mode and compress_file"),
        (("n_species=2", "n_species=2 and more"), "cannot be understood from 'and more'"),
    ],
)
def test_what_is_not_understood_is_named(change, message):
    text = SHORT.replace(*change)
    assert text != SHORT
    with pytest.raises(ValueError, match=message):
        ip.SoapTurbo.from_quip(text)


FIT = """zeta=4, delta=0.1 f0=0.0 covariance_type=dot_product n_sparse=500 sparse_method=cur_points add_species=T
 config_type_n_sparse={dimer:10:bulk:20} theta_uniform=1.0 print_sparse_index element='Na' nZ=2 energy_scale=0.1"""
FIT_KEYS = (
    "zeta, delta, f0, covariance_type, n_sparse, sparse_method, add_species, config_type_n_sparse, theta_uniform,"
    " print_sparse_index, element, nZ, energy_scale"
)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (ip.SoapTurbo.from_quip, SHORT),
        (ip.SOAP.from_quip, "soap l_max=2 n_max=3 cutoff=4.0 atom_sigma=0.5 n_species=2 species_Z={6 1}"),
    ],
)
def test_keys_of_a_fit_change_nothing_and_are_named_once(make, text):
    with pytest.warns(UserWarning, match=f"a fit and no descriptor: {FIT_KEYS}$") as told:
        found = make(f"{text} {FIT}")
    assert len(told) == 1
    assert told[0].filename == __file__
    assert found.get_params() == make(text).get_params() == make(text + " add_species=F").get_params()


def public_strings(name):
    lines = (Path(__file__).parent / "golden" / "quippy_strings.txt").read_text().splitlines()
    return [line for line in lines if line.startswith(name + " ")]


@pytest.mark.parametrize("text", [*public_strings("soap"), *public_strings("soap_turbo")])
@pytest.mark.filterwarnings("ignore:passed over in the argument string")
def test_strings_of_public_scripts(text):
    """Two of them have keys that no descriptor and no fit knows; a script of QUIP never hears of it."""
    make = ip.SOAP.from_quip if text.startswith("soap ") else ip.SoapTurbo.from_quip
    if "trans_width=0.50 normalise" in text:
        with pytest.raises(ValueError, match="'trans_width' of the argument string is unknown; did you mean cutoff_tr"):
            make(text)
    elif "Z{1 8}" in text:
        with pytest.raises(ValueError, match=r"cannot be understood from 'Z\{1 8\}'"):
            make(text)
    else:
        assert make(text).n_features > 0


def test_keys_in_any_case_and_flags_that_stand_alone():
    text = "SOAP L_MAX=2 N_max=3 cutoff=4.0 atom_sigma=0.5 average n_species=2 species_z='6 1' normalise"
    told = "soap l_max=2 n_max=3 cutoff=4.0 atom_sigma=0.5 average=T n_species=2 species_Z={6 1}"
    assert ip.SOAP.from_quip(text).get_params() == ip.SOAP.from_quip(told).get_params()


SOAP_WHOLE = """soap l_max=3 n_max=4 cutoff=4.0 cutoff_transition_width=0.7 atom_sigma=0.4 central_weight=0.8
 central_reference_all_species=T normalise=F covariance_sigma0=0.1 basis_error_exponent=8.0 diagonal_radial=F average=F
 n_Z=1 Z=8 n_species=2 species_Z={8 1} cutoff_dexp=4 cutoff_scale=2.0 cutoff_rate=1.5 nu_R=1 nu_S=2
 radial_basis=GTO coupling=T Z_mix=F R_mix=F sym_mix=F K=0 mix_shift=0 xml_version=1426512068 add_species=F"""
SOAP_SHORT = "soap l_max=2 n_max=3 cutoff=4.0 atom_sigma=0.5 n_species=2 species_Z={6 1}"


def soap_params(text, **options):
    return ip.SOAP.from_quip(text, **options).get_params()


def test_every_key_of_soap_finds_its_place():
    assert soap_params(SOAP_WHOLE) == {
        "r_cut": 4.0,
        "n_max": 4,
        "l_max": 3,
        "species": ["O", "H"],
        "sigma": 0.4,
        "basis": "gto_quip",
        "cutoff_width": 0.7,
        "padding": 0.0,
        "weighting": {"function": "pow", "r0": 2.0, "c": 1.5, "d": 1.5, "m": 4.0},
        "species_weight": 1.0,
        "central_weight": 0.8,
        "center_everywhere": True,
        "compression": "1_2",
        "normalize": False,
        "convention": "quip",
        "constant": 0.1,
        "basis_error_exponent": 8.0,
        "accuracy": 1e-12,
        "periodic": True,
        "unknown_species": "ignore",
        "centers": ["O"],
        "average": None,
        "dtype": "float64",
    }


def test_defaults_of_soap_are_those_of_the_peer():
    assert repr(ip.SOAP.from_quip(SOAP_SHORT)) == (
        "SOAP(r_cut=4.0, n_max=3, l_max=2, species=['C', 'H'], basis='equispaced',"
        " convention='quip', constant=0.0, unknown_species='ignore')"
    )
    assert repr(ip.SOAP.from_quip("soap l_max=2 n_max=3 cutoff=4.0 atom_sigma=0.5")) == (
        "SOAP(r_cut=4.0, n_max=3, l_max=2, species='any', basis='equispaced',"
        " convention='quip', constant=0.0, unknown_species='ignore')"
    )


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("atom_sigma=0.5", "atom_gaussian_width=0.5"),
        ("atom_sigma=0.5", "atom_sigma=0.5 normalise=T"),
        ("atom_sigma=0.5", "atom_sigma=0.5 normalize=T"),
        ("cutoff=4.0", "cutoff=4.d0 cutoff_transition_width=0.5"),
        ("cutoff=4.0", "cutoff=4.0 cutoff_dexp=0 cutoff_rate=3.0 cutoff_scale=7.0"),
        ("n_max=3", "n_max=3 radial_basis=EQUISPACED_GAUSS basis_error_exponent=10"),
        ("n_max=3", "n_max=3 nu_R=2 nu_S=2 diagonal_radial=F average=F"),
        ("n_max=3", "n_max=3 Z=0"),
        ("n_max=3", "n_max=3 n_Z=0"),
        ("n_max=3", "n_max=3 n_Z=1 Z={0}"),
        ("n_max=3", "n_max=3 central_reference_all_species=F"),
        ("n_species=2 species_Z={6 1}", "species_Z={{6, 1}}"),
    ],
)
def test_two_ways_of_saying_the_same_of_soap(said, again):
    assert said in SOAP_SHORT
    assert soap_params(SOAP_SHORT.replace(said, again)) == soap_params(SOAP_SHORT)


@pytest.mark.parametrize("said", ["", "n_species=0", "species_Z=0", "n_species=1", "n_species=1 species_Z={0}"])
def test_no_species_are_all_in_one(said):
    assert soap_params(f"soap l_max=2 n_max=3 cutoff=4.0 atom_sigma=0.5 {said}")["species"] == "any"


@pytest.mark.parametrize(("said", "everywhere"), [("", True), ("central_reference_all_species=F", False)])
def test_one_species_gets_the_center_whatever_it_is(said, everywhere):
    text = f"soap l_max=2 n_max=3 cutoff=4.0 atom_sigma=0.5 n_species=1 species_Z=6 {said}"
    assert soap_params(text)["center_everywhere"] is everywhere
    rows = ip.SOAP.from_quip(text).transform(molecule("H2O"))
    assert rows[:, :-1].any(axis=1).all() == everywhere


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        ("diagonal_radial=T", "compression", "diagonal"),
        ("nu_R=0", "compression", "0_2"),
        ("nu_S=1", "compression", "2_1"),
        ("average=T", "average", "inner"),
        ("radial_basis=POLY", "basis", "polynomial_quip"),
        ("cutoff_dexp=2 cutoff_rate=0", "weighting", {"function": "pow", "r0": 1, "c": 1, "d": 0, "m": 2, "w0": 1}),
        ("Z={8 1}", "centers", ["O", "H"]),
        ("n_Z=2 Z={8 1}", "centers", ["O", "H"]),
    ],
)
def test_keys_of_soap_one_by_one(said, name, value):
    assert soap_params(f"{SOAP_SHORT} {said}")[name] == value


def test_rows_of_soap_are_those_of_z_and_others_are_invisible():
    soap, atoms = ip.SOAP.from_quip(SOAP_SHORT + " n_Z=1 Z=8"), molecule("CH3OH")
    rows = soap.transform(atoms)
    assert len(rows) == 1
    every = ip.SOAP.from_quip(SOAP_SHORT).transform(atoms)
    np.testing.assert_array_equal(every[atoms.numbers == 8], rows)
    assert (every[:, -1] == 0.0).all()
    without_oxygen = atoms[atoms.numbers != 8]
    np.testing.assert_allclose(ip.SOAP.from_quip(SOAP_SHORT).transform(without_oxygen), every[atoms.numbers != 8])
    assert soap_params(SOAP_SHORT + " Z=8", centers=["H"], dtype="float32")["centers"] == ["H"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("soap", "soap_turbo"), "begins with 'soap_turbo'; it must begin with 'soap'"),
        (("l_max", "lmax"), "key 'lmax' .* unknown; did you mean l_max"),
        (("l_max", "alpha_max"), "key 'alpha_max' .* unknown"),
        (("l_max=2", "l_max=2 l_max=3"), "'l_max' appears twice"),
        (("l_max=2", ""), "l_max is missing"),
        (("n_max=3", ""), "n_max is missing"),
        (("n_max=3", "n_max={3 3}"), "n_max is '3 3'; give one number"),
        (("cutoff=4.0", ""), "cutoff is missing"),
        (("atom_sigma=0.5", ""), "atom_sigma is missing"),
        (("atom_sigma=0.5", "atom_sigma=0.5 atom_gaussian_width=0.5"), "atom_sigma and its other name"),
        (("n_max=3", "n_max=3 normalise=T normalize=T"), "normalise and its other name normalize"),
        (("n_max=3", "n_max=3 normalise=maybe"), "normalise is 'maybe'; write T or F"),
        (("n_species=2", "n_species=3"), "n_species is 3, but species_Z has 2"),
        (("n_species=2", "n_species=1"), "n_species is 1, but species_Z has 2"),
        (("n_species=2 species_Z={6 1}", "n_species=2"), "n_species is 2, but species_Z has 0"),
        (("{6 1}", "{6 0}"), "species_Z mixes 0, which stands for every element, with others"),
        (("{6 1}", "{6 119}"), "species_Z contains 119, which is no atomic number"),
        (("{6 1}", "{6 6}"), "species_Z contains 6 more than once"),
        (("n_max=3", "n_max=3 n_Z=2 Z=6"), "n_Z is 2, but Z has 1 entries"),
        (("n_max=3", "n_max=3 Z={6 0}"), "Z mixes 0"),
        (("n_max=3", "n_max=3 average=T normalise=F"), "average is T with normalise F"),
        (("n_max=3", "n_max=3 nu_R=3"), "nu_R is 3; it must be 0, 1 or 2"),
        (("n_max=3", "n_max=3 nu_S=-1"), "nu_S is -1"),
        (("n_max=3", "n_max=3 nu_S=1 diagonal_radial=T"), "diagonal_radial is T with nu_R or nu_S below 2"),
        (("n_max=3", "n_max=3 radial_basis=GAUSS"), "radial_basis is 'GAUSS', which is not supported; choose one of"),
        (("n_max=3", "n_max=3 cutoff_dexp=-1"), "cutoff_dexp is -1; it must not be negative"),
        (("n_max=3", "n_max=3 cutoff_dexp=2 cutoff_rate=-1"), "cutoff_rate is -1, which makes weights that are not"),
        (("n_max=3", "n_max=3 cutoff_dexp=2 cutoff_scale=0"), "cutoff_scale is 0, which makes weights"),
        (("n_max=3", "n_max=3 Z_mix=T"), "Z_mix is T, which mixes channels with random numbers"),
        (("n_max=3", "n_max=3 R_mix=T"), "R_mix is T"),
        (("n_max=3", "n_max=3 sym_mix=T"), "sym_mix is T"),
        (("n_max=3", "n_max=3 K=5"), "K is 5, which is about random mixing and not supported"),
        (("n_max=3", "n_max=3 mix_shift=1"), "mix_shift is 1"),
        (("n_max=3", "n_max=3 Z_map={1, 6}"), "Z_map is in the argument string, but groups of elements"),
        (("n_max=3", "n_max=3 coupling=F"), "coupling is F, which is not supported"),
        (("n_max=3", "n_max=3 xml_version=1423143768"), "xml_version is 1423143768, whose defaults"),
        (("n_max=3", "n_max=3 and more"), "cannot be understood from 'and more"),
    ],
)
def test_what_is_not_understood_of_soap_is_named(change, message):
    text = SOAP_SHORT.replace(*change)
    assert text != SOAP_SHORT
    with pytest.raises(ValueError, match=message):
        ip.SOAP.from_quip(text)
