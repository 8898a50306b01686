"""Command lines of `gap_fit` as models."""

import warnings

import numpy as np
import pytest

import isoprint as ip
from isoprint.models import DotProduct, PiecewisePolynomial, SparseGP, SquaredExponential, TwoBody, from_gap
from test_from_gap import FOUND, GAP, frames_of
from test_models import labelled

PAIRS = (
    "distance_2b cutoff=3.9 cutoff_transition_width=0.8 n_sparse=6 delta=2.0 theta_uniform=0.7 covariance_type=ard_se"
)
SOAP = "soap l_max=3 n_max=3 cutoff=3.5 atom_sigma=0.5 n_sparse=5 zeta=4 delta=0.3 covariance_type=dot_product"
ANGLES = "angle_3b cutoff=2.8 n_sparse=4 delta=0.1 theta_uniform=3.0 covariance_type=pp f0=0.05"
TURBO = (
    "soap_turbo l_max=2 alpha_max={{3 3}} atom_sigma_r={{0.5 0.6}} atom_sigma_t={0.5 0.6} zeta=4 rcut_hard=4.0"
    " rcut_soft=3.5 basis=poly3gauss scaling_mode=polynomial n_species=2 species_Z={29 79} add_species=F delta=1.0"
    " covariance_type=dot_product sparse_method=cur_points"
)


def test_every_term_is_translated():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SparseGP.from_gap_fit(
            f"gap_fit at_file=train.xyz gap={{{PAIRS} sparse_method=uniform : {SOAP} sparse_method=cur_points"
            f" : {ANGLES}}}"
            " default_sigma={0.002 0.1 0.05 0.0} e0={H:-13.5:C:-1d2:O:-430} sparse_jitter=1e-9 rnd_seed=4 gp_file=a.xml"
            " config_type_sigma={liquid:0.01:0.2:0.3:0.0:dimer:1:2:3:4} do_copy_at_file=F sparse_separate_file=T"
        )
    pairs, soap, angles = model.descriptor.values()
    assert list(model.descriptor) == ["twobody", "soap", "threebody"]
    assert repr(pairs.descriptor) == "TwoBody(r_cut=3.9, cutoff_width=0.8)"
    assert isinstance(pairs.kernel, SquaredExponential)
    assert (pairs.kernel.length, pairs.delta, pairs.n_sparse, pairs.sparse) == (0.7, 2.0, {"each": 6}, "uniform")
    assert isinstance(soap.kernel, DotProduct)
    assert (soap.kernel.zeta, soap.delta, soap.sparse) == (4, 0.3, "cur")
    assert soap.descriptor.species is None
    assert isinstance(angles.kernel, PiecewisePolynomial)
    assert (angles.kernel.dimensions, angles.kernel.constant) == (3, pytest.approx(0.25))
    assert model.e0 == {"H": -13.5, "C": -100.0, "O": -430.0}
    assert model.sigma_energy == {"default": 0.002, "liquid": 0.01, "dimer": 1.0}
    assert model.sigma_virial == {"default": 0.05, "liquid": 0.3, "dimer": 3.0}
    assert (model.jitter, model.random_state) == (1e-9, 4)


def test_strings_of_several_elements_are_one_term():
    text = f"{TURBO} central_index=1 n_sparse=7 : {TURBO} central_index=2 n_sparse=9"
    model = SparseGP.from_gap_fit("{" + text + "}", policy="reference", sigma_forces=0.2)
    (term,) = model.descriptor.values()
    assert term.n_sparse == {"Cu": 7, "Au": 9}
    assert (term.descriptor.centers, term.descriptor.policy, model.sigma_forces) == (None, "reference", 0.2)
    two = PAIRS + " add_species=F Z1=29 Z2=79", PAIRS.replace("n_sparse=6", "n_sparse=3") + " Z1=29 Z2=29"
    (term,) = SparseGP.from_gap_fit(" : ".join(two)).descriptor.values()
    assert term.descriptor.pairs == [("Cu", "Au"), ("Cu", "Cu")]
    assert term.n_sparse == {"Cu-Au": 6, "Cu-Cu": 3}


def test_such_a_model_learns():
    frames = labelled(8)
    model = SparseGP.from_gap_fit(f"{PAIRS} : {SOAP} : {ANGLES} sparse_method=random", sigma_forces=0.05).fit(frames)
    assert {key: len(points) for key, points in model.sparse_["soap"].items()} == {"H": 5, "C": 5, "O": 5}
    assert len(model.sparse_["twobody"]) == 6
    assert {len(points) for points in model.sparse_["twobody"].values()} == {6}
    assert model.errors(frames).forces.rmse < 0.5


