"""Errors against the number of sparse points: nested sets from one pass, and what the studies claim, in short."""

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import isoprint as ip
from isoprint import study
from isoprint.models._leading import leading
from test_models import labelled, soap

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def frames():
    return labelled(10)


def gp(**options):
    return ip.models.SparseGP(soap(), **{"n_sparse": 30, "sigma_forces": 0.01, **options})


@pytest.mark.parametrize("virial", [None, 0.01])
def test_leading_points_give_the_model_of_a_fit_with_these(frames, virial):
    points = {"C": np.arange(9), "O": np.arange(8), "H": np.arange(7)}
    whole = gp(sparse=points, sigma_virial=virial, e0="lstsq").fit(frames[:6])
    fewer = leading(whole, {6: 5, 8: 3, 1: 4})
    few = {"C": np.arange(5), "O": np.arange(3), "H": np.arange(4)}
    wanted = gp(sparse=few, sigma_virial=virial, e0="lstsq").fit(frames[:6])
    found, known = (model.predict(frames[6:], stress=True) for model in (fewer, wanted))
    assert found.energy == pytest.approx(known.energy, abs=1e-6)
    assert found.forces == pytest.approx(known.forces, abs=1e-6)
    assert found.stress == pytest.approx(known.stress, abs=1e-6)
    assert fewer.report_["rows"] == wanted.report_["rows"]
    assert len(whole.alpha_) == 24


def test_each_size_is_a_model_of_its_own(frames):
    table = study.sparse_sets(gp(), frames[:7], frames[7:], sizes=(12, 20), sets=2, forces="forces", seed=3)
    assert [(row["set"], row["size"]) for row in table] == [(0, 12), (0, 20), (1, 12), (1, 20)]
    numbers = np.concatenate([frame.numbers for frame in frames[:7]])
    order = np.random.default_rng((3, 1)).permutation(len(numbers))[:12]
    sparse = {z: np.searchsorted(np.flatnonzero(numbers == z), order[numbers[order] == z]) for z in (1, 6, 8)}
    errors = clone(gp(sparse=sparse)).fit(frames[:7]).errors(frames[7:])
    row = table.where(set=1, size=12).rows[0]
    assert row["energy"] == pytest.approx(errors.energy.rmse, rel=1e-6)
    assert row["forces"] == pytest.approx(errors.forces.rmse, rel=1e-6)


def test_all_models_have_the_same_sets_and_progress_is_told(frames):
    told = []
    models = {"one": gp(), "other": gp(zeta=2)}
    table = study.sparse_sets(models, frames[:7], frames[7:], sizes=[20], sets=1, progress=told.append)
    assert table.column("model") == ["one", "other"]
    assert len(told) == 2
    assert told[0].startswith("one, set 0: ")
    assert "forces" not in table.columns
    again = study.sparse_sets(gp(zeta=2), frames[:7], frames[7:], sizes=[20], sets=1)
    assert again.column("energy") == table.where(model="other").column("energy")


def test_what_is_wrong_is_said(frames):
    with pytest.raises(ValueError, match="training set has 56 atoms"):
        study.sparse_sets(gp(), frames[:7], frames[7:], sizes=[57])
    for sizes in ([], "25", 25):
        with pytest.raises(ValueError, match="sizes are"):
            study.sparse_sets(gp(), frames[:7], frames[7:], sizes=sizes)
    with pytest.raises(ValueError, match="sets is 0"):
        study.sparse_sets(gp(), frames[:7], frames[7:], sizes=[5], sets=0)
    with pytest.raises(ValueError, match="no atom of atomic number"):
        study.sparse_sets(gp(), frames[:7], frames[7:], sizes=[1], sets=1)
    with pytest.raises(ValueError, match="no test structure has a label 'energy'"):
        study.sparse_sets(gp(), frames[:7], [frame.copy() for frame in frames[7:]], sizes=[20], sets=1)


# The studies of M. A. Caro, Phys. Rev. B 100, 024112 (2019), in short.


@pytest.fixture
def examples(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield
    for name in ("hyperparameter_study", "sparse_set_study", "tight_binding_carbon"):
        sys.modules.pop(name, None)


def test_new_beats_old_and_optimized_beats_new(examples):
    import sparse_set_study as example

    train, test = example.split(EXAMPLES / "carbon_cells.extxyz")
    table = study.sparse_sets(example.models(["C"]), train, test, sizes=(25, 100), sets=2)
    for size in (25, 100):
        error = {kind: np.mean(example.energies(table, kind, size)) for kind in ("old", "new", "optimized")}
        assert error["new"] < 0.75 * error["old"]
        assert error["optimized"] < 0.75 * error["new"]


def test_the_new_hull_is_below_the_old_and_stays_there(examples):
    import hyperparameter_study as example

    data = example.sites(EXAMPLES / "carbon_h_sites.extxyz")
    assert len(data[2]) == 241
    found = {kind: example.search(kind, data, models=70) for kind in example.KINDS}
    assert found["new SOAP"].best_loss < found["old SOAP"].best_loss < 0.6
    hulls = {kind: one.hull("descriptor__r_cut", 3) for kind, one in found.items()}
    for new, old in zip(hulls["new SOAP"], hulls["old SOAP"], strict=True):
        assert new["loss"] < old["loss"] + 0.01
    assert min(hulls["old SOAP"], key=lambda row: row["loss"])["value"] < 3.0
    # Beyond its best cutoff the old one gets worse, and the new one hardly.
    rise = {kind: hull.column("loss")[-1] / min(hull.column("loss")) for kind, hull in hulls.items()}
    assert rise["new SOAP"] < rise["old SOAP"]


def test_labels_of_the_carbon_cells_are_those_of_the_tight_binding_model(examples):
    from ase.io import read
    from tight_binding_carbon import TightBinding

    frame = read(EXAMPLES / "carbon_cells.extxyz", 30)
    known = frame.get_potential_energy()
    frame.calc = TightBinding()
    assert frame.get_potential_energy() == pytest.approx(known, abs=1e-5)
    forces, stress = frame.get_forces(), frame.get_stress(voigt=False)
    rng = np.random.default_rng(0)
    move, strain = rng.normal(size=forces.shape), rng.normal(size=(3, 3))
    slope = -(forces * move).sum() + frame.get_volume() * (stress * strain).sum()
    energies = []
    for h in (1e-4, -1e-4):
        moved = frame.copy()
        moved.positions += h * move
        moved.set_cell(moved.cell @ (np.eye(3) + h * strain), scale_atoms=True)
        moved.calc = TightBinding()
        energies.append(moved.get_potential_energy())
    assert (energies[0] - energies[1]) / 2e-4 == pytest.approx(slope, rel=1e-6)
