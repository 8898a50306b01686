"""An atom is of an element. A number that is none is refused; nobody learns a placeholder who does not say so."""

import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

import isoprint as ip
from isoprint import descriptors
from isoprint.cli import main
from isoprint.descriptors._base import Descriptor
from isoprint.descriptors._whole_frames import FrameDescriptor

SHORT = {"r_cut": 3.0}
GRID = {"min": 0.0, "max": 3.0, "sigma": 0.3, "n": 9}


def with_a_cutoff(name):
    return lambda **options: getattr(ip, name)(**SHORT, **options)


# Every fingerprint of atoms there is; some need more than a cutoff.
BUILD = {
    **{
        name: with_a_cutoff(name)
        for name in descriptors.__all__
        if not issubclass(getattr(descriptors, name), FrameDescriptor)
    },
    "SoapTurbo": lambda **o: ip.SoapTurbo(n_max=2, l_max=1, **SHORT, **o),
    "SOAP": lambda **o: ip.SOAP(n_max=2, l_max=1, **SHORT, **o),
    "DensityCoefficients": lambda **o: ip.DensityCoefficients(n_max=2, l_max=1, **SHORT, **o),
    "ACSF": lambda **o: ip.ACSF(g2=[(0.5, 0.0)], **SHORT, **o),
    "OverlapMatrix": lambda **o: ip.OverlapMatrix(max_sites=9, **SHORT, **o),
    "CoulombMatrix": lambda **o: ip.CoulombMatrix(max_sites=9, **SHORT, **o),
    "MBTR": lambda **o: ip.MBTR(geometry="distance", grid=GRID, weighting={"function": "inverse_square", **SHORT}, **o),
    "LocalMBTR": lambda **o: ip.LocalMBTR(
        geometry="distance", grid=GRID, weighting={"function": "inverse_square", **SHORT}, **o
    ),
    "ValleOganov": lambda **o: ip.ValleOganov(sigma=0.3, n_points=9, **SHORT, **o),
    "Selected": lambda **o: ip.Selected(ip.SOAP(n_max=2, l_max=1, normalize=False, **SHORT, **o), [0, 1]),
    "Hybrid": lambda **o: ip.Hybrid(
        [ip.SOAP(n_max=2, l_max=1, **SHORT, **o), ip.CoulombMatrix(max_sites=9, **SHORT, **o)], scale=None
    ),
}
NO_ELEMENTS = [-1, -6, -118, 119, 120, 200, 255, 256, 1 << 16, 1 << 40, -(2**63), 2**63 - 1]


class Stranger:
    """A fingerprint of another package, which asks nothing about elements."""

    n_features = 1

    def transform(self, frame, centers=None):
        return np.ones((len(centers), 1))

    def derivatives(self, frame, centers=None):
        atom = np.asarray(centers)
        return SimpleNamespace(values=np.ones((len(atom), 3, 1)), center=np.arange(len(atom)), atom=atom)

    def pullback(self, frame, adjoint, centers=None):
        return SimpleNamespace(positions=np.zeros((len(frame), 3)), strain=np.zeros((3, 3)))

    def pushforward(self, frame, displacements, centers=None):
        return np.ones((len(centers), 1))


def molecule(*numbers, kind=np.int64):
    positions = np.random.default_rng(len(numbers)).uniform(0.0, 2.0, (len(numbers), 3))
    return SimpleNamespace(positions=positions, numbers=np.array(numbers, kind), cell=9.0 * np.eye(3), pbc=[0, 0, 0])


WATER = molecule(8, 1, 1)


def named(number, frame, atom):
    return pytest.raises(
        ValueError, match=f"atom {atom} of frame {frame} has the atomic number {number}, which is no element"
    )


