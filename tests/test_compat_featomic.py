"""featomic's interface: every label and number that it has, selections, and what is refused."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

import isoprint as ip

metatensor = pytest.importorskip("metatensor")

from isoprint.compat import featomic  # noqa: E402 (needs metatensor)

GOLDEN = np.load(Path(__file__).parent / "golden/featomic.npz")
NAMES = ("SoapPowerSpectrum", "SphericalExpansion", "SoapRadialSpectrum")
EVERY_GRADIENT = ["positions", "strain", "cell"]

HYPERS = {
    "cutoff": {"radius": 3.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
    "density": {"type": "Gaussian", "width": 0.4},
    "basis": {"type": "TensorProduct", "max_angular": 2, "radial": {"type": "Gto", "max_radial": 1}},
}
WATER = molecule("H2O")
ETHANOL = molecule("CH3CH2OH")


def systems():
    return [
        Atoms(**{name: GOLDEN[f"system_{place}/{name}"] for name in ("numbers", "positions", "cell", "pbc")})
        for place in range(2)
    ]


def calculator(name="SoapPowerSpectrum", **changes):
    hypers = {**copy.deepcopy(HYPERS), **changes}
    if name == "SoapRadialSpectrum":
        hypers["basis"] = {"radial": hypers["basis"]["radial"]}
    return getattr(featomic, name)(**hypers)


def labels(names, values):
    return metatensor.Labels(names, np.array(values, np.int32).reshape(-1, len(names)))


def assert_same(one, other, atol=1e-12):
    assert one.keys == other.keys
    for key in one.keys:
        a, b = one.block(key), other.block(key)
        assert (a.samples, a.components, a.properties) == (b.samples, b.components, b.properties)
        np.testing.assert_allclose(a.values, b.values, atol=atol)
        assert a.gradients_list() == b.gradients_list()
        for name, gradient in a.gradients():
            assert (gradient.samples, gradient.components) == (b.gradient(name).samples, b.gradient(name).components)
            np.testing.assert_allclose(gradient.values, b.gradient(name).values, atol=10 * atol)


# What featomic computes


@pytest.mark.parametrize("name", NAMES)
def test_every_label_and_number_of_featomic(name):
    made = getattr(featomic, name)(**json.loads(str(GOLDEN[f"{name}/hypers"])))
    assert [made.name, made.c_name] == GOLDEN[f"{name}/names"].tolist()
    tensor = made.compute(systems(), gradients=EVERY_GRADIENT)
    assert tensor.keys.names == GOLDEN[f"{name}/key_names"].tolist()
    assert np.array_equal(tensor.keys.values, GOLDEN[f"{name}/keys"])
    # Derivatives of featomic's splines have half of the digits that their values have left.
    for kind, tolerance in (("values", 1e-11), *((gradient, 3e-9) for gradient in EVERY_GRADIENT)):
        numbers, entry = GOLDEN[f"{name}/{kind}"], 0
        samples, first = GOLDEN[f"{name}/{kind}/samples"], 0
        for place, shape in enumerate(GOLDEN[f"{name}/{kind}/shapes"].tolist()):
            block = tensor.block(place)
            assert block.gradients_list() == ["positions", "cell", "strain"]
            assert block.properties.names == GOLDEN[f"{name}/property_names"].tolist()
            assert np.array_equal(block.properties.values, GOLDEN[f"{name}/properties"])
            found = block if kind == "values" else block.gradient(kind)
            assert list(found.values.shape) == shape
            size = int(np.prod(shape))
            expected = numbers[entry : entry + size].reshape(shape)
            np.testing.assert_allclose(found.values, expected, rtol=0, atol=tolerance)
            assert found.samples.names == GOLDEN[f"{name}/{kind}/sample_names"].tolist()
            assert np.array_equal(found.samples.values, samples[first : first + shape[0]])
            assert [part.names[0] for part in found.components] == GOLDEN[f"{name}/{kind}/component_names"].tolist()
            entry, first = entry + size, first + shape[0]
        assert (entry, first) == (len(numbers), len(samples))


def test_components_of_coefficients_are_counted_from_below():
    tensor = calculator("SphericalExpansion").compute(WATER)
    block = tensor.block(o3_lambda=2, center_type=8, neighbor_type=1)
    assert block.components[0].names == ["o3_mu"]
    assert block.components[0].values.ravel().tolist() == [-2, -1, 0, 1, 2]


# Gradients


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_differences(name):
    made, atoms = calculator(name), systems()[1]
    tensor, h = made.compute(atoms, gradients=EVERY_GRADIENT), 1e-5

    def slope(change):
        high, low = (made.compute(change(sign * h)) for sign in (1, -1))
        return [(a.values - b.values) / (2 * h) for a, b in zip(high.blocks(), low.blocks(), strict=True)]

    def strained(size):
        deformed, strain = atoms.copy(), np.eye(3)
        strain[0, 1] += size
        deformed.set_cell(atoms.cell.array @ strain)
        deformed.positions = atoms.positions @ strain
        return deformed

    def stretched(size):
        deformed, cell = atoms.copy(), atoms.cell.array.copy()
        cell[2, 0] += size
        deformed.set_cell(cell)
        return deformed

    def moved(size):
        deformed = atoms.copy()
        deformed.positions[1, 2] += size
        return deformed

    for block, strain, cell, move in zip(tensor.blocks(), slope(strained), slope(stretched), slope(moved), strict=True):
        np.testing.assert_allclose(block.gradient("strain").values[:, 0, 1], strain, atol=1e-6)
        np.testing.assert_allclose(block.gradient("cell").values[:, 2, 0], cell, atol=1e-6)
        gradient = block.gradient("positions")
        mine = gradient.samples.values[:, 2] == 1
        found = np.zeros_like(move)
        found[gradient.samples.values[mine, 0]] = gradient.values[mine, 2]
        np.testing.assert_allclose(found, move, atol=1e-6)


def test_many_structures_are_those_of_each():
    made, frames = calculator(), [ETHANOL, WATER, systems()[1], WATER, Atoms("H")]
    tensor = made.compute(frames, gradients=EVERY_GRADIENT)
    for place, frame in enumerate(frames):
        alone = made.compute(frame, gradients=EVERY_GRADIENT)
        for key, block in alone.items():
            among = tensor.block(key)
            rows = np.flatnonzero(among.samples.values[:, 0] == place)
            assert np.array_equal(among.samples.values[rows, 1], block.samples.values[:, 1])
            np.testing.assert_allclose(among.values[rows], block.values, atol=1e-13)
            for name in EVERY_GRADIENT:
                mine = among.gradient(name)
                here = np.isin(mine.samples.values[:, 0], rows)
                np.testing.assert_allclose(mine.values[here], block.gradient(name).values, atol=1e-12)


def test_gradients_of_large_structures_come_piece_by_piece(monkeypatch):
    from isoprint.descriptors import _pieces

    made, frames = calculator(), [ETHANOL, ETHANOL, WATER]
    whole = made.compute(frames, gradients=["positions"])
    monkeypatch.setattr(_pieces, "PIECE", 1 << 12)
    assert_same(made.compute(frames, gradients=["positions"]), whole)


# Selections


def test_samples_are_selected_by_all_names_or_some():
    made = calculator()
    every = made.compute([ETHANOL, WATER], gradients=EVERY_GRADIENT)
    some = made.compute(
        [ETHANOL, WATER],
        gradients=EVERY_GRADIENT,
        selected_samples=labels(["system", "atom"], [[1, 0], [0, 2], [0, 1]]),
    )
    assert some.keys == every.keys
    assert {tuple(row) for block in some.blocks() for row in block.samples.values.tolist()} == {(1, 0), (0, 2), (0, 1)}
    for key, block in some.items():
        whole = every.block(key)
        rows = np.array([whole.samples.position(sample) for sample in block.samples], int)
        np.testing.assert_allclose(block.values, whole.values[rows], atol=1e-13)
        np.testing.assert_allclose(block.gradient("strain").values, whole.gradient("strain").values[rows], atol=1e-13)
        mine, theirs = block.gradient("positions"), whole.gradient("positions")
        entries = mine.samples.values.copy()
        entries[:, 0] = rows[entries[:, 0]]
        places = np.array([theirs.samples.position(entry) for entry in entries], int)
        np.testing.assert_allclose(mine.values, theirs.values[places], atol=1e-13)
    by_atom = made.compute([ETHANOL, WATER], selected_samples=labels(["atom"], [[0]]))
    assert all((block.samples.values[:, 1] == 0).all() for block in by_atom.blocks())
    none = made.compute([ETHANOL, WATER], selected_samples=labels(["atom"], []))
    assert none.keys == every.keys
    assert all(len(block.samples) == 0 for block in none.blocks())


@pytest.mark.parametrize("name", NAMES[:2])
def test_properties_are_selected(name):
    made, kept = calculator(name), [[1, 0, 1], [0, 1, 1]] if name == NAMES[0] else [[1]]
    every = made.compute(WATER, gradients=EVERY_GRADIENT)
    names = every.block(0).properties.names
    some = made.compute(WATER, gradients=EVERY_GRADIENT, selected_properties=labels(names, kept))
    for key, block in some.items():
        columns = [every.block(key).properties.position(entry) for entry in block.properties]
        assert np.array_equal(block.values, every.block(key).values[..., columns])
        for gradient in EVERY_GRADIENT:
            expected = every.block(key).gradient(gradient).values[..., columns]
            assert np.array_equal(block.gradient(gradient).values, expected)
    assert {tuple(row) for row in some.block(0).properties.values.tolist()} == {tuple(row) for row in kept}


def test_keys_are_selected_also_those_that_nothing_has():
    made = calculator()
    names = list(made.compute(WATER).keys.names)
    one = made.compute(WATER, selected_keys=labels(names, [[8, 1, 1], [6, 6, 6]]))
    assert one.keys.values.tolist() == [[8, 1, 1], [6, 6, 6]]
    assert [len(block.samples) for block in one.blocks()] == [1, 0]
    of_oxygen = made.compute(WATER, selected_keys=labels(["center_type"], [[8]]))
    assert of_oxygen.keys.values.tolist() == [[8, 1, 1], [8, 1, 8], [8, 8, 8]]
    forth, back = (made.compute(WATER, selected_keys=labels(names, [key])).block(0) for key in ([8, 1, 8], [8, 8, 1]))
    assert np.array_equal(back.values.reshape(1, 3, 2, 2), forth.values.reshape(1, 3, 2, 2).transpose(0, 1, 3, 2))


def test_samples_and_properties_of_each_key():
    made = calculator()
    every = made.compute(WATER, gradients=["positions"])

    def of_each(samples, properties):
        blocks = [
            metatensor.TensorBlock(np.zeros((len(samples), len(properties))), samples, [], properties)
            for _ in every.keys
        ]
        return metatensor.TensorMap(every.keys, blocks)

    # The last sample is no atom of the structure, and the center of most keys is another one.
    samples = labels(["system", "atom"], [[0, 2], [0, 0], [0, 1], [0, 7]])
    properties = labels(["l", "n_1", "n_2"], [[2, 0, 1]])
    chosen = of_each(samples, properties)
    found = made.compute(WATER, gradients=["positions"], selected_samples=chosen, selected_properties=chosen)
    for key, block in found.items():
        whole = every.block(key)
        assert (block.samples, block.properties) == (samples, properties)
        column = whole.properties.position([2, 0, 1])
        for place, sample in enumerate(samples.values):
            row = whole.samples.position(sample)
            expected = 0.0 if row is None else whole.values[row, column]
            assert block.values[place, 0] == pytest.approx(expected, abs=1e-14)
    with pytest.raises(featomic.FeatomicError, match=r"expected a block for \(center_type=6, neighbor_1_type=1"):
        made.compute(ETHANOL, selected_samples=chosen, selected_keys=labels(list(every.keys.names), [[6, 1, 1]]))


def test_what_is_no_selection_is_refused():
    made = calculator()
    for kind in ("samples", "properties", "keys"):
        with pytest.raises(featomic.FeatomicError, match=f"'bad_name' in {kind} selection is not part of the {kind}"):
            made.compute(WATER, **{f"selected_{kind}": labels(["bad_name"], [[0], [1]])})
        with pytest.raises(ValueError, match=f"expected selected {kind} to be"):
            made.compute(WATER, **{f"selected_{kind}": [[0, 1]]})
    with pytest.raises(featomic.FeatomicError, match="selected keys can not be empty"):
        made.compute(WATER, selected_keys=labels(["center_type"], []))
    too_high = labels(["o3_lambda", "o3_sigma", "center_type", "neighbor_type"], [[7, 1, 1, 1]])
    with pytest.raises(featomic.FeatomicError, match="o3_lambda=7, o3_sigma=1; o3_lambda is from 0 to 2"):
        calculator("SphericalExpansion").compute(WATER, selected_keys=too_high)


# Structures


class Own(featomic.SystemBase):
    """A structure of one's own, of types that are no elements."""

    def __init__(self, types, positions, cell):
        self._arrays = types, positions, cell

    def size(self):
        return len(self._arrays[0])

    def types(self):
        return self._arrays[0]

    def positions(self):
        return self._arrays[1]

    def cell(self):
        return self._arrays[2]


