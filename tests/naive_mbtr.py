"""Many-body tensor representations written out plainly: sums over all images, one pair and triple at a time."""

from itertools import combinations_with_replacement, product

import numpy as np
from scipy.special import erf


def images(frame, reach):
    """Atom, cell and position of all atoms and images within `reach` of any atom; those of the cell come first."""
    counts = [0, 0, 0]
    if any(frame.pbc):
        heights = 1.0 / np.linalg.norm(np.linalg.inv(frame.cell.array), axis=0)
        counts = [
            int(np.ceil(reach / height)) + 1 if periodic else 0
            for height, periodic in zip(heights, frame.pbc, strict=True)
        ]
    shifts = product(*[range(-n, n + 1) for n in counts])
    found = []
    for cell, shift in enumerate(sorted(shifts, key=lambda shift: shift != (0, 0, 0))):
        for atom, place in enumerate(frame.positions):
            there = place + shift @ frame.cell.array
            if cell == 0 or (np.linalg.norm(frame.positions - there, axis=1) < reach).any():
                found.append((atom, cell, there))
    atom, cell, position = zip(*found, strict=True)
    return np.array(atom), np.array(cell), np.array(position)


def gaussian(grid, x):
    """The mean of a Gaussian of unit area over the step around each point."""
    points, step = np.linspace(grid["min"], grid["max"], grid["n"], retstep=True)
    cumulated = 0.5 * (1.0 + erf((np.append(points - step / 2, points[-1] + step / 2) - x) / (grid["sigma"] * 2**0.5)))
    return np.diff(cumulated) / step


def fade(r, r_cut, y):
    x = r / r_cut
    return np.where(x < 1.0, 1.0 + y * x ** (y + 1) - (y + 1) * x**y, 0.0)


def weight(weighting, sides, k):
    """Of one or three sides, the first two of which are legs of an angle."""
    if weighting is None:
        return 1.0
    function, r_cut = weighting["function"], weighting.get("r_cut")
    if function == "inverse_square":
        return 1.0 / sides[0] ** 2 if sides[0] < r_cut else 0.0
    if function == "smooth_cutoff":
        return float(np.prod(fade(np.array(sides[:2]), r_cut, weighting.get("sharpness", 2.0))))
    ways = 2.0 if k == 3 else 1.0
    scale = weighting.get("scale") or -np.log(weighting["threshold"]) / (ways * r_cut)
    found = np.exp(-scale * sum(sides))
    return found if found >= weighting["threshold"] else 0.0


def answer(geometry, legs):
    if geometry in ("distance", "inverse_distance"):
        return np.linalg.norm(legs[0]) ** (1 if geometry == "distance" else -1)
    cosine = np.clip(legs[0] @ legs[1] / np.linalg.norm(legs[0]) / np.linalg.norm(legs[1]), -1.0, 1.0)
    return cosine if geometry == "cosine" else np.degrees(np.arccos(cosine))


def terms(descriptor, frame, reach):
    """Every pair and every angle: its atoms, their cells and elements, and what it adds to the grid."""
    atom, cell, position = images(frame, reach)
    geometry, grid, weighting = descriptor.geometry, descriptor.grid, descriptor.weighting
    k = 2 if "distance" in geometry else 3
    height = 1.0 if descriptor.normalize_gaussians else grid["sigma"] * np.sqrt(2.0 * np.pi)
    for sites in product(range(len(atom)), repeat=k):
        if sites[0] >= sites[-1] or len(set(sites)) < k or min(sites) >= len(frame):
            continue
        vertex = position[sites[-2]]
        legs = [position[site] - vertex for site in sites[: k - 2] + sites[-1:]]
        sides = [np.linalg.norm(leg) for leg in legs]
        if k == 3:
            sides.append(np.linalg.norm(legs[0] - legs[1]))
        found = weight(weighting, sides, k)
        if found:
            names = [str(frame.symbols[atom[site]]) for site in sites]
            yield sites, cell[list(sites)], names, found * height * gaussian(grid, answer(geometry, legs))


def blocks(descriptor, local):
    """The species of each block, the vertex in the middle; X is the center of a local representation."""
    species = list(descriptor.species)
    pairs = list(combinations_with_replacement(species, 2))
    if "distance" in descriptor.geometry:
        return [("X", one) for one in species] if local else pairs
    found = [(a, vertex, b) for vertex in (["X"] if local else species) for a, b in pairs]
    return found + ([("X", vertex, end) for vertex in species for end in species] if local else [])


def place(order, names):
    names = tuple(names)
    return order.index(names) if names in order else order.index(names[::-1])


def mbtr(descriptor, frame, reach):
    """The row of a frame, before it is divided by anything."""
    order = blocks(descriptor, False)
    row = np.zeros((len(order), descriptor.grid["n"]))
    for _, cells, names, spread in terms(descriptor, frame, reach):
        # A term comes once for each cell that it has atoms in, moved so that this one is the first.
        row[place(order, names)] += spread / len(set(cells))
    return row.ravel()


def local(descriptor, frame, reach):
    """The rows of all atoms: every term that the atom of the cell is part of."""
    order = blocks(descriptor, True)
    rows = np.zeros((len(frame), len(order), descriptor.grid["n"]))
    for sites, _, names, spread in terms(descriptor, frame, reach):
        for role, center in enumerate(sites):
            if center < len(frame):
                rows[center, place(order, [*names[:role], "X", *names[role + 1 :]])] += spread
    return rows.reshape(len(frame), -1)