def calls(descriptor, frames, n_rows):
    """Everything that may be asked about structures."""
    n_atoms = sum(len(frame.numbers) for frame in frames)
    n_rows = len(frames) if descriptor.average else n_rows
    yield lambda: descriptor.transform(frames)
    yield lambda: descriptor.transform(frames, centers=[[0]] * len(frames))
    yield lambda: descriptor.pullback(frames, np.zeros((n_rows, descriptor.n_features)))
    yield lambda: descriptor.pushforward(frames, np.zeros((n_atoms, 3)))
    if len(frames) == 1:
        yield lambda: descriptor.derivatives(frames[0])


@pytest.mark.parametrize("number", NO_ELEMENTS)
@pytest.mark.parametrize("kind", BUILD)
def test_what_is_no_element_is_never_learned(kind, number):
    for frames, frame in ([molecule(6, 1, number)], 0), ([WATER, WATER, molecule(6, 1, number)], 2):
        for learn in (BUILD[kind]().fit, BUILD[kind]().fit_transform, BUILD[kind](unknown_species="ignore").fit):
            with named(number, frame, 2):
                learn(frames)


@pytest.mark.parametrize("number", NO_ELEMENTS)
@pytest.mark.parametrize("kind", [*BUILD, "Hybrid of strangers"])
def test_nor_described(kind, number):
    """Whether species were given, learned, shared or passed over: no descriptor takes it for another one."""
    for options in (
        {"species": ["H", "O"]},
        {"species": ["H", "O"], "unknown_species": "ignore"},
        {},
        {"species": "any"},
    ):
        if kind == "Hybrid of strangers":
            descriptor = ip.Hybrid([Stranger(), ip.ACSF(g2=[(0.5, 0.0)], **SHORT, species="any")], scale=None)
        elif options == {"species": "any"} and kind not in ("SOAP", "ACSF", "RadialDistribution"):
            continue
        else:
            descriptor = BUILD[kind](**options).fit([WATER])
        bad = molecule(number, 8, 1)
        for call in calls(descriptor, [bad], 3):
            with named(number, 0, 0):
                call()
        for call in calls(descriptor, [WATER, WATER, molecule(1, 8, 8, number)], 10):
            with named(number, 2, 3):
                call()


@pytest.mark.parametrize("kind", BUILD)
def test_elements_at_both_ends_of_the_table_are_elements(kind):
    options = {} if kind == "Hybrid" else {"centers": ["Og"]}
    frames = [molecule(1, 118), molecule(118, 118)]
    if kind == "OverlapMatrix":
        options["radii"] = {"Og": 1.5}
    descriptor = BUILD[kind](**options).fit(frames)
    assert descriptor.species_ == ["H", "Og"]
    rows = descriptor.transform(frames)
    assert len(rows) == (2 if descriptor.average else 4 if kind == "Hybrid" else 3)
    assert np.isfinite(rows).all()


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        (np.array([2**63 + 1, 1], np.uint64), str(2**63 + 1)),  # -9223372036854775807 as int64
        (np.array([2**64 - 6, 1], np.uint64), str(2**64 - 6)),  # carbon's negative
        (np.array([200, 1], np.uint8), "200"),
        (np.array([-1, 1], np.int8), "-1"),
    ],
)
def test_numbers_of_other_types_are_not_wrapped(numbers, told):
    frame = SimpleNamespace(positions=np.eye(3)[:2], numbers=numbers)
    for descriptor in (BUILD["SOAP"](), BUILD["SOAP"](species=["H"]), BUILD["CoulombMatrix"](species=["X", "H"])):
        with named(told, 0, 0):
            descriptor.fit(frame).transform(frame)
        with named(told, 1, 0):
            descriptor.fit([WATER, frame]).transform([molecule(1), frame])


def test_a_negative_number_is_no_placeholder():
    """Where "X" is known, a number below 0 is none all the same."""
    for number in NO_ELEMENTS:
        with named(number, 0, 1):
            BUILD["CoulombMatrix"](species=["X", "H"]).transform(molecule(1, number))