def test_the_same_points_give_the_same_fit(tmp_path, monkeypatch):
    """With the sparse points of a run of gap_fit, its own errors come back to three digits and more."""
    monkeypatch.chdir(tmp_path)
    theirs = from_gap(GAP / "three_terms.xml")
    command = str(FOUND["three_terms/about"]).split(":", 1)[1]
    model = SparseGP.from_gap_fit(f"{command} sparse_jitter=1e-10")
    for name, term in model.descriptor.items():
        term.set_params(sparse=theirs.sparse_[name])
    train, test = labelled_by_files("Si", "train"), labelled_by_files("Si", "test")
    ours, expected = model.fit(train).errors(test), theirs.errors(test)
    for kind in ("energy", "forces", "virial"):
        assert getattr(ours, kind).rmse == pytest.approx(getattr(expected, kind).rmse, rel=1e-4)
    np.testing.assert_allclose(model.predict(test).forces, theirs.predict(test).forces, atol=2e-3)


def labelled_by_files(elements, which):
    frames = frames_of(elements, which)
    offsets = FOUND[f"{elements}/{which}/offsets"]
    for place, frame in enumerate(frames):
        frame.info["energy"] = FOUND[f"{elements}/{which}/energy"][place]
        frame.info["virial"] = FOUND[f"{elements}/{which}/virial"][place]
        frame.arrays["forces"] = FOUND[f"{elements}/{which}/forces"][offsets[place] : offsets[place + 1]]
    return frames


def test_a_core_potential_is_fixed(tmp_path):
    table = "".join(f'<point r="{r}" E="{(3 - r) ** 2}"/>' for r in np.linspace(1.0, 3.0, 9))
    (tmp_path / "glue.xml").write_text(
        '<a><Glue_params n_types="1"><per_type_data atomic_num="6" type="1"/><per_pair_data type1="1" type2="1">'
        f'<potential_pair num_points="9" y1="-4" yn="0">{table}</potential_pair></per_pair_data></Glue_params></a>'
    )
    model = SparseGP.from_gap_fit(
        f"gap={{{PAIRS}}} core_param_file={tmp_path / 'glue.xml'} core_ip_args={{IP Glue}} e0_method=average"
    )
    assert list(model.descriptor) == ["twobody", "core"]
    assert isinstance(model.descriptor["core"], ip.models.PairPotential)
    assert isinstance(model.descriptor["twobody"].descriptor, TwoBody)
    frames = labelled(4, elements="C")
    assert np.isfinite(model.fit(frames).alpha_).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at_file=a.xyz", "have no gap="),
        (f"gap={{{PAIRS}}} defalt_sigma={{1 2 3 4}}", "argument defalt_sigma is unknown; did you mean default_sigma"),
        (f"gap={{{PAIRS}}} gap={{{PAIRS}}}", "gap appears twice"),
        (f"gap={{{PAIRS}}} default_sigma={{1 2}}", "default_sigma has 2 numbers"),
        (f"gap={{{PAIRS}}} default_sigma={{1 x 3 4}}", "default_sigma contains 'x'"),
        (f"gap={{{PAIRS}}} config_type_sigma={{a:1:2}}", "config_type_sigma has 3 entries"),
        (f"gap={{{PAIRS}}} e0={{C:1:H}}", "e0 is '{C:1:H}'"),
        (f"gap={{{PAIRS}}} e0_method=best", "e0_method is 'best'"),
        (f"gap={{{PAIRS}}} core_param_file=a.xml core_ip_args={{IP SW}}", "core_ip_args is 'IP SW'"),
        (f"gap={{{PAIRS}", "a brace of gap is not closed"),
        (f"gap={{{PAIRS}}} and more", "cannot be understood from 'and more'"),
        (f"{PAIRS} : ", "a term without a name"),
        (PAIRS.replace("ard_se", "cosine"), "covariance_type of distance_2b is 'cosine'"),
        (PAIRS.replace("covariance_type=ard_se", ""), "covariance_type of distance_2b is missing"),
        (PAIRS.replace("delta=2.0", ""), "delta or energy_scale is missing|delta is missing"),
        (PAIRS.replace("n_sparse=6", ""), "n_sparse of distance_2b is missing"),
        (PAIRS.replace("theta_uniform=0.7", ""), "theta_uniform is missing"),
        (PAIRS.replace("theta_uniform=0.7", "theta_fac=0.7"), "theta_fac of distance_2b is not supported"),
        (PAIRS + " sparse_method=pivot", "sparse_method of distance_2b is 'pivot'"),
        (PAIRS + " cutof=3", "the key 'cutof' of the argument string is unknown"),
        (SOAP.replace("zeta=4", ""), "zeta is missing"),
        (SOAP.replace("soap", "behler"), "'behler' is not understood"),
        (f"{PAIRS} Z1=6 Z2=6 : {PAIRS} Z1=6 Z2=6", "two terms of the same kind for the same elements"),
    ],
)
def test_what_is_not_understood_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        SparseGP.from_gap_fit(text)