def test_structures_in_every_form():
    made, salt = calculator(), systems()[1]
    expected = made.compute(salt, gradients=EVERY_GRADIENT)
    own = Own(salt.numbers.tolist(), salt.positions.tolist(), salt.cell.array.tolist())
    assert_same(made.compute(own, gradients=EVERY_GRADIENT, use_native_system=False), expected)
    atoms = [SimpleNamespace(atomic_number=number, type="?") for number in salt.numbers.tolist()]
    frame = SimpleNamespace(atoms=atoms, positions=salt.positions, cell=SimpleNamespace(matrix=salt.cell.array.T))
    assert_same(made.compute((frame,), gradients=EVERY_GRADIENT), expected)
    renamed = made.compute(Own(np.array([-3, 0, 250])[[1, 2, 0]], salt.positions, salt.cell.array))
    assert set(renamed.keys.column("center_type").tolist()) == {-3, 0, 250}
    names = dict(zip([11, 8, 1], [0, 250, -3], strict=True))
    for key, block in expected.items():
        center, *pair = (names[kind] for kind in key.values.tolist())
        values = renamed.block(center_type=center, neighbor_1_type=min(pair), neighbor_2_type=max(pair)).values
        swapped = values.reshape(-1, 3, 2, 2).transpose(0, 1, 3, 2).reshape(values.shape)
        np.testing.assert_allclose(values if pair == sorted(pair) else swapped, block.values, atol=1e-13)
    with pytest.raises(TypeError, match=r"give ase\.Atoms, a frame of chemfiles"):
        made.compute([WATER, 3])
    with pytest.raises(NotImplementedError, match=r"System\.types method is not implemented"):
        made.compute(featomic.SystemBase())
    with pytest.raises(ValueError, match=r"system 0 has 2 types, positions of shape \(1, 3\)"):
        made.compute(Own([1, 1], [[0.0, 0.0, 0.0]], np.zeros((3, 3))))