@pytest.mark.parametrize("number", [-1, 119, 200])
def test_what_is_no_element_has_no_blind_spots(number):
    bad = molecule(1, 1, number, 1)
    for descriptor in (BUILD["OverlapMatrix"](), ip.ACSF.standard(), BUILD["SOAP"](species="any"), Stranger()):
        for ask in (ip.sensitivity, ip.follow_manifold, lambda *arguments: ip.find_blind_pairs(*arguments[:2])):
            with named(number, 0, 2):
                ask(descriptor, bad, 1)
    with named(number, 0, 2):
        ip.configuration_distance(BUILD["SOAP"](species="any"), bad, bad)


@pytest.mark.parametrize("kind", ["SoapTurbo", "SOAP", "ACSF", "OverlapMatrix", "CoulombMatrix"])
def test_parameters_name_elements_only(kind):
    for element in (-1, 119, 200, 2**70, 10**5000, "Q", "h", "", b"H", 1.0, True, None, np.nan, [1], np.array(["H"])):
        with pytest.raises(ValueError, match=r"species contains .*no element"):
            BUILD[kind](species=["H", element]).transform(molecule(1))
        with pytest.raises(ValueError, match=r"centers contains .*no element"):
            BUILD[kind](species=["H"], centers=[element]).transform(molecule(1))


def test_mappings_name_elements_only():
    for key in (-1, 119, 2**70, "Q", 1.0, True, None):
        for name in ("sigma", "central_weight", "species_weight"):
            with pytest.raises(ValueError, match=f"{name} contains .*no element"):
                BUILD["SOAP"](species=["H"], **{name: {"H": 1.0, key: 1.0}}).transform(molecule(1))
        with pytest.raises(ValueError, match=r"radii contains .*no element"):
            BUILD["OverlapMatrix"](species=["H"], radii={key: 1.0}).transform(molecule(1))
        with pytest.raises(ValueError, match=r"weights contains .*no element"):
            BUILD["ACSF"](species=["H"], weights={"H": 1.0, key: 1.0}).transform(molecule(1))


def test_one_element_has_one_value():
    """As symbol and as number it would be taken from whoever comes last."""
    for descriptor in (
        BUILD["SOAP"](species=["C"], sigma={"C": 0.3, 6: 0.5}),
        BUILD["OverlapMatrix"](species=["C"], radii={6: 0.3, "C": 0.5}),
        BUILD["ACSF"](species=["C"], weights={6: 0.3, "C": 0.5}),
        BUILD["SoapTurbo"](species=["C"], policy="reference", basis_matrix={6: np.eye(2), "C": np.eye(2)}),
    ):
        with pytest.raises(ValueError, match="contains C more than once"):
            descriptor.transform(molecule(6))


@pytest.mark.parametrize("species", [b"HC", bytearray(b"HC"), iter(["H", "C"]), (symbol for symbol in "HC")])
def test_species_are_listed(species):
    """Bytes are numbers to Python, 72 and 67; an iterator is empty when it is looked at again."""
    with pytest.raises(ValueError, match=r"species is .*give a list"):
        BUILD["SOAP"](species=species).transform(molecule(1))


def test_a_set_of_species_is_in_the_order_of_the_table():
    expected = BUILD["SOAP"](species=["H", "C", "O"]).get_feature_names_out()
    for species in ({"O", "H", "C"}, frozenset([8, 1, 6]), {"C", 1, "O"}):
        assert np.array_equal(BUILD["SOAP"](species=species).get_feature_names_out(), expected)


GHOSTS = [molecule(8, 1, 1), molecule(6, 0, 1, 0)]


