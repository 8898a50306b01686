"""Many-body tensor representations: against their definition and the program that users know, and their limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip
import naive_mbtr

GRIDS = {
    "atomic_number": {"min": 0, "max": 9, "sigma": 0.4, "n": 19},
    "distance": {"min": 0.2, "max": 4.0, "sigma": 0.15, "n": 21},
    "inverse_distance": {"min": 0.1, "max": 1.2, "sigma": 0.03, "n": 23},
    "angle": {"min": 0, "max": 180, "sigma": 6.0, "n": 19},
    "cosine": {"min": -1.0, "max": 1.0, "sigma": 0.08, "n": 22},
}
EXP = {"function": "exp", "r_cut": 2.6, "threshold": 1e-2}
SCALE = {"function": "exp", "scale": 0.9, "threshold": 0.1}
SQUARE = {"function": "inverse_square", "r_cut": 3.1}
SMOOTH = {"function": "smooth_cutoff", "r_cut": 2.1, "sharpness": 2.5}


def crystal():
    atoms = Atoms(
        "HO", [[0.1, 0.2, 0.3], [1.3, 1.1, 0.9]], cell=[[2.3, 0.1, 0], [0.3, 2.4, 0], [0, 0.5, 2.2]], pbc=True
    )
    atoms.pbc = [True, True, False]
    return atoms


def water(**options):
    atoms = molecule("H2O")
    atoms.rattle(0.1, seed=3)
    return atoms


def mbtr(geometry, cls=ip.MBTR, **options):
    return cls(
        **{"geometry": geometry, "grid": GRIDS.get(geometry, GRIDS["distance"]), "species": ["H", "O"], **options}
    )


@pytest.mark.parametrize("normalize_gaussians", [True, False])
@pytest.mark.parametrize(
    "weighting", [None, EXP, SCALE, SQUARE, SMOOTH], ids=["all", "exp", "scale", "square", "smooth"]
)
@pytest.mark.parametrize("geometry", ["distance", "inverse_distance", "angle", "cosine"])
def test_rows_are_those_of_the_definition(geometry, weighting, normalize_gaussians):
    function = (weighting or {}).get("function")
    if function == ("smooth_cutoff" if "distance" in geometry else "inverse_square"):
        pytest.skip("no weighting of this geometry")
    options = {"weighting": weighting, "normalize_gaussians": normalize_gaussians}
    for frame in [water()] if weighting is None else [water(), crystal()]:
        whole, around = mbtr(geometry, **options), mbtr(geometry, ip.LocalMBTR, **options)
        reach = min(2.0 * whole.reach if function == "smooth_cutoff" else whole.reach, 1e3)
        np.testing.assert_allclose(whole.transform(frame)[0], naive_mbtr.mbtr(whole, frame, reach), atol=1e-13)
        np.testing.assert_allclose(around.transform(frame), naive_mbtr.local(around, frame, reach), atol=1e-13)


def test_atomic_numbers_are_counted():
    descriptor = mbtr("atomic_number")
    row = descriptor.transform([water()])[0].reshape(2, -1)
    np.testing.assert_allclose(row[0], 2.0 * naive_mbtr.gaussian(GRIDS["atomic_number"], 1.0), atol=1e-15)
    np.testing.assert_allclose(row[1], naive_mbtr.gaussian(GRIDS["atomic_number"], 8.0), atol=1e-15)
    assert not descriptor.derivatives(water()).values.any()


def test_normalizations_divide_by_what_they_say():
    frame = crystal()
    bare = mbtr("distance", weighting=SQUARE).transform(frame)[0].reshape(3, -1)
    made = {
        name: mbtr("distance", weighting=SQUARE, normalization=name).transform(frame)[0].reshape(3, -1)
        for name in ("l2", "n_atoms", "valle_oganov")
    }
    np.testing.assert_allclose(made["l2"], bare / np.linalg.norm(bare), rtol=1e-14)
    np.testing.assert_allclose(made["n_atoms"], bare / 2, rtol=1e-14)
    factor = frame.cell.volume / (4.0 * np.pi * np.array([0.5, 1.0, 0.5]))
    np.testing.assert_allclose(made["valle_oganov"], factor[:, None] * bare, rtol=1e-14)


@pytest.mark.parametrize("geometry", ["distance", "angle"])
def test_crystals_of_valle_and_oganov_in_another_cell(geometry):
    salt = bulk("NaCl", "rocksalt", a=5.64)
    salt.rattle(0.1, seed=2)
    fingerprint = ip.ValleOganov(
        r_cut=4.4, geometry=geometry, n_points=40, sigma=0.1 if geometry == "distance" else 4.0
    )
    rows = fingerprint.fit_transform([salt, salt * (2, 1, 3)])
    # Numbers of angles grow with the cell as those of pairs do, and are divided by one more number of atoms.
    np.testing.assert_allclose(rows[0], rows[1] * (1 if geometry == "distance" else 6), rtol=1e-11, atol=1e-11)


def test_without_structure_the_distances_of_valle_and_oganov_are_one():
    rng = np.random.default_rng(0)
    gas = Atoms("Ar3000", rng.uniform(0.0, 40.0, (3000, 3)), cell=[40.0] * 3, pbc=True)
    row = ip.ValleOganov(r_cut=8.0, n_points=41, sigma=0.3, species=["Ar"]).transform(gas)[0]
    np.testing.assert_allclose(row[10:30], 1.0, rtol=0.05)


def cases():
    with np.load(Path(__file__).parent / "golden/mbtr.npz") as stored:
        found = {}
        for key in stored.files:
            name, _, field = key.rpartition("/")
            found.setdefault(name, {})[field] = stored[key]
    return found


GOLDEN = cases()


@pytest.mark.parametrize("name", GOLDEN)
def test_rows_and_derivatives_are_those_of_dscribe(name):
    case = GOLDEN[name]
    about = json.loads(str(case["about"]))
    frame = Atoms(case["numbers"], case["positions"], cell=case["cell"], pbc=case["pbc"])
    options = {"species": sorted(set(frame.numbers.tolist())), **about["options"]}
    if about["class"] == "ValleOganov":
        made = ip.ValleOganov(
            r_cut=options["r_cut"],
            geometry=options["function"],
            n_points=options["n"],
            sigma=options["sigma"],
            species=options["species"],
        )
    else:
        options["geometry"] = options["geometry"]["function"]
        made = {"MBTR": ip.MBTR, "LMBTR": ip.LocalMBTR}[about["class"]](**options)
    expected = case["features"]
    if about["class"] == "LMBTR":
        # Without the blocks of a center beside another, which are empty.
        n, n_species = options["grid"]["n"], len(options["species"]) + 1
        elements = range(n_species)
        order = [(0, b) for b in elements]
        if made.geometry in ("angle", "cosine"):
            order = [(a, 0, b) for a in elements for b in elements if a <= b]
            order += [(0, v, b) for v in elements[1:] for b in elements]
        empty = np.repeat([block.count(0) > 1 for block in order], n)
        assert not expected[:, empty].any()
        expected = expected[:, ~empty]
    # The arc cosine of DScribe has half of the digits near 180 degrees.
    np.testing.assert_allclose(
        made.transform(frame), expected, rtol=1e-10, atol=1e-10 if made.geometry == "angle" else 1e-13
    )
    if "jacobian" in case:
        dense = made.derivatives(frame).dense()[0][:2]
        np.testing.assert_allclose(dense, case["jacobian"], rtol=1e-8, atol=1e-9)


def test_atoms_in_a_line_and_in_one_place_have_finite_rows_and_derivatives():
    frames = [
        Atoms("OCO", [[0, 0, -1.16], [0, 0, 0], [0, 0, 1.16]]),
        Atoms("OHH", [[0, 0, 0], [0, 0, 0], [0, 0, 1.0]]),
        Atoms("OHH", [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        Atoms("OHH", [[0, 0, 0], [0, 0, 1e-200], [0, 0, 1.0]]),
        Atoms("OHH", [[0, 0, 0], [0, 0, 1e-30], [0, 0, 1.0]]),
    ]
    for geometry in GRIDS:
        for cls in (ip.MBTR, ip.LocalMBTR) if geometry != "atomic_number" else (ip.MBTR,):
            weightings = (
                [None, SQUARE] if "distance" in geometry else [None, SMOOTH] if geometry != "atomic_number" else [None]
            )
            for weighting in weightings:
                descriptor = mbtr(geometry, cls, weighting=weighting, species=["H", "C", "O"])
                for frame in frames:
                    assert np.isfinite(descriptor.transform(frame)).all()
                    found = descriptor.derivatives(frame).values
                    assert np.isfinite(found).all()
    line = mbtr("angle", species=["C", "O"]).derivatives(frames[0]).dense()[0]
    np.testing.assert_allclose(line, 0.0, atol=1e-12)


def test_an_atom_without_others_and_a_frame_without_atoms_have_empty_rows():
    for geometry in GRIDS:
        for normalization in (None, "l2", "n_atoms"):
            descriptor = mbtr(geometry, normalization=normalization)
            assert not descriptor.transform([Atoms()]).any()
            if geometry != "atomic_number":
                assert not descriptor.transform([Atoms("H")]).any()


def test_parts_of_a_frame_add_up():
    descriptor, frame = mbtr("angle", weighting=SMOOTH), crystal()
    parts = [descriptor.transform(frame, centers=[atom]) for atom in range(len(frame))]
    np.testing.assert_allclose(sum(parts), descriptor.transform(frame), atol=1e-14)
    assert not descriptor.transform(frame, centers=[(0.0, 0.0, 0.0)]).any()


def test_columns_are_called_after_atoms_and_answers():
    grid = {"min": 0.0, "max": 1.0, "sigma": 0.1, "n": 2}
    names = lambda geometry, cls=ip.MBTR: mbtr(geometry, cls, grid=grid).get_feature_names_out()[::2].tolist()  # noqa: E731
    assert names("atomic_number") == ["H Z=0", "O Z=0"]
    assert names("distance") == ["H-H r=0", "H-O r=0", "O-O r=0"]
    angles = [f"{a}-{v}-{b}" for v in "HO" for a, b in ("HH", "HO", "OO")]
    assert names("cosine") == [f"{angle} cos=0" for angle in angles]
    assert names("inverse_distance", ip.LocalMBTR) == ["X-H 1/r=0", "X-O 1/r=0"]
    around = ["H-X-H", "H-X-O", "O-X-O", "X-H-H", "X-H-O", "X-O-H", "X-O-O"]
    assert names("angle", ip.LocalMBTR) == [f"{angle} angle=0" for angle in around]


def test_the_grid_and_the_reach_are_told():
    descriptor = mbtr("distance", weighting=EXP)
    np.testing.assert_allclose(descriptor.points, np.linspace(0.2, 4.0, 21))
    assert descriptor.reach == descriptor.r_cut == pytest.approx(2.6)
    assert mbtr("angle", ip.LocalMBTR, weighting=SMOOTH).reach == pytest.approx(4.2)
    assert mbtr("distance").reach == np.inf
    assert ip.ValleOganov(r_cut=3.0, sigma=0.1, n_points=7, species=["H"]).points[-1] == 3.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"geometry": "angles"}, "geometry is 'angles'; choose one of 'atomic_number', 'distance'"),
        ({"grid": None}, "grid is None; give a mapping such as"),
        ({"grid": {"min": 0.0, "max": 1.0, "n": 5}}, "grid has no sigma; give a mapping such as"),
        (
            {"grid": {**GRIDS["distance"], "points": 7}},
            "grid has the unknown key 'points'; it takes min, max, sigma, n",
        ),
        ({"grid": {**GRIDS["distance"], "min": 4.0}}, "min of grid is 4.0; it must be less than max, 4"),
        ({"grid": {**GRIDS["distance"], "n": 1}}, "n of grid is 1; it must be an integer from 2 to 100000"),
        ({"grid": {**GRIDS["distance"], "sigma": "wide"}}, "sigma of grid is 'wide'; it must be a number from 1e-6"),
        ({"weighting": "exp"}, "weighting is 'exp'; give a mapping such as"),
        ({"weighting": {"function": "exponential"}}, "function of weighting is 'exponential'; choose one of 'unity'"),
        ({"weighting": {"function": "exp", "r_cut": 3.0}}, "weighting has no threshold; give a mapping such as"),
        ({"weighting": {"function": "exp", "threshold": 0.1}}, "give scale, or r_cut in its place"),
        ({"weighting": {**EXP, "scale": 1.0}}, "scale of weighting is 1.0; give scale or r_cut, not both"),
        ({"weighting": {**EXP, "threshold": 2}}, "threshold of weighting is 2; it must be a number between 0 and 1"),
        ({"weighting": {**EXP, "cutoff": 2}}, "weighting has the unknown key 'cutoff'; did you mean 'r_cut'|it takes"),
        ({"weighting": SMOOTH}, "function of weighting is 'smooth_cutoff'; it must be one of"),
        ({"geometry": "angle", "weighting": SQUARE}, "function of weighting is 'inverse_square'; it must be one of"),
        (
            {"geometry": "atomic_number", "normalization": "valle_oganov"},
            "normalization is 'valle_oganov'; it is defined",
        ),
        ({"normalization": "l1"}, "normalization is 'l1'; choose one of 'l2', 'n_atoms', 'valle_oganov'"),
    ],
)
def test_parameters_must_make_sense(options, message):
    with pytest.raises(ValueError, match=message):
        mbtr(**{"geometry": "distance", **options}).transform(water())


def test_frames_must_suit():
    with pytest.raises(ValueError, match="frame 1 is periodic, and this MBTR sees everything, however far"):
        mbtr("distance").transform([water(), crystal()])
    np.testing.assert_array_equal(
        mbtr("distance", periodic=False).transform(crystal()),
        mbtr("distance").transform(Atoms("HO", crystal().positions)),
    )
    with pytest.raises(ValueError, match="frame 0 cannot be described: its cell has a volume of 0"):
        ip.ValleOganov(r_cut=3.0, sigma=0.1, species=["H", "O"]).transform(water())
    with pytest.raises(ValueError, match=r"sigma is -1\.0; it must be a number from"):
        ip.ValleOganov(r_cut=3.0, sigma=-1.0, species=["H"]).transform(Atoms("H"))
    with pytest.raises(ValueError, match="r_cut is 0; it must be"):
        ip.ValleOganov(r_cut=0, sigma=1.0, species=["H"], geometry="angle").transform(Atoms("H"))


@pytest.mark.parametrize("geometry", ["distance", "angle"])
def test_crystals_of_valle_and_oganov_do_not_depend_on_how_they_are_written(geometry):
    frame = bulk("NaCl", "rocksalt", a=5.64)
    frame.rattle(0.2, seed=1)
    sigma = 0.2 if geometry == "distance" else 9.0
    made = ip.ValleOganov(r_cut=4.1, geometry=geometry, n_points=15, sigma=sigma, species=["Na", "Cl"])
    row = made.transform(frame)
    turned, moved, other = frame.copy(), frame[::-1], frame.copy()
    turned.rotate(37.0, (1.0, 2.0, -0.5), rotate_cell=True)
    moved.positions += np.array([[1, -2, 0], [0, 3, 1]]) @ frame.cell.array + 0.3
    other.cell[2] += other.cell[0] - 2 * other.cell[1]
    for same in (turned, moved, other):
        np.testing.assert_allclose(made.transform(same), row, rtol=1e-11, atol=1e-12)


def test_strain_changes_the_volume_too():
    frame = bulk("NaCl", "rocksalt", a=5.64)
    made = ip.ValleOganov(r_cut=4.1, n_points=15, sigma=0.5, species=["Na", "Cl"])
    adjoint = np.sin(np.arange(made.n_features))[None]
    found = made.pullback(frame, adjoint).strain[0]
    h = 1e-4
    swollen = [frame.copy() for _ in range(2)]
    for sign, one in zip((-1, 1), swollen, strict=True):
        one.set_cell(one.cell * (1 + sign * h), scale_atoms=True)
    back, forth = made.transform(swollen) @ adjoint[0]
    assert np.trace(found) == pytest.approx((forth - back) / (2 * h), rel=1e-6)
    weightless = ip.MBTR(
        geometry="distance", grid={"min": 0.0, "max": 4.1, "sigma": 0.5, "n": 15}, weighting={**SQUARE, "r_cut": 4.1},
        species=["Na", "Cl"],
    )  # fmt: skip
    assert abs(np.trace(weightless.pullback(frame, adjoint).strain[0]) / np.trace(found) - 1.0) > 0.1