def test_nothing_gives_no_blocks():
    for name in NAMES:
        assert len(calculator(name).compute([], gradients=EVERY_GRADIENT).keys) == 0
        assert len(calculator(name).compute(Atoms(), gradients=EVERY_GRADIENT).keys) == 0


# Hyper-parameters


def test_classes_and_json_are_hypers_too():
    scaling = featomic.density.Willatt2018(exponent=3, rate=2.2, scale=1.1)
    with_classes = featomic.SphericalExpansion(
        cutoff=featomic.cutoff.Cutoff(radius=3.4, smoothing=featomic.cutoff.ShiftedCosine(width=0.5)),
        density=featomic.density.Gaussian(width=0.3, scaling=scaling, center_atom_weight=0.3),
        basis=featomic.basis.TensorProduct(max_angular=3, radial=featomic.basis.Gto(max_radial=5)),
    )
    parsed = json.loads(with_classes.parameters)
    assert parsed["density"]["scaling"] == {"type": "Willatt2018", "exponent": 3, "rate": 2.2, "scale": 1.1}
    again = featomic.CalculatorBase("spherical_expansion", with_classes.parameters)
    assert (again.name, again.c_name, again.cutoffs) == ("spherical expansion", "spherical_expansion", [3.4])
    assert_same(again.compute(WATER), with_classes.compute(WATER))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"density": {"type": "DiracDelta"}}, "DiracDelta"),
        ({"basis": {"type": "Explicit", "by_angular": {}}}, "Explicit"),
        ({"basis": {**HYPERS["basis"], "radial": {"type": "Tabulated"}}}, "Tabulated"),
        ({"cutoff": {"radius": -1.0, "smoothing": {"type": "Step"}}}, "radius of cutoff is -1.0"),
        ({"density": None}, "`density`"),
        ({"max_radial": 8}, "max_radial"),
    ],
)
@pytest.mark.parametrize("name", NAMES[:2])
def test_hypers_that_there_are_not_are_refused_by_name(name, change, words):
    with pytest.raises(ValueError, match=words):
        calculator(name, **change)


