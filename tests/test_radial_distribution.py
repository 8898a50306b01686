"""The radial distribution is that of its formula, and counts what is there."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

import isoprint as ip


def naive(rdf, frame):
    """The formula, neighbor by neighbor, for the cutoff function "cos"."""
    rows = np.zeros((len(frame), len(rdf.species), rdf.n_points))
    sigma = rdf.sigma or rdf.grid[1] - rdf.grid[0]
    shell = 4.0 * np.pi * rdf.grid**2 if rdf.per == "volume" else 1.0
    for i, j, r in zip(*neighbor_list("ijd", frame, rdf.r_cut), strict=True):
        gaussian = np.exp(-0.5 * ((rdf.grid - r) / sigma) ** 2) / (sigma * np.sqrt(2.0 * np.pi))
        rows[i, rdf.species.index(frame.symbols[j])] += 0.5 * (1.0 + np.cos(np.pi * r / rdf.r_cut)) * gaussian / shell
    return rows.reshape(len(frame), -1)


@pytest.mark.parametrize("options", [{}, {"per": "volume"}, {"sigma": 0.3, "n_points": 9}, {"r_min": 1.5}])
def test_rows_are_those_of_the_formula(options):
    frame = bulk("NaCl", "rocksalt", a=5.64) * (2, 1, 1)
    frame.rattle(0.2, seed=3)
    rdf = ip.RadialDistribution(r_cut=5.0, species=["Na", "Cl"], **options)
    np.testing.assert_allclose(rdf.transform(frame), naive(rdf, frame), rtol=0.0, atol=1e-13)


def test_the_integral_is_the_number_of_neighbors():
    frame = bulk("Cu")
    rdf = ip.RadialDistribution(r_cut=5.0, species=["Cu"], n_points=451, r_min=0.5, sigma=0.05, cutoff_function="hard")
    n_neighbors = len(ip.neighbors(frame, 5.0).index)
    step = rdf.grid[1] - rdf.grid[0]
    assert rdf.transform(frame)[0].sum() * step == pytest.approx(n_neighbors, abs=1e-6)


def test_far_away_it_is_the_density():
    rng = np.random.default_rng(0)
    gas = Atoms("Ar4000", rng.uniform(0.0, 40.0, (4000, 3)), cell=[40.0] * 3, pbc=True)
    rdf = ip.RadialDistribution(
        r_cut=8.0, species=["Ar"], per="volume", average="outer", cutoff_function="hard", sigma=0.2
    )
    inside = (rdf.grid > 2.0) & (rdf.grid < 7.0)
    np.testing.assert_allclose(rdf.transform([gas])[0][inside], 4000 / 40.0**3, rtol=0.05)


def test_the_grid_is_what_the_columns_are_called_after():
    rdf = ip.RadialDistribution(r_cut=4.0, species=["O", "H"], n_points=8, r_min=0.5)
    names = [f"{symbol} r={distance:g}" for symbol in ("O", "H") for distance in rdf.grid]
    assert list(rdf.get_feature_names_out()) == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_min": 5.0}, r"r_min is 5.0; it must be less than r_cut, 5 Å"),
        ({"r_min": -0.1}, "r_min is -0.1; it must be a number that is not negative"),
        ({"r_min": 0.0, "per": "volume"}, "r_min is 0.0; where neighbors are counted per volume it must be at least"),
        ({"n_points": 1}, "n_points is 1; it must be an integer from 2 to 100000"),
        ({"n_points": 2.5}, "n_points is 2.5"),
        ({"sigma": 0.0}, "sigma is 0.0; it must be a number from 1e-6"),
        ({"per": "area"}, "per is 'area'; choose one of 'length', 'volume'"),
        ({"r_cut": "5"}, "r_cut is '5'; it must be a positive number of Å"),
    ],
)
def test_parameters_must_make_sense(options, message):
    rdf = ip.RadialDistribution(**{"r_cut": 5.0, "species": ["H"], **options})
    with pytest.raises(ValueError, match=message):
        rdf.transform(Atoms("H"))