@pytest.mark.parametrize("kind", BUILD)
def test_placeholders_are_not_learned_and_somebody_says_so(kind):
    with pytest.warns(UserWarning, match=r"2 of 7 atoms, the first of them atom 1 of frame 1, .*'X'.*unknown_species"):
        descriptor = BUILD[kind]().fit(GHOSTS)
    assert descriptor.species_ == ["H", "C", "O"]
    twin = BUILD[kind]().fit([molecule(8, 1, 1), molecule(6, 1)])
    assert np.array_equal(descriptor.transform(WATER), twin.transform(WATER))
    with pytest.raises(
        ValueError, match=r"frame 1 include 'X' \(atom 1 is 'X'\).*placeholder.*unknown_species='ignore'"
    ):
        descriptor.transform(GHOSTS)


@pytest.mark.parametrize("kind", BUILD)
def test_placeholders_are_passed_over_where_that_is_said(kind):
    descriptor = BUILD[kind](unknown_species="ignore").fit(GHOSTS)  # no warning
    assert descriptor.species_ == ["H", "C", "O"]
    whole, without = GHOSTS[1], molecule(6, 1)
    without.positions = whole.positions[[0, 2]]
    seen = slice(None) if descriptor.average else [0, 2]
    np.testing.assert_allclose(descriptor.transform(whole)[seen], descriptor.transform(without), atol=1e-14)


@pytest.mark.parametrize("kind", ["SoapTurbo", "SOAP", "ACSF", "CoulombMatrix"])
def test_placeholders_count_where_they_are_named(kind):
    descriptor = BUILD[kind](species=["X", "H", "C", "O"])
    assert descriptor.fit(GHOSTS).species_ == ["X", "H", "C", "O"]
    assert np.isfinite(descriptor.transform(GHOSTS)).all()


@pytest.mark.parametrize("kind", ["SOAP", "ACSF"])
def test_placeholders_are_atoms_to_who_tells_no_atoms_apart(kind):
    descriptor = BUILD[kind](species="any").fit(GHOSTS)
    renamed = [SimpleNamespace(positions=frame.positions, numbers=np.full(len(frame.numbers), 6)) for frame in GHOSTS]
    assert np.array_equal(descriptor.transform(GHOSTS), descriptor.transform(renamed))


@pytest.mark.parametrize("kind", BUILD)
def test_there_is_nothing_to_learn_from_placeholders_alone(kind):
    with (
        pytest.warns(UserWarning, match="2 of 2 atoms"),
        pytest.raises(ValueError, match="no atoms to learn the species from"),
    ):
        BUILD[kind]().fit(molecule(0, 0))


def test_no_radius_of_a_placeholder_is_invented():
    with pytest.raises(ValueError, match=r"no covalent radius of 'X'.*radii"):
        BUILD["OverlapMatrix"](species=["X", "H"]).transform(GHOSTS[1])
    om = BUILD["OverlapMatrix"](species=["X", "H", "C"], radii={"X": 0.5})
    assert np.isfinite(om.transform(GHOSTS[1])).all()


def test_the_command_line_says_the_same(tmp_path, capsys):
    ghosts = tmp_path / "ghosts.traj"
    write(ghosts, [Atoms("OH2", WATER.positions), Atoms("CXH", molecule(6, 0, 1).positions)])
    out = str(tmp_path / "rows.npz")
    arguments = ["transform", str(ghosts), "-o", out, "--r-cut", "3", "--n-max", "2", "--l-max", "1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(arguments) == 2
    assert re.search("frame 1 include 'X'.*unknown_species='ignore'", capsys.readouterr().err)
    assert main([*arguments, "--unknown-species", "ignore"]) == 0
    for wrong in ("Q", "119", "-1", "H,200"):
        assert main([*arguments, f"--species={wrong}"]) == 2
        assert "no element" in capsys.readouterr().err


def test_every_descriptor_of_ours_is_here():
    """A new one comes into this file too."""
    assert {build().__class__ for build in (lambda b=b: b() for b in BUILD.values())} >= {
        kind
        for kind in vars(ip).values()
        if isinstance(kind, type) and issubclass(kind, Descriptor) and not issubclass(kind, FrameDescriptor)
    } - {Descriptor}