def test_calculators_that_there_are_not():
    with pytest.raises(featomic.FeatomicError, match="unknown calculator with name 'lode_spherical_expansion'"):
        featomic.CalculatorBase("lode_spherical_expansion", "{}")
    with pytest.raises(featomic.FeatomicError, match="json error"):
        featomic.CalculatorBase("soap_power_spectrum", "{")
    with pytest.raises(featomic.FeatomicError, match='unexpected gradient "stress"'):
        calculator().compute(WATER, gradients=["stress"])
    with pytest.raises(ValueError, match="must be a list of str"):
        calculator().compute(WATER, gradients="positions")


def test_composition():
    atoms = featomic.AtomicComposition(per_system=False).compute([WATER, ETHANOL])
    assert atoms.keys.values.ravel().tolist() == [1, 6, 8]
    assert (atoms.block(center_type=8).values == 1.0).all()
    assert atoms.block(center_type=8).samples.values.tolist() == [[0, 0], [1, 2]]
    whole = featomic.AtomicComposition(per_system=True).compute([WATER, ETHANOL])
    assert whole.block(center_type=6).values.tolist() == [[0.0], [2.0]]
    assert whole.block(center_type=6).samples.names == ["system"]


# Any fingerprint as a TensorMap


@pytest.mark.parametrize("centers", [None, [[2, 0], [1]]])
def test_any_fingerprint_as_tensor_map(centers):
    from isoprint.extras.metatensor import to_metatensor

    frames, soap = [WATER, systems()[1]], ip.SOAP(r_cut=3.0, n_max=2, l_max=1, species=["H", "O", "Na"])
    tensor = to_metatensor(soap, frames, gradients=EVERY_GRADIENT, centers=centers)
    rows, derivatives = soap.transform(frames, centers=centers), soap.derivatives(frames, centers=centers, strain=True)
    names = soap.rows(frames, centers=centers)
    assert tensor.keys.names == ["center_type"]
    for place, (frame, atom) in enumerate(zip(names.frame.tolist(), names.atom.tolist(), strict=True)):
        block = tensor.block(center_type=int(frames[frame].numbers[atom]))
        row = block.samples.position([frame, atom])
        assert np.array_equal(block.values[row], rows[place])
        of_frame = derivatives[frame]
        assert np.array_equal(block.gradient("strain").values[row], of_frame.strain[place - of_frame.first_row])
        gradient = block.gradient("positions")
        for moved in of_frame.atom[of_frame.center == place - of_frame.first_row].tolist():
            own = (of_frame.center == place - of_frame.first_row) & (of_frame.atom == moved)
            found = gradient.values[gradient.samples.position([row, frame, moved])]
            assert np.array_equal(found, of_frame.values[own][0])


def test_one_frame_and_averages_as_tensor_map():
    from isoprint.extras.metatensor import to_metatensor

    soap = ip.SOAP(r_cut=3.0, n_max=2, l_max=1, species=["H", "O"], average="inner")
    tensor = to_metatensor(soap, WATER, gradients=["positions", "strain"])
    assert tensor.block(0).samples.values.tolist() == [[0]]
    assert np.array_equal(tensor.block(0).gradient("strain").values, soap.derivatives(WATER, strain=True).strain)
    plain = soap.set_params(average=None)
    assert len(to_metatensor(plain, WATER, centers=[1]).keys) == 1
    with pytest.raises(ValueError, match="center 0 is a point"):
        to_metatensor(plain, WATER, centers=[(0.0, 0.0, 0.0)])
    with pytest.raises(ValueError, match="given twice"):
        to_metatensor(plain, WATER, centers=[0, 0])
    with pytest.raises(ValueError, match=r"gradients has the entry 'stress'"):
        to_metatensor(plain, WATER, gradients=["stress"])
