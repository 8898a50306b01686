"""QUIP's files of Gaussian approximation potentials, as plain values; what is not understood is an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.output import PathLike

Floats = NDArray[np.float64]

COVARIANCES = {"1": "ard_se", "2": "dot_product", "4": "pp"}
# Bytes of one file that are read at most.
_MOST = 4 << 30


@dataclass
class Coordinate:
    """One `gpCoordinates`: an argument string, a kernel, sparse points and their weights."""

    text: str
    covariance: str
    delta: float
    mean: float
    zeta: float | None
    theta: Floats
    points: Floats
    alpha: Floats
    """Weights, each times the cutoff of its sparse point."""
    where: str


@dataclass
class Gap:
    """What a file says."""

    e0: dict[int, float]
    coordinates: list[Coordinate]
    tables: dict[str, Any] = field(default_factory=dict)
    """Distances, energies, and slopes at both ends, by the pair of elements."""


def read(path: PathLike) -> Gap:
    """Read a file, and those with sparse points beside it."""
    name = Path(path)
    if not name.is_file():
        raise ValueError(f"there is no file {str(name)!r}")
    root = _tree(name)
    parts = list(root.iter("GAP_params"))
    if len(parts) != 1:
        raise ValueError(f"{str(name)!r}: it has {len(parts)} elements <GAP_params>; a potential of GAP has one")
    known = _Reader(name, parts[0])
    glue = list(root.iter("Glue_params"))
    core = any(data.get("do_core", "F").strip(". ").upper() in ("T", "TRUE") for data in parts[0].iter("GAP_data"))
    if core and len(glue) != 1:
        raise known.wrong(f'<GAP_data do_core="T"> and {len(glue)} <Glue_params>; only tables of pairs are understood')
    return Gap(known.e0(), known.coordinates(), known.tables(glue[0]) if core else {})


def read_tables(path: PathLike) -> dict[str, Any]:
    """The tables of pairs of a file that has a core potential and nothing else."""
    name = Path(path)
    if not name.is_file():
        raise ValueError(f"there is no file {str(name)!r}")
    root = _tree(name)
    known = _Reader(name, root)
    # The root may be it.
    glue = list(root.iter("Glue_params"))
    if len(glue) != 1:
        raise known.wrong(f"it has {len(glue)} elements <Glue_params>; one is understood")
    return known.tables(glue[0])


def _tree(path: Path) -> Element:
    """The tree of a file without declarations of types: entities that grow are not expanded, they are refused."""
    if path.stat().st_size > _MOST:
        raise ValueError(f"{str(path)!r} is larger than {_MOST >> 30} GiB, which no potential is")
    builder, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*told: Any) -> None:
        raise ValueError(f"{str(path)!r}: it declares a document type, which no file of a potential does")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.buffer_text = True
    try:
        with path.open("rb") as opened:
            parser.ParseFile(opened)
        return builder.close()
    except (expat.ExpatError, AssertionError) as problem:
        raise ValueError(f"{str(path)!r} is no XML, or is damaged ({problem})") from None


class _Reader:
    """The elements of one `GAP_params`."""

    def __init__(self, path: Path, params: Element) -> None:
        self._path, self._params = path, params

    def wrong(self, what: str) -> ValueError:
        """The error that says what is wrong with this file."""
        return ValueError(f"{str(self._path)!r}: {what}")

    def e0(self) -> dict[int, float]:
        """Energies of single atoms by atomic number."""
        found = {}
        for entry in self._params.iter("e0"):
            number = self._whole(entry, "Z")
            if not 0 < number < 119:
                raise self.wrong(f'<e0 Z="{number}"> is no element')
            found[number] = self._real(entry, "value")
        return found

    def coordinates(self) -> list[Coordinate]:
        """All `gpCoordinates`, in their order."""
        sparse = list(self._params.iter("gpSparse"))
        if len(sparse) != 1:
            raise self.wrong(f"<GAP_params> has {len(sparse)} elements <gpSparse>; one is understood")
        found = list(sparse[0].iter("gpCoordinates"))
        told = self._whole(sparse[0], "n_coordinate")
        if told != len(found) or not found:
            raise self.wrong(f'<gpSparse n_coordinate="{told}"> has {len(found)} <gpCoordinates>; the file is damaged')
        return [self._coordinate(each, place) for place, each in enumerate(found, 1)]

    def _coordinate(self, entry: Element, place: int) -> Coordinate:
        where = f"<gpCoordinates> {place}"
        texts = [text for each in entry.iter("descriptor") if (text := (each.text or "").strip())]
        if len(texts) != 1:
            raise self.wrong(f"{where} has {len(texts)} elements <descriptor> with a text; one is needed")
        kind = self._attribute(entry, "covariance_type")
        if kind not in COVARIANCES:
            raise self.wrong(
                f'{where} has covariance_type="{kind}"; understood are'
                f" {', '.join(f'{key} ({name})' for key, name in COVARIANCES.items())}"
            )
        dimensions = self._whole(entry, "dimensions")
        if not 0 < dimensions < 10_000_000:
            raise self.wrong(f'{where} has dimensions="{dimensions}"')
        covariance = COVARIANCES[kind]
        self._require_identity(entry, where)
        points, alpha = self._sparse(entry, dimensions, where)
        return Coordinate(
            texts[0],
            covariance,
            self._real(entry, "signal_variance"),
            self._real(entry, "signal_mean"),
            self._real(entry, "zeta") if covariance == "dot_product" else None,
            self._theta(entry, dimensions, where) if covariance != "dot_product" else np.ones(1),
            points,
            alpha,
            where,
        )

    def _require_identity(self, entry: Element, where: str) -> None:
        """Pairs are the same in either order; kernels that are summed over different orders are not understood."""
        orders = {(each.text or "").strip() for each in entry.iter("permutation")}
        n = self._whole(entry, "n_permutations")
        if n != 1 and len(orders) != 1:
            raise self.wrong(f'{where} has n_permutations="{n}", and a kernel summed over these is not understood')

    def _theta(self, entry: Element, dimensions: int, where: str) -> Floats:
        texts = [each.text or "" for each in entry.iter("theta")]
        theta = self._numbers(" ".join(texts), f"<theta> of {where}")
        if len(theta) != dimensions:
            raise self.wrong(f"<theta> of {where} has {len(theta)} numbers for {dimensions} dimensions")
        if not (theta > 0.0).all():
            raise self.wrong(f"<theta> of {where} is {theta.min()}; it must be positive")
        return theta

    def _sparse(self, entry: Element, dimensions: int, where: str) -> tuple[Floats, Floats]:
        """Points, and weights times the cutoffs of the points."""
        lines = list(entry.iter("sparseX"))
        n = self._whole(entry, "n_sparseX")
        if n != len(lines) or not lines:
            raise self.wrong(f'{where} has n_sparseX="{n}" and {len(lines)} elements <sparseX>; the file is damaged')
        if [self._whole(line, "i") for line in lines] != list(range(1, n + 1)):
            raise self.wrong(f"the <sparseX> of {where} are not numbered 1 to {n}; the file is damaged")
        alpha = np.array([self._real(line, "alpha") * self._real(line, "sparseCutoff") for line in lines])
        if "sparseX_filename" in entry.attrib:
            points = self._beside(entry, where)
        else:
            points = self._numbers(" ".join(line.text or "" for line in lines), f"<sparseX> of {where}")
        if points.size != n * dimensions:
            raise self.wrong(f"{where} has {points.size} numbers in {n} sparse points of {dimensions} dimensions")
        return points.reshape(n, dimensions), alpha

    def _beside(self, entry: Element, where: str) -> Floats:
        """Numbers of the file of sparse points, which lies beside this one."""
        told = self._attribute(entry, "sparseX_filename")
        file = self._path.parent / Path(told.replace("\\", "/")).name
        if not file.is_file():
            raise self.wrong(f"sparseX_filename of {where} is {told!r}, and there is no such file beside it")
        content = file.read_bytes()
        checksum = entry.get("sparseX_md5sum", "").strip().lower()
        if checksum and checksum != md5(content, usedforsecurity=False).hexdigest():
            raise self.wrong(f"{file.name!r} does not have the sparseX_md5sum of {where}; it was changed or cut")
        return self._numbers(content.decode("ascii", "replace"), repr(file.name))

    def tables(self, glue: Element) -> dict[str, Any]:
        """The pair potentials of `Glue_params`; a density that costs energy is not understood."""
        numbers = {self._attribute(e, "type"): self._whole(e, "atomic_num") for e in glue.iter("per_type_data")}
        for entry in glue.iter("potential_density"):
            if any(self._real(point, "E") != 0.0 for point in entry.iter("point")):
                raise self.wrong(
                    "<potential_density> of <Glue_params> is not zero; only tables of pairs are understood"
                )
        found = {}
        for entry in glue.iter("per_pair_data"):
            pair = [self._attribute(entry, key) for key in ("type1", "type2")]
            if not set(pair) <= set(numbers):
                raise self.wrong(f"<per_pair_data> is of types {short_repr(pair)}, which <per_type_data> does not name")
            for table in entry.iter("potential_pair"):
                points = list(table.iter("point"))
                columns = [np.array([self._real(point, key) for point in points]) for key in ("r", "E")]
                found["-".join(str(numbers[one]) for one in pair)] = (*columns, self._ends(table))
        return found

    def _ends(self, table: Element) -> tuple[float | None, float | None]:
        """Slopes at both ends; a huge number stands for a second derivative of zero."""
        slopes = [self._real(table, key) if key in table.attrib else 1e31 for key in ("y1", "yn")]
        first, last = (None if slope > 0.99e30 else slope for slope in slopes)
        return first, last

    def _attribute(self, entry: Element, key: str) -> str:
        if key not in entry.attrib:
            raise self.wrong(f"<{entry.tag}> has no attribute {key}")
        return entry.attrib[key].strip()

    def _whole(self, entry: Element, key: str) -> int:
        text = self._attribute(entry, key)
        try:
            return int(text)
        except ValueError:
            raise self.wrong(f"<{entry.tag} {key}={text!r}> is no whole number") from None

    def _real(self, entry: Element, key: str) -> float:
        text = self._attribute(entry, key)
        found = self._numbers(text, f"{key} of <{entry.tag}>")
        if len(found) != 1:
            raise self.wrong(f"<{entry.tag} {key}={text!r}> is no number")
        return float(found[0])

    def _numbers(self, text: str, what: str) -> Floats:
        found = []
        for word in text.split():
            try:
                found.append(float(word.lower().replace("d", "e")))
            except ValueError:
                raise self.wrong(f"{what} contains {short_repr(word)}, which is no number") from None
        if not np.isfinite(found).all():
            raise self.wrong(f"{what} has a number that is not finite")
        return np.array(found)
