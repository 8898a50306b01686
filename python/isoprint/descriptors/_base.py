"""Descriptors: frames in, rows and their derivatives out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint.descriptors._gradients import Gradients
from isoprint.descriptors._jacobians import Jacobians
from isoprint.descriptors._projections import Projections
from isoprint.descriptors._streams import Streams
from isoprint.structures.frames import as_list, learned_species, pack

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike


class Descriptor(Streams, Gradients, Jacobians, Projections):
    """A fingerprint of atomic surroundings, and a scikit-learn transformer of lists of structures.

    A subclass stores its parameters in a keyword-only `__init__` and says in `_compile` what they make. If it has a
    parameter `periodic`, `False` makes every frame an open one.
    """

    def fit(self, frames: FramesLike, y: Any = None) -> Self:
        """Learn the species, unless they were given; then nothing is learned.

        Placeholders ("X", atomic number 0) are never learned; a warning says how to say what they are.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        Descriptor
            The descriptor itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3).fit([water, molecule("CH4")]).species_
        ['H', 'C', 'O']
        """
        if self.species is None:
            species = learned_species(pack(as_list(frames)[0]), told_to_ignore=self.unknown_species == "ignore")
            if not species:
                raise ValueError(
                    "there are no atoms to learn the species from; fit on other frames, or give species=('H', 'O', ...)"
                )
            self._learned = species
        return self

    def fit_transform(self, frames: FramesLike, y: Any = None, **options: Any) -> NDArray[np.float64]:
        """Learn the species, then describe the same frames.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : ignored
            Accepted because scikit-learn passes it.
        **options
            Passed on to `transform`.

        Returns
        -------
        ndarray (n_rows, n_features)
            As of `transform`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3).fit_transform(water).shape
        (3, 144)
        """
        structures, single = as_list(frames)
        frames = structures[0] if single else structures
        rows: NDArray[np.float64] = self.fit(frames).transform(frames, **options)
        return rows
